"""Faults of Redis and of the way to it. Nothing of them may be seen but, at most, a little later delivery."""

import asyncio

from tests.faults.breaking_workers import burst
from tests.faults.machines import Valkey, until
from tests.faults.redis_proxy import Mischief, RedisProxy
from tests.faults.stage import Stage


async def _redis(stage: Stage) -> tuple[Valkey, RedisProxy]:
    """Redis once the workers hear it, after whatever was done to it before."""
    assert stage.valkey is not None
    assert stage.redis is not None
    async with asyncio.timeout(60):
        while not await stage.valkey.is_heard_by(1):  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.1)
    return stage.valkey, stage.redis


async def _back(valkey: Valkey) -> None:
    valkey.start()
    await valkey.answering()


async def _slowest(stage: Stage) -> float:
    """The longest that one change at each worker takes to everybody, while nothing else happens anywhere.

    Without the quiet, a worker that never polls would notice by what is written through itself.
    """
    party = stage.party
    await party.quiet()
    times = [await party.steady("a lonely change", party.writer_at(worker.url)) for worker in stage.workers]
    party.go_on()
    assert None not in times, "a change never arrived"
    return max(time for time in times if time is not None)


async def kill_redis(stage: Stage) -> str:
    valkey, _ = await _redis(stage)
    valkey.kill()
    await stage.last(0.3)
    await _back(valkey)
    return "killed and started again"


async def no_redis(stage: Stage) -> str:
    """Gone for a while: what is written meanwhile arrives by polling."""
    valkey, _ = await _redis(stage)
    valkey.kill()
    await stage.last(2)
    try:
        took = await _slowest(stage)
    finally:
        await _back(valkey)
    return f"a change arrived after {took:.2f} s without it"


async def flush_redis(stage: Stage) -> str:
    valkey, _ = await _redis(stage)
    return await valkey.command("FLUSHALL")


async def kill_subscriptions(stage: Stage) -> str:
    valkey, _ = await _redis(stage)
    return f"{await valkey.command('CLIENT', 'KILL', 'TYPE', 'pubsub')} connections"


async def mischief(stage: Stage) -> str:
    """Messages are lost, doubled, delayed by up to two seconds and so reordered."""
    _, proxy = await _redis(stage)
    before = proxy.done.copy()
    proxy.mischief = Mischief(0.25, 0.25, 0.4, 2.0)
    await burst(stage.party, stage.burst // 3)
    await stage.last(2)
    proxy.mischief = Mischief()
    await until(lambda: not proxy.is_late, "delayed messages")
    done = proxy.done - before
    return ", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "no messages"


async def sever_redis(stage: Stage) -> str:
    _, proxy = await _redis(stage)
    cut = proxy.connections
    proxy.sever()
    return f"{cut} connections"


async def deaf_redis(stage: Stage) -> str:
    """The connection is open and nothing comes through it, neither way."""
    _, proxy = await _redis(stage)
    proxy.is_passing.clear()
    await stage.last(2)
    try:
        took = await _slowest(stage)
    finally:
        proxy.is_passing.set()
    return f"a change arrived after {took:.2f} s meanwhile"
