"""Running operations against the schema in this process, as one viewer or another."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from okrgraph.events.broker import InProcessBroker
from okrgraph.events.hub import Hub
from okrgraph.events.unit_of_work import doorbell
from okrgraph.graph.context import Context
from okrgraph.graph.masking import MaskedSchema
from okrgraph.graph.schema import make_schema
from okrgraph.people.viewer import Viewer

SCHEMA = make_schema()


@dataclass
class Graph:
    """The schema over one database, with a hub that follows its log."""

    schema: MaskedSchema
    hub: Hub

    async def run(self, viewer: Viewer, document: str, **variables: Any) -> dict[str, Any]:
        """Run a query or mutation that must succeed and return its data."""
        result = await self.result(viewer, document, **variables)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def result(self, viewer: Viewer, document: str, **variables: Any) -> Any:
        context = Context(viewer, self.hub)
        return await self.schema.execute(document, variable_values=variables, context_value=context)

    async def subscribe(self, viewer: Viewer, document: str, **variables: Any) -> Any:
        context = Context(viewer, self.hub)
        return await self.schema.subscribe(document, variable_values=variables, context_value=context)


@pytest.fixture
async def graph(database: object) -> AsyncIterator[Graph]:
    broker = InProcessBroker()
    hub = Hub(broker, poll_seconds=0.05)
    ready = asyncio.Event()
    task = asyncio.create_task(hub.run(ready))
    await ready.wait()
    with doorbell(broker):
        yield Graph(SCHEMA, hub)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
