"""What was read before a mutation, with the events of the feed applied, is what is read afterwards.

For every mutation of the schema, for those who see its effects, come to see them, or never do.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.graph.probing import root_fields
from tests.graph.verify.cases import CASES
from tests.graph.verify.fields import members
from tests.graph.verify.watching import (
    ALONE,
    SHARED,
    Poller,
    Subscriber,
    fresh_for,
    pollers,
    subscribers,
    unlike,
)
from tests.graph.verify.world import World

# Imports cause these, or the server itself: nothing that people can do.
OF_NO_MUTATION = {"CycleChanged", "TeamChanged", "PersonChanged", "Resync", "Checkpoint"}


def test_every_mutation_of_the_schema_has_a_case() -> None:
    assert {case.mutation for case in CASES} == root_fields("Mutation").keys()


async def test_events_bring_every_client_to_what_it_would_read_after_each_mutation(world: World) -> None:
    async with subscribers(world, ALONE, SHARED) as live:
        followers: list[Subscriber | Poller] = [*live, *await pollers(world)]
        assert unlike(followers, await fresh_for(world)) == []
        for case in CASES:
            await world.mutate(case.mutation, case.by, case.variables(world.ids))
            cursor = await world.told_to_all()
            for each in followers:
                await each.catch_up(cursor)
            untrue = unlike(followers, await fresh_for(world))
            assert untrue == [], (case.mutation, case.story)
    heard = set[str]().union(*(each.model.heard for each in followers))
    assert heard == {*members()} - OF_NO_MUTATION


async def test_a_snapshot_taken_while_others_write_and_the_events_after_it_are_what_is_read_in_the_end(
    world: World,
) -> None:
    async def write() -> None:
        for case in CASES:
            await world.mutate(case.mutation, case.by, case.variables(world.ids))

    writing = asyncio.create_task(write())
    async with AsyncExitStack() as held:
        followers: list[Subscriber] = []
        while not writing.done():
            followers += await held.enter_async_context(subscribers(world, ALONE))
        await writing
        cursor = await world.told_to_all()
        for each in followers:
            await each.catch_up(cursor)
        assert unlike(followers, await fresh_for(world)) == []


async def test_events_without_the_states_between_bring_every_client_to_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okrgraph.graph.live.feed.CONFLATED_BEYOND", 0)
    async with subscribers(world, ALONE, SHARED) as slow:
        for each in slow:
            each.inbox.hold()
        for case in CASES:
            await world.mutate(case.mutation, case.by, case.variables(world.ids))
        cursor = await world.told_to_all()
        for each in slow:
            each.inbox.go_on()
            await each.catch_up(cursor)
        assert unlike(slow, await fresh_for(world)) == []
        assert [each.name for each in slow if each.conflated == 0] == []
