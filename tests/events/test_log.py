import asyncio
import random
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

import pytest

from okrgraph.events.database import fetch_all
from okrgraph.events.entry import BULK, BULK_THRESHOLD, Entry
from okrgraph.events.history import read_heads
from okrgraph.events.log import Head, append, head_of, open_log, read_after
from okrgraph.events.receipts import Receipt
from okrgraph.events.transactions import transaction
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.ids import new_key
from tests.building import Operator
from tests.locks import held_open, somebody_waits

WRITERS = 16
NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


def entry(text: str = "", acl: frozenset[str] = frozenset({"org"}), **values) -> Entry:
    columns = {"entity_id": new_key(), "entity_version": 1, "body": {"text": text}, **values}
    return Entry(kind="Noted", entity_type="Note", acl=acl, **columns)


@action
async def note(work: UnitOfWork, author: Operator, entries: list[Entry]) -> UUID:
    work.record(*entries)
    return author.organization_id


async def write(organization_id: UUID, *entries: Entry) -> int:
    """Append as the last statement of a transaction."""
    async with transaction():
        written = await append(
            organization_id, entries, actor_id=None, mutation_id=None, entity_id=None, at=NOW
        )
    return written.head


@pytest.fixture
async def organization_id(database) -> UUID:
    key = new_key()
    await open_log(key)
    return key


async def test_a_new_log_is_empty_and_opening_it_again_changes_nothing(organization_id):
    assert await head_of(organization_id) == Head(0, 0)
    await write(organization_id, entry())
    await open_log(organization_id)

    assert await head_of(organization_id) == Head(1, 0)
    assert await head_of(new_key()) == Head(0, 0)


async def write_with_receipts(organization_id: UUID, writer: int, sizes: list[int]) -> None:
    for number, size in enumerate(sizes):
        receipt = Receipt(f"{writer}-{number}", "note", "hash")
        author = Operator(organization_id, person_id=UUID(int=writer + 1), receipt=receipt)
        await note(author, [entry(f"{writer}-{number}") for _ in range(size)])


async def read_until(organization_id: UUID, done: asyncio.Event) -> int:
    """Read the log again and again beside the writers; returns how often."""
    reads = 0
    while not done.is_set():
        head = await head_of(organization_id)
        seen = [row.position for row in await read_after(organization_id, 0)]
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) >= head.position
        reads += 1
    return reads


async def test_sixteen_writers_leave_no_gap_and_no_torn_transaction(organization_id):
    chance = random.Random(7)
    sizes = [[chance.randint(1, 5) for _ in range(6)] for _ in range(WRITERS)]
    done = asyncio.Event()
    reader = asyncio.create_task(read_until(organization_id, done))
    await asyncio.gather(
        *(write_with_receipts(organization_id, writer, sizes[writer]) for writer in range(WRITERS))
    )
    done.set()

    assert await reader > 0
    rows = await read_after(organization_id, 0)
    assert [row.position for row in rows] == list(range(1, sum(map(sum, sizes)) + 1))
    groups = [(mutation, list(group)) for mutation, group in groupby(rows, key=lambda row: row.mutation_id)]
    assert len(groups) == WRITERS * 6, "the rows of a transaction stand together"
    for mutation, group in groups:
        assert [row.tx_end for row in group] == [False] * (len(group) - 1) + [True]
        writer, number = map(int, mutation.split("-"))
        assert len(group) == sizes[writer][number]
        assert {row.actor_id for row in group} == {UUID(int=writer + 1)}


async def test_a_writers_own_order_is_the_order_of_its_positions(organization_id):
    author = Operator(organization_id)
    positions = [(await note(author, [entry(str(number))] * 2)).position for number in range(5)]

    assert positions == [2, 4, 6, 8, 10]
    assert [row.body["text"] for row in await read_after(organization_id, 0)] == [
        "0", "0", "1", "1", "2", "2", "3", "3", "4", "4",
    ]  # fmt: skip


async def test_a_rollback_gives_its_positions_back(organization_id):
    await write(organization_id, entry("kept"))
    with pytest.raises(ValueError, match="after the log"):
        await write_and_fail(organization_id)

    assert await write(organization_id, entry("next")) == 2
    assert [row.body["text"] for row in await read_after(organization_id, 0)] == ["kept", "next"]


