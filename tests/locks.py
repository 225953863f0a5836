"""Holding a transaction open between its last statement and its commit, so that others meet its locks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from okrgraph.events.database import fetch_all
from okrgraph.events.transactions import transaction


@asynccontextmanager
async def held_open(work: Callable[[], Awaitable[Any]]) -> AsyncIterator[asyncio.Task[Any]]:
    """Run work in a transaction that is committed when the block is left; its result is then the task's."""
    done, release = asyncio.Event(), asyncio.Event()

    async def hold() -> Any:
        async with transaction():
            try:
                result = await work()
            finally:
                done.set()
            await release.wait()
        return result

    holding = asyncio.create_task(hold())
    await done.wait()
    try:
        yield holding
    finally:
        release.set()
        await holding


async def somebody_waits() -> None:
    """Wait until a connection to this PostgreSQL database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not await fetch_all(waiting):
        pass
