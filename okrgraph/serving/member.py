"""A worker as its supervisor sees it: a process, the line to it, and how long it may be silent."""

import math
import multiprocessing
import socket
import time
from contextlib import suppress
from pathlib import Path

from okrgraph.serving.line import AT_ONCE, READY
from okrgraph.serving.worker import work

# From the start of the process to its first word, on a machine under load.
START_SECONDS = 120.0
# A worker whose event loop does not turn for so long serves nobody and holds on to its clients.
SILENCE_SECONDS = 60.0
# Spawned, not forked: a restart brings the code and the settings of its day.
_PROCESSES = multiprocessing.get_context("spawn")


class Member:
    """One worker, started when this is made. number: of those who live at the same time no two have the same."""

    def __init__(self, taken: socket.socket, number: int, folder: Path, *, is_replacement: bool) -> None:
        self.number = number
        self.end, theirs = socket.socketpair()
        self._process = _PROCESSES.Process(
            target=work, args=(taken, theirs, number, folder, is_replacement), daemon=True
        )
        with theirs:
            self._process.start()
        self.end.setblocking(False)
        self.is_line_open = True
        self._serving_since: float | None = None
        self.deadline = time.monotonic() + START_SECONDS

    def __str__(self) -> str:
        return f"Worker {self.number} [{self._process.pid}]"

    @property
    def sentinel(self) -> int:
        return self._process.sentinel

    @property
    def status(self) -> int | None:
        """None while it lives; -9 when it was killed by signal 9."""
        return self._process.exitcode

    @property
    def is_serving(self) -> bool:
        return self._serving_since is not None

    @property
    def served(self) -> float:
        """For how many seconds."""
        return 0.0 if self._serving_since is None else time.monotonic() - self._serving_since

    def hear(self) -> None:
        """Take in what it has said."""
        try:
            said = self.end.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self.is_line_open = bool(said)
        if READY in said:
            self._serving_since = time.monotonic()
        if said and self.is_serving and math.isfinite(self.deadline):
            self.deadline = max(self.deadline, time.monotonic() + SILENCE_SECONDS)

    def tell_to_stop(self, urgency: int, within: float) -> None:
        with suppress(OSError):
            self.end.send(bytes([urgency]), AT_ONCE)
        self.deadline = time.monotonic() + within

    def kill(self) -> None:
        self._process.kill()
        self.deadline = math.inf

    def bury(self) -> None:
        """Release what is left of it; it has ended."""
        self._process.join()
        self._process.close()
        self.end.close()
