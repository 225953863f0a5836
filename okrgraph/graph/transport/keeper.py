"""What must happen to live connections from time to time, for all of them in one task, and their end in a drain."""

import asyncio
import math
import random
from collections.abc import Iterator
from contextvars import Context
from typing import Generic, Protocol, TypeVar

from okrgraph.graph.transport.ending import RESTART, Ending
from okrgraph.graph.transport.failures import report


class Slotted(Protocol):
    slot: int


T = TypeVar("T", bound=Slotted)
NOWHERE = -1
# Of this process, in seconds: while it stands still nobody is pinged, and nobody is to blame for silence.
_PAUSE = 1.0


class Wheel(Generic[T]):
    """What is due when, to the accuracy of a tick; each change costs the same however much is in it."""

    def __init__(self, tick: float) -> None:
        self.tick = tick
        self._slots: dict[int, set[T]] = {}

    def __iter__(self) -> Iterator[T]:
        return (item for slot in self._slots.values() for item in slot)

    def __bool__(self) -> bool:
        return bool(self._slots)

    def put(self, item: T, at: float) -> None:
        """Put in what is not in it: it is due at the first tick after so many seconds of the loop's clock."""
        item.slot = math.ceil(at / self.tick)
        self._slots.setdefault(item.slot, set()).add(item)

    def remove(self, item: T) -> None:
        """Take out what may be in it."""
        slot = self._slots.get(item.slot, set())
        slot.discard(item)
        if not slot:
            self._slots.pop(item.slot, None)
        item.slot = NOWHERE

    def take(self, now: float) -> list[T]:
        """Take out what is due."""
        reached = math.floor(now / self.tick)
        due = [slot for slot in self._slots if slot <= reached]
        return [item for slot in due for item in self._slots.pop(slot)]


class Kept(Slotted, Protocol):
    """A live connection, as its keeper sees it."""

    def look_after(self, now: float) -> float:
        """Do what is due and give the time when something will be again, in seconds of the loop's clock."""
        ...

    def excuse(self, seconds: float, now: float) -> None:
        """Do not count the last so many seconds against the client."""
        ...

    def end(self, ending: Ending) -> None: ...


class Keeper:
    """Wakes each connection when it asks to be, and ends all of them in a drain. Runs while there are any."""

    def __init__(self, tick: float) -> None:
        self._wheel: Wheel[Kept] = Wheel(tick)
        self._task: asyncio.Task[None] | None = None
        self._drain_seconds: float | None = None

    def add(self, connection: Kept) -> None:
        self._wheel.put(connection, connection.look_after(asyncio.get_running_loop().time()))
        if self._drain_seconds is not None:
            self._drain_one(connection, self._drain_seconds)
        if self._task is None or self._task.done():
            # Nothing of the client that came first belongs to it.
            self._task = Context().run(asyncio.create_task, self._run())

    def move(self, connection: Kept) -> None:
        """Ask again when it wants to be woken."""
        self._wheel.remove(connection)
        self._wheel.put(connection, connection.look_after(asyncio.get_running_loop().time()))

    def remove(self, connection: Kept) -> None:
        self._wheel.remove(connection)
        if not self._wheel and self._task is not None:
            self._task.cancel()
            self._task = None

    def drain(self, seconds: float) -> None:
        """End each connection at a random moment of so many seconds, and so each that comes later.

        All clients at once would knock the other servers over.
        """
        self._drain_seconds = seconds
        for connection in self._wheel:
            self._drain_one(connection, seconds)

    def _drain_one(self, connection: Kept, seconds: float) -> None:
        delay = random.random() * seconds  # noqa: S311 - spreads load, hides nothing
        asyncio.get_running_loop().call_later(delay, connection.end, RESTART)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            asleep_at = loop.time()
            await asyncio.sleep(self._wheel.tick)
            now = loop.time()
            late = now - asleep_at - self._wheel.tick
            if late > _PAUSE:
                for connection in self._wheel:
                    connection.excuse(late, now)
            for connection in self._wheel.take(now):
                self._wheel.put(connection, self._next(connection, now))

    def _next(self, connection: Kept, now: float) -> float:
        try:
            return connection.look_after(now)
        except Exception as error:  # noqa: BLE001 - a bug in one connection must not leave all of them unwatched
            report(error)
            return now + 1
