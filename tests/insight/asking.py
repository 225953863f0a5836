"""Queries of the tree and the line of sight over the schema, without a hub that follows the log."""

from typing import Any

from okrgraph.events.broker import InProcessBroker
from okrgraph.events.hub import Hub
from okrgraph.people.viewer import Viewer
from tests.both_executors import by_both


async def answer(viewer: Viewer, document: str, **variables: Any) -> Any:
    return await by_both(viewer, Hub(InProcessBroker(), poll_seconds=60), document, variables)


async def ask(viewer: Viewer, document: str, **variables: Any) -> dict[str, Any]:
    """Run a query that must succeed and return its data."""
    result = await answer(viewer, document, **variables)
    assert result.errors is None, result.errors
    found: dict[str, Any] = result.data
    return found
