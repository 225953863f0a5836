"""Queries of the tree and the line of sight over the schema, without a hub that follows the log."""

from typing import Any

from okrgraph.events.broker import InProcessBroker
from okrgraph.events.hub import Hub
from okrgraph.graph.context import Context
from okrgraph.graph.schema import make_schema
from okrgraph.people.viewer import Viewer

SCHEMA = make_schema()


async def answer(viewer: Viewer, document: str, **variables: Any) -> Any:
    context = Context(viewer, Hub(InProcessBroker(), poll_seconds=60))
    return await SCHEMA.execute(document, variable_values=variables, context_value=context)


async def ask(viewer: Viewer, document: str, **variables: Any) -> dict[str, Any]:
    """Run a query that must succeed and return its data."""
    result = await answer(viewer, document, **variables)
    assert result.errors is None, result.errors
    found: dict[str, Any] = result.data
    return found
