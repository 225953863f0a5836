"""One worker's view of the logs that its subscribers follow: a shared ring per organisation, repaired by polling.

A subscriber is a position, nothing more: it reads the ring while it keeps up and the database when it does
not, so order and exactly-once hold by construction and a slow one costs no memory.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from okrgraph.events import log
from okrgraph.events.broker import Broker
from okrgraph.events.cursors import current_epoch
from okrgraph.events.entry import LoggedEntry
from okrgraph.events.log import Head

# Entries that a worker keeps of one organisation for those who keep up; others read the database.
RING_SIZE = 2_048
_logger = logging.getLogger(__name__)


class Topic:
    """One organisation's log as this worker knows it. `head`: the last position that is known to be committed."""

    def __init__(self, organization_id: UUID, ring_size: int = RING_SIZE) -> None:
        self.organization_id = organization_id
        self._ring_size = ring_size
        self.head = 0
        self.floor = 0
        self.followers = 0
        # Whole transactions up to _ring_end, without a hole.
        self._ring: deque[LoggedEntry] = deque()
        self._ring_end = 0
        self._opened = False
        self._reading = asyncio.Lock()
        self._waiting: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        """Learn the head before anything is read. The topic hears doorbells already: that order leaves no gap."""
        async with self._reading:
            if not self._opened:
                head = await log.head_of(self.organization_id)
                self._ring_end = head.position
                self._opened = True
                self.announce(head)

    def announce(self, head: Head) -> None:
        """Take note of a head that was heard of or polled, and wake who waits for it."""
        self.floor = max(self.floor, head.floor)
        if head.position <= self.head:
            return
        self.head = head.position
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_beyond(self, position: int, seconds: float) -> bool:
        """Wait until the log is longer than a position; False when it is not within the time."""
        if self.head > position:
            return True
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(waiter)
        return True

    async def read_after(self, position: int) -> list[LoggedEntry]:
        """Whole transactions after a position, oldest first; empty when there are none yet."""
        if position >= self._ring_end:
            await self._extend(position)
        if self._ring and self._ring[0].position <= position + 1:
            return [entry for entry in self._ring if entry.position > position]
        return await log.read_after(self.organization_id, position)

    async def _extend(self, position: int) -> None:
        """Read what the ring lacks, once for all who ask for it at the same time."""
        async with self._reading:
            if self._ring_end > position:
                return
            entries = await log.read_after(self.organization_id, self._ring_end)
            if not entries:
                return
            if entries[0].position != self._ring_end + 1:
                self._ring.clear()
            self._ring.extend(entries)
            self._ring_end = entries[-1].position
            while len(self._ring) > self._ring_size:
                while not self._ring.popleft().tx_end:
                    pass


class Hub:
    """Follows the logs of the organisations that somebody in this worker subscribes to."""

    def __init__(self, broker: Broker, *, poll_seconds: float, ring_size: int = RING_SIZE) -> None:
        self._broker = broker
        self._ring_size = ring_size
        self._poll_seconds = poll_seconds
        self._topics: dict[UUID, Topic] = {}
        self.epoch = ""

    async def run(self, ready: asyncio.Event) -> None:
        """Listen and poll until cancelled; `ready` is set once cursors can be written.

        Polling finds what another process committed, and what a doorbell that was lost did not say.
        """
        self.epoch = await current_epoch()
        stop = self._broker.listen(self._rung)
        ready.set()
        try:
            while True:
                await asyncio.sleep(self._poll_seconds)
                try:
                    await self._poll()
                except Exception:
                    _logger.exception("The heads of the logs could not be read; trying again")
        finally:
            stop()

    def _rung(self, organization_id: UUID, position: int) -> None:
        topic = self._topics.get(organization_id)
        if topic is not None:
            topic.announce(Head(position, topic.floor))

    async def _poll(self) -> None:
        if not self._topics:
            return
        self.epoch = await current_epoch()
        for organization_id, head in (await log.heads_of(list(self._topics))).items():
            topic = self._topics.get(organization_id)
            if topic is not None:
                topic.announce(head)

    @asynccontextmanager
    async def following(self, organization_id: UUID) -> AsyncIterator[Topic]:
        """Follow an organisation's log for what runs inside."""
        topic = self._topics.setdefault(organization_id, Topic(organization_id, self._ring_size))
        topic.followers += 1
        try:
            await topic.open()
            yield topic
        finally:
            topic.followers -= 1
            if topic.followers == 0 and self._topics.get(organization_id) is topic:
                del self._topics[organization_id]
