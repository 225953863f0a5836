"""A log without a database, which a test may make longer, shorter, another one, slow or unreadable."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from okrgraph.events.broker import Announcement
from okrgraph.events.encoding import carried, entries_of, written
from okrgraph.events.entry import Entry, LoggedEntry
from okrgraph.events.history import Heads
from okrgraph.events.log import Head

AT = datetime(2026, 3, 2, tzinfo=UTC)
EVERYONE = frozenset({"org"})


@dataclass
class ModelLog:
    """What `events.hub.FollowedLog` asks for. `page`: rows read at once. reads: the positions that were read after.

    delay: seconds until an answer, which is of the moment of the question; reading_delay: more of them for rows.

    histories: every entry that a history ever had, by epoch and organisation and position; the last is the one
    that holds.
    """

    page: int = 20
    delay: float = 0.0
    reading_delay: float = 0.0
    is_away: bool = False
    epoch: str = "epoch-0"
    histories: dict[str, dict[UUID, dict[int, LoggedEntry]]] = field(default_factory=lambda: {"epoch-0": {}})
    floors: dict[UUID, int] = field(default_factory=dict)
    reads: list[tuple[UUID, int]] = field(default_factory=list)
    heads_read: int = 0
    _written: int = 0

    def log_of(self, organization_id: UUID) -> dict[int, LoggedEntry]:
        return self.histories[self.epoch].setdefault(organization_id, {})

    def head_of(self, organization_id: UUID) -> int:
        return max(self.log_of(organization_id), default=0)

    def commit(self, organization_id: UUID, count: int = 1, letters: int = 1) -> Announcement:
        """Write a transaction of so many entries; what it says is never said again."""
        entries = []
        for place in range(count):
            self._written += 1
            body = {"number": self._written, "text": "x" * letters}
            entries.append(Entry("Noted", "Note", UUID(int=place), self._written, body, EVERYONE))
        log = self.log_of(organization_id)
        head = self.head_of(organization_id) + count
        announcement = Announcement(organization_id, head, carried(written(entries), None, None, AT))
        log.update((entry.position, entry) for entry in entries_of(announcement) or ())
        return announcement

    def begin_epoch(self, lost: int) -> None:
        """Begin another history, in which the last transactions of every log are gone."""
        before = self.histories[self.epoch]
        self.epoch = f"epoch-{len(self.histories)}"
        self.histories[self.epoch] = {
            organization_id: dict(list(log.items())[: _whole(list(log.values()), len(log) - lost)])
            for organization_id, log in before.items()
        }

    def forget(self, organization_id: UUID, count: int) -> None:
        """Remove the oldest transactions, never the newest one."""
        floor = self.floors.get(organization_id, 0)
        rest = [entry for entry in self.log_of(organization_id).values() if entry.position > floor]
        ends = [entry.position for entry in rest if entry.tx_end][:-1][:count]
        if ends:
            self.floors[organization_id] = ends[-1]

    async def heads(self, organization_ids: Sequence[UUID]) -> Heads:
        self.heads_read += 1
        found = {
            key: Head(self.head_of(key), min(self.floors.get(key, 0), self.head_of(key)))
            for key in organization_ids
        }
        heads = Heads(self.epoch, b"k" * 64, found)
        await self._answer()
        return heads

    async def read_after(self, organization_id: UUID, position: int) -> list[LoggedEntry]:
        self.reads.append((organization_id, position))
        log, after = self.log_of(organization_id), max(position, self.floors.get(organization_id, 0))
        entries = [log[place] for place in range(after + 1, after + self.page + 1) if place in log]
        await asyncio.sleep(self.reading_delay)
        await self._answer()
        return entries[: _whole(entries, len(entries))]

    async def _answer(self) -> None:
        await asyncio.sleep(self.delay)
        if self.is_away:
            raise ConnectionError("the database is away")


def _whole(entries: Sequence[LoggedEntry], count: int) -> int:
    """How many of the first entries are whole transactions."""
    count = max(count, 0)
    while count and not entries[count - 1].tx_end:
        count -= 1
    return count
