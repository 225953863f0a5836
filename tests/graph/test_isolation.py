"""What is another organisation's, or hidden, is to a viewer as if it did not exist, however they ask."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest

from okrgraph.events.cursors import Cursor
from okrgraph.kit.ids import TYPE_OF_PREFIX, global_id, new_key, read_global_id
from okrgraph.people.viewer import Viewer
from tests.graph.feeds import listening, live
from tests.graph.probing import FIRST, SCHEMA, Path, id_paths, operation, root_fields, selection, with_value
from tests.graph.rich_world import RichWorld, add_draft, make_rich_world
from tests.refusals import everything_stored

Variables = Callable[[dict[str, str]], dict[str, Any]]

# Every root field, with variables that work in one's own organisation; "start" is its first cursor. A new
# root field needs a line here, and whatever ids its arguments take are then tried with what is another's.
QUERIES: dict[str, Variables] = {
    "viewer": lambda _: {},
    "node": lambda own: {"id": own["supporting"]},
    "nodes": lambda own: {"ids": [own["supporting"]]},
    "organization": lambda _: {},
    "cycle": lambda own: {"id": own["cycle"]},
    "team": lambda own: {"id": own["team"]},
    "person": lambda own: {"id": own["person"]},
    "objective": lambda own: {"id": own["supporting"]},
    "keyResult": lambda own: {"id": own["goal"]},
    "objectives": lambda own: {"filter": {"cycleId": own["cycle"]}, "first": 100},
    "alignmentTree": lambda own: {"cycleId": own["cycle"]},
    "lineOfSight": lambda own: {"id": own["supporting"]},
    "dependency": lambda own: {"id": own["dependency_accepted"]},
    "dependencies": lambda own: {"filter": {"cycleId": own["cycle"]}, "first": 100},
    "dependencyMatrix": lambda own: {"cycleId": own["cycle"]},
    "dependencyDeadlocks": lambda _: {},
    "pairsWithoutLiaison": lambda own: {"cycleId": own["cycle"]},
    "liaison": lambda own: {"id": own["liaison"]},
    "changesSince": lambda own: {"after": own["start"], "first": 500},
}
MUTATIONS: dict[str, Variables] = {
    "objectiveCreate": lambda own: {
        "input": {"title": "Sell", "cycleId": own["cycle"], "teamId": own["team"]}
    },
    "objectiveUpdate": lambda own: {"id": own["own_draft"], "input": {"whyNow": "Now"}},
    "objectivePublish": lambda own: {"id": own["own_draft"], "input": {"overrideReason": "because"}},
    "objectiveClose": lambda own: {
        "id": own["selling"],
        "input": {"outcome": "MISSED", "learning": "Start earlier"},
    },
    "keyResultCreate": lambda own: {"input": {"title": "Customers", "objectiveId": own["own_draft"]}},
    "keyResultUpdate": lambda own: {"id": own["selling_goal"], "input": {"weight": 2.0}},
    "checkInCreate": lambda own: {"input": {"keyResultId": own["selling_goal"], "confidence": 3}},
    "alignmentLinkPropose": lambda own: {"input": {"childId": own["own_draft"], "parentId": own["goal"]}},
    "alignmentLinkAccept": lambda own: {"id": own["to_decide"]},
    "alignmentLinkDecline": lambda own: {"id": own["to_decline"]},
    "alignmentLinkWithdraw": lambda own: {"id": own["proposed"]},
    "commentCreate": lambda own: {"input": {"subjectId": own["supporting"], "body": "Why?"}},
    "commentUpdate": lambda own: {"id": own["comment"], "input": {"body": "Why now?"}},
    "commentDelete": lambda own: {"id": own["comment"]},
    "commentResolve": lambda own: {"id": own["comment"]},
    "dependencyDraft": lambda own: {"input": _need(own)},
    "dependencyRequest": lambda own: {"input": _need(own)},
    "dependencySubmit": lambda own: {"id": own["dependency_draft"]},
    "dependencyUpdate": lambda own: {"id": own["dependency_edited"], "input": {"mitigation": "Do without"}},
    "dependencyAsk": lambda own: {"id": own["dependency_accepted"]},
    "dependencyConfirm": lambda own: {"id": own["dependency_delivered"]},
    "dependencyReopen": lambda own: {"id": own["dependency_lacking"], "input": {"note": "It is red"}},
    "dependencyEscalate": lambda own: {
        "id": own["dependency_declined"],
        "input": {"note": "We cannot wait", "riskOwnerId": own["person"]},
    },
    "dependencyAccept": lambda own: {"id": own["dependency_owed_0"]},
    "dependencyCounter": lambda own: {"id": own["dependency_owed_1"], "input": {"need": "Less"}},
    "dependencyDecline": lambda own: {"id": own["dependency_owed_2"], "input": {"note": "No"}},
    "dependencyStart": lambda own: {"id": own["dependency_owed_3"]},
    "dependencyCheckIn": lambda own: {
        "id": own["dependency_owed_4"],
        "input": {"health": "ON_TRACK", "confidence": 4},
    },
    "dependencyDeliver": lambda own: {"id": own["dependency_owed_5"]},
    "dependencyWithdraw": lambda own: {"id": own["dependency_owed_6"], "input": {"note": "We cannot"}},
    "dependencyCancel": lambda own: {"id": own["dependency_canceled"]},
    "dependencySettle": lambda own: {
        "id": own["dependency_escalated"],
        "input": {"state": "ACCEPTED", "note": "Do it"},
    },
    "liaisonAppoint": lambda own: {
        "input": {"personId": own["person"], "teamAId": own["front"], "teamBId": own["desk"]}
    },
    "liaisonEnd": lambda own: {"id": own["ending_liaison"]},
}


def _need(own: dict[str, str]) -> dict[str, Any]:
    return {
        "need": "An API",
        "consumerTeamId": own["team"],
        "providerTeamId": own["growth"],
        "objectiveId": own["selling"],
        "neededByWeek": 6,
    }


SUBSCRIPTIONS: dict[str, Variables] = {
    "changes": lambda _: {},
    "commentChanges": lambda own: {"subjectId": own["supporting"]},
    "confidenceChanges": lambda own: {"rootId": own["supporting"]},
    "dependencyChanges": lambda own: {"teamId": own["team"]},
}
POLICIES = {"Query": QUERIES, "Mutation": MUTATIONS, "Subscription": SUBSCRIPTIONS}
# A list of ids narrows by those that exist, so what does not exist is no error in it.
NARROWS_SILENTLY = {("filter", "entityIds", FIRST)}


@pytest.mark.parametrize("root", POLICIES)
def test_every_root_field_has_its_policy_here(root) -> None:
    assert POLICIES[root].keys() == root_fields(root).keys()


def unknown_like(hidden: str) -> str:
    """An id of the same type that no entity has."""
    found = read_global_id(hidden)
    assert found is not None
    return global_id(found[0], new_key())


def names_of(world: RichWorld, graph: Any) -> dict[str, str]:
    start = Cursor(world.org.id, graph.hub.epoch, 0).encode()
    return {**world.named, "start": start}


def comparable(result: Any) -> dict[str, Any]:
    errors = [(error.message, error.path, error.extensions) for error in result.errors or ()]
    return {"data": result.data, "errors": errors}


async def answers(graph: Any, viewer: Viewer, root: str, name: str, variables: dict[str, Any]) -> Any:
    """The answer of a query or mutation; of a subscription the first one."""
    document = operation(root, name)
    if root != "Subscription":
        return comparable(await graph.result(viewer, document, **variables))
    async with listening(graph, viewer, document, **variables) as feed:
        return comparable(await feed.result())


async def probe(
    graph: Any, viewer: Viewer, own: dict[str, str], root: str, hidden: Sequence[str]
) -> list[tuple[str, Path, str, Any]]:
    """Put each hidden id in every place of a root type's fields; all answers equal those for unknown ids."""
    seen = []
    for name, variables in POLICIES[root].items():
        for path in id_paths(root_fields(root)[name]):
            unknown: dict[str, Any] = {}
            for key in hidden:
                kind = key.partition("_")[0]
                if kind not in unknown:
                    other = with_value(variables(own), path, unknown_like(key))
                    unknown[kind] = await answers(graph, viewer, root, name, other)
                answer = await answers(graph, viewer, root, name, with_value(variables(own), path, key))
                assert answer == unknown[kind], (name, path, key)
                seen.append((name, path, key, answer))
    return seen


