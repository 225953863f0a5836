"""The folder in which several workers count together, so that any of them can answer for all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import multiprocess, values

# prometheus_client looks here when it is imported.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_metrics() -> Iterator[Path]:
    """Make the folder for workers that are started inside."""
    folder = Path(tempfile.mkdtemp(prefix="okrgraph-metrics-"))
    os.environ[_VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[_VARIABLE]
        forget_all(folder)


def count_as(number: int) -> None:
    """Count in this process under a worker's number. To be called before any metric is declared.

    By number, not by process id: the next worker of the number goes on where this one stopped, and the folder
    does not grow with every restart.
    """
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]


def forget_open(number: int, folder: Path) -> None:
    """Take out what a worker that has ended held open; what it counted stays."""
    multiprocess.mark_process_dead(number, str(folder))  # type: ignore[no-untyped-call]


def forget_all(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
