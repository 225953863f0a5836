"""The two sides that are compared, each a server on the first core and whoever writes its events elsewhere."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.live.commands import Helper, helper, on_cores, processor_seconds, resident_bytes
from benchmarks.live.documents import BODY_LENGTH
from benchmarks.live.publisher import CHANNEL
from benchmarks.servers import CannotRun, FilledDatabase, answering, okrgraph_command, started
from tests.servers import free_port

OKRGRAPH, PEER = "okrgraph", "graphql-ws, Node"
_PEER = Path(__file__).parent / "peer"


@dataclass(frozen=True, slots=True)
class Cores:
    """Where what runs: the server alone on its core, the load client alone on its own, where there are enough."""

    server: set[int]
    client: set[int]
    others: set[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """Share the cores out; a single one is everybody's."""
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        return cls({cores[0]}, {cores[min(1, len(cores) - 1)]}, set(cores[1:]) or {cores[0]})


@dataclass(frozen=True, slots=True)
class Place:
    """What every server of one run shares."""

    folder: Path
    cores: Cores
    database: FilledDatabase
    redis_url: str

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    @property
    def viewers(self) -> Path:
        return self.folder / "viewers.json"

    def settings(self, **more: str) -> dict[str, str]:
        """The environment of an okrgraph process."""
        return {"OKRGRAPH_DATABASE_URL": self.database.url, "OKRGRAPH_REDIS_URL": self.redis_url, **more}


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One server and its writer. can_hold: whether the writer prepares a burst, which it then only announces."""

    name: str
    port: int
    pid: int
    writer: Helper
    told: Mapping[str, Any]
    can_hold: bool = False

    def start(self, first: int, count: int, rate: float, length: int = BODY_LENGTH) -> None:
        """Begin to write events at a rate."""
        self.writer.start("write", first=first, count=count, rate=rate, length=length, **self.told)

    def written(self) -> dict[str, list[int]]:
        """Wait for the end; give the order of the events and, in that order, when each was due and committed."""
        return self.writer.answer()

    def write(self, first: int, count: int, rate: float, length: int = BODY_LENGTH) -> dict[str, list[int]]:
        """Write events at a rate and wait for the end."""
        self.start(first, count, rate, length)
        return self.written()

    def hold(self, first: int, count: int, length: int = BODY_LENGTH) -> None:
        """Commit events that are not announced before `release`; the peer has nothing to prepare."""
        if self.can_hold:
            self.writer.ask("hold", first=first, count=count, length=length)

    def release(
        self, first: int, count: int, rate: float = 0, length: int = BODY_LENGTH
    ) -> dict[str, list[int]]:
        """Publish the events that are held through Redis, at a rate or, without one, as fast as it takes them."""
        return self.writer.ask("release", first=first, count=count, rate=rate, length=length)

    def memory(self) -> int:
        return resident_bytes(self.pid)

    def processor(self) -> float:
        return processor_seconds(self.pid)


@contextmanager
def okrgraph_worker(place: Place, cores: set[int], **settings: str) -> Iterator[tuple[int, int]]:
    """Serve with one worker; give its port and process id."""
    port = free_port()
    with on_cores(cores):
        running = started(place.folder, okrgraph_command(port), place.settings(**settings))
        process = running.__enter__()
    with ExitStack() as held:
        held.push(running)
        served = answering(process, port, place.database.token)
        yield served.port, served.pid


@contextmanager
def okrgraph_side(place: Place, **settings: str) -> Iterator[Side]:
    """okrgraph: one worker, and another process that writes through its actions and its Redis broker."""
    with (
        okrgraph_worker(place, place.cores.server, **settings) as (port, pid),
        helper("writer", place.cores.others, **place.settings(TOKENS=str(place.tokens))) as writer,
    ):
        yield Side(OKRGRAPH, port, pid, writer, {}, can_hold=True)


def node_versions(folder: Path) -> str:
    """Install the peer into the folder; give the versions of Node and of what it runs on.

    Raises CannotRun when Node or npm is missing, or the packages cannot be had.
    """
    target = folder / "peer"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise CannotRun("The peer needs Node 20 or newer and npm; --no-peer measures okrgraph alone.")
    shutil.copytree(_PEER, target, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=target, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotRun(f"npm ci failed: {done.stderr.strip()[-1000:]}")
    code = (
        "const {createRequire: c} = await import('node:module'); const r = c(process.cwd() + '/x.js');"
        "const fs = await import('node:fs');"
        "console.log('Node ' + process.versions.node + ['graphql','graphql-ws','ws','ioredis'].map(n =>"
        "', ' + n + ' ' + JSON.parse(fs.readFileSync(`node_modules/${n}/package.json`)).version).join(''))"
    )
    said = subprocess.run(
        ["node", "--input-type=module", "-e", code], cwd=target, capture_output=True, text=True, check=True
    )
    return said.stdout.strip()


@contextmanager
def peer_side(place: Place) -> Iterator[Side]:
    """The peer: one Node process, and another process that publishes into Redis."""
    port = free_port()
    settings = {
        "PORT": str(port),
        "REDIS_URL": place.redis_url,
        "CHANNEL": CHANNEL,
        "VIEWERS": str(place.viewers),
        "NODE_ENV": "production",
    }
    with ExitStack() as held:
        with on_cores(place.cores.server):
            process = held.enter_context(
                started(place.folder, ("node", str(place.folder / "peer" / "server.mjs")), settings)
            )
        served = answering(process, port, place.database.token)
        writer = held.enter_context(helper("publisher", place.cores.others, REDIS_URL=place.redis_url))
        yield Side(PEER, served.port, served.pid, writer, {})
