"""The databases and processes that are compared: made, filled, started, stopped; nothing is measured here."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.reference_data import SLUG, write_csv
from benchmarks.workloads import VIEWER, benchmark_rows
from okrgraph.events.database import DatabaseAddress
from tests.servers import PostgresServer, connect, free_port

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class FilledDatabase:
    """A database with the data of a scale, and a token for who asks."""

    url: str
    token: str

    @property
    def dsn(self) -> str:
        """The address as asyncpg reads it."""
        given = DatabaseAddress.parse(self.url).credentials
        query = {name: given[name] for name in ("host", "port", "user", "password") if given[name]}
        return f"postgres:///{given['database']}?{urlencode(query)}"


class CannotRun(Exception):
    """A part of the benchmark failed; the message says which and why."""


def environment(**values: str) -> dict[str, str]:
    """Nobody's own settings: what a process does follows from the arguments alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OKRGRAPH_")}
    return {**kept, "PYTHONPATH": str(ROOT), **values}


def okrgraph(folder: Path, url: str, *arguments: str) -> str:
    """Run a command of okrgraph and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "okrgraph", *arguments],
        cwd=folder,
        env=environment(OKRGRAPH_DATABASE_URL=url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotRun(f"okrgraph {arguments[0]} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout.strip()


def _fill(folder: Path, url: str, data: Path) -> FilledDatabase:
    okrgraph(folder, url, "migrate")
    okrgraph(folder, url, "import", str(data))
    token = okrgraph(folder, url, "token", "create", "--organization", SLUG, "--email", VIEWER)
    return FilledDatabase(url, token)


def write_data(folder: Path, scale: int) -> Path:
    """Write the import file of a scale."""
    path = folder / f"data{scale}.csv"
    with path.open("w", encoding="utf-8", newline="") as output:
        write_csv(benchmark_rows(scale), output)
    return path


@contextmanager
def postgres_database(server: PostgresServer, folder: Path, data: Path) -> Iterator[FilledDatabase]:
    """Fill a database of the server that is gone afterwards."""
    name = asyncio.run(server.create_database())
    try:
        database = _fill(folder, server.url_of(name), data)
        asyncio.run(_tidied(database.url))
        yield database
    finally:
        asyncio.run(server.drop_database(name))


async def _tidied(url: str) -> None:
    """So that no server finds the database busy with that while another one did not."""
    client = await connect(url)
    try:
        await client.execute("VACUUM ANALYZE")
    finally:
        await client.close()


def postgres_version(server: PostgresServer) -> str:
    """Give the version of a server, such as 18.4."""

    async def ask() -> str:
        client = await connect(server.url_of("postgres"))
        try:
            found: str = await client.fetchval("SHOW server_version")
        finally:
            await client.close()
        return found.split(maxsplit=1)[0]

    return asyncio.run(ask())


def sqlite_databases(folder: Path, data: Path, copies: int) -> list[FilledDatabase]:
    """Fill files of the same content: one process at a time may serve a file."""
    paths = [folder / f"{copy}.db" for copy in range(copies)]
    first = _fill(folder, f"sqlite:///{paths[0]}", data)
    for path in paths[1:]:
        shutil.copyfile(paths[0], path)
    return [FilledDatabase(f"sqlite:///{path}", first.token) for path in paths]


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers: its port, its process, the memory it took at the start in megabytes."""

    port: int
    pid: int
    token: str

    def memory(self) -> tuple[int, int] | None:
        """Give resident megabytes now and at most so far; None where the system does not say."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return None
        found = dict(line.split(":", 1) for line in lines if ":" in line)
        now, peak = (int(found[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM"))
        return now, peak


def okrgraph_command(port: int) -> tuple[str, ...]:
    """The command that serves with one worker."""
    return (sys.executable, "-m", "okrgraph", "serve", "--port", str(port))


@contextmanager
def okrgraph_server(folder: Path, database: FilledDatabase, *, engine: bool) -> Iterator[Serving]:
    """Serve with okrgraph's own command, one worker."""
    port = free_port()
    settings = {"OKRGRAPH_DATABASE_URL": database.url, "OKRGRAPH_ENGINE": "on" if engine else "off"}
    with started(folder, okrgraph_command(port), settings) as process:
        yield answering(process, port, database.token)


@contextmanager
def stock_server(folder: Path, database: FilledDatabase) -> Iterator[Serving]:
    """Serve stock_server.py, one worker."""
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", "benchmarks.stock_server:app", "--port", str(port))
    options = ("--no-access-log", "--log-level", "warning")
    with started(folder, (*command, *options), {"STOCK_DSN": database.dsn}) as process:
        yield answering(process, port, database.token)


@contextmanager
def floor_process(folder: Path, database: FilledDatabase) -> Iterator[subprocess.Popen[bytes]]:
    """Run floor.py, which reads lines and prints times."""
    command = (sys.executable, "-m", "benchmarks.floor")
    with started(folder, command, {"FLOOR_DSN": database.dsn}) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise CannotRun(f"The floor did not start: {_log_of(process)}")
        yield process


@contextmanager
def started(
    folder: Path, command: tuple[str, ...], settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process until the end of the block; what it logs goes to a file."""
    with (folder / f"log{time.monotonic_ns()}").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(**settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the benchmark, which ends them in order
        )
        _LOGS[process.pid] = Path(log.name)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


_LOGS: dict[int, Path] = {}


def _log_of(process: subprocess.Popen[bytes]) -> str:
    return _LOGS[process.pid].read_text(errors="replace").strip()[-2000:]


def answering(process: subprocess.Popen[bytes], port: int, token: str) -> Serving:
    """Wait until the port answers."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        client = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            client.request("GET", "/")
            client.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return Serving(port, process.pid, token)
        finally:
            client.close()
    raise CannotRun(f"A server did not start: {_log_of(process)}")
