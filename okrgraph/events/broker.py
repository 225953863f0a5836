"""The port through which workers tell each other that an organisation's log has grown, and its in-process form."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from okrgraph.kit.metrics import ANNOUNCEMENTS, BROKER_CONNECTED

# Entries whose encoded form is longer are not carried: those who follow read them from the log.
CARRIED_BYTES = 16 * 1_024
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One transaction that is committed. `head`: its last position. `entries`: its rows, encoded, or None.

    Only `events.announced` writes and reads what `entries` holds.
    """

    organization_id: UUID
    head: int
    entries: bytes | None

    def without_entries(self) -> "Announcement":
        return Announcement(self.organization_id, self.head, None)


Heard = Callable[[Announcement], None]


def _nothing() -> None:
    return None


class Broker(Protocol):
    """Carries announcements between workers, as a doorbell that may bring the letter along.

    The guarantee, which every implementation keeps:

    - `publish` is called after the commit, returns at once, never raises, and waits neither for a network nor for
      those who listen;
    - an announcement reaches every listener that follows its organisation at most a few times, in any order, with or
      without its entries, or never: the log in the database is the truth, and whoever hears less than it missed
      polls the heads;
    - after `await follow(...)` has returned, whatever is committed and published by anybody is heard, unless the
      broker is or becomes degraded. `turned` is called when it becomes so, and when it no longer is, once everything
      that was followed is followed again. Heads that are read after either of the two miss nothing;
    - what is heard was published by somebody who holds the same key, that is, who reads the same history of the same
      database. Its entries are as the publisher wrote them, and nobody has filtered them for a viewer yet.
    """

    @property
    def is_degraded(self) -> bool:
        """Whether announcements of other workers are not heard now."""
        ...

    def use_key(self, key: bytes) -> None:
        """Publish for, and hear only, those who hold this key; without one nothing is carried between workers."""
        ...

    def publish(self, announcement: Announcement) -> None: ...

    def listen(self, heard: Heard, turned: Callable[[], None] = _nothing) -> Callable[[], None]:
        """Have `heard` called for each announcement that is followed; call what is returned to stop."""
        ...

    async def follow(self, organization_id: UUID) -> None:
        """Return when announcements of this organisation will be heard, or at once while degraded. Never raises."""
        ...

    def unfollow(self, organization_id: UUID) -> None: ...

    async def run(self) -> None:
        """Connect and stay connected, until cancelled."""
        ...


class Listeners:
    """Who is told what a broker hears; one that fails does not keep it from the others."""

    def __init__(self) -> None:
        self._listeners: list[tuple[Heard, Callable[[], None]]] = []

    def add(self, heard: Heard, turned: Callable[[], None]) -> Callable[[], None]:
        listener = (heard, turned)
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, announcement: Announcement) -> None:
        for heard, _ in tuple(self._listeners):
            try:
                heard(announcement)
            except Exception:
                _logger.exception("An announcement was not taken in; polling will find what it said")

    def turned(self) -> None:
        for _, turned in tuple(self._listeners):
            turned()


class InProcessBroker:
    """Announcements within one process, for the embedded server."""

    def __init__(self) -> None:
        self._listeners = Listeners()
        self._followed: set[UUID] = set()

    @property
    def is_degraded(self) -> bool:
        return False

    def use_key(self, key: bytes) -> None:
        """One process has one database, and so one key."""

    def publish(self, announcement: Announcement) -> None:
        if announcement.organization_id in self._followed:
            self._listeners.tell(announcement)
        ANNOUNCEMENTS.labels("sent").inc()

    def listen(self, heard: Heard, turned: Callable[[], None] = _nothing) -> Callable[[], None]:
        return self._listeners.add(heard, turned)

    async def follow(self, organization_id: UUID) -> None:
        self._followed.add(organization_id)

    def unfollow(self, organization_id: UUID) -> None:
        self._followed.discard(organization_id)

    async def run(self) -> None:
        BROKER_CONNECTED.set(1)
        await asyncio.get_running_loop().create_future()
