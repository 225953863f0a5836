"""The real program in processes of its own: commands that end, servers that are waited for and stopped."""

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from tests.databases import GivenDatabase
from tests.processes import ROOT
from tests.servers import free_port

# Long enough for a machine under load; what works is there in a second.
PATIENCE_SECONDS = 180
# What the installed `okrgraph` runs. The warnings of the program are errors, as they are here.
PROGRAM = "from okrgraph.cli import main; main()"
COMMAND = (sys.executable, "-W", "error", "-c", PROGRAM)

_SERVES = re.compile(r"Worker \d+ \[(\d+)\] serves")

Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found | None]], what: str) -> Found:
    """Look again and again until there is something; fails with what was waited for."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := await look()):  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_SECONDS:g} seconds in vain for {what}") from None
    return found


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    output: str
    errors: str

    def refusal(self) -> str:
        """The one line by which the program refused a user's mistake: status 1, nothing on stdout."""
        assert (self.status, self.output) == (1, ""), self
        line, *rest = self.errors.splitlines()
        assert rest == [], self.errors
        return line


def environment_of(database: GivenDatabase | None, extra: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OKRGRAPH_")}
    url = {"OKRGRAPH_DATABASE_URL": database.url} if database else {}
    return {**kept, "PYTHONPATH": str(ROOT), **url, **extra}


async def start(
    *arguments: str,
    folder: Path,
    database: GivenDatabase | None = None,
    **settings: str,
) -> Process:
    """Start the program in a folder; settings are environment variables."""
    environment = environment_of(database, settings)
    return await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, cwd=folder, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


async def ended(process: Process, stdin: str = "") -> Ended:
    """Wait for the end of the program, which a user must never see as a traceback."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            output, errors = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    result = Ended(process.returncode, output.decode(), errors.decode())
    assert "Traceback" not in result.errors, result.errors
    return result


def kill_while_writing(file: str, *, folder: Path, database: GivenDatabase) -> None:
    """Import a file and kill the process once it has written a part, which it tells a terminal."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "import", file],
        cwd=folder,
        env=environment_of(database, {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=its,
    )
    os.close(its)
    try:
        shown, done, total = b"", 0, 0
        while done < 1_000:
            shown += os.read(ours, 4_096)
            for written in re.finditer(rb"writing: ([0-9,]+) of ([0-9,]+)", shown):
                done, total = (int(number.replace(b",", b"")) for number in written.groups())
    finally:
        process.kill()
        os.close(ours)
    assert process.wait() == -signal.SIGKILL
    assert done < total


class Server:
    """A serving process. Its standard output and error go to files.

    is_provoked: set by a test that breaks something, so that a traceback in the log is right.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: dict[str, str], program: str
    ) -> None:
        self.port = port = free_port()
        self.is_provoked = False
        self._output = folder / f"serving-{port}.out"
        self._errors = folder / f"serving-{port}.log"
        with self._output.open("wb") as output, self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*COMMAND[:-1], program, *arguments, f"--port={port}"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def log(self) -> str:
        return self._errors.read_text()

    async def is_ready(self) -> bool:
        """Whether `/readyz` says so. Fails when the process has ended."""
        assert self.process.poll() is None, self.log
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{self.url}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

    def workers(self, count: int) -> list[int]:
        """Process ids of the workers that have begun to serve, in order; empty until there are so many."""
        serving = [int(number) for number in _SERVES.findall(self.log)]
        return serving if len(serving) >= count else []

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal the process and give its exit status."""
        self.process.send_signal(how)

        async def has_ended() -> bool:
            return self.process.poll() is not None

        await until(has_ended, f"the server to end after {how.name}; its log:\n{self.log}")
        return self.process.returncode


@asynccontextmanager
async def running(
    *arguments: str,
    folder: Path,
    database: GivenDatabase | None = None,
    program: str = PROGRAM,
    **settings: str,
) -> AsyncIterator[Server]:
    """Run a command that serves, on a free port; left running, it must end with status 0 when told to."""
    server = Server(arguments, folder, environment_of(database, settings), program)
    try:
        yield server
        if server.process.poll() is None:
            assert await server.stop() == 0, server.log
            assert server.is_provoked or "Traceback" not in server.log, server.log
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@asynccontextmanager
async def serving(
    database: GivenDatabase, folder: Path, *arguments: str, program: str = PROGRAM, **settings: str
) -> AsyncIterator[Server]:
    """`okrgraph serve`, ready."""
    async with running(
        "serve", *arguments, folder=folder, database=database, program=program, **settings
    ) as server:
        await until(server.is_ready, "the server to be ready")
        yield server


@dataclass(frozen=True, slots=True)
class Shared:
    """A running server and its database; `folder` is where commands may run."""

    database: GivenDatabase
    server: Server
    folder: Path
