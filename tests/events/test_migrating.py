import pytest
from tortoise.exceptions import OperationalError

from okrgraph.events.database import execute, fetch_all, is_sqlite, opened
from okrgraph.events.migrating import migrate, pending
from okrgraph.people.models import Person
from tests.building import make_organization
from tests.processes import ROOT, WAIT, run_together

EVERY_MIGRATION = sorted(path.stem for path in (ROOT / "okrgraph" / "migrations").glob("[0-9]*.py"))

MIGRATE = f"""
import asyncio, sys
from okrgraph.events.database import DatabaseAddress, opened
from okrgraph.events.migrating import migrate

async def run(url):
    address = DatabaseAddress.parse(url)
    async with opened(address):
        {WAIT}
        print(*await migrate(address))

asyncio.run(run(sys.argv[1]))
"""


async def tables() -> set[str]:
    """Names of all tables, those of the databases' own housekeeping apart."""
    if is_sqlite():
        found = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    else:
        found = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return {row[0] for row in await fetch_all(found)}


async def test_an_empty_database_gets_every_migration_once(empty_database):
    async with opened(empty_database.address):
        assert await pending(empty_database.address) == EVERY_MIGRATION
        assert await tables() == set()

        assert await migrate(empty_database.address) == EVERY_MIGRATION

        assert await pending(empty_database.address) == []
        assert {"organization", "objective", "comment", "change_log", "log_head"} <= await tables()
        assert await migrate(empty_database.address) == []


async def test_migrating_again_keeps_the_data(database):
    org = await make_organization()
    ada = await org.person("Ada")

    assert await migrate(database.address) == []
    assert [person.id for person in await Person.all()] == [ada.person_id]


async def test_each_database_has_an_epoch_of_its_own(databases, tmp_path):
    epochs = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        async with databases.empty(tmp_path / name) as database, opened(database.address):
            await migrate(database.address)
            epochs |= {str(row[0]) for row in await fetch_all("SELECT epoch FROM log_epoch")}

    assert len(epochs) == 2


async def test_two_processes_that_migrate_at_once_do_it_once(empty_database):
    ended = await run_together(MIGRATE, *[(empty_database.url,)] * 2)

    assert [each.returncode for each in ended] == [0, 0], ended
    assert sorted(each.output for each in ended) == ["\n", " ".join(EVERY_MIGRATION) + "\n"]
    async with opened(empty_database.address):
        assert await pending(empty_database.address) == []
        assert (await fetch_all("SELECT count(*) FROM log_epoch"))[0][0] == 1


async def test_a_migration_that_fails_leaves_nothing(empty_database):
    async with opened(empty_database.address):
        await execute("CREATE TABLE mutation_receipt (in_the_way integer)")

        with pytest.raises(OperationalError, match="mutation_receipt"):
            await migrate(empty_database.address)

        assert await tables() == {"mutation_receipt"}
        assert await pending(empty_database.address) == EVERY_MIGRATION
        await execute("DROP TABLE mutation_receipt")
        assert await migrate(empty_database.address) == EVERY_MIGRATION
