"""What every benchmark's command does with its lines: print them as they come, and end with a status."""

import signal
import sys
from collections.abc import Iterator

from benchmarks.servers import CannotRun


def printed(lines: Iterator[str]) -> int:
    """Print what is measured; give the exit status."""
    # Told to stop, it stops what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for line in lines:
            print(line, flush=True)
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0
