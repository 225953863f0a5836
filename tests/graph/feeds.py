"""Reading a subscription in a test: batch by batch, and never for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from okrgraph.people.viewer import Viewer

# A loaded machine is slow; what has not come by then does not come.
PATIENCE_SECONDS = 30.0


class Feed:
    """One open subscription of a viewer."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def result(self) -> Any:
        """The next execution result, errors included."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await anext(self._stream)

    async def batch(self) -> dict[str, Any]:
        """The next batch of a feed that has no error."""
        result = await self.result()
        assert result.errors is None, result.errors
        (batch,) = result.data.values()
        found: dict[str, Any] = batch
        return found

    async def changes(self, until: str | None = None) -> list[dict[str, Any]]:
        """The changes of the next batch; with `until`, of all up to one that holds this text."""
        changes: list[dict[str, Any]] = (await self.batch())["changes"]
        while until is not None and until not in str(changes):
            changes += (await self.batch())["changes"]
        return changes

    async def is_over(self) -> bool:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await anext(self._stream, None) is None


@asynccontextmanager
async def listening(graph: Any, viewer: Viewer, document: str, **variables: Any) -> AsyncIterator[Feed]:
    """Subscribe for what runs inside; nothing has been read yet."""
    async with graph.subscribe(viewer, document, **variables) as stream:
        yield Feed(stream)


@asynccontextmanager
async def live(graph: Any, viewer: Viewer, document: str, **variables: Any) -> AsyncIterator[Feed]:
    """Subscribe and take the first batch, after which the feed is known to be live."""
    async with listening(graph, viewer, document, **variables) as feed:
        first = await feed.changes()
        assert [change["__typename"] for change in first] == ["Checkpoint"], first
        yield feed


def kinds_of(changes: list[dict[str, Any]]) -> list[str]:
    return [change["__typename"] for change in changes]