async def write_and_fail(organization_id: UUID) -> None:
    async with transaction():
        await append(
            organization_id, [entry(), entry()], actor_id=None, mutation_id=None, entity_id=None, at=NOW
        )
        raise ValueError("after the log")


async def test_a_later_position_is_given_only_after_the_earlier_commit(postgres_database):
    key = new_key()
    await open_log(key)
    async with held_open(lambda: write(key, entry())) as first:
        second = asyncio.create_task(write(key, entry()))
        await somebody_waits()
        assert (second.done(), await head_of(key)) == (False, Head(0, 0))

    assert (first.result(), await second) == (1, 2)


async def test_organizations_do_not_wait_for_each_other(postgres_database):
    one, other = new_key(), new_key()
    await open_log(one)
    await open_log(other)
    async with held_open(lambda: write(one, entry())):
        assert await write(other, entry()) == 1
        read = await read_heads([one, other, new_key()])
        assert read.heads == {one: Head(0, 0), other: Head(1, 0)}


async def test_five_hundred_entries_are_five_hundred_rows(organization_id):
    assert await write(organization_id, *(entry(str(number)) for number in range(BULK_THRESHOLD))) == 500

    rows = await read_after(organization_id, 0)
    assert [row.body["text"] for row in rows] == [str(number) for number in range(500)]
    assert [row.tx_end for row in rows] == [False] * 499 + [True]


async def test_more_than_five_hundred_entries_are_one_bulk_row_for_all_who_see_one_of_them(organization_id):
    entries = [entry(acl=frozenset({"org"}))] + [entry(acl=frozenset({f"team:{n % 3}"})) for n in range(500)]
    assert await write(organization_id, *entries) == 1

    (row,) = await read_after(organization_id, 0)
    assert (row.kind, row.entity_type, row.entity_id, row.position, row.tx_end, row.body) == (
        BULK, "Organization", organization_id, 1, True, {},
    )  # fmt: skip
    assert row.acl == {"org", "team:0", "team:1", "team:2"}


async def test_reading_never_splits_a_transaction(organization_id):
    for size in (400, 400, 400):
        await write(organization_id, *(entry() for _ in range(size)))

    first = await read_after(organization_id, 0)
    assert (first[0].position, first[-1].position, first[-1].tx_end) == (1, 800, True)
    second = await read_after(organization_id, 800)
    assert (second[0].position, second[-1].position) == (801, 1200)
    assert await read_after(organization_id, 1200) == []


async def test_what_is_written_is_what_is_read(organization_id):
    written = entry(
        'Zoë\'s "quotes" \N{SNOWMAN} \\u0000 and a line\nbreak',
        acl=frozenset({"team:a", "person:b"}),
        acl_before=frozenset({"org"}),
        path=(new_key(), new_key()),
        teams=(new_key(),),
        entity_version=2**40,
    )
    plain = entry(body={"none": None, "number": 0.1, "yes": True, "list": [1, 2]})
    actor, entity = new_key(), new_key()
    async with transaction():
        await append(
            organization_id, [written, plain], actor_id=actor, mutation_id="m-1", entity_id=entity, at=NOW
        )

    first, second = await read_after(organization_id, 0)
    for read, wanted in ((first, written), (second, plain)):
        assert {name: getattr(read, name) for name in Entry.__dataclass_fields__} == {
            name: getattr(wanted, name) for name in Entry.__dataclass_fields__
        }
        assert (read.organization_id, read.actor_id, read.mutation_id, read.at) == (
            organization_id, actor, "m-1", NOW,
        )  # fmt: skip
    assert first.is_visible_to(frozenset({"team:a"}))
    assert not first.is_visible_to(frozenset({"org"}))
    assert first.was_visible_to(frozenset({"org"}))
    assert second.was_visible_to(frozenset({"org"}))


async def test_a_log_that_was_never_opened_takes_nothing(database):
    with pytest.raises(LookupError, match="has no log"):
        await write(new_key(), entry())

    assert await fetch_all("SELECT pos FROM change_log") == []
