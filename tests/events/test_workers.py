"""Two workers over one PostgreSQL and one Valkey: what one commits the other shows, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from okrgraph.events import log
from okrgraph.events.broker import Announcement
from okrgraph.events.database import execute, fetch_all
from okrgraph.events.entry import Entry, LoggedEntry
from okrgraph.events.history import Heads
from okrgraph.events.hub import Hub, StoredLog
from okrgraph.events.redis_broker import RedisBroker
from okrgraph.events.topic import Topic
from okrgraph.events.transactions import transaction
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from tests.building import make_organization
from tests.events.hearing import PATIENCE_SECONDS, until

NEVER_SECONDS = 3_600.0


class CountedLog(StoredLog):
    """The log of the open database; how often what was read."""

    def __init__(self) -> None:
        super().__init__("auto")
        self.reads = self.heads_read = 0

    async def heads(self, organization_ids: Sequence[UUID]) -> Heads:
        self.heads_read += 1
        return await super().heads(organization_ids)

    async def read_after(self, organization_id: UUID, position: int) -> list[LoggedEntry]:
        self.reads += 1
        return await super().read_after(organization_id, position)


@dataclass
class Worker:
    broker: RedisBroker
    hub: Hub
    log: CountedLog

    async def commit(self, organization_id: UUID) -> int:
        """Write a transaction and announce it, as a unit of work does."""
        announcement = await commit(organization_id)
        self.broker.publish(announcement)
        return announcement.head


async def commit(organization_id: UUID) -> Announcement:
    entry = Entry("Noted", "Team", new_key(), 1, {"text": "x"}, frozenset({"org"}))
    async with transaction():
        appended = await log.append(
            organization_id, [entry], actor_id=None, mutation_id=None, entity_id=None, at=clock.now()
        )
    return Announcement(organization_id, appended.head, appended.carried)


@asynccontextmanager
async def worker(url: str, poll_seconds: float = NEVER_SECONDS) -> AsyncIterator[Worker]:
    broker, counted, ready = RedisBroker(url), CountedLog(), asyncio.Event()
    hub = Hub(broker, poll_seconds=poll_seconds, followed=counted)
    running = asyncio.create_task(hub.run(ready))
    await ready.wait()
    await until(lambda: not broker.is_degraded)
    try:
        yield Worker(broker, hub, counted)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def pair(postgres_database, own_valkey) -> AsyncIterator[tuple[Worker, Worker]]:
    async with worker(own_valkey.url) as one, worker(own_valkey.url) as other:
        yield one, other


async def collect(topic: Topic, position: int, last: int) -> list[int]:
    """Read up to a position, as a subscriber does."""
    found: list[int] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while position < last:
            await topic.wait_beyond(position, PATIENCE_SECONDS)
            entries = await topic.read_after(position)
            found += [entry.position for entry in entries]
            position = found[-1]
    return found


async def test_what_one_commits_the_other_shows_without_asking_the_database(pair) -> None:
    one, other = pair
    org = await make_organization()
    async with other.hub.following(org.id) as topic:
        start = topic.head
        heads = [await one.commit(org.id) for _ in range(20)]
        assert await collect(topic, start, heads[-1]) == heads
    assert other.log.reads == 0


async def test_both_commit_and_both_show_all_in_order(pair) -> None:
    one, other = pair
    org = await make_organization()
    async with one.hub.following(org.id) as here, other.hub.following(org.id) as there:
        start = here.head
        turns = (each.commit(org.id) for _ in range(25) for each in pair)
        last = max(await asyncio.gather(*turns))
        for topic in (here, there):
            assert await collect(topic, start, last) == list(range(start + 1, last + 1))


async def test_what_was_committed_while_the_server_was_down_is_shown_at_once_afterwards(
    pair, own_valkey
) -> None:
    """Polling is off: only reading the heads after the reconnection can find it."""
    one, other = pair
    org = await make_organization()
    async with other.hub.following(org.id) as topic:
        start = topic.head
        own_valkey.kill()
        # By a process that publishes nowhere, as an import beside the server.
        last = (await commit(org.id)).head
        own_valkey.start()
        assert await collect(topic, start, last) == [last]
        assert await collect(topic, last, last + 1 if await one.commit(org.id) else 0) == [last + 1]


async def test_while_the_server_is_down_polling_finds_what_is_committed(pair, own_valkey) -> None:
    one, other = pair
    org = await make_organization()
    async with other.hub.following(org.id) as topic:
        start = topic.head
        own_valkey.kill()
        await until(lambda: one.broker.is_degraded and other.broker.is_degraded)
        last = [await one.commit(org.id) for _ in range(3)][-1]
        assert await collect(topic, start, last) == [last - 2, last - 1, last]


async def test_workers_survive_that_the_database_ends_their_connections(
    postgres_database, own_valkey
) -> None:
    org = await make_organization()
    async with worker(own_valkey.url, poll_seconds=0.02) as one, one.hub.following(org.id) as topic:
        last = topic.head
        for _ in range(5):
            await terminate_the_others()
            # Dead connections of the pool each fail once for whoever is given them.
            await until_committed(org.id)
            assert await collect(topic, last, last + 1) == [last + 1]
            last += 1


async def terminate_the_others() -> None:
    await execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def until_committed(organization_id: UUID) -> None:
    while True:
        try:
            await commit(organization_id)
        except (OSError, Exception) as error:
            if not any(word in str(error) for word in ("terminat", "closed", "connection")):
                raise
        else:
            return


async def test_a_worker_of_another_history_is_not_heard_and_is_told_by_the_poll(pair) -> None:
    one, other = pair
    org = await make_organization()
    async with other.hub.following(org.id) as topic:
        start, epoch = topic.head, topic.epoch
        await execute("UPDATE log_epoch SET epoch = :epoch", epoch=UUID(int=1))
        await one.hub._poll()
        last = await one.commit(org.id)
        # Heard by nobody who holds the old key; the poll then tells of the new history.
        waiting = asyncio.create_task(topic.wait_beyond(start + 100, PATIENCE_SECONDS))
        await asyncio.sleep(0)
        await other.hub._poll()
        assert await waiting is False
        assert (topic.epoch != epoch, topic.head, topic.epoch) == (True, last, one.hub.epoch)
        assert await collect(topic, last, await one.commit(org.id)) == [last + 1]
        assert await fetch_all("SELECT 1 AS one")
