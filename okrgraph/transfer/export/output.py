"""Where an export goes: into a file that is there whole or not at all, or to standard output."""

import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from okrgraph.kit.errors import OperatorError

Write = Callable[[str], None]


@contextmanager
def opened_output(path: Path | None) -> Iterator[Write]:
    """Take text for a file, or for standard output without one: UTF-8, line ends as they are.

    A file is written beside its place and moved there in the end: whatever goes wrong before, what was there
    stays. Raises OperatorError when it cannot be written, BrokenPipeError when nobody reads any more.
    """
    if path is None:
        output = _standard_output()
    else:
        with _refusing(path):
            if path.is_dir():
                raise OperatorError(f"{path} is a folder; name a file.")
            # A device or a pipe is nothing that another file could take the place of.
            is_replaced = path.is_file() or not path.exists()
            output = _whole(path, path.resolve()) if is_replaced else _opened(path, path)
    with output as write:
        yield write


@contextmanager
def _whole(path: Path, target: Path) -> Iterator[Write]:
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with _opened(path, beside) as write:
            yield write
        with _refusing(path):
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


@contextmanager
def _opened(path: Path, written: Path) -> Iterator[Write]:
    with _refusing(path):
        file = written.open("wb")
    try:
        yield _into(file, path)
        with _refusing(path):
            file.flush()
            if written.is_file():
                os.fsync(file.fileno())
    finally:
        with suppress(OSError):  # what could not be written has been said
            file.close()


@contextmanager
def _standard_output() -> Iterator[Write]:
    stream = sys.stdout.buffer
    try:
        yield _into(stream, None)
        with _refusing(None):
            stream.flush()
    except OperatorError:
        # What is left in the buffer would be tried, and complained of, once more at the end of the process.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def _into(stream: BinaryIO, path: Path | None) -> Write:
    def write(text: str) -> None:
        with _refusing(path):
            stream.write(text.encode())

    return write


@contextmanager
def _refusing(path: Path | None) -> Iterator[None]:
    """Turn what the system says against writing into a sentence."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        where = "Standard output" if path is None else f"The file {path}"
        raise OperatorError(f"{where} cannot be written ({error.strerror}).") from error
