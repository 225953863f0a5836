"""Several workers behind one port: starts them, replaces what dies, restarts them one by one, ends them together."""

import logging
import signal
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType

from okrgraph.kit.errors import OperatorError
from okrgraph.serving.member import Member
from okrgraph.serving.shared_metrics import forget_open, shared_metrics

# A worker that served for less has failed again: the next one waits, each time twice as long.
LASTING_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# Beyond draining: for what is being answered, and for closing the database.
END_SECONDS = 30.0
_HANG_UP = getattr(signal, "SIGHUP", None)
_logger = logging.getLogger(__name__)


class Seat:
    """A place for one worker. successor: takes over from its member, in a rolling restart, when it serves."""

    def __init__(self) -> None:
        self.member: Member | None = None
        self.successor: Member | None = None
        self.due_at = 0.0
        self.is_new = True
        self._failures = 0

    def vacate(self, now: float, served: float) -> float:
        """Note that its member ended by itself; give the seconds until the next one may start."""
        self.member = None
        self._failures = 0 if served >= LASTING_SECONDS else self._failures + 1
        pause = FIRST_PAUSE_SECONDS * 2.0 ** (self._failures - 2) if self._failures > 1 else 0.0
        pause = min(pause, LONGEST_PAUSE_SECONDS)
        self.due_at = now + pause
        return pause


class Supervisor:
    """Of the workers of one port.

    SIGTERM and SIGINT end them all: the first with draining, the second without, the third not even finishing
    what is being answered. SIGHUP replaces one after another, each when its successor serves already.
    """

    def __init__(self, taken: socket.socket, count: int, drain_seconds: float) -> None:
        self._taken = taken
        self._drain_seconds = drain_seconds
        self._seats = [Seat() for _ in range(count)]
        self._leaving: list[Member] = []
        self._to_replace: deque[Seat] = deque()
        self._signals: deque[int] = deque()
        self._urgency = 0
        self._has_served = False
        self._has_failed = False
        self._folder = Path()

    def run(self) -> None:
        """Serve until told to stop. Raises OperatorError when not one worker could start."""
        with shared_metrics() as self._folder, self._signalled() as bell:
            try:
                self._fill(time.monotonic())
                # Without a member it may be that each seat waits for its next one.
                while self._members() or not self._urgency:
                    self._turn(bell)
            finally:
                for member in self._members():
                    member.kill()
                    member.bury()
        if self._has_failed:
            raise OperatorError("The server could not start; the log above says why.")

    def _members(self) -> list[Member]:
        seated = [member for seat in self._seats for member in (seat.member, seat.successor)]
        return [member for member in seated if member is not None] + self._leaving

    def _turn(self, bell: socket.socket) -> None:
        """Wait until something has happened or is due, and see to it."""
        members = self._members()
        due = [member.deadline for member in members]
        due += [seat.due_at for seat in self._seats if seat.member is None and not self._urgency]
        lines = [member.end for member in members if member.is_line_open]
        sentinels = [member.sentinel for member in members]
        wait([bell, *lines, *sentinels], max(0.0, min(due) - time.monotonic()))
        with suppress(BlockingIOError):
            bell.recv(4096)
        while self._signals:
            self._obey(self._signals.popleft())
        for member in members:
            self._look_at(member)
        self._fill(time.monotonic())
        self._go_on_replacing()

    def _obey(self, signal_number: int) -> None:
        if signal_number == _HANG_UP:
            if not self._urgency:
                _logger.info("Restarting %d workers, one after another", len(self._seats))
                self._to_replace = deque(self._seats)
            return
        self._stop(self._urgency + 1)

    def _stop(self, urgency: int) -> None:
        self._urgency = min(urgency, 3)
        # Held here, the port would go on taking clients whom nobody serves.
        self._taken.close()
        for member in self._members():
            member.tell_to_stop(self._urgency, self._drain_seconds + END_SECONDS)

    def _look_at(self, member: Member) -> None:
        was_serving = member.is_serving
        if member.is_line_open:
            member.hear()
        if member.is_serving and not was_serving:
            self._has_served = True
            _logger.info("%s serves", member)
        if member.status is not None:
            self._bury(member, member.status)
        elif member.deadline <= time.monotonic():
            _logger.error("%s gave no sign of life in time; killing it", member)
            member.kill()

    def _bury(self, member: Member, status: int) -> None:
        name, served = str(member), member.served
        member.bury()
        forget_open(member.number, self._folder)
        if member in self._leaving:
            self._leaving.remove(member)
            _logger.info("%s has left", name)
            return
        (seat,) = (seat for seat in self._seats if member in (seat.member, seat.successor))
        if member is seat.successor:
            seat.successor = None
            if not self._urgency:
                self._to_replace.clear()
                _logger.error("%s ended with status %d before it served; the others go on", name, status)
        elif self._urgency:
            seat.member = None
        else:
            self._replace(seat, name, status, served)

    def _replace(self, seat: Seat, name: str, status: int, served: float) -> None:
        pause = seat.vacate(time.monotonic(), served)
        if not self._has_served:
            self._has_failed = True
            self._stop(1)
        elif seat.successor is not None:
            seat.member, seat.successor = seat.successor, None
        else:
            _logger.error("%s ended with status %d; the next one starts in %g s", name, status, pause)

    def _fill(self, now: float) -> None:
        for seat in self._seats:
            if seat.member is None and seat.due_at <= now and not self._urgency:
                seat.member = self._started(is_replacement=not seat.is_new)
                seat.is_new = False

    def _go_on_replacing(self) -> None:
        """Take the next step of a rolling restart, if the last one is done."""
        for seat in self._seats:
            if seat.successor is not None and seat.successor.is_serving and not self._urgency:
                former, seat.member, seat.successor = seat.member, seat.successor, None
                if former is not None:
                    self._leaving.append(former)
                    former.tell_to_stop(1, self._drain_seconds + END_SECONDS)
        is_busy = self._leaving or any(seat.successor for seat in self._seats)
        if self._to_replace and not is_busy and not self._urgency:
            seat = self._to_replace.popleft()
            seat.successor = self._started(is_replacement=False)

    def _started(self, *, is_replacement: bool) -> Member:
        taken = {member.number for member in self._members()}
        number = next(number for number in range(len(taken) + 1) if number not in taken)
        return Member(self._taken, number, self._folder, is_replacement=is_replacement)

    @contextmanager
    def _signalled(self) -> Iterator[socket.socket]:
        """Collect signals; what is given becomes readable when there is one."""
        bell, ringer = socket.socketpair()
        with bell, ringer:
            bell.setblocking(False)
            ringer.setblocking(False)
            numbers = [signal.SIGTERM, signal.SIGINT, *([_HANG_UP] if _HANG_UP is not None else [])]
            former = {number: signal.signal(number, self._note) for number in numbers}
            before = signal.set_wakeup_fd(ringer.fileno(), warn_on_full_buffer=False)
            try:
                yield bell
            finally:
                signal.set_wakeup_fd(before)
                for number, handler in former.items():
                    signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signals.append(number)
