"""A server for each kind of database, which most tests share, and an organisation for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.databases import GivenDatabase, PostgresDatabases, SqliteDatabases
from tests.e2e.acme import Acme, make_acme
from tests.e2e.program import Server, Shared, serving

_numbers = count(1)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """`okrgraph serve`; all that it changes must stand in the log."""
    databases = request.getfixturevalue(f"{request.param}_databases")
    folder = tmp_path_factory.mktemp("shared")
    # A loop of its own, which leaves those of the tests alone.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        held = AsyncExitStack()
        database = runner.run(held.enter_async_context(databases.migrated(folder)))
        server = runner.run(
            held.enter_async_context(serving(database, folder, OKRGRAPH_RECHECK_SECONDS="0.2"))
        )
        yield Shared(database, server, folder)
        unlogged = runner.run(database.unlogged_changes())
        runner.run(held.aclose())
    assert "okr_" not in server.log, "a credential was logged"
    assert not unlogged, "rows were changed without a row of the log:\n" + "\n".join(unlogged)


@pytest.fixture
def server(shared: Shared) -> Server:
    return shared.server


@pytest.fixture
async def acme(shared: Shared) -> Acme:
    """An organisation of the test's own on the shared server."""
    return await make_acme(shared.database, f"acme-{next(_numbers)}")


@pytest.fixture
async def globex(shared: Shared) -> Acme:
    """Another one."""
    return await make_acme(shared.database, f"globex-{next(_numbers)}")


@pytest.fixture
async def sqlite_file(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[GivenDatabase]:
    """As `closed_database`, for what is the same on both kinds or exists on SQLite only."""
    async with sqlite_databases.migrated(tmp_path) as database:
        yield database


@pytest.fixture
async def postgres_only(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> AsyncIterator[GivenDatabase]:
    """As `closed_database`, for what exists on PostgreSQL only."""
    async with postgres_databases.migrated(tmp_path) as database:
        yield database
