"""What the tests of live feeds share."""

from typing import Any

import pytest
from graphql import GraphQLResolveInfo, parse

from okrgraph.graph.live.sharing import Asked, Documents
from okrgraph.graph.schema import make_schema
from tests.graph.rich_world import RichWorld, make_rich_world

_SCHEMA = make_schema()._schema


def asked_of(document: str) -> Asked:
    """What a subscription's document asks of changes."""
    definitions = parse(document).definitions
    operation: Any = definitions[0]
    fragments: Any = {each.name.value: each for each in definitions[1:]}  # type: ignore[attr-defined]
    (field,) = operation.selection_set.selections
    root: Any = _SCHEMA.subscription_type
    info = dict.fromkeys(GraphQLResolveInfo._fields)
    info |= {
        "schema": _SCHEMA,
        "operation": operation,
        "fragments": fragments,
        "field_nodes": [field],
        "return_type": root.fields[field.name.value].type,
    }
    return Documents().asked(GraphQLResolveInfo(**info))


@pytest.fixture
async def world(graph) -> RichWorld:
    return await make_rich_world("acme")
