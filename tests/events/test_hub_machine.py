"""The hub alone, on a model of the log and a virtual clock, against everything that can happen to announcements.

Whatever that is: each reader sees each position once, in order, as the log of its history has it, or is told that it
cannot; what is kept stays within its bounds; and when all is quiet again, everybody has everything.
"""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from okrgraph.events.broker import Announcement, InProcessBroker
from okrgraph.events.entry import LoggedEntry
from okrgraph.events.hub import Hub
from okrgraph.events.topic import Topic
from tests.events.model_log import ModelLog
from tests.events.virtual_time import VirtualLoop

ORGANIZATIONS = (UUID(int=1), UUID(int=2))
RING_SIZE, RING_BYTES, WORKER_BYTES = 12, 8_000, 9_500
PAGE = 8
POLL_SECONDS = 1.0


class FaultyBroker(InProcessBroker):
    """Says when it is degraded as it is told to; what becomes of announcements the test decides."""

    degraded = False

    @property
    def is_degraded(self) -> bool:
        return self.degraded


@dataclass
class Reader:
    """Follows as a feed does. seen: what it was given, each with the epoch in which it believed to be."""

    log: ModelLog
    topic: Topic
    epoch: str
    position: int
    leaving: object
    seen: list[tuple[str, LoggedEntry]] = field(default_factory=list)
    told: int = 0

    async def step(self, most: int | None = None) -> None:
        """Take what is there, or only some transactions of it."""
        if self.topic.epoch != self.epoch:
            self._is_told()
        position, epoch = self.position, self.epoch
        if not await self.topic.wait_beyond(position, 0):
            return
        entries = await self.topic.read_after(position)
        if self.topic.epoch != epoch:
            self._is_told()
            return
        if not entries and self.log.epoch != epoch:
            # Positions that were announced are gone, and no poll has said so yet.
            return
        assert entries, "the log is longer, so there is something to read"
        if entries[0].position != position + 1:
            assert position < self.log.floors.get(self.topic.organization_id, 0), (
                "what is missing has expired"
            )
            self._is_told()
            return
        self._take(entries, most)

    def _take(self, entries: list[LoggedEntry], most: int | None) -> None:
        assert entries[-1].tx_end
        ends = [place for place, entry in enumerate(entries, start=1) if entry.tx_end]
        taken = entries if most is None else entries[: ends[min(most, len(ends)) - 1]]
        for entry in taken:
            assert entry.position == self.position + 1
            self.position = entry.position
            if self.log.epoch == self.epoch:
                # Otherwise it will be told that all of this is void, as soon as the hub knows.
                assert entry == self.log.log_of(entry.organization_id)[entry.position]
                self.seen.append((self.epoch, entry))

    def _is_told(self) -> None:
        self.told += 1
        self.epoch, self.position = self.topic.epoch, self.topic.head

    async def follow(self) -> None:
        """Read whatever comes, at once."""
        while True:
            await self.topic.wait_beyond(self.position, 3_600)
            await self.step()


class HubMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.log = ModelLog(page=PAGE)
        self.broker = FaultyBroker()
        self.late: list[Announcement] = []
        self.readers: list[Reader] = []
        self.quick: list[tuple[asyncio.Task[None], Reader]] = []
        self.loop.run(self._begin())

    async def _begin(self) -> None:
        self.hub = Hub(
            self.broker,
            poll_seconds=POLL_SECONDS,
            ring_size=RING_SIZE,
            ring_bytes=RING_BYTES,
            worker_bytes=WORKER_BYTES,
            followed=self.log,
        )
        ready = asyncio.Event()
        self.running = asyncio.create_task(self.hub.run(ready))
        await ready.wait()

    def teardown(self) -> None:
        try:
            self.loop.run(self._settle())
        finally:
            self.loop.finish()

    async def _settle(self) -> None:
        """Let all that is going on come to its end: then everybody has everything."""
        self.log.is_away, self.log.delay, self.log.reading_delay = False, 0.0, 0.0
        await asyncio.sleep(10 * POLL_SECONDS)
        for task, reader in self.quick:
            # Nobody made them read: they were woken for everything that came.
            head = self.log.head_of(reader.topic.organization_id)
            assert (task.done(), reader.epoch, reader.position) == (False, self.log.epoch, head)
            task.cancel()
            await asyncio.wait([task])
        for reader in self.readers:
            head = self.log.head_of(reader.topic.organization_id)
            for _ in range(head + 2):
                if (reader.epoch, reader.position) != (self.log.epoch, head):
                    await reader.step()
            assert (reader.epoch, reader.position) == (self.log.epoch, head)
            assert reader.topic.head == head
            await reader.leaving.__aexit__(None, None, None)
        assert (self.hub._topics, self.hub._memory.held) == ({}, 0)

    # What happens to the log.

    @rule(
        organization=st.sampled_from(ORGANIZATIONS),
        count=st.integers(1, 4),
        letters=st.sampled_from([1, 1, 1, 300, 3_000, 9_000]),
        fate=st.sampled_from(["told", "told", "told", "twice", "head", "late", "late", "lost", "broken"]),
    )
    def commit(self, organization: UUID, count: int, letters: int, fate: str) -> None:
        count = 1 if letters > 1_000 else count
        announcement = self.log.commit(organization, count, letters)
        match fate:
            case "told" | "twice":
                self._tell(*[announcement] * (1 + (fate == "twice")))
            case "head":
                self._tell(announcement.without_entries())
            case "broken":
                self._tell(Announcement(organization, announcement.head, b'{"rows":[{}]}'))
            case "late":
                self.late.append(announcement)

    @rule(order=st.randoms(use_true_random=False))
    def what_is_late_comes(self, order) -> None:
        late, self.late = self.late, []
        order.shuffle(late)
        self._tell(*late)

    @rule(organization=st.sampled_from(ORGANIZATIONS), beyond=st.integers(1, 50))
    def a_head_is_announced_that_is_not_true(self, organization: UUID, beyond: int) -> None:
        self._tell(Announcement(organization, self.log.head_of(organization) + beyond, None))

    @rule(lost=st.integers(0, 6))
    def another_history_begins(self, lost: int) -> None:
        self.log.begin_epoch(lost)
        self.late.clear()

    @rule(organization=st.sampled_from(ORGANIZATIONS), count=st.integers(1, 10))
    def the_oldest_is_forgotten(self, organization: UUID, count: int) -> None:
        self.log.forget(organization, count)

    @rule(delay=st.sampled_from([0.0, 0.001, 0.02, 0.3]), reading=st.sampled_from([0.0, 0.0, 0.3, 2.5]))
    def the_log_answers_after(self, delay: float, reading: float) -> None:
        self.log.delay, self.log.reading_delay = delay, reading

    @rule(is_away=st.booleans())
    def the_log_is_away_or_back(self, is_away: bool) -> None:
        self.log.is_away = is_away

    @rule(degraded=st.booleans())
    def the_broker_is_degraded_or_not(self, degraded: bool) -> None:
        self.broker.degraded = degraded
        self.broker._listeners.turned()

    # What subscribers do.

    @precondition(lambda self: len(self.readers) < 6 and not self.log.is_away)
    @rule(organization=st.sampled_from(ORGANIZATIONS))
    def arrive(self, organization: UUID) -> None:
        self.loop.run(self._arrive(organization))

    async def _arrive(self, organization: UUID) -> Reader:
        following = self.hub.following(organization)
        topic = await following.__aenter__()
        reader = Reader(self.log, topic, topic.epoch, topic.head, following)
        self.readers.append(reader)
        return reader

    @precondition(lambda self: len(self.quick) < 3 and not self.log.is_away)
    @rule(organization=st.sampled_from(ORGANIZATIONS))
    def somebody_quick_arrives(self, organization: UUID) -> None:
        reader = self.loop.run(self._arrive(organization))
        self.readers.remove(reader)
        self.quick.append((self.loop.create_task(self._follow(reader)), reader))

    async def _follow(self, reader: Reader) -> None:
        try:
            await reader.follow()
        finally:
            await reader.leaving.__aexit__(None, None, None)

    @precondition(lambda self: self.quick)
    @rule(who=st.integers(0, 5))
    def somebody_quick_leaves(self, who: int) -> None:
        task, _ = self.quick.pop(who % len(self.quick))
        assert not task.done(), task
        task.cancel()
        self.loop.run(asyncio.wait([task]))

    @precondition(lambda self: self.readers and not self.log.is_away)
    @rule(who=st.integers(0, 5), most=st.none() | st.integers(1, 3))
    def read(self, who: int, most: int | None) -> None:
        self.loop.run(self.readers[who % len(self.readers)].step(most))

    @precondition(lambda self: self.readers and not self.log.is_away)
    @rule()
    def all_read(self) -> None:
        async def together() -> None:
            await asyncio.gather(*(reader.step() for reader in self.readers))

        self.loop.run(together())

    @precondition(lambda self: self.readers)
    @rule(who=st.integers(0, 5))
    def leave(self, who: int) -> None:
        reader = self.readers.pop(who % len(self.readers))
        self.loop.run(reader.leaving.__aexit__(None, None, None))

    @rule(seconds=st.sampled_from([0.0, 0.001, 0.009, 0.02, 0.25, 1.5]))
    def time_passes(self, seconds: float) -> None:
        self.loop.run(asyncio.sleep(seconds))

    def _tell(self, *announcements: Announcement) -> None:
        async def tell() -> None:
            for announcement in announcements:
                self.broker.publish(announcement)

        self.loop.run(tell())

    # What always holds.

    @invariant()
    def rings_are_whole_and_bounded(self) -> None:
        topics = self.hub._topics.values()
        assert self.hub._memory.held == sum(topic._ring.size for topic in topics) <= WORKER_BYTES
        for topic in topics:
            ring = topic._ring
            entries = ring._entries
            assert [entry.position for entry in entries] == list(range(ring.start + 1, ring.end + 1))
            assert not entries or entries[-1].tx_end
            assert ring.size == sum(entry.size for entry in entries) <= RING_BYTES
            assert len(entries) <= RING_SIZE
            assert topic.head >= ring.end
            assert len(topic._held) <= 64
            assert not topic.is_open or topic.epoch == self.hub.epoch, (
                "cursors name the history of their position"
            )

    @invariant()
    def nobody_gave_up(self) -> None:
        assert not self.running.done()
        assert not any(task.done() for task, _ in self.quick)
        for reader in [*self.readers, *(reader for _, reader in self.quick)]:
            positions = [entry.position for epoch, entry in reader.seen if epoch == reader.epoch]
            assert positions == sorted(set(positions))


HubMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
TestHub = HubMachine.TestCase
