"""Listening to brokers in tests: what was heard, and waiting for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from okrgraph.events.broker import Announcement, Broker

PATIENCE_SECONDS = 60.0
KEY = b"k" * 64


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another task or process brings about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - what another process does sets no event
            await asyncio.sleep(0.002)


class Ear:
    """All that one listener of a broker is told."""

    def __init__(self, broker: Broker) -> None:
        self.heard: list[Announcement] = []
        self.reconnects = self.losses = 0
        self._broker = broker
        self.stop = broker.listen(self.heard.append, self._turned)

    def _turned(self) -> None:
        if self._broker.is_degraded:
            self.losses += 1
        else:
            self.reconnects += 1

    def of(self, organization_id: UUID) -> list[Announcement]:
        return [each for each in self.heard if each.organization_id == organization_id]

    async def hears(self, announcement: Announcement) -> None:
        await until(lambda: announcement in self.heard)


@asynccontextmanager
async def working(*brokers: Broker) -> AsyncIterator[None]:
    """Run brokers, which hold the same key, for what runs inside."""
    tasks = []
    for broker in brokers:
        broker.use_key(KEY)
        tasks.append(asyncio.create_task(broker.run()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
