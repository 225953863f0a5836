"""The alignment tree and the line of sight over small organisations, and over random ones against a model."""

from dataclasses import dataclass
from typing import Any

import pytest

from okrgraph.insight.alignment_tree import alignment_tree, line_of_sight
from okrgraph.kit.ids import global_id, new_key
from okrgraph.okrs.links import accept_link, decline_link, withdraw_link
from okrgraph.okrs.models import Cycle, KeyResult, Objective
from okrgraph.okrs.vocabulary import CycleState, LinkKind, ObjectiveLevel
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.building import GivenOrganization, make_organization
from tests.graph.rich_world import plain
from tests.insight.asking import answer, ask

TREE = """query($cycle: ID!, $root: ID, $depth: Int) {
    alignmentTree(cycleId: $cycle, rootId: $root, maxDepth: $depth) { depth childCount parentId node {
        ... on Objective { id title } ... on KeyResult { id title } } } }"""
SIGHT = """query($id: ID!) { lineOfSight(id: $id) { depth rationale node {
    ... on Objective { title } ... on KeyResult { title } } } }"""


@dataclass
class Company:
    """The chief works in the company; the lead does too, leads Growth and sees its drafts; sam sees neither."""

    org: GivenOrganization
    growth: Team
    cycle: Cycle
    chief: Viewer
    lead: Viewer
    sam: Viewer

    async def objective(self, title: str, **values: Any) -> Objective:
        values = {"published": True, "team": self.growth, **values}
        return await self.org.objective(self.lead, title=title, **values)

    async def key_result(self, objective: Objective, title: str) -> KeyResult:
        return await self.org.key_result(objective, self.lead, title=title)

    async def link(self, child: Objective, parent: Objective | KeyResult, **values: Any) -> None:
        """An accepted link, by somebody on both sides."""
        link = await self.org.link(child, parent, **values)
        await accept_link(plain(self.lead), link.id)

    async def tree(self, viewer: Any = None, **variables: Any) -> list[tuple[int, str, int]]:
        """(depth, title, childCount) of each row; each row but the first of a root hangs on the row above it."""
        variables = {"cycle": global_id("Cycle", self.cycle.id), **variables}
        rows = (await ask(viewer or self.lead, TREE, **variables))["alignmentTree"]
        path: list[str] = []
        for row in rows:
            path = [*path[: row["depth"]], row["node"]["id"]]
            assert row["parentId"] == (path[-2] if row["depth"] else None)
        return [(row["depth"], row["node"]["title"], row["childCount"]) for row in rows]

    async def sight(self, start: Objective | KeyResult, viewer: Any = None) -> list[tuple[str, str | None]]:
        key = global_id("KeyResult" if isinstance(start, KeyResult) else "Objective", start.id)
        steps = (await ask(viewer or self.lead, SIGHT, id=key))["lineOfSight"]
        assert [step["depth"] for step in steps] == list(range(len(steps)))
        return [(step["node"]["title"], step["rationale"]) for step in steps]


@pytest.fixture
async def company(database) -> Company:
    org = await make_organization()
    growth = await org.team("Growth")
    chief = await org.person("Cem", {org.company: MemberRole.LEAD})
    lead = await org.person("Lea", {growth: MemberRole.LEAD, org.company: MemberRole.LEAD})
    return Company(org, growth, await org.cycle(), chief, lead, await org.person("Sam"))


async def test_an_empty_cycle_has_no_rows(company) -> None:
    assert await company.tree() == []
    assert await company.tree(cycle="x") == []
    assert await company.tree(cycle=global_id("Cycle", new_key())) == []


async def test_roots_are_company_objectives_then_what_hangs_on_nothing_accepted(company) -> None:
    loose = await company.objective("Loose")
    top = await company.objective("Top", team=company.org.company)
    goal = await company.key_result(top, "Goal")
    await company.link(await company.objective("Below"), goal)
    await company.org.link(await company.objective("Proposed"), goal)
    declined = await company.org.link(await company.objective("Declined"), goal)
    await decline_link(plain(company.chief), declined.id)
    withdrawn = await company.org.link(await company.objective("Withdrawn"), goal)
    await withdraw_link(plain(company.lead), withdrawn.id)
    await company.link(await company.objective("Secondary"), goal, primary=False)
    await company.link(await company.objective("Sideways"), goal, kind=LinkKind.RELATES)
    await company.key_result(loose, "Measure")
    assert await company.tree() == [
        (0, "Top", 1),
        (1, "Goal", 1),
        (2, "Below", 0),
        (0, "Loose", 1),
        (1, "Measure", 0),
        *((0, title, 0) for title in ("Proposed", "Declined", "Withdrawn", "Secondary", "Sideways")),
    ]


async def test_of_several_links_the_primary_one_decides(company) -> None:
    top = await company.objective("Top", team=company.org.company)
    first, second = await company.key_result(top, "First"), await company.key_result(top, "Second")
    below = await company.objective("Below")
    await company.link(below, first, primary=False)
    await company.link(below, second, primary=True)
    await company.link(below, top, primary=False)
    assert await company.tree() == [(0, "Top", 2), (1, "First", 0), (1, "Second", 1), (2, "Below", 0)]


