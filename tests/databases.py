"""Databases of one test: empty, migrated, or migrated and open; copies of a template, so they cost little."""

import asyncio
import contextvars
import copy
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from okrgraph.events.database import DatabaseAddress, opened
from okrgraph.events.migrating import migrate
from tests import log_audit
from tests.servers import PostgresServer
from tests.snapshots import untrue_snapshots


@dataclass(frozen=True, slots=True)
class GivenDatabase:
    """A database of one test. `url`: for another process, as OKRGRAPH_DATABASE_URL."""

    url: str

    @property
    def address(self) -> DatabaseAddress:
        return DatabaseAddress.parse(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.address.is_sqlite

    async def unlogged_changes(self) -> list[str]:
        """Describe each row that was changed without a row of the log."""
        return await log_audit.unlogged_changes(self.address, self.url)

    async def take_rows_as_given(self) -> None:
        """Call after changing rows directly: the audit then looks at what follows only."""
        await log_audit.forget(self.address, self.url)


# What a template holds beside the schema; its result goes to every test that takes a copy.
Prepare = Callable[[], Coroutine[Any, Any, Any]]


async def _nothing() -> None:
    return None


async def _fill(database: GivenDatabase, prepare: Prepare) -> Any:
    async with opened(database.address):
        await migrate(database.address)
        # In a context of its own: the test that comes first may hold the clock, for itself alone.
        prepared = await asyncio.create_task(prepare(), context=contextvars.Context())
    await log_audit.install(database.address, database.url)
    return prepared


class SqliteDatabases:
    """Files below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[Prepare, tuple[Path, Any]] = {}

    @asynccontextmanager
    async def empty(self, folder: Path) -> AsyncIterator[GivenDatabase]:
        yield GivenDatabase(f"sqlite:///{folder / 'okrgraph.db'}")

    @asynccontextmanager
    async def migrated(self, folder: Path) -> AsyncIterator[GivenDatabase]:
        async with self.prepared(folder, _nothing) as (database, _):
            yield database

    @asynccontextmanager
    async def prepared(self, folder: Path, prepare: Prepare) -> AsyncIterator[tuple[GivenDatabase, Any]]:
        """A migrated database with what `prepare` wrote, and what it returned."""
        if prepare not in self._templates:
            path = self._folder / f"template{len(self._templates)}.db"
            self._templates[prepare] = path, await _fill(GivenDatabase(f"sqlite:///{path}"), prepare)
        template, prepared = self._templates[prepare]
        shutil.copyfile(template, folder / "okrgraph.db")
        async with self.empty(folder) as database:
            yield database, copy.deepcopy(prepared)


class PostgresDatabases:
    """Databases of one server, dropped when their test is over."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._templates: dict[Prepare, tuple[str, Any]] = {}

    @asynccontextmanager
    async def empty(self, _folder: Path) -> AsyncIterator[GivenDatabase]:
        async with self._copy_of(None) as database:
            yield database

    @asynccontextmanager
    async def migrated(self, folder: Path) -> AsyncIterator[GivenDatabase]:
        async with self.prepared(folder, _nothing) as (database, _):
            yield database

    @asynccontextmanager
    async def prepared(self, _folder: Path, prepare: Prepare) -> AsyncIterator[tuple[GivenDatabase, Any]]:
        """A migrated database with what `prepare` wrote, and what it returned."""
        if prepare not in self._templates:
            name = await self._server.create_database()
            self._templates[prepare] = name, await _fill(GivenDatabase(self._server.url_of(name)), prepare)
        template, prepared = self._templates[prepare]
        async with self._copy_of(template) as database:
            yield database, copy.deepcopy(prepared)

    @asynccontextmanager
    async def _copy_of(self, template: str | None) -> AsyncIterator[GivenDatabase]:
        name = await self._server.create_database(template)
        try:
            yield GivenDatabase(self._server.url_of(name))
        finally:
            await self._server.drop_database(name)

    async def close(self) -> None:
        for name, _ in self._templates.values():
            await self._server.drop_database(name)


@asynccontextmanager
async def open_and_audited(database: GivenDatabase) -> AsyncIterator[GivenDatabase]:
    """Hold a migrated database open; afterwards the log must tell of every changed row, and as it is."""
    async with opened(database.address):
        yield database
        untrue = await untrue_snapshots()
    unlogged = await database.unlogged_changes()
    assert not unlogged, "rows were changed without a row of the log:\n" + "\n".join(unlogged)
    assert not untrue, "the log tells of rows what they are not:\n" + "\n".join(untrue)
