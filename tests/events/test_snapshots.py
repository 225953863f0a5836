import asyncio
import sqlite3
from contextlib import closing

import pytest

from okrgraph.events.database import execute, fetch_all, opened
from okrgraph.events.snapshots import snapshot
from okrgraph.events.transactions import transaction
from tests.databases import GivenDatabase
from tests.outside import change_from_outside, is_something_held

ROWS = 25
ALL = "SELECT n FROM tally ORDER BY n"
# Small, so that a connection that is not given back is missed at once.
POOL = 1


@pytest.fixture
async def tally(databases, tmp_path):
    """An open database with a single connection and a table that holds the numbers from 0."""
    async with databases.empty(tmp_path) as database:
        sign = "&" if "?" in database.url else "?"
        few = GivenDatabase(database.url if database.is_sqlite else f"{database.url}{sign}maxsize={POOL}")
        async with opened(few.address):
            await execute("CREATE TABLE tally (n integer NOT NULL)")
            for n in range(ROWS):
                await execute("INSERT INTO tally VALUES (:n)", n=n)
            yield few


async def numbers() -> list[int]:
    return [row[0] for row in await fetch_all(ALL)]


async def chunks_of(size: int) -> list[list[int]]:
    async with snapshot() as held:
        return [[row[0] for row in rows] async for rows in held.chunks(ALL, size)]


@pytest.mark.parametrize("size", [1, 10, ROWS, ROWS + 1])
async def test_rows_come_in_order_and_in_lists_of_one_size_but_for_the_last(tally, size):
    found = await chunks_of(size)

    assert [n for each in found for n in each] == list(range(ROWS))
    assert {len(each) for each in found[:-1]} <= {size}
    assert 0 < len(found[-1]) <= size


async def test_no_rows_are_no_lists(tally):
    await execute("DELETE FROM tally")

    assert await chunks_of(10) == []


async def test_a_parameter_is_bound(tally):
    async with snapshot() as held:
        lists = held.chunks("SELECT n FROM tally WHERE n = ANY(:some) ORDER BY n", 10, some=[3, 5])
        assert [[row[0] for row in rows] async for rows in lists] == [[3, 5]]


async def test_what_is_committed_meanwhile_is_not_seen(tally):
    async with snapshot() as held:
        lists = held.chunks(ALL, 10)
        seen = [row[0] for row in await anext(lists)]
        await change_from_outside(tally, "UPDATE tally SET n = n + 1000")
        seen += [row[0] async for rows in lists for row in rows]
        assert seen == list(range(ROWS))
        assert await numbers() == list(range(ROWS))
        assert [row[0] async for rows in held.chunks(ALL, 10) for row in rows] == list(range(ROWS))

    assert await numbers() == list(range(1000, 1000 + ROWS))


async def test_several_statements_can_be_read_side_by_side(tally):
    async with snapshot() as held:
        up, down = held.chunks(ALL, 7), held.chunks("SELECT n FROM tally ORDER BY n DESC", 7)
        pairs = []
        async for rows in up:
            pairs += list(zip((row[0] for row in rows), (row[0] for row in await anext(down)), strict=True))
            assert len(await numbers()) == ROWS

    assert pairs == [(n, ROWS - 1 - n) for n in range(ROWS)]


async def test_what_is_left_unread_holds_nothing_afterwards(tally):
    async with snapshot() as held:
        lists = held.chunks(ALL, 1)
        async for _ in lists:
            break
        await anext(held.chunks(ALL, 1))

    assert not is_something_held()
    await change_from_outside(tally, "INSERT INTO tally VALUES (1000)")
    assert await numbers() == [*range(ROWS), 1000]
    if tally.address.path is not None:
        with closing(sqlite3.connect(tally.address.path)) as other:
            # A reader that still held its state would keep the log of changes from being emptied.
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    await lists.aclose()


async def test_an_error_inside_gives_the_connection_back(tally):
    with pytest.raises(ZeroDivisionError):
        await fail_while_reading()

    assert not is_something_held()
    assert await numbers() == list(range(ROWS))


async def fail_while_reading() -> None:
    async with snapshot() as held:
        async for rows in held.chunks(ALL, 1):
            assert len(rows) / 0


async def turns_of(task: asyncio.Task) -> int:
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


async def test_a_reader_that_is_cancelled_anywhere_gives_the_connection_back(tally):
    longest = max([await turns_of(asyncio.create_task(chunks_of(10))) for _ in range(3)])
    cancelled = 0
    for turn in range(0, longest, max(1, longest // 200)):
        task = asyncio.create_task(chunks_of(10))
        for _ in range(turn):
            await asyncio.sleep(0)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        cancelled += isinstance(outcome, asyncio.CancelledError)
        # Waits for what the cancelled one may still be giving back.
        async with asyncio.timeout(30):
            assert await numbers() == list(range(ROWS))
        assert not is_something_held()
    assert cancelled > 0
    assert await chunks_of(100) == [list(range(ROWS))]


async def test_a_writer_of_another_process_does_not_wait_for_a_snapshot_nor_it_for_the_writer(
    sqlite_database,
):
    await execute("CREATE TABLE tally (n integer NOT NULL)")
    with closing(sqlite3.connect(sqlite_database.address.path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO tally VALUES (1)")
        async with snapshot():
            assert await numbers() == []
            other.execute("COMMIT")
            assert await numbers() == []
    assert await numbers() == [1]


async def test_postgres_refuses_to_write_in_a_snapshot(postgres_database):
    with pytest.raises(Exception, match="read-only transaction"):
        await write_in_a_snapshot()

    assert await fetch_all("SELECT slug FROM organization") == []


async def write_in_a_snapshot() -> None:
    async with snapshot():
        await execute("DELETE FROM organization")


async def test_a_snapshot_inside_a_transaction_is_refused(tally):
    async with transaction():
        with pytest.raises(RuntimeError, match="cannot be taken inside a transaction"):
            async with snapshot():
                pass
        assert await numbers() == list(range(ROWS))
