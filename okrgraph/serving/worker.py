"""One of several serving processes: started by the supervisor, told by it what to do, and gone when it is gone."""

import signal
import socket
import sys
from pathlib import Path

from okrgraph.kit.errors import OperatorError
from okrgraph.serving.line import Line
from okrgraph.serving.logs import configure_logs
from okrgraph.serving.shared_metrics import count_as, forget_all


def work(taken: socket.socket, end: socket.socket, number: int, folder: Path, is_replacement: bool) -> None:
    """Serve on a port that the supervisor holds, until it says stop or dies. Runs in a process of its own."""
    # Ctrl-C reaches every process of the terminal; the supervisor says what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = Line(end)
    count_as(number)
    try:
        _serve(taken, line, is_replacement)
    except OperatorError as error:
        print(error, file=sys.stderr)  # noqa: T201 - as the command line says it
        sys.exit(1)
    finally:
        if line.is_broken:
            forget_all(folder)


def _serve(taken: socket.socket, line: Line, is_replacement: bool) -> None:
    # Only now, because metrics are counted as this process was told to when they are declared.
    from okrgraph.kit.metrics import REPLACEMENTS  # noqa: PLC0415
    from okrgraph.serving.worker_server import WorkerServer  # noqa: PLC0415
    from okrgraph.settings import load_settings  # noqa: PLC0415

    # Read anew: a rolling restart brings new settings as it brings new code.
    settings = load_settings()
    configure_logs(settings.log_format)
    if is_replacement:
        REPLACEMENTS.inc()
    server = WorkerServer(settings, line.say)
    line.obey_with(server)
    server.listen_and_serve(taken)
