import asyncio
import importlib.util
import random
import sqlite3
from contextlib import closing

import pytest
from tortoise.backends.base.client import TransactionContextPooled
from tortoise.backends.sqlite.client import SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import OperationalError

from okrgraph.events import transactions
from okrgraph.events.database import connection, execute, fetch_all, opened
from okrgraph.events.transactions import is_retryable, transaction
from tests.databases import GivenDatabase
from tests.processes import WAIT, run_together

# Small, so that a few lost connections use it up.
POOL = 3
CANCELS = 400

INCREMENT = f"""
import asyncio, sys
from okrgraph.events.database import DatabaseAddress, execute, fetch_one, opened
from okrgraph.events.transactions import transaction

async def increment(url, times):
    async with opened(DatabaseAddress.parse(url)):
        {WAIT}
        for _ in range(times):
            async with transaction():
                seen = (await fetch_one("SELECT n FROM tally"))[0]
                await execute("UPDATE tally SET n = :next", next=seen + 1)

asyncio.run(increment(sys.argv[1], int(sys.argv[2])))
"""


@pytest.fixture
async def small_pool(databases, tmp_path):
    """An open database whose pool has few connections, with a table that transactions write two rows to."""
    async with databases.empty(tmp_path) as database:
        sign = "&" if "?" in database.url else "?"
        few = GivenDatabase(database.url if database.is_sqlite else f"{database.url}{sign}maxsize={POOL}")
        async with opened(few.address):
            await execute("CREATE TABLE pair (task integer NOT NULL)")
            yield few


@pytest.fixture
def upstream(monkeypatch):
    """The ORM as it comes: its own entry into transactions and its own BEGIN."""
    sqlite = _fresh_copy("tortoise.backends.sqlite.client")
    pooled = _fresh_copy("tortoise.backends.base.client")
    monkeypatch.setattr(SqliteTransactionContext, "__aenter__", sqlite.SqliteTransactionContext.__aenter__)
    monkeypatch.setattr(SqliteTransactionWrapper, "begin", sqlite.SqliteTransactionWrapper.begin)
    monkeypatch.setattr(TransactionContextPooled, "__aenter__", pooled.TransactionContextPooled.__aenter__)


def _fresh_copy(name: str):
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def write_pair(task: int) -> None:
    async with transaction():
        await execute("INSERT INTO pair (task) VALUES (:task)", task=task)
        await execute("INSERT INTO pair (task) VALUES (:task)", task=task)


async def turns_of(task: asyncio.Task[None]) -> int:
    """How often the event loop turns until a task is done."""
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    await task
    return turns


async def cancel_at_random(seed: int) -> None:
    """Start transactions a few at a time and cancel each at a random turn, until enough were cancelled."""
    chance = random.Random(seed)
    # Every connection of the pool prepares its statements once, which takes longer than using them.
    await asyncio.gather(*(write_pair(number) for number in range(4 * POOL)))
    longest = 2 * min([await turns_of(asyncio.create_task(write_pair(100 + number))) for number in range(5)])
    cancelled = 0
    number = 1_000
    while cancelled < CANCELS:
        tasks = [asyncio.create_task(write_pair(number + place)) for place in range(POOL)]
        ends = {task: chance.randrange(longest) for task in tasks}
        for turn in range(longest):
            for task, end in ends.items():
                if end == turn:
                    task.cancel()
            await asyncio.sleep(0)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(each is None or isinstance(each, asyncio.CancelledError) for each in outcomes), outcomes
        cancelled += sum(each is not None for each in outcomes)
        number += POOL


def is_something_held() -> bool:
    """Whether a lock or a connection of the pool is taken, with nobody there to give it back."""
    client = connection()
    if client.capabilities.dialect == "sqlite":
        return client._lock.locked()
    return client._pool.get_idle_size() < client._pool.get_size()


async def test_cancelled_transactions_leave_nothing_behind(small_pool):
    await cancel_at_random(seed=1)

    assert not is_something_held()
    async with asyncio.timeout(30):
        await asyncio.gather(*(write_pair(-1 - place) for place in range(2 * POOL)))
        written = await fetch_all("SELECT task, count(*) FROM pair GROUP BY task")
    assert {count for _, count in written} == {2}
    assert {-1 - place for place in range(2 * POOL)} <= {task for task, _ in written}


