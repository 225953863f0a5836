import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from okrgraph.events.broker import InProcessBroker
from okrgraph.events.database import fetch_all, fetch_one
from okrgraph.events.entry import Entry
from okrgraph.events.hub import Hub
from okrgraph.events.log import Head, append, head_of, open_log, read_after
from okrgraph.events.retention import SMALLEST_BATCH, Retention
from okrgraph.events.transactions import transaction
from okrgraph.kit.ids import new_key
from tests.locks import held_open, somebody_waits

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def organization_id(database) -> UUID:
    key = new_key()
    await open_log(key)
    return key


async def write(organization_id: UUID, count: int, at: datetime = NOW) -> int:
    entries = [Entry("Noted", "Note", new_key(), 1, {}, frozenset({"org"})) for _ in range(count)]
    async with transaction():
        written = await append(
            organization_id, entries, actor_id=None, mutation_id=None, entity_id=None, at=at
        )
    return written.head


async def log_of(organization_id: UUID) -> tuple[Head, list[int]]:
    rows = await fetch_all(
        "SELECT pos FROM change_log WHERE organization_id = :id ORDER BY pos", id=organization_id
    )
    return await head_of(organization_id), [row[0] for row in rows]


async def test_what_is_older_than_the_days_is_forgotten_by_whole_transactions(organization_id):
    for age, count in ((40, 2), (31, 3), (29, 2), (0, 1)):
        await write(organization_id, count, NOW - age * DAY)
    assert await Retention(days=30).forget(NOW) == 5
    assert await log_of(organization_id) == (Head(8, 5), [6, 7, 8])
    assert await Retention(days=30).forget(NOW) == 0
    assert await Retention(days=30).forget(NOW + 2 * DAY) == 2


async def test_a_row_that_is_exactly_as_old_as_is_kept_stays(organization_id):
    for at in (NOW - 30 * DAY - timedelta(microseconds=1), NOW - 30 * DAY, NOW):
        await write(organization_id, 1, at)
    assert await Retention(days=30).forget(NOW) == 1
    assert await log_of(organization_id) == (Head(3, 1), [2, 3])


async def test_no_more_rows_than_wanted_are_kept_unless_a_transaction_would_be_split(organization_id):
    for count in (2, 2, 2, 2):
        await write(organization_id, count)
    assert await Retention(rows=8).forget(NOW) == 0
    assert await Retention(rows=5).forget(NOW) == 2, "one more would leave half a transaction"
    assert await Retention(rows=4).forget(NOW) == 2
    assert await log_of(organization_id) == (Head(8, 4), [5, 6, 7, 8])


async def test_the_newest_transaction_stays_whatever_its_age(organization_id):
    await write(organization_id, 1, NOW - 100 * DAY)
    await write(organization_id, 3, NOW - 99 * DAY)
    assert await Retention(days=30, rows=1).forget(NOW) == 1
    assert await log_of(organization_id) == (Head(4, 1), [2, 3, 4])
    assert await write(organization_id, 1) == 5


async def test_an_empty_log_has_nothing_to_forget(organization_id):
    assert await Retention(days=1, rows=1).forget(NOW) == 0
    assert await log_of(organization_id) == (Head(0, 0), [])


async def test_each_batch_leaves_a_log_without_a_hole(organization_id):
    chance = random.Random(3)
    while await write(organization_id, chance.randint(1, 300), NOW - 40 * DAY) < 2_000:
        pass
    last = await write(organization_id, 2)
    retention, removed = Retention(batch=SMALLEST_BATCH), 0
    while count := await retention._forget_batch(organization_id, NOW - 30 * DAY):
        assert count <= SMALLEST_BATCH
        removed += count
        head, positions = await log_of(organization_id)
        assert head == Head(last, removed)
        assert positions == list(range(removed + 1, last + 1))
        assert (await read_after(organization_id, removed))[0].position == removed + 1
    assert removed == last - 2


async def test_organizations_are_judged_each_by_itself(organization_id):
    other = new_key()
    await open_log(other)
    for key, ages in ((organization_id, (40, 0)), (other, (1, 0))):
        for age in ages:
            await write(key, 1, NOW - age * DAY)
    assert await Retention(days=30).forget(NOW) == 1
    assert (await head_of(organization_id), await head_of(other)) == (Head(2, 1), Head(2, 0))


async def test_who_reads_is_shown_that_something_is_gone(organization_id):
    hub, ready = Hub(InProcessBroker(), poll_seconds=3_600, ring_size=1), asyncio.Event()
    running = asyncio.create_task(hub.run(ready))
    await ready.wait()
    async with hub.following(organization_id) as topic:
        for age in (40, 40, 0, 0):
            await write(organization_id, 1, NOW - age * DAY)
        await Retention().forget(NOW)
        await hub._poll()
        assert topic.floor == 2
        assert [entry.position for entry in await topic.read_after(0)] == [3, 4]
        assert [entry.position for entry in await topic.read_after(2)] == [3, 4]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_worker_leaves_it_to_the_one_that_is_at_it(postgres_database):
    key = new_key()
    await open_log(key)
    for age in (40, 0):
        await write(key, 1, NOW - age * DAY)
    async with held_open(lambda: fetch_one("SELECT pg_advisory_xact_lock(7240313002)")):
        assert await Retention().forget(NOW) == 0
    assert await Retention().forget(NOW) == 1


async def test_writers_wait_for_the_floor_only(postgres_database):
    """The counter is free while a batch is being deleted; only then the floor takes its turn among the writers."""
    key = new_key()
    await open_log(key)
    for age in (40, 0):
        await write(key, 1, NOW - age * DAY)
    async with held_open(lambda: write(key, 1)):
        forgetting = asyncio.create_task(Retention().forget(NOW))
        await somebody_waits()
        assert await head_of(key) == Head(2, 0)
    assert await forgetting == 1
    assert await log_of(key) == (Head(3, 1), [2, 3])


@pytest.mark.parametrize("wrong", [{"days": 0}, {"rows": 0}, {"batch": SMALLEST_BATCH - 1}])
def test_what_would_forget_everything_or_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="retention"):
        Retention(**wrong)
