"""Random operations over random organisations: the engine answers as graphql-core does, byte for byte."""

import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from okrgraph.events.broker import InProcessBroker
from okrgraph.events.database import opened
from okrgraph.events.hub import Hub
from okrgraph.kit import clock
from okrgraph.people.viewer import Viewer
from tests.both_executors import WITH_ENGINE, body, by_engine, by_graphql_core
from tests.graph.engine.operations import Words, operations
from tests.graph.engine.worlds import EPOCH, World, make_worlds

# A nightly run: pytest --hypothesis-profile=nightly tests/graph/engine
EXAMPLES = 5_000 if settings.get_current_profile_name() == "nightly" else 120

CURSORS = """query($ids: [ID!]!) {
    organization { people(first: 3) { edges { cursor } } }
    objectives(first: 3) { edges { cursor node { comments { edges { cursor } }
        keyResults { checkIns { edges { cursor } } comments { edges { cursor } } } } } }
    nodes(ids: $ids) { ... on Objective { comments { edges { cursor } } } } }"""


@dataclass(repr=False)  # of 40 kB
class Stage:
    worlds: list[tuple[World, Words]]
    hub: Hub


def _cursors_in(value: object) -> list[str]:
    if isinstance(value, list):
        return [cursor for each in value for cursor in _cursors_in(each)]
    if not isinstance(value, dict):
        return []
    own = [value["cursor"]] if "cursor" in value else []
    return own + [cursor for each in value.values() for cursor in _cursors_in(each)]


@pytest.fixture
async def stage(databases, tmp_path) -> AsyncIterator[Stage]:
    async with databases.prepared(tmp_path, make_worlds) as (database, worlds), opened(database.address):
        hub = Hub(InProcessBroker(), poll_seconds=3_600)
        hub.epoch = EPOCH
        found = []
        for world, other in zip(worlds, reversed(worlds), strict=True):
            cursors: list[str] = []
            for viewer in world.viewers:
                result = await by_graphql_core(viewer, hub, CURSORS, {"ids": world.ids["Objective"]})
                assert result.errors is None, result.errors
                cursors += _cursors_in(result.data)
            of_log = world.change_cursors + other.change_cursors
            words = Words(world.ids, other.ids, {"lists": sorted(set(cursors)), "log": of_log})
            found.append((world, words))
        with clock.held_at(clock.now()):
            yield Stage(found, hub)
        # Here, where the warnings of what goes away are passed over.
        gc.collect()


async def require_equal(stage: Stage, viewer: Viewer, document: str, variables: dict) -> None:
    counts = WITH_ENGINE.engine.counts
    before = counts.taken
    found = await by_engine(viewer, stage.hub, document, variables)
    expected = await by_graphql_core(viewer, stage.hub, document, variables)
    assert body(found).decode() == body(expected).decode()
    if expected.errors is None:
        assert counts.taken == before + 1, counts.declined
    event("answered" if expected.errors is None else "refused")
    event(f"bytes: 10^{len(str(len(body(expected)))) - 1}")
    assert "INTERNAL" not in str([error.extensions for error in expected.errors or ()])


# graphql-core makes coroutines for a list in which another field fails, and lets them go.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.large_base_example,
        HealthCheck.data_too_large,
    ],
)
@given(operation=operations(), which=st.integers(0, 1), who=st.integers(0, 5))
async def test_both_executors_give_the_same_bytes(stage, operation, which, who) -> None:
    world, words = stage.worlds[which]
    asked = operation.over(words)
    await require_equal(stage, world.viewers[who], asked.document, asked.variables)
    if asked.conditions:
        await require_equal(stage, world.viewers[who], asked.document, asked.flipped())
