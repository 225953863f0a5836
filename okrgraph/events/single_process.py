"""The lock that keeps a second serving process away from one SQLite file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from okrgraph.kit.errors import OperatorError


@contextmanager
def only_server_of(path: Path) -> Iterator[None]:
    """Hold the right to serve an SQLite file; it falls with the process, however that ends.

    Raises OperatorError when another process holds it.
    """
    with path.with_name(path.name + ".serving").open("a") as handle:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - absent on Windows

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OperatorError(
                    f"Another process serves {path} already; stop it, or use PostgreSQL for several."
                ) from error
        yield