async def test_a_company_objective_stays_on_top_whatever_it_is_linked_to(company) -> None:
    one, two = [await company.objective(title, team=company.org.company) for title in ("One", "Two")]
    goal = await company.key_result(one, "Goal")
    below = await company.objective("Below")
    await company.link(two, goal)
    await company.link(below, two, rationale="It helps")
    assert await company.tree() == [(0, "One", 1), (1, "Goal", 0), (0, "Two", 1), (1, "Below", 0)]
    assert await company.sight(below) == [("Below", "It helps"), ("Two", None)]


async def test_what_hangs_on_a_hidden_parent_is_a_root_for_whoever_may_not_see_it(company) -> None:
    top = await company.objective("Top", team=company.org.company)
    draft = await company.objective("Draft", published=False)
    goal = await company.key_result(draft, "Goal")
    await company.link(draft, top, rationale="It helps")
    below = await company.objective("Below")
    await company.org.link(below, goal)  # which nobody can accept while its parent is a draft
    assert await company.tree() == [(0, "Top", 1), (1, "Draft", 1), (2, "Goal", 0), (0, "Below", 0)]
    assert await company.tree(company.sam) == [(0, "Top", 0), (0, "Below", 0)]
    for hidden in (global_id("Objective", draft.id), global_id("KeyResult", goal.id)):
        assert await company.tree(company.sam, root=hidden) == []
    assert await company.sight(goal) == [("Goal", None), ("Draft", "It helps"), ("Top", None)]
    assert await company.sight(goal, company.sam) == await company.sight(draft, company.sam) == []


async def test_what_hangs_on_another_cycle_is_a_root_of_its_own(company) -> None:
    year = await company.org.cycle(CycleState.ACTIVE, name="Year")
    top = await company.objective("Top", team=company.org.company, cycle=year)
    goal = await company.key_result(top, "Goal")
    below = await company.objective("Below", cycle=company.cycle)
    await company.link(below, goal, rationale="It helps")
    assert await company.tree() == [(0, "Below", 0)]
    assert await company.tree(cycle=global_id("Cycle", year.id)) == [(0, "Top", 1), (1, "Goal", 0)]
    assert await company.tree(root=global_id("Objective", top.id)) == []
    assert await company.sight(below) == [("Below", "It helps"), ("Goal", None), ("Top", None)]


async def test_a_root_and_a_depth_cut_rows_but_not_what_they_count(company) -> None:
    top = await company.objective("Top", team=company.org.company)
    goal = await company.key_result(top, "Goal")
    below = await company.objective("Below")
    await company.link(below, goal)
    await company.key_result(below, "Measure")
    assert await company.tree(depth=0) == [(0, "Top", 1)]
    assert await company.tree(depth=1) == [(0, "Top", 1), (1, "Goal", 1)]
    root = global_id("KeyResult", goal.id)
    assert await company.tree(root=root) == [(0, "Goal", 1), (1, "Below", 1), (2, "Measure", 0)]
    assert await company.tree(root=root, depth=1) == [(0, "Goal", 1), (1, "Below", 1)]
    result = await answer(company.lead, TREE, cycle=global_id("Cycle", company.cycle.id), depth=-1)
    assert [(error.message, error.extensions["code"]) for error in result.errors] == [
        ("maxDepth must be 0 or more.", "BAD_USER_INPUT")
    ]


async def test_a_link_to_an_objective_makes_a_child_beside_its_key_results(company) -> None:
    top = await company.objective("Top", team=company.org.company)
    await company.link(await company.objective("Below"), top)
    await company.key_result(top, "Goal")
    assert await company.tree() == [(0, "Top", 2), (1, "Goal", 0), (1, "Below", 0)]


async def test_more_rows_than_allowed_are_given_whatever_part_was_asked_for(company) -> None:
    """So that a caller who counts them refuses, and nothing is cut silently."""
    top = await company.objective("Top", team=company.org.company)
    for title in ("A", "B", "C"):
        await company.key_result(await company.objective(title), "Measure")
    for part in ({}, {"max_depth": 0}, {"root_id": top.id}):
        for most, expected in ((6, 7), (3, 4), (1, 2)):
            rows = await alignment_tree(company.lead, company.cycle.id, at_most=most, **part)
            assert len(rows) == expected
    assert len(await alignment_tree(company.lead, company.cycle.id, at_most=7, max_depth=0)) == 4


async def test_individual_objectives_are_part_of_the_tree_like_any_other(company) -> None:
    top = await company.objective("Top", team=company.org.company)
    own = await company.objective("Own", level=ObjectiveLevel.INDIVIDUAL, owner_id=company.lead.person_id)
    await company.link(own, top)
    assert await company.tree(company.sam) == [(0, "Top", 1), (1, "Own", 0)]


async def test_the_line_of_sight_gives_each_reason_with_the_step_that_has_it(company) -> None:
    top = await company.objective("Top", team=company.org.company)
    goal = await company.key_result(top, "Goal")
    middle, below = await company.objective("Middle"), await company.objective("Below")
    await company.link(middle, goal, rationale="Middle helps")
    await company.link(below, middle)
    measure = await company.key_result(below, "Measure")
    way = [("Below", None), ("Middle", "Middle helps"), ("Goal", None), ("Top", None)]
    assert await company.sight(below) == way
    assert await company.sight(measure) == [("Measure", None), *way]
    assert await company.sight(goal) == way[2:]
    assert await company.sight(top) == way[3:]
    assert await line_of_sight(company.lead, new_key()) == []