def require_nothing(root: str, name: str, path: Path, answer: Any) -> None:
    """What an id that names nothing gives: null or an empty list, one NOT_FOUND, or one error."""
    field = "".join(f"/{step}" for step in path)
    if root == "Mutation":
        payload = answer["data"][name]
        errors = payload["userErrors"]
        assert [(error["code"], error["field"]) for error in errors] == [("NOT_FOUND", list(path))], (
            name,
            field,
        )
        assert payload["cursor"] is None
    elif root == "Query":
        assert answer["errors"] == []
        value = answer["data"][name]
        if isinstance(value, dict):  # a connection or a page of changes
            value = [*value.get("nodes", []), *value.get("changes", [])]
            assert answer["data"][name].get("totalCount", 0) == 0
        assert value in (None, [], [None]), (name, field)
    elif path in NARROWS_SILENTLY:
        assert [change["__typename"] for change in answer["data"][name]["changes"]] == ["Checkpoint"]
    else:
        assert [error[2]["code"] for error in answer["errors"]] == ["NOT_FOUND"], (name, field)


async def ready_world(slug: str) -> RichWorld:
    """A rich world in which the seller can do something with every mutation."""
    world = await make_rich_world(slug)
    selling = await world.org.objective(
        world.seller,
        team=world.sales,
        published=True,
        title=f"More of {slug}",
        owner_id=world.seller.person_id,
    )
    goal = await world.org.key_result(selling, world.seller, title=f"Calls of {slug}")
    to_decide = await world.org.link(world.supporting, goal, primary=False)
    to_decline = await world.org.link(world.supporting, selling, primary=False)
    world.named["selling_goal"] = global_id("KeyResult", goal.id)
    world.named["to_decide"] = global_id("AlignmentLink", to_decide.id)
    world.named["to_decline"] = global_id("AlignmentLink", to_decline.id)
    return world


