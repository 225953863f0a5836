"""What a live socket and a live stream have in common: one task, what it sends, and who may end it from outside."""

import asyncio
from abc import ABC, abstractmethod

from okrgraph.graph.transport.ending import REFUSED, Ending
from okrgraph.graph.transport.lane import Lane
from okrgraph.graph.transport.service import Service
from okrgraph.graph.transport.session import Admission, ignored
from okrgraph.graph.transport.stepping import Stalled
from okrgraph.kit.metrics import EVICTIONS


class Connection(ABC):
    """One live client. To be made in the task that serves it."""

    __slots__ = ("_admission", "_ending", "_pulse", "_service", "_task", "slot")

    def __init__(self, service: Service) -> None:
        self._service = service
        self._task = asyncio.current_task()
        self._ending: Ending | None = None
        self._admission: Admission | None = None
        self._pulse: Lane | None = None
        self.slot = 0

    @property
    def send_seconds(self) -> float:
        return self._service.limits.send_seconds

    @property
    @abstractmethod
    def is_gone(self) -> bool:
        """Whether what is sent is dropped."""

    @abstractmethod
    def begin(self, frame: str) -> Stalled | None:
        """Send a frame; what is left to do when the client reads slowly. Raises nothing."""

    @abstractmethod
    def look_after(self, now: float) -> float:
        """Do what is due and give the time when something will be again, in seconds of the loop's clock."""

    @abstractmethod
    def excuse(self, seconds: float, now: float) -> None:
        """Do not count the last so many seconds against the client."""

    def end(self, ending: Ending) -> None:
        """End it from any other task. The first reason counts, and none when it ends already."""
        if self._ending is None and self._task is not None:
            self._ending = ending
            self._task.cancel()

    def _is_ended(self) -> bool:
        """Whether the cancellation that has just been caught was end() alone."""
        return self._ending is not None and self._task is not None and self._task.uncancel() == 0

    def _enter(self, admission: Admission) -> None:
        self._admission = admission
        admission.on_refusal = self._refuse
        self._service.enter(admission)

    def _refuse(self) -> None:
        self.end(REFUSED)

    def _beat(self, frame: str) -> None:
        """Send a sign of life, unless the last one still waits for the client."""
        if self._pulse is None or self._pulse.is_drained:
            lane = Lane(self)
            self._pulse = None if lane.put(frame) else lane

    def _leave(self, ending: Ending | None) -> None:
        """Let go of everything that looks after it."""
        self._task = None
        self._service.keeper.remove(self)
        if self._pulse is not None:
            self._pulse.close()
        if self._admission is not None:
            self._admission.on_refusal = ignored
            self._service.leave(self._admission)
        if ending is not None and ending.eviction is not None:
            EVICTIONS.labels(ending.eviction).inc()
