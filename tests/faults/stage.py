"""The machines of a run put together: databases, Redis, workers and the organisations that live on them."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from okrgraph.events.database import DatabaseAddress, opened
from okrgraph.events.migrating import migrate
from tests.databases import GivenDatabase
from tests.faults.machines import Postgres, Valkey, Worker, postgres
from tests.faults.party import Party
from tests.faults.redis_proxy import RedisProxy

# Clients whose credential is revoked are gone within this; the rest is for a machine under load.
RECHECK_SECONDS = 5.0


@dataclass
class Stage:
    """hold: seconds that a fault lasts. burst: changes that a victim falls behind by. herd: sockets at once."""

    rng: random.Random
    database: GivenDatabase
    workers: list[Worker]
    folder: Path
    hold: float
    burst: int
    herd: int
    postgres: Postgres | None = None
    valkey: Valkey | None = None
    redis: RedisProxy | None = None
    parties: list[Party] = field(default_factory=list)

    @property
    def party(self) -> Party:
        """The organisation that the faults are aimed at."""
        return self.parties[0]

    @property
    def urls(self) -> list[str]:
        return [worker.url for worker in self.workers]

    def any_worker(self) -> Worker:
        return self.rng.choice(self.workers)

    async def last(self, share: float = 1.0) -> None:
        """Let a fault last."""
        await asyncio.sleep(self.hold * share)


@dataclass(frozen=True, slots=True)
class Sizes:
    """hold, burst, herd: of Stage. workers: how many, each on a port; processes: of each. SQLite has one."""

    hold: float
    burst: int
    herd: int
    workers: int = 2
    processes: int = 1


async def _migrated(url: str) -> GivenDatabase:
    async with opened(DatabaseAddress.parse(url)):
        await migrate(DatabaseAddress.parse(url))
    return GivenDatabase(url)


def _settings(**more: str) -> dict[str, str]:
    return {"OKRGRAPH_RECHECK_SECONDS": f"{RECHECK_SECONDS:g}", "OKRGRAPH_DRAIN_SECONDS": "2", **more}


@asynccontextmanager
async def sqlite_stage(folder: Path, rng: random.Random, sizes: Sizes) -> AsyncIterator[Stage]:
    """One worker on a file."""
    database = await _migrated(f"sqlite:///{folder / 'okrgraph.db'}")
    workers = [Worker("worker-1", folder, database, _settings())]
    async with _running(workers):
        yield Stage(rng, database, workers, folder, sizes.hold, sizes.burst, sizes.herd)


@asynccontextmanager
async def postgres_stage(folder: Path, rng: random.Random, sizes: Sizes) -> AsyncIterator[Stage]:
    """Several workers on PostgreSQL, with Redis behind a proxy."""
    with postgres() as server, _valkey(folder) as valkey:
        database = await _migrated(server.url_of(await server.create_database()))
        async with RedisProxy(random.Random(rng.random())).listening() as redis:
            assert isinstance(redis, RedisProxy)
            redis.target = valkey.port
            settings = _settings(OKRGRAPH_REDIS_URL=f"redis://127.0.0.1:{redis.port}")
            workers = [
                Worker(f"worker-{n}", folder, database, settings, sizes.processes)
                for n in range(1, sizes.workers + 1)
            ]
            async with _running(workers):
                yield Stage(
                    rng,
                    database,
                    workers,
                    folder,
                    sizes.hold,
                    sizes.burst,
                    sizes.herd,
                    server,
                    valkey,
                    redis,
                )


@contextmanager
def _valkey(folder: Path) -> Iterator[Valkey]:
    valkey = Valkey(folder)
    valkey.start()
    try:
        yield valkey
    finally:
        valkey.kill()


@asynccontextmanager
async def _running(workers: list[Worker]) -> AsyncIterator[None]:
    """Start them together; at the end each must stop with status 0 when it is told to."""
    async with AsyncExitStack() as held:
        for worker in workers:
            await held.enter_async_context(worker.proxy.listening())
        try:
            for worker in workers:
                worker.begin()
            for worker in workers:
                await worker.ready()
            yield
            await _stop(workers)
        finally:
            for worker in workers:
                await worker.kill()


async def _stop(workers: list[Worker]) -> None:
    for worker in workers:
        worker.signal(signal.SIGTERM)
    for worker in workers:
        assert await worker.ended() == 0, f"{worker.name} did not stop as told:\n{worker.log[-4000:]}"