@pytest.mark.parametrize("root", POLICIES)
async def test_every_id_of_another_organisation_is_as_if_it_did_not_exist(graph, root) -> None:
    theirs, ours = await ready_world("acme"), await ready_world("bolt")
    foreign = await theirs.ids()
    before = await everything_stored()
    seen = await probe(graph, ours.seller, names_of(ours, graph), root, foreign)
    assert await everything_stored() == before
    for name, path, _, answer in seen:
        require_nothing(root, name, path, answer)
    assert len(seen) == len(foreign) * sum(len(id_paths(field)) for field in root_fields(root).values())


@pytest.mark.parametrize("root", POLICIES)
async def test_every_id_of_a_hidden_draft_is_as_if_it_did_not_exist(graph, root) -> None:
    world = await ready_world("acme")
    draft = await add_draft(world)
    before = await everything_stored()
    seen = await probe(graph, world.seller, names_of(world, graph), root, draft.ids)
    assert await everything_stored() == before
    for name, path, _, answer in seen:
        require_nothing(root, name, path, answer)
    lead = await graph.run(world.lead, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=list(draft.ids))
    assert lead == {"nodes": [{"id": key} for key in draft.ids]}


async def test_no_answer_holds_anything_of_another_organisation(graph) -> None:
    ours = await ready_world("bolt")
    own = names_of(ours, graph)
    before = {name: await deep_answer(graph, ours, name) for name in QUERIES}
    theirs = await ready_world("acme")
    foreign_keys = [key.partition("_")[2] for key in await theirs.ids()]
    for name in QUERIES:
        # Theirs in between, in the same process: nothing may be kept from one viewer for the next.
        assert "acme" in text_of(await deep_answer(graph, theirs, name)), name
        after = await deep_answer(graph, ours, name)
        assert after == before[name], name
        assert after["errors"] == [], name
        text = text_of(after)
        assert "bolt" in text, name
        assert "acme" not in text, name
        assert not [key for key in foreign_keys if key in text], name
    node = "query($id: ID!) {{ node(id: $id) {{ ... on {} {} }} }}"
    for kind, named in (("AlignmentLink", "link"), ("Comment", "comment"), ("Person", "person")):
        document = node.format(kind, selection(SCHEMA.type_map[kind], 2))
        text = text_of(await graph.run(ours.seller, document, id=own[named]))
        assert "bolt" in text
        assert not [key for key in ("acme", *foreign_keys) if key in text]


