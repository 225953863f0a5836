"""Clients that follow the feed of a world, each in its own way, and are asked whether they are up to date."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from okrgraph.people.viewer import Viewer
from tests.graph.feeds import Feed
from tests.graph.subscribing import Inbox
from tests.graph.verify.fields import Records, changes_document, page_document
from tests.graph.verify.model import Model, differences
from tests.graph.verify.snapshots import Reading
from tests.graph.verify.world import World

_FEED = "subscription($after: Cursor) {{ changes(after: $after) {{ {0} }} }}"
# Executed for each subscriber by itself, and once for all of them.
ALONE = _FEED.format(changes_document())
SHARED = _FEED.format(changes_document(shared=True))
PAGES = f"query($after: Cursor!) {{ changesSince(after: $after, first: 5) {{ {page_document()} }} }}"


def reading(world: World, viewer: Viewer) -> Reading:
    return Reading(world.stage.graph.hub, viewer, world.stage.org.id)


@dataclass
class Subscriber:
    """Follows `changes`. conflated: how many batches left states out."""

    name: str
    model: Model
    feed: Feed
    inbox: Inbox
    is_shared: bool
    conflated: int = 0

    async def catch_up(self, cursor: str) -> None:
        """Apply what comes, up to the transaction that ends at a cursor."""
        while True:
            batch = await self.feed.batch()
            self.conflated += batch["conflated"]
            for change in batch["changes"]:
                await self.model.apply(change)
            if batch["cursor"] == cursor:
                return

    def untrue(self, fresh: Records) -> Iterator[str]:
        return differences(self.model.records, fresh, shared=self.is_shared)


@dataclass
class Poller:
    """Follows `changesSince`."""

    name: str
    model: Model
    server: Reading
    cursor: str

    async def catch_up(self, cursor: str) -> None:
        while self.cursor != cursor:
            page = (await self.server.ask(PAGES, after=self.cursor))["changesSince"]
            for change in page["changes"]:
                await self.model.apply(change)
            self.cursor = page["cursor"]

    def untrue(self, fresh: Records) -> Iterator[str]:
        return differences(self.model.records, fresh)


@asynccontextmanager
async def subscribers(world: World, *documents: str) -> AsyncIterator[list[Subscriber]]:
    """For each viewer and each document one, live and with the snapshot that it goes on from."""
    async with AsyncExitStack() as held:
        found = []
        for name, viewer in world.viewers.items():
            server = reading(world, viewer)
            snapshot = await server.snapshot()
            for document in documents:
                stream = world.stage.graph.subscribe(viewer, document, after=snapshot.cursor)
                feed = Feed(await held.enter_async_context(stream))
                (checkpoint,) = await feed.changes()
                assert checkpoint["__typename"] == "Checkpoint", checkpoint
                is_shared = document == SHARED
                how = "shared" if is_shared else "alone"
                model = Model(snapshot.records, server)
                found.append(Subscriber(f"{name}, {how}", model, feed, stream.inbox, is_shared))
        yield found


async def pollers(world: World) -> list[Poller]:
    found = []
    for name, viewer in world.viewers.items():
        server = reading(world, viewer)
        snapshot = await server.snapshot()
        model = Model(snapshot.records, server)
        found.append(Poller(f"{name}, polling", model, server, snapshot.cursor))
    return found


async def fresh_for(world: World) -> dict[str, Records]:
    return {name: await reading(world, viewer).everything() for name, viewer in world.viewers.items()}


def unlike(followers: Sequence[Subscriber | Poller], fresh: dict[str, Records]) -> list[str]:
    """What any follower holds otherwise than its viewer would read it now."""
    return [
        f"{each.name}: {difference}"
        for each in followers
        for difference in each.untrue(fresh[each.name.partition(",")[0]])
    ]
