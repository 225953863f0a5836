"""One worker's view of the logs that its subscribers follow: who follows what, and polling for what nobody told.

A subscriber is a position, nothing more: it reads a topic's ring while it keeps up and the database when it does
not, so order and exactly-once hold by construction and a slow one costs no memory.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from okrgraph.events import log
from okrgraph.events.broker import Announcement, Broker
from okrgraph.events.entry import LoggedEntry
from okrgraph.events.history import EpochPolicy, Heads, read_heads
from okrgraph.events.log import Head
from okrgraph.events.outages import Outage
from okrgraph.events.ring import RING_BYTES, RING_SIZE, WORKER_BYTES, Memory, Ring
from okrgraph.events.topic import ReadsLog, Topic

# While announcements of other workers are not heard, nobody shall notice much.
DEGRADED_POLL_SECONDS = 0.2
# While nobody subscribes, cursors are still written, and shall be of the right history.
IDLE_POLL_SECONDS = 5.0
_logger = logging.getLogger(__name__)
__all__ = ["Hub", "Topic"]


class FollowedLog(ReadsLog, Protocol):
    """What a hub asks the database."""

    async def heads(self, organization_ids: Sequence[UUID]) -> Heads:
        """Read the ends of several logs, and their history, as one moment sees them."""
        ...


class StoredLog:
    """The log of the open database."""

    def __init__(self, policy: EpochPolicy) -> None:
        self._policy = policy

    async def heads(self, organization_ids: Sequence[UUID]) -> Heads:
        return await read_heads(organization_ids, self._policy)

    async def read_after(self, organization_id: UUID, position: int) -> list[LoggedEntry]:
        return await log.read_after(organization_id, position)


def _outage(what: str) -> Outage:
    return Outage(_logger, f"{what} could not be read; trying again", f"{what} can be read again")


class Hub:
    """Follows the logs of the organisations that somebody in this worker subscribes to.

    epoch: the history that cursors are written for. The broker belongs to this hub, which runs it.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        poll_seconds: float,
        epoch_policy: EpochPolicy = "auto",
        ring_size: int = RING_SIZE,
        ring_bytes: int = RING_BYTES,
        worker_bytes: int = WORKER_BYTES,
        followed: FollowedLog | None = None,
    ) -> None:
        self.epoch = ""
        self._broker = broker
        self._poll_seconds = poll_seconds
        self._ring_limits = ring_size, ring_bytes
        self._memory = Memory(worker_bytes)
        self._log = followed if followed is not None else StoredLog(epoch_policy)
        self._topics: dict[UUID, Topic] = {}
        self._nudge = asyncio.Event()
        # Of the questions for heads: how many were asked, and which of them has been answered last.
        self._asked = self._answered = 0
        self._polling = _outage("The heads of the logs")
        self._reading = _outage("The change log")

    async def run(self, ready: asyncio.Event) -> None:
        """Listen and poll until cancelled; `ready` is set once cursors can be written.

        Polling finds what another process committed, and what an announcement that was lost did not say.
        """
        stop = self._broker.listen(self._heard, self._nudge.set)
        try:
            await self._learn(())
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._broker.run())
                ready.set()
                while True:
                    await self._pause()
                    await self._poll_or_wait()
        finally:
            stop()

    async def _pause(self) -> None:
        """Wait until it is time to poll, which it is at once when the broker was lost or is back."""
        seconds = self._poll_seconds
        if not self._topics:
            seconds = max(seconds, IDLE_POLL_SECONDS)
        elif self._broker.is_degraded:
            seconds = min(seconds, DEGRADED_POLL_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        except TimeoutError:
            pass
        self._nudge.clear()

    async def _poll_or_wait(self) -> None:
        try:
            await self._poll()
        except Exception as error:  # noqa: BLE001 - said once, and the next poll may go well
            self._polling.began(error)
        else:
            self._polling.ended()

    async def _poll(self) -> None:
        await self._learn([topic.organization_id for topic in self._topics.values() if topic.is_open])

    async def _learn(self, organization_ids: Sequence[UUID]) -> None:
        """Read heads and pass on what they say, unless a later question was answered before.

        Another epoch begins for all topics in one step: a cursor never names one history and a position of another.
        """
        asked = set(organization_ids)
        while True:
            self._asked += 1
            number = self._asked
            found = await self._log.heads(list(asked))
            if number < self._answered:
                return
            self._answered = number
            is_open = {key for key, topic in self._topics.items() if topic.is_open}
            if found.epoch == self.epoch or is_open <= asked:
                break
            asked |= is_open
        if found.epoch != self.epoch:
            self.epoch = found.epoch
            self._broker.use_key(found.key)
        for organization_id in asked:
            topic = self._topics.get(organization_id)
            if topic is not None:
                topic.learn(found.epoch, found.heads.get(organization_id, Head(0, 0)))

    async def ends_of(self, organization_id: UUID) -> tuple[str, Head]:
        """The history and the ends of one log, as one moment sees them."""
        found = await self._log.heads([organization_id])
        return found.epoch, found.heads.get(organization_id, Head(0, 0))

    def _heard(self, announcement: Announcement) -> None:
        topic = self._topics.get(announcement.organization_id)
        if topic is not None:
            topic.hear(announcement)

    @asynccontextmanager
    async def following(self, organization_id: UUID) -> AsyncIterator[Topic]:
        """Follow an organisation's log for what runs inside."""
        topic = self._topics.get(organization_id)
        if topic is None:
            ring = Ring(self._memory, *self._ring_limits)
            if not self._topics:
                # While nobody followed, polls were rare.
                self._nudge.set()
            topic = Topic(organization_id, self._log, ring, self._reading, self._nudge.set)
            self._topics[organization_id] = topic
        topic.followers += 1
        try:
            await self._open(topic)
            yield topic
        finally:
            topic.followers -= 1
            if topic.followers == 0 and self._topics.get(organization_id) is topic:
                del self._topics[organization_id]
                topic.close()
                self._broker.unfollow(organization_id)

    async def _open(self, topic: Topic) -> None:
        """Learn the head only after its announcements are heard: that order leaves no gap."""
        async with topic.opening:
            if not topic.is_open:
                await self._broker.follow(topic.organization_id)
            while not topic.is_open:
                await self._learn([topic.organization_id])
