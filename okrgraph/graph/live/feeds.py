"""All live feeds of a worker: a channel for each organisation that somebody follows."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from okrgraph.events.hub import Hub
from okrgraph.events.log import Head
from okrgraph.graph.live.channel import Channel
from okrgraph.graph.live.rendering import Remembered
from okrgraph.graph.live.sharing import Documents
from okrgraph.graph.transport.session import CALL

# A filtered feed that stays silent still says how far it has come, so that its cursor never ages away.
CHECKPOINT_SECONDS = 15.0


class _Open:
    """A channel with the task that delivers in it, and how many follow."""

    def __init__(self, hub: Hub, organization_id: UUID, checkpoint_seconds: float) -> None:
        self.users = 0
        self.channel: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
        # Begun by one subscriber, for all: it must not keep that one's connection alive.
        surroundings = contextvars.copy_context()
        surroundings.run(CALL.set, None)
        self.task = asyncio.create_task(
            self._run(hub, organization_id, checkpoint_seconds), context=surroundings
        )

    async def _run(self, hub: Hub, organization_id: UUID, checkpoint_seconds: float) -> None:
        try:
            async with hub.following(organization_id) as topic:
                channel = Channel(topic, checkpoint_seconds)
                self.channel.set_result(channel)
                await channel.run()
        except Exception as error:  # noqa: BLE001 - for those who wait for the channel
            self.channel.set_exception(error)


class Feeds:
    """What the contexts of one worker share."""

    def __init__(self, hub: Hub, checkpoint_seconds: float = CHECKPOINT_SECONDS) -> None:
        self._hub = hub
        self._checkpoint_seconds = checkpoint_seconds
        self._open: dict[UUID, _Open] = {}
        self.documents = Documents()
        self.remembered = Remembered()

    @property
    def epoch(self) -> str:
        return self._hub.epoch

    async def ends_of(self, organization_id: UUID) -> tuple[str, Head]:
        """The history and the ends of one log, as one moment sees them."""
        return await self._hub.ends_of(organization_id)

    @asynccontextmanager
    async def following(self, organization_id: UUID) -> AsyncIterator[Channel]:
        """The organisation's channel, for what runs inside."""
        found = self._open.get(organization_id)
        if found is None:
            found = self._open[organization_id] = _Open(self._hub, organization_id, self._checkpoint_seconds)
        found.users += 1
        try:
            yield await asyncio.shield(found.channel)
        finally:
            found.users -= 1
            if found.users == 0 or (found.channel.done() and found.channel.exception() is not None):
                if self._open.get(organization_id) is found:
                    del self._open[organization_id]
                found.task.cancel()
