"""Running operations against the schema in this process, as one viewer or another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from okrgraph.events.broker import InProcessBroker
from okrgraph.events.hub import Hub
from okrgraph.events.unit_of_work import doorbell
from okrgraph.graph.live.feeds import Feeds
from okrgraph.graph.masking import MaskedSchema
from okrgraph.people.viewer import Viewer
from tests.both_executors import WITH_ENGINE, by_both
from tests.databases import open_and_audited
from tests.graph.stage import Stage, make_stage
from tests.graph.subscribing import Subscribed


@dataclass
class Graph:
    """The schema over one database, with a hub that follows its log."""

    schema: MaskedSchema
    hub: Hub
    feeds: Feeds

    async def run(self, viewer: Viewer, document: str, **variables: Any) -> dict[str, Any]:
        """Run a query or mutation that must succeed and return its data."""
        result = await self.result(viewer, document, **variables)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def result(self, viewer: Viewer, document: str, **variables: Any) -> Any:
        """Run an operation; a query by both executors, which must agree."""
        return await by_both(viewer, self.hub, document, variables)

    def subscribe(self, viewer: Viewer, document: str, **variables: Any) -> Subscribed:
        return Subscribed(self.schema, self.feeds, viewer, document, variables)


@asynccontextmanager
async def following() -> AsyncIterator[Graph]:
    """The schema over the database that is open, with a hub that follows its log."""
    broker = InProcessBroker()
    hub = Hub(broker, poll_seconds=0.05)
    ready = asyncio.Event()
    task = asyncio.create_task(hub.run(ready))
    await ready.wait()
    with doorbell(broker):
        yield Graph(WITH_ENGINE, hub, Feeds(hub))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def graph(database: object) -> AsyncIterator[Graph]:
    async with following() as graph:
        yield graph


@pytest.fixture
async def stage(databases: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    """The organisation of stage.py, made once for each kind of database and copied for each test."""
    async with (
        databases.prepared(tmp_path, make_stage) as (database, stage),
        open_and_audited(database),
        following() as graph,
    ):
        yield replace(stage, graph=graph, database=database)