async def test_upstream_still_loses_the_database_on_cancellation(small_pool, upstream):
    """When this fails, the ORM has mended its entry, and the repair in events.transactions can go."""
    await cancel_at_random(seed=1)

    assert is_something_held()
    if not small_pool.is_sqlite:
        connection()._pool.terminate()  # closing it would wait for what is lost


async def cancel_during_begin(path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(write_pair(1))
        await asyncio.sleep(0)
        assert is_something_held()
        waiting.cancel()
        await asyncio.sleep(0)
        other.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_begin_that_waits_for_another_process_can_be_cancelled(sqlite_database):
    await execute("CREATE TABLE pair (task integer NOT NULL)")
    await cancel_during_begin(sqlite_database.address.path)

    assert not is_something_held()
    await write_pair(2)
    assert [row[0] for row in await fetch_all("SELECT task FROM pair")] == [2, 2]


async def test_two_processes_that_read_before_they_write_never_fail(sqlite_database):
    await execute("CREATE TABLE tally (n integer NOT NULL)")
    await execute("INSERT INTO tally VALUES (0)")

    ended = await run_together(INCREMENT, *[(sqlite_database.url, "150")] * 2)

    assert [(each.returncode, each.output) for each in ended] == [(0, ""), (0, "")]
    assert (await fetch_all("SELECT n FROM tally"))[0][0] == 300


async def read_then_write_beside_a_writer(path) -> None:
    await execute("CREATE TABLE tally (n integer NOT NULL)")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        async with transaction():
            await fetch_all("SELECT n FROM tally")
            other.execute("INSERT INTO tally VALUES (1)")
            await execute("INSERT INTO tally VALUES (2)")


async def test_upstream_still_begins_deferred(sqlite_database, upstream):
    """When this fails, the ORM begins IMMEDIATE or can be told to: `_begin_immediate` may go."""
    with pytest.raises(sqlite3.OperationalError, match="database is locked") as raised:
        await read_then_write_beside_a_writer(sqlite_database.address.path)

    assert is_retryable(raised.value)


async def test_reads_go_on_while_a_transaction_waits_for_another_process(sqlite_database):
    await execute("CREATE TABLE pair (task integer NOT NULL)")
    with closing(sqlite3.connect(sqlite_database.address.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO pair VALUES (1)")
        waiting = asyncio.create_task(write_pair(2))

        for _ in range(20):
            assert await fetch_all("SELECT task FROM pair") == []
            assert not waiting.done()
        other.execute("COMMIT")

        await waiting
    assert [row[0] for row in await fetch_all("SELECT task FROM pair ORDER BY task")] == [1, 2, 2]


async def test_a_transaction_gives_up_on_a_writer_that_never_ends(sqlite_database, monkeypatch):
    monkeypatch.setattr(transactions, "SQLITE_WRITER_SECONDS", 0.0)
    with closing(sqlite3.connect(sqlite_database.address.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            await write_pair(1)
    assert len(await fetch_all("SELECT 1 AS one")) == 1


async def write_and_fail() -> None:
    async with transaction():
        await execute("INSERT INTO pair (task) VALUES (2)")
        raise ValueError("inner")


async def test_a_transaction_within_one_is_a_savepoint(small_pool):
    async with transaction():
        await execute("INSERT INTO pair (task) VALUES (1)")
        with pytest.raises(ValueError, match="inner"):
            await write_and_fail()
        await execute("INSERT INTO pair (task) VALUES (3)")

    assert [row[0] for row in await fetch_all("SELECT task FROM pair ORDER BY task")] == [1, 3]


async def test_a_deadlock_is_retryable_and_a_mistake_is_not(postgres_database):
    await execute("CREATE TABLE pair (task integer PRIMARY KEY, n integer)")
    await execute("INSERT INTO pair VALUES (1, 0), (2, 0)")
    met = asyncio.Barrier(2)

    async def update(first: int, second: int) -> None:
        async with transaction():
            await execute("UPDATE pair SET n = n + 1 WHERE task = :task", task=first)
            await met.wait()
            await execute("UPDATE pair SET n = n + 1 WHERE task = :task", task=second)

    outcomes = await asyncio.gather(update(1, 2), update(2, 1), return_exceptions=True)

    assert [is_retryable(each) for each in outcomes if each is not None] == [True]
    assert not is_retryable(OperationalError("no such table: pair"))
