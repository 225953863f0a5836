"""One operation by both executors: the engine's answer must be graphql-core's, byte for byte, errors included."""

import re
from typing import Any

import orjson
from graphql import OperationDefinitionNode, OperationType, parse

from okrgraph.events.hub import Hub
from okrgraph.graph.context import Context
from okrgraph.graph.live.feeds import Feeds
from okrgraph.graph.schema import make_schema
from okrgraph.graph.transport.execution import body_of
from okrgraph.people.viewer import Viewer

WITH_ENGINE = make_schema()
WITHOUT_ENGINE = make_schema(engine=False)
# A bug that is masked gets a new reference each time.
_REFERENCE = re.compile(rb"\b[0-9a-f]{12}\b")


def body(result: Any) -> bytes:
    """The bytes of a response."""
    return _REFERENCE.sub(b"<reference>", orjson.dumps(body_of(result)))


async def by_engine(viewer: Viewer, hub: Hub, document: str, variables: dict[str, Any]) -> Any:
    context = Context(viewer, Feeds(hub))
    return await WITH_ENGINE.execute(document, variable_values=variables, context_value=context)


async def by_graphql_core(viewer: Viewer, hub: Hub, document: str, variables: dict[str, Any]) -> Any:
    context = Context(viewer, Feeds(hub))
    return await WITHOUT_ENGINE.execute(document, variable_values=variables, context_value=context)


def is_query(document: str) -> bool:
    definitions = parse(document).definitions
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    return len(operations) == 1 and operations[0].operation is OperationType.QUERY


async def by_both(viewer: Viewer, hub: Hub, document: str, variables: dict[str, Any]) -> Any:
    """Execute; a query is executed by both, and must be taken by the engine unless it fails."""
    before = WITH_ENGINE.engine.counts.taken
    result = await by_engine(viewer, hub, document, variables)
    if is_query(document):
        other = await by_graphql_core(viewer, hub, document, variables)
        assert body(result) == body(other), document
        if not result.errors and "__schema" not in document and "__type(" not in document:
            assert WITH_ENGINE.engine.counts.taken == before + 1, document
    return result
