from uuid import UUID

from okrgraph.events.cursors import Cursor, decode
from okrgraph.events.database import execute, fetch_one
from okrgraph.events.history import current_epoch, read_heads
from okrgraph.events.log import Head
from okrgraph.kit.ids import new_key
from tests.building import make_organization
from tests.statements import recorded_statements

ORGANIZATION = UUID("01a20150-ea67-7386-8761-b280a1dd8a77")


async def test_the_epoch_stays_until_the_stored_one_changes(database):
    first = await current_epoch()
    assert decode(Cursor(ORGANIZATION, first, 0).encode()) == Cursor(ORGANIZATION, first, 0)
    assert await current_epoch() == first

    await execute("UPDATE log_epoch SET epoch = :epoch", epoch=UUID(int=1))
    assert await current_epoch() != first


async def test_the_key_changes_with_the_epoch_and_is_not_told_by_it(database):
    first = await read_heads(())
    assert (await read_heads(())).key == first.key
    await execute("UPDATE log_epoch SET epoch = :epoch", epoch=UUID(int=1))
    second = await read_heads(())
    assert (second.epoch == first.epoch, second.key == first.key) == (False, False)
    assert not {first.epoch, first.key.hex()[:16]} & {second.epoch, second.key.hex()[:16]}
    assert len(first.key) == 64


async def test_heads_and_epoch_are_read_in_one_statement(database):
    one, other, absent = (await make_organization("one")).id, (await make_organization("other")).id, new_key()
    async with recorded_statements() as statements:
        found = await read_heads([one, other, absent])
    assert len(statements) == 1
    assert found.heads == {one: Head(1, 0), other: Head(1, 0)}
    assert found.epoch == await current_epoch()


async def test_without_an_organization_there_is_still_an_epoch(database):
    await make_organization()
    assert (await read_heads([])).heads == {}
    assert len((await read_heads([])).epoch) == 16


async def test_the_stable_policy_leaves_out_the_timeline_only(database):
    auto, stable = await current_epoch(), await current_epoch("stable")
    assert (auto == stable) is database.is_sqlite
    await execute("UPDATE log_epoch SET epoch = :epoch", epoch=UUID(int=1))
    assert await current_epoch("stable") != stable


async def test_the_timeline_is_the_one_that_is_written(postgres_database):
    """The one of the last checkpoint, which after a promotion is the old one for a while, agrees otherwise."""
    row = await fetch_one(
        "SELECT c.timeline_id, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int "
        "FROM pg_control_checkpoint() c"
    )
    assert tuple(row) == (1, 1)
