"""The hub: whatever becomes of doorbells and whoever lags, each reader sees each entry once and in order."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from okrgraph.events import log
from okrgraph.events.broker import Announcement, InProcessBroker
from okrgraph.events.database import execute
from okrgraph.events.entry import Entry, LoggedEntry
from okrgraph.events.hub import Hub
from okrgraph.events.topic import Topic
from okrgraph.events.transactions import transaction
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from tests.building import make_organization

# Longer than any test, so that only what a test asks for polls.
NEVER_SECONDS = 3_600.0
PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def running(
    ring_size: int, poll_seconds: float = NEVER_SECONDS
) -> AsyncIterator[tuple[Hub, InProcessBroker]]:
    broker = InProcessBroker()
    hub = Hub(broker, poll_seconds=poll_seconds, ring_size=ring_size)
    ready = asyncio.Event()
    task = asyncio.create_task(hub.run(ready))
    await ready.wait()
    try:
        yield hub, broker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def commit(organization_id: UUID, entries: int) -> Announcement:
    """Write a transaction with some entries into the log; nobody is told."""
    everyone = frozenset({"org"})
    written = [Entry("Noted", "Team", new_key(), place + 1, {}, everyone) for place in range(entries)]
    async with transaction():
        appended = await log.append(
            organization_id, written, actor_id=None, mutation_id=None, entity_id=None, at=clock.now()
        )
    return Announcement(organization_id, appended.head, appended.carried)


@dataclass
class Reader:
    """Somebody who follows the log from where it stood on arrival; `seen` is all that they were given."""

    topic: Topic
    start: int
    leaving: AsyncExitStack
    seen: list[LoggedEntry] = field(default_factory=list)

    @property
    def position(self) -> int:
        return self.seen[-1].position if self.seen else self.start

    async def read(self, transactions: int | None = None) -> None:
        """Take what is there, or only the first transactions of it, as a slow reader does."""
        if self.topic.head <= self.position:
            return
        entries = await self.topic.read_after(self.position)
        assert entries, "the head is beyond, so there is something to read"
        assert entries[-1].tx_end
        if transactions is not None:
            ends = [place for place, entry in enumerate(entries, start=1) if entry.tx_end]
            entries = entries[: ends[min(transactions, len(ends)) - 1]]
        self.seen += entries


async def arrive(hub: Hub, organization_id: UUID) -> Reader:
    stack = AsyncExitStack()
    topic = await stack.enter_async_context(hub.following(organization_id))
    return Reader(topic, topic.head, stack)


@dataclass(frozen=True)
class Step:
    """What happens next. who: which reader, counted round; take: transactions a slow reader takes, None for all."""

    act: str
    entries: int
    told: str
    who: int
    take: int | None


# Mostly commits and reads; whoever leaves takes a whole history with them.
ACTS = (
    ["commit"] * 8
    + ["read"] * 8
    + ["all read"] * 3
    + ["poll"] * 2
    + ["what is late"] * 2
    + ["arrive"] * 2
    + ["leave"]
)
STEPS = st.lists(
    st.builds(
        Step,
        act=st.sampled_from(ACTS),
        entries=st.integers(1, 5),
        told=st.sampled_from(["whole", "whole", "head", "lost", "twice", "late"]),
        who=st.integers(0, 7),
        take=st.none() | st.integers(1, 3),
    ),
    min_size=30,
    max_size=60,
)


class World:
    """One organisation, its readers, and announcements that are still on their way."""

    def __init__(self, hub: Hub, broker: InProcessBroker, organization_id: UUID) -> None:
        self.hub = hub
        self.broker = broker
        self.organization_id = organization_id
        self.head = 0
        self.late: list[Announcement] = []
        self.readers: list[Reader] = []
        self.gone: list[Reader] = []

    async def take(self, step: Step) -> None:
        match step.act:
            case "commit":
                await self.commit(step.entries, step.told)
            case "read":
                await self.readers[step.who % len(self.readers)].read(step.take)
            case "all read":
                reading = (reader.read() for reader in self.readers)
                await asyncio.gather(self.commit(step.entries, "lost"), *reading)
            case "poll":
                await self.hub._poll()
            case "what is late":
                turn = step.who % (len(self.late) + 1)
                for announcement in [*self.late[turn:], *reversed(self.late[:turn])]:
                    self.broker.publish(announcement)
                self.late.clear()
            case "arrive":
                self.readers.append(await arrive(self.hub, self.organization_id))
            case "leave" if len(self.readers) > 1:
                self.gone.append(self.readers.pop(step.who % len(self.readers)))
                await self.gone[-1].leaving.aclose()

    async def commit(self, entries: int, told: str) -> None:
        announcement = await commit(self.organization_id, entries)
        self.head = announcement.head
        match told:
            case "whole" | "twice":
                for _ in range(1 + (told == "twice")):
                    self.broker.publish(announcement)
            case "head":
                self.broker.publish(announcement.without_entries())
            case "late":
                self.late.append(announcement)

    async def settle(self) -> None:
        """Let everybody who is still there catch up."""
        await self.hub._poll()
        for reader in self.readers:
            while reader.position < self.head:
                assert await reader.topic.wait_beyond(reader.position, 0)
                await reader.read()
            await reader.leaving.aclose()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ring_size=st.integers(1, 20), steps=STEPS)
async def test_every_reader_sees_every_entry_once_in_order(database, ring_size, steps) -> None:
    org = await make_organization(f"acme-{new_key().hex}")
    async with running(ring_size) as (hub, broker):
        world = World(hub, broker, org.id)
        world.head = (await log.head_of(org.id)).position
        for _ in range(2):
            world.readers.append(await arrive(hub, org.id))
        for step in steps:
            await world.take(step)
        await world.settle()
        assert hub._topics == {}
        written = {entry.position: entry for entry in await log.read_after(org.id, 0)}
        assert list(written) == list(range(1, world.head + 1))
        for reader in world.readers + world.gone:
            last = world.head if reader in world.readers else reader.position
            assert reader.seen == [written[position] for position in range(reader.start + 1, last + 1)]


async def test_all_who_wait_are_woken_by_one_announcement(database) -> None:
    org = await make_organization()
    async with running(8) as (hub, broker):
        readers = [await arrive(hub, org.id) for _ in range(5)]
        waits = [
            asyncio.create_task(each.topic.wait_beyond(each.position, PATIENCE_SECONDS)) for each in readers
        ]
        await asyncio.sleep(0)
        announcement = await commit(org.id, 2)
        head = announcement.head
        assert not any(wait.done() for wait in waits)
        broker.publish(announcement)
        assert await asyncio.gather(*waits) == [True] * 5
        for reader in readers:
            await reader.read()
            assert [entry.position for entry in reader.seen] == [head - 1, head]
            await reader.leaving.aclose()


async def test_waiting_ends_when_nothing_comes(database) -> None:
    org = await make_organization()
    async with running(8) as (hub, _), hub.following(org.id) as topic:
        assert await topic.wait_beyond(topic.head, 0.01) is False
        assert await topic.wait_beyond(topic.head - 1, 0) is True


async def test_what_nobody_told_of_is_found_by_polling(database) -> None:
    org = await make_organization()
    async with running(8, poll_seconds=0.01) as (hub, _), hub.following(org.id) as topic:
        before = topic.head
        head = (await commit(org.id, 3)).head
        assert await topic.wait_beyond(before, PATIENCE_SECONDS)
        assert [entry.position for entry in await topic.read_after(before)] == [head - 2, head - 1, head]


class Alarm(logging.Handler):
    """Set once something was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.rung = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "could not be read" in record.getMessage():
            self.rung.set()


