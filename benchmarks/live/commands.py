"""How the processes of the benchmark talk: a JSON line in, a JSON line out; both ends of it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks.servers import CannotRun, environment

LONGEST_LINE = 64 * 1024 * 1024


async def serve_commands(obey: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]) -> None:
    """Read commands from stdin and write what each gives to stdout, one after another, until the input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            answer = await obey(orjson.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other process has to hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


class Helper:
    """A process that obeys commands."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self._name = name
        self._process = process

    def start(self, do: str, **told: Any) -> None:
        """Send a command; its answer is to be taken before the next one."""
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps({"do": do, **told}) + b"\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for what the last command gives. Raises CannotRun when it failed."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CannotRun(f"{self._name} ended: see what it wrote above.")
        answer: dict[str, Any] = orjson.loads(line)
        if "error" in answer:
            raise CannotRun(f"{self._name}: {answer['error']}")
        return answer

    def ask(self, do: str, **told: Any) -> dict[str, Any]:
        """Send a command and wait for what it gives."""
        self.start(do, **told)
        return self.answer()


@contextmanager
def helper(module: str, cores: set[int], **settings: str) -> Iterator[Helper]:
    """Run a module of this package that obeys commands, until the end of the block."""
    command = [sys.executable, "-m", f"benchmarks.live.{module}"]
    with on_cores(cores):
        process = subprocess.Popen(
            command,
            env=environment(**settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    try:
        yield Helper(module, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Start processes on these cores, where the system lets one say so: they inherit it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def resident_bytes(pid: int) -> int:
    """The resident memory of a process. Raises CannotRun where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError as error:
        raise CannotRun(f"The memory of process {pid} is not known here: {error}") from None
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid: int) -> float:
    """The processor time of a process and its threads so far; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
