"""One organisation's log as this worker knows it: heard of, repaired from the database, read by many."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, Protocol
from uuid import UUID

from okrgraph.events.broker import Announcement
from okrgraph.events.encoding import entries_of
from okrgraph.events.entry import LoggedEntry
from okrgraph.events.log import Head
from okrgraph.events.outages import Outage
from okrgraph.events.ring import Ring
from okrgraph.kit.metrics import GAP_REPAIRS

# Publishers race: an announcement that is overtaken comes within this time, or is taken for lost.
HOLD_SECONDS = 0.01
# Announcements that wait for the one before them; more mean that it will not come.
HELD = 64
# How long the log is left alone after it could not be read.
RETRY_SECONDS = 0.2


class ReadsLog(Protocol):
    """What a topic asks the database."""

    async def read_after(self, organization_id: UUID, position: int) -> list[LoggedEntry]:
        """Read whole transactions after a position, oldest first, a page at most."""
        ...


class Topic:
    """What a subscriber reads from, knowing no more than a position; how far behind it is costs nothing here.

    head: the last position that is known to be committed; only what the database said, and what continues it, moves
    it. floor: the last position that is gone. epoch: the history that positions are of; when it is another one than
    before, every position that a subscriber holds is void.
    """

    def __init__(
        self, organization_id: UUID, log: ReadsLog, ring: Ring, outage: Outage, suspect: Callable[[], None]
    ) -> None:
        self.organization_id = organization_id
        self.head = 0
        self.floor = 0
        self.epoch = ""
        self.followers = 0
        self.is_open = False
        self.opening = asyncio.Lock()
        self._log = log
        self._ring = ring
        self._outage = outage
        self._suspect = suspect
        self._reading = asyncio.Lock()
        self._reading_behind = asyncio.Lock()
        self._pages: dict[int, asyncio.Task[list[LoggedEntry]]] = {}
        self._held: dict[int, Announcement] = {}
        self._hold: asyncio.TimerHandle | None = None
        self._wanted = 0
        self._repairing: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._wakes = 0

    # What the hub tells.

    def learn(self, epoch: str, head: Head) -> None:
        """Take note of the ends that the database was seen to have."""
        if not self.is_open or epoch != self.epoch:
            self._begin(epoch, head)
            return
        self.floor = max(self.floor, head.floor)
        if head.position > self.head:
            self.head = head.position
            self._rouse()
            if head.position > self._ring.end and not self._held and not self._is_repairing:
                GAP_REPAIRS.inc()
                self._repair(head.position)

    def _begin(self, epoch: str, head: Head) -> None:
        """Begin at the head of a history. What was heard meanwhile may follow it."""
        is_another = self.is_open
        self.is_open, self.epoch = True, epoch
        self.head, self.floor = head.position, head.floor
        self._ring.begin(head.position)
        self._wanted = 0
        early, self._held = self._held, {}
        self._stop_holding()
        if is_another:
            self.wake()
            return
        for announcement in early.values():
            self.hear(announcement)

    def hear(self, announcement: Announcement) -> None:
        """Take in an announcement. One that does not continue the ring moves nothing: it makes the log be read."""
        if not self.is_open:
            # The head is on its way, and need not contain this yet.
            self._held[announcement.head] = announcement
            if len(self._held) > HELD:
                del self._held[next(iter(self._held))]
        elif announcement.head > self._ring.end:
            if announcement.entries is None:
                self._repair(announcement.head)
            elif not self._continue_with(announcement):
                self._keep(announcement)
            else:
                self._continue_with_held()

    def wake(self) -> None:
        """Have everybody who waits look around."""
        self._wakes += 1
        self._rouse()

    def close(self) -> None:
        """Stop what is under way; nobody reads here any more."""
        self._stop_holding()
        self._ring.empty()
        for task in (self._repairing, *self._pages.values()):
            if task is not None:
                task.cancel()

    # What subscribers ask.

    async def wait_beyond(self, position: int, seconds: float) -> bool:
        """Wait until the log is longer than a position; False when it is not within the time.

        Returns early when the epoch changes, or when somebody calls `wake`: the caller compares `epoch`.
        """
        wakes = self._wakes
        try:
            async with asyncio.timeout(seconds):
                while self.head <= position and self._wakes == wakes:
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiting.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiting.discard(waiter)
        except TimeoutError:
            pass
        return self.head > position

    async def read_after(self, position: int) -> list[LoggedEntry]:
        """Whole transactions after a position, oldest first; empty when there are none yet, or in another epoch.

        The first one does not follow the position when the log no longer has what does. While the database cannot
        be read this waits for it.
        """
        epoch = self.epoch
        if position >= self._ring.end:
            await self._extend(position + 1)
        if self.epoch != epoch:
            return []
        found = self._ring.after(position)
        if found is None:
            found = await self._read_behind(position)
        if not found and self.head > position:
            # The log has lost its end: another history has begun, and the hub does not know it yet.
            self._suspect()
            await self.wait_beyond(self.head, RETRY_SECONDS)
        return found if self.epoch == epoch else []

    def ready_after(self, position: int) -> list[LoggedEntry] | None:
        """What `read_after` would return, when that needs no database; None otherwise."""
        return self._ring.after(position) if position < self._ring.end else None

    def _rouse(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    # Going on with what was heard.

    def _continue_with(self, announcement: Announcement) -> bool:
        entries = entries_of(announcement)
        if not entries or entries[0].position != self._ring.end + 1:
            return False
        self._append(entries)
        return True

    def _append(self, entries: list[LoggedEntry]) -> None:
        self._ring.append(entries)
        if self._ring.end > self.head:
            self.head = self._ring.end
            self._rouse()

    def _keep(self, announcement: Announcement) -> None:
        self._held[announcement.head] = announcement
        if len(self._held) > HELD:
            self._give_up_holding()
        elif self._hold is None:
            self._hold = asyncio.get_running_loop().call_later(HOLD_SECONDS, self._give_up_holding)

    def _continue_with_held(self) -> None:
        """Take what waited for the transaction that has just come."""
        for head in sorted(self._held):
            if head <= self._ring.end or self._continue_with(self._held[head]):
                del self._held[head]
        if not self._held:
            self._stop_holding()

    def _give_up_holding(self) -> None:
        """Read the log instead: it holds whatever was announced, or else that was never true."""
        wanted = max(self._held)
        self._held.clear()
        self._stop_holding()
        GAP_REPAIRS.inc()
        self._repair(wanted)

    def _stop_holding(self) -> None:
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None

    # Reading the log.

    def _repair(self, wanted: int) -> None:
        """Read up to a position in the background, so that it is in memory before anybody asks."""
        self._wanted = max(self._wanted, wanted)
        if not self._is_repairing:
            self._repairing = _begun(self._read_wanted)

    @property
    def _is_repairing(self) -> bool:
        return self._repairing is not None and not self._repairing.done()

    async def _read_wanted(self) -> None:
        while self._wanted > self._ring.end:
            wanted, self._wanted = self._wanted, 0
            await self._extend(wanted)

    async def _extend(self, wanted: int) -> None:
        """Read what the ring lacks up to a position, once for all who ask; less, when the log ends before."""
        async with self._reading:
            while self._ring.end < wanted:
                epoch, end = self.epoch, self._ring.end
                entries = await self._read(end)
                if self.epoch != epoch:
                    return
                fresh = [entry for entry in entries if entry.position > self._ring.end]
                if not fresh:
                    return
                if fresh[0].position != self._ring.end + 1:
                    self._ring.begin(fresh[0].position - 1)
                self._append(fresh)
                self._continue_with_held()

    async def _read(self, position: int) -> list[LoggedEntry]:
        """Read a page of the log, however long it cannot be read."""
        while True:
            try:
                entries = await self._log.read_after(self.organization_id, position)
            except Exception as error:  # noqa: BLE001 - said once; a subscriber has nobody else to ask
                self._outage.began(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._outage.ended()
                return entries

    async def _read_behind(self, position: int) -> list[LoggedEntry]:
        """Read a page that begins before the ring; a crowd that comes back costs a few reads, not one for each."""
        if not self._ring.has_room(self._ring.start - position):
            return await self._page_after(position)
        async with self._reading_behind:
            found = self._ring.after(position)
            if found is not None:
                return found
            epoch = self.epoch
            entries = await self._read(position)
            missing = [entry for entry in entries if entry.position <= self._ring.start]
            if self.epoch == epoch and self._ring.prepend(missing):
                return self._ring.after(position) or entries
            return entries

    async def _page_after(self, position: int) -> list[LoggedEntry]:
        task = self._pages.get(position)
        if task is None:
            task = self._pages[position] = _begun(lambda: self._read(position))
            task.add_done_callback(lambda _: self._pages.pop(position, None))
        return await asyncio.shield(task)


def _begun(work: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
    """Begin what outlives whoever caused it, and so must not see their transaction."""
    return asyncio.get_running_loop().create_task(work(), context=contextvars.Context())
