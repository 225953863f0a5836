"""Databases of one test: empty, migrated, or migrated and open; copies of a template, so they cost little."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

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


async def _make_template(database: GivenDatabase) -> None:
    async with opened(database.address):
        await migrate(database.address)
    await log_audit.install(database.address, database.url)


class SqliteDatabases:
    """Files below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"

    @asynccontextmanager
    async def empty(self, folder: Path) -> AsyncIterator[GivenDatabase]:
        yield GivenDatabase(f"sqlite:///{folder / 'okrgraph.db'}")

    @asynccontextmanager
    async def migrated(self, folder: Path) -> AsyncIterator[GivenDatabase]:
        if not self._template.exists():
            making = self._folder / "making.db"
            await _make_template(GivenDatabase(f"sqlite:///{making}"))
            making.rename(self._template)
        shutil.copyfile(self._template, folder / "okrgraph.db")
        yield GivenDatabase(f"sqlite:///{folder / 'okrgraph.db'}")


class PostgresDatabases:
    """Databases of one server, dropped when their test is over."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._template: str | None = None

    @asynccontextmanager
    async def empty(self, _folder: Path) -> AsyncIterator[GivenDatabase]:
        async with self._copy(None) as database:
            yield database

    @asynccontextmanager
    async def migrated(self, _folder: Path) -> AsyncIterator[GivenDatabase]:
        if self._template is None:
            name = await self._server.create_database()
            await _make_template(GivenDatabase(self._server.url_of(name)))
            self._template = name
        async with self._copy(self._template) as database:
            yield database

    @asynccontextmanager
    async def _copy(self, template: str | None) -> AsyncIterator[GivenDatabase]:
        name = await self._server.create_database(template)
        try:
            yield GivenDatabase(self._server.url_of(name))
        finally:
            await self._server.drop_database(name)

    async def close(self) -> None:
        if self._template is not None:
            await self._server.drop_database(self._template)


@asynccontextmanager
async def open_and_audited(database: GivenDatabase) -> AsyncIterator[GivenDatabase]:
    """Hold a migrated database open; afterwards the log must tell of every changed row, and as it is."""
    async with opened(database.address):
        yield database
        untrue = await untrue_snapshots()
    unlogged = await database.unlogged_changes()
    assert not unlogged, "rows were changed without a row of the log:\n" + "\n".join(unlogged)
    assert not untrue, "the log tells of rows what they are not:\n" + "\n".join(untrue)