async def deep_answer(graph: Any, world: RichWorld, name: str) -> dict[str, Any]:
    variables = QUERIES[name](names_of(world, graph))
    for depth in (2, 1):
        document = operation("Query", name, depth=depth)
        if name in ("node", "nodes"):
            document = document.replace("{ __typename id }", "{ ... on Objective { id title } }")
        answer = comparable(await graph.result(world.seller, document, **variables))
        # What selects all that is there may be longer than an operation may be.
        if "Parsing aborted" not in str(answer["errors"]):
            return answer
    raise AssertionError(f"{name} is too large at any depth")


def text_of(answer: Any) -> str:
    return orjson.dumps(answer).decode()


async def test_every_mutation_works_with_ones_own_ids_and_touches_nobody_else(graph) -> None:
    """What the probes put in place of an id would otherwise be refused for another reason."""
    theirs, ours = await make_rich_world("acme"), await ready_world("bolt")
    before = await everything_stored()
    last = ("objectiveClose", "commentDelete", "objectivePublish")
    for name in sorted(MUTATIONS, key=lambda name: last.index(name) if name in last else -1):
        answer = await answers(graph, ours.seller, "Mutation", name, MUTATIONS[name](ours.named))
        assert answer["errors"] == [], name
        assert answer["data"][name]["userErrors"] == [], name
        assert answer["data"][name]["cursor"] is not None, name
    after = await everything_stored()
    foreign = {theirs.org.id, str(theirs.org.id)}
    for table, rows in before.items():
        assert [row for row in rows if foreign & set(row)] == [
            row for row in after[table] if foreign & set(row)
        ]


async def test_fields_below_take_no_id_of_another_organisation(graph) -> None:
    theirs, ours = await make_rich_world("acme"), await make_rich_world("bolt")
    document = """query($team: ID!, $person: ID!, $cycle: ID!) {
        team(id: $team) { objectives(cycleId: $cycle) { id } }
        person(id: $person) { objectives(cycleId: $cycle) { id } }
    }"""
    own = {"team": ours.named["team"], "person": global_id("Person", ours.lead.person_id)}
    found = await graph.run(ours.seller, document, **own, cycle=ours.named["cycle"])
    assert len(found["team"]["objectives"]) == 3
    assert len(found["person"]["objectives"]) == 4
    for cycle in (theirs.named["cycle"], global_id("Cycle", new_key()), ours.named["team"], "", "x"):
        found = await graph.run(ours.seller, document, **own, cycle=cycle)
        assert found == {"team": {"objectives": []}, "person": {"objectives": []}}