async def test_polling_outlives_a_database_that_fails_for_a_moment(database) -> None:
    org = await make_organization()
    alarm = Alarm()
    logging.getLogger("okrgraph.events.hub").addHandler(alarm)
    try:
        async with running(8, poll_seconds=0.01) as (hub, _), hub.following(org.id) as topic:
            await execute("ALTER TABLE log_head RENAME TO log_head_away")
            await asyncio.wait_for(alarm.rung.wait(), PATIENCE_SECONDS)
            await execute("ALTER TABLE log_head_away RENAME TO log_head")
            before = topic.head
            await commit(org.id, 1)
            assert await topic.wait_beyond(before, PATIENCE_SECONDS)
    finally:
        logging.getLogger("okrgraph.events.hub").removeHandler(alarm)


async def test_nothing_of_another_organisation_is_in_a_topic(database) -> None:
    ours, theirs = await make_organization("acme"), await make_organization("bolt")
    async with running(8) as (hub, broker), hub.following(ours.id) as topic:
        before = topic.head
        for _ in range(5):
            broker.publish(await commit(theirs.id, 3))
        assert topic.head == before
        broker.publish(await commit(ours.id, 1))
        assert [entry.organization_id for entry in await topic.read_after(before)] == [ours.id]


@pytest.mark.parametrize("gone", [2, 5])
async def test_a_hole_in_the_log_is_never_bridged(database, gone) -> None:
    """The first entry then shows that something is missing, and the reader can say so."""
    org = await make_organization()
    async with running(8) as (hub, _), hub.following(org.id) as topic:
        start = topic.head
        for _ in range(6):
            await commit(org.id, 1)
        await remove_up_to(org.id, start + gone)
        await hub._poll()
        assert (await topic.read_after(start))[0].position == start + gone + 1
        assert (await topic.read_after(start + gone))[0].position == start + gone + 1


async def test_what_vanished_behind_the_ring_is_not_bridged_either(database) -> None:
    org = await make_organization()
    async with running(8) as (hub, broker), hub.following(org.id) as topic:
        start = topic.head
        for _ in range(3):
            broker.publish(await commit(org.id, 1))
        assert len(await topic.read_after(start)) == 3
        for _ in range(3):
            await commit(org.id, 1)
        await remove_up_to(org.id, start + 5)
        await hub._poll()
        assert [entry.position for entry in await topic.read_after(start + 3)] == [start + 6]
        assert [entry.position for entry in await topic.read_after(start)] == [start + 6]


async def remove_up_to(organization_id: UUID, position: int) -> None:
    await execute(
        "DELETE FROM change_log WHERE organization_id = :id AND pos <= :gone",
        id=organization_id,
        gone=position,
    )


async def test_an_announcement_that_comes_late_does_not_set_the_head_back(database) -> None:
    org = await make_organization()
    async with running(8) as (hub, broker), hub.following(org.id) as topic:
        early, late = [await commit(org.id, 1) for _ in range(2)]
        for announcement in (late, early, early):
            broker.publish(announcement)
        assert topic.head == late.head
        assert await topic.wait_beyond(early.head, 0) is True
