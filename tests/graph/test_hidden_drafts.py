"""A draft that a viewer may not see changes no value that they read, and no feed brings it to them."""

from typing import Any

from okrgraph.kit.ids import global_id
from okrgraph.okrs.objectives import publish_objective
from okrgraph.people.vocabulary import MemberRole
from tests.graph.feeds import kinds_of, live
from tests.graph.probing import SCHEMA, operation, selection
from tests.graph.rich_world import RichWorld, add_draft, key_of, make_rich_world, plain

STATES = "[PROPOSED, ACCEPTED, DECLINED, WITHDRAWN]"
OBJECTIVE = f"""
    id version updatedAt progress confidenceSummary {{ min median distribution unrated stale declining }}
    keyResults {{ id version alignedObjectives {{ id }} incomingLinks(states: {STATES}) {{ id }} }}
    alignedObjectives {{ id }} incomingLinks(states: {STATES}) {{ id }} links(states: {STATES}) {{ id }}
    comments {{ totalCount nodes {{ id replies {{ id }} }} }}
"""
LISTS = f"""query($cycle: ID!, $team: ID!, $owner: ID!, $top: ID!, $goal: ID!, $start: ID!) {{
    all: objectives {{ totalCount nodes {{ {OBJECTIVE} }} pageInfo {{ hasNextPage endCursor }} }}
    page: objectives(first: 4) {{ totalCount pageInfo {{ hasNextPage endCursor }} }}
    ofTeam: objectives(filter: {{ teamId: $team }}) {{ totalCount nodes {{ id }} }}
    ofOwner: objectives(filter: {{ ownerId: $owner }}) {{ totalCount nodes {{ id }} }}
    ofCycle: objectives(filter: {{ cycleId: $cycle }}) {{ totalCount nodes {{ id }} }}
    drafts: objectives(filter: {{ states: [DRAFT] }}) {{ totalCount nodes {{ id }} }}
    individual: objectives(filter: {{ levels: [INDIVIDUAL] }}) {{ totalCount nodes {{ id }} }}
    found: objectives(filter: {{ text: "secret" }}) {{ totalCount nodes {{ id }} }}
    team(id: $team) {{ version objectives(cycleId: $cycle) {{ id }} }}
    person(id: $owner) {{ version objectives(cycleId: $cycle) {{ id }} }}
    tree: alignmentTree(cycleId: $cycle) {{ {{tree}} }}
    fromTop: alignmentTree(cycleId: $cycle, rootId: $top) {{ {{tree}} }}
    fromGoal: alignmentTree(cycleId: $cycle, rootId: $goal, maxDepth: 1) {{ {{tree}} }}
    lineOfSight(id: $start) {{ depth rationale }}
}}""".replace(
    "{tree}", " parentId depth childCount node { ... on Objective { id } ... on KeyResult { id } } "
)


def ids_of(world: RichWorld) -> dict[str, str]:
    return {
        "cycle": world.named["cycle"],
        "team": global_id("Team", world.growth.id),
        "owner": global_id("Person", world.lead.person_id),
        "top": world.named["top"],
        "goal": world.named["goal"],
        "start": world.named["supporting"],
    }


async def test_every_value_is_the_same_with_and_without_a_hidden_draft(graph) -> None:
    world = await make_rich_world("acme")
    before = {each: await graph.run(each, LISTS, **ids_of(world)) for each in (world.seller, world.lead)}
    await add_draft(world)
    assert await graph.run(world.seller, LISTS, **ids_of(world)) == before[world.seller]
    seen = await graph.run(world.lead, LISTS, **ids_of(world))
    # The lead's figures, to show that each of them would tell.
    for name in ("all", "page", "ofTeam", "ofOwner", "ofCycle", "drafts", "individual", "found"):
        assert seen[name]["totalCount"] == before[world.lead][name]["totalCount"] + 1, name
    for name in ("tree", "fromTop", "fromGoal"):
        assert seen[name] != before[world.lead][name], name
    assert len(seen["team"]["objectives"]) == len(before[world.lead]["team"]["objectives"]) + 1
    assert len(seen["person"]["objectives"]) == len(before[world.lead]["person"]["objectives"]) + 1


async def test_a_hidden_draft_is_in_no_page_of_changes(graph) -> None:
    world = await make_rich_world("acme")
    document = operation("Query", "changesSince")
    head = (await graph.run(world.seller, "{ organization { cursor } }"))["organization"]["cursor"]
    await add_draft(world)
    end = (await graph.run(world.seller, "{ organization { cursor } }"))["organization"]["cursor"]
    team = global_id("Team", world.growth.id)
    for narrowed in (None, {"underRootId": world.named["top"]}, {"teamId": team}):
        page = (await graph.run(world.seller, document, after=head, filter=narrowed))["changesSince"]
        assert (page["changes"], page["cursor"], page["hasMore"]) == ([], end, False)
        seen = (await graph.run(world.lead, document, after=head, filter=narrowed))["changesSince"]
        assert len(seen["changes"]) >= 6


async def test_live_feeds_carry_a_draft_to_those_who_see_it_only(graph) -> None:
    world = await make_rich_world("acme")
    document = operation("Subscription", "changes")
    async with live(graph, world.seller, document) as seller, live(graph, world.lead, document) as lead:
        draft = await add_draft(world)
        await world.org.comment(world.seller, world.supporting, "Seen by all")
        heard, known = await seller.changes("Seen by all"), await lead.changes("Seen by all")
    assert kinds_of(heard) == ["CommentChanged"]
    assert kinds_of(known)[0] == "ObjectiveChanged"
    assert kinds_of(known).count("AlignmentLinkChanged") == 3
    assert kinds_of(known).count("CommentChanged") == 5
    assert [key for key in draft.ids if key not in str(known)] == []


async def test_a_reviewer_an_owner_and_a_member_who_only_looks_see_a_draft(graph) -> None:
    world = await make_rich_world("acme")
    org = world.org
    reviewer, owner = await org.person("Ria"), await org.person("Oda")
    looker = await org.person("Lou", {world.growth: MemberRole.VIEWER})
    draft = await org.objective(
        world.lead, team=world.growth, owner_id=owner.person_id, reviewer_id=reviewer.person_id
    )
    document = "query($id: ID!) { objective(id: $id) { id viewerCanEdit } }"
    key = global_id("Objective", draft.id)
    expected = {reviewer: False, owner: True, looker: False, world.lead: True}
    for viewer, may_edit in expected.items():
        found = await graph.run(viewer, document, id=key)
        assert found == {"objective": {"id": key, "viewerCanEdit": may_edit}}
    assert await graph.run(world.seller, document, id=key) == {"objective": None}


async def test_once_published_a_draft_is_seen_whole_by_everybody(graph) -> None:
    world = await make_rich_world("acme")
    draft = await add_draft(world)
    await publish_objective(plain(world.lead), key_of(draft.objective), override_reason="It is time")
    shown = " ".join(
        f"... on {name} {selection(SCHEMA.type_map[name], 1)}" for name in ("Objective", "KeyResult")
    )
    document = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id {shown} }} }}"
    found = [await graph.run(each, document, ids=list(draft.ids)) for each in (world.lead, world.seller)]
    assert [node["id"] for node in found[0]["nodes"]] == list(draft.ids)
    assert without_rights(found[0]) == without_rights(found[1])


def without_rights(value: Any) -> Any:
    if isinstance(value, list):
        return [without_rights(item) for item in value]
    if isinstance(value, dict):
        return {
            name: without_rights(each)
            for name, each in value.items()
            if not name.startswith(("viewerCan", "viewerActions"))
        }
    return value
