"""The number of SQL statements of an operation depends on its text, never on how many rows there are."""

import re
from typing import Any

import orjson
import pytest

from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.cursors import Cursor
from okrgraph.kit.ids import global_id
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.both_executors import by_engine, by_graphql_core
from tests.building import GivenOrganization, make_organization
from tests.graph.rich_world import plain
from tests.statements import recorded_statements

LEVEL = "id title progress team { name } owner { name } keyResults { id title progress confidence { below } }"
FLAT = LEVEL.replace("{ below }", "")


def nested(levels: int) -> str:
    below = f"alignedObjectives {{ {nested(levels - 1)} }}" if levels > 1 else ""
    return LEVEL.replace("{ below }", below)


OPERATIONS = {
    "nested tree": "objectives(filter: { levels: [COMPANY], cycleId: $cycle }) { nodes { NESTED } }",
    "team page": """team(id: $team) { name parent { name } children { name }
        members { name manager { name } teams { name } }
        objectives(cycleId: $cycle) { FLAT viewerCanEdit confidenceSummary { min stale } coOwnerTeams { name }
            links { rationale viewerCanDecide proposedBy { name } parent {
                ... on KeyResult { title objective { title } } ... on Objective { title } } } } }""",
    "objective with comments": """objective(id: $objective) { title
        comments(first: 100) { totalCount nodes { body bodyHtml author { name teams { name } } subject { id }
            resolvedBy { name } replies { body author { name } parentComment { id } } } }
        keyResults { title viewerCanEdit comments { totalCount nodes { body } }
            checkIns { totalCount nodes { confidence author { name } } } } }""",
    "alignment tree": """alignmentTree(cycleId: $cycle) { depth childCount parentId node {
        ... on Objective { id title owner { name } team { name } }
        ... on KeyResult { id title objective { id } } } }""",
    "line of sight": """lineOfSight(id: $deepest) { rationale node {
        ... on Objective { title team { name } } ... on KeyResult { title objective { title } } } }""",
    "page of changes": """changesSince(after: $start, first: 500) { hasMore changes { __typename
        ... on ChangeMeta { at actor { name } }
        ... on ObjectiveChanged { objective { title owner { name } keyResults { title } } }
        ... on KeyResultChanged { keyResult { title objective { title } } }
        ... on CheckInPublished { checkIn { author { name } } }
        ... on CommentChanged { comment { body author { name } subject { id } replies { id } } }
        ... on AlignmentLinkChanged {
            alignmentLink { child { title } parent { __typename } viewerCanDecide } } } }""",
    "list of objectives": """objectives(first: 100, filter: { cycleId: $cycle }) { totalCount nodes { FLAT
        comments { totalCount } incomingLinks { child { title } } cycle { name currentWeek } } }""",
    "organisation": """organization { cursor company { name } currentCycle { name } cycles { name }
        teams { name parent { name } members { name } }
        people(first: 100) { totalCount nodes { name teams { name } } } }""",
}


def document_of(body: str) -> str:
    names = dict.fromkeys(re.findall(r"\$(\w+)", body))
    declared = ", ".join(f"${name}: {'Cursor' if name == 'start' else 'ID'}!" for name in names)
    text = body.replace("NESTED", nested(3)).replace("FLAT", FLAT)
    return f"query{f'({declared})' if names else ''} {{ {text} }}"


class Growing:
    """An organisation whose every list grows by the same part again and again."""

    def __init__(
        self, org: GivenOrganization, ada: Viewer, top: Objective, goal: KeyResult, growth: Team
    ) -> None:
        self.org = org
        self.ada = ada
        self.top = top
        self.goal = goal
        self.growth = growth
        self.deepest = top

    async def grow(self) -> None:
        org, ada = self.org, self.ada
        member = await org.person(f"M {len(org.tokens)}", {self.growth: MemberRole.MEMBER})
        await org.team(f"T {len(org.tokens)}", parent=self.growth)
        goal = await org.key_result(self.top, ada, title="More")
        team = await org.objective(member, team=self.growth, published=True, owner_id=member.person_id)
        await org.link(team, self.goal, accepted=True, rationale="It helps")
        await org.link(team, goal, primary=False)
        measure = await org.key_result(team, member)
        own = await org.objective(member, team=self.growth, published=True)
        await org.link(own, measure, accepted=True)
        await org.key_result(own, member)
        await org.check_in(self.goal, viewer=ada)
        comment = await org.comment(member, self.top)
        await org.comment(ada, self.top, "Because", parent_comment_id=comment.id)
        await create_comment(plain(member), NewComment(SubjectType.KEY_RESULT, self.goal.id, "Why?"))
        below = await org.objective(member, team=self.growth, published=True)
        await org.link(below, self.deepest, accepted=True)
        self.deepest = below

    def variables(self, graph: Any) -> dict[str, str]:
        return {
            "cycle": global_id("Cycle", self.top.cycle_id),
            "team": global_id("Team", self.growth.id),
            "objective": global_id("Objective", self.top.id),
            "deepest": global_id("Objective", self.deepest.id),
            "start": Cursor(self.org.id, graph.hub.epoch, 0).encode(),
        }


@pytest.fixture
async def growing(graph) -> Growing:
    org = await make_organization()
    growth = await org.team("Growth")
    ada = await org.person("Ada", {org.company: MemberRole.LEAD, growth: MemberRole.LEAD})
    top = await org.objective(ada, published=True, owner_id=ada.person_id)
    return Growing(org, ada, top, await org.key_result(top, ada), growth)


async def measured(graph: Any, growing: Growing, execute: Any = by_engine) -> dict[str, tuple[int, int]]:
    """Statements and length of the answer of each operation."""
    found = {}
    variables = growing.variables(graph)
    for name, body in OPERATIONS.items():
        document = document_of(body)
        needed = {key: value for key, value in variables.items() if f"${key}" in document}
        async with recorded_statements() as seen:
            result = await execute(growing.ada, graph.hub, document, needed)
        assert result.errors is None, result.errors
        found[name] = (len(seen), len(orjson.dumps(result.data)))
    return found


async def test_ten_times_the_rows_take_the_same_statements(graph, growing) -> None:
    await growing.grow()
    small = await measured(graph, growing)
    small_by_core = await measured(graph, growing, by_graphql_core)
    for _ in range(9):
        await growing.grow()
    large = await measured(graph, growing)
    large_by_core = await measured(graph, growing, by_graphql_core)
    assert {name: count for name, (count, _) in large.items()} == {
        name: count for name, (count, _) in small.items()
    }
    # It waits for one item of a list otherwise than for several, so two reads of a layer may meet or miss.
    for name, (count, _) in large_by_core.items():
        assert abs(count - small_by_core[name][0]) <= 1, name
    for name, (_, length) in large.items():
        assert length > 2 * small[name][1], name


async def test_a_check_in_takes_the_same_statements_beside_many_key_results(graph, growing) -> None:
    document = """mutation($id: ID!, $value: Float) {
        checkInCreate(input: { keyResultId: $id, confidence: 3, value: $value }) {
            keyResult { confidence objective { progress } } userErrors { message } } }"""
    key = global_id("KeyResult", growing.goal.id)
    await graph.run(growing.ada, document, id=key, value=1)
    counts = []
    for value in (2, 3):
        async with recorded_statements() as seen:
            await graph.run(growing.ada, document, id=key, value=value)
        counts.append(len(seen))
        for _ in range(10):
            await growing.org.key_result(growing.top, growing.ada)
            await growing.org.check_in(growing.goal, 3, 1.0, viewer=growing.ada)
    assert counts[0] == counts[1]