async def test_a_key_of_another_organisation_is_nothing_under_any_type(graph) -> None:
    theirs, ours = await make_rich_world("acme"), await make_rich_world("bolt")
    keys = [key.partition("_")[2] for key in await theirs.ids()]
    forged = [f"{prefix}_{key}" for key in keys for prefix in TYPE_OF_PREFIX]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for start in range(0, len(forged), 100):
        part = forged[start : start + 100]
        assert await graph.run(ours.seller, document, ids=part) == {"nodes": [None] * len(part)}


CONNECTIONS = """query($objective: ID!, $goal: ID!, $objectives: String, $people: String, $comments: String,
        $checkIns: String) {
    objectives(after: $objectives) { edges { cursor node { id } } }
    organization { people(after: $people) { edges { cursor node { id } } } }
    objective(id: $objective) { comments(after: $comments) { edges { cursor node { id } } } }
    keyResult(id: $goal) { checkIns(after: $checkIns) { edges { cursor node { id } } } }
}"""


def edges_of(data: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {
        "objectives": data["objectives"]["edges"],
        "people": data["organization"]["people"]["edges"],
        "comments": data["objective"]["comments"]["edges"],
        "checkIns": data["keyResult"]["checkIns"]["edges"],
    }


async def test_an_edge_cursor_of_another_organisation_opens_nothing_of_it(graph) -> None:
    theirs, ours = await make_rich_world("acme"), await make_rich_world("bolt")
    places = [{"objective": each.named["supporting"], "goal": each.named["goal"]} for each in (theirs, ours)]
    harvested = edges_of(await graph.run(theirs.seller, CONNECTIONS, **places[0]))
    all_ours = edges_of(await graph.run(ours.seller, CONNECTIONS, **places[1]))
    assert all(harvested.values())
    for turn in range(max(map(len, harvested.values()))):
        cursors = {name: edges[min(turn, len(edges) - 1)]["cursor"] for name, edges in harvested.items()}
        found = edges_of(await graph.run(ours.seller, CONNECTIONS, **places[1], **cursors))
        for name, edges in found.items():
            assert [edge for edge in edges if edge not in all_ours[name]] == [], name


async def test_a_change_cursor_of_another_organisation_gives_ones_own_head(graph) -> None:
    theirs, ours = await make_rich_world("acme"), await make_rich_world("bolt")
    head_of = "{ organization { cursor } }"
    foreign = (await graph.run(theirs.seller, head_of))["organization"]["cursor"]
    head = (await graph.run(ours.seller, head_of))["organization"]["cursor"]
    resync = {"__typename": "Resync", "cursor": head, "reason": "EPOCH_CHANGED"}
    members = "__typename ... on Resync { cursor reason } ... on Checkpoint { cursor }"
    for cursor in (foreign, names_of(theirs, graph)["start"]):
        page_of = f"changesSince(after: $after) {{ cursor hasMore changes {{ {members} }} }}"
        page = await graph.run(ours.seller, f"query($after: Cursor!) {{ {page_of} }}", after=cursor)
        assert page["changesSince"] == {"cursor": head, "hasMore": False, "changes": [resync]}
        document = (
            f"subscription($after: Cursor) {{ changes(after: $after) {{ cursor changes {{ {members} }} }} }}"
        )
        async with listening(graph, ours.seller, document, after=cursor) as feed:
            first = await feed.batch()
        assert first == {"cursor": head, "changes": [resync, {"__typename": "Checkpoint", "cursor": head}]}


async def test_a_feed_carries_nothing_of_another_organisation(graph) -> None:
    theirs, ours = await make_rich_world("acme"), await make_rich_world("bolt")
    document = operation("Subscription", "changes")
    async with live(graph, ours.seller, document) as feed:
        await add_draft(theirs)
        await theirs.org.check_in(theirs.goal, 1, 50.0, viewer=theirs.lead)
        await ours.org.comment(ours.seller, ours.supporting, "Ours")
        changes = await feed.changes()
    assert [(change["__typename"], change["comment"]["body"]) for change in changes] == [
        ("CommentChanged", "Ours")
    ]
