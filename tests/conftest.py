"""Fixtures of every test: real databases and servers, made on first need and gone afterwards.

A test that takes `database` runs on SQLite and on PostgreSQL, each time in a migrated, empty database of its
own that is open for the test's event loop; when it is over, every row it changed must stand in the log.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import Phase, settings

from tests.databases import GivenDatabase, PostgresDatabases, SqliteDatabases, open_and_audited
from tests.servers import PostgresServer, ValkeyServer, postgres, valkey, valkey_server

# A loaded machine is slow, not wrong.
settings.register_profile("okrgraph", deadline=None)
# pytest --hypothesis-profile=...: thousands of examples; a failure found and left as it is.
settings.register_profile("nightly", deadline=None)
settings.register_profile("unshrunk", deadline=None, phases=(Phase.explicit, Phase.generate))
settings.load_profile("okrgraph")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey of the test's own, to be killed and started again."""
    with valkey_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> Iterator[PostgresDatabases]:
    databases = PostgresDatabases(postgres_server)
    yield databases
    asyncio.run(databases.close())


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("template"))


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    """Where databases of this kind come from: started only when a test of the kind runs."""
    found: SqliteDatabases | PostgresDatabases = request.getfixturevalue(f"{request.param}_databases")
    return found


@pytest.fixture
async def empty_database(databases, tmp_path) -> AsyncIterator[GivenDatabase]:
    """Neither migrated nor open."""
    async with databases.empty(tmp_path) as database:
        yield database


@pytest.fixture
async def closed_database(databases, tmp_path) -> AsyncIterator[GivenDatabase]:
    """Migrated, not open in this process, not audited: for tests of other processes."""
    async with databases.migrated(tmp_path) as database:
        yield database


@pytest.fixture
async def database(closed_database) -> AsyncIterator[GivenDatabase]:
    """Migrated, open and audited."""
    async with open_and_audited(closed_database):
        yield closed_database


@pytest.fixture
async def sqlite_database(sqlite_databases, tmp_path) -> AsyncIterator[GivenDatabase]:
    """As `database`, for what exists on SQLite only."""
    async with sqlite_databases.migrated(tmp_path) as database, open_and_audited(database):
        yield database


@pytest.fixture
async def postgres_database(postgres_databases, tmp_path) -> AsyncIterator[GivenDatabase]:
    """As `database`, for what exists on PostgreSQL only."""
    async with postgres_databases.migrated(tmp_path) as database, open_and_audited(database):
        yield database
