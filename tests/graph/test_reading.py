"""What queries give: entities by id, order of lists, what a viewer may do, what the clock alone changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from okrgraph.kit.clock import held_at
from okrgraph.kit.ids import PREFIX_OF_TYPE, global_id
from okrgraph.okrs.links import accept_link, decline_link
from okrgraph.okrs.vocabulary import CycleKind, CycleState, LinkKind, ObjectiveLevel
from okrgraph.people.vocabulary import MemberRole, PersonStatus, TeamKind, TokenScope
from tests.building import add_person, make_organization
from tests.graph.rich_world import TABLE_OF_TYPE, make_rich_world, plain

GARBAGE = (
    "",
    " ",
    "x",
    "obj",
    "obj_",
    "obj_0",
    "1",
    "%",
    "\x00",
    "obj_" + "g" * 32,
    "OBJ_" + "0" * 32,
    "ö" * 5_000,
)
BY_ID = ("cycle", "team", "person", "objective", "keyResult", "dependency", "liaison", "node")
EVERY_BY_ID = "".join(f"{name}(id: $id) {{ id }} " for name in BY_ID)
BY_EVERY_FIELD = (
    f"query($id: ID!) {{ {EVERY_BY_ID} nodes(ids: [$id]) {{ id }} lineOfSight(id: $id) {{ depth }} }}"
)
NOTHING = {**dict.fromkeys(BY_ID), "nodes": [None], "lineOfSight": []}
TREES = """query($id: ID!, $cycle: ID!) {
    ofCycle: alignmentTree(cycleId: $id) { depth }
    below: alignmentTree(cycleId: $cycle, rootId: $id) { depth }
}"""


async def test_garbage_in_place_of_an_id_gives_null(graph) -> None:
    world = await make_rich_world("acme")
    cycle = world.named["cycle"]
    for text in GARBAGE:
        assert await graph.run(world.lead, BY_EVERY_FIELD, id=text) == NOTHING, text
        trees = await graph.run(world.lead, TREES, id=text, cycle=cycle)
        assert trees == {"ofCycle": [], "below": []}, text


async def test_a_key_under_another_types_prefix_gives_null(graph) -> None:
    world = await make_rich_world("acme")
    cycle = world.named["cycle"]
    for prefix, own in (
        ("obj", world.named["goal"]),
        ("kr", world.named["top"]),
        ("cmt", world.named["top"]),
    ):
        forged = f"{prefix}_{own.partition('_')[2]}"
        assert await graph.run(world.lead, BY_EVERY_FIELD, id=forged) == NOTHING, forged
        trees = await graph.run(world.lead, TREES, id=forged, cycle=cycle)
        assert trees == {"ofCycle": [], "below": []}, forged


async def test_a_field_gives_null_for_an_id_of_another_type(graph) -> None:
    world = await make_rich_world("acme")
    field_of_type = {"Cycle": "cycle", "Team": "team", "Person": "person", "Objective": "objective"}
    field_of_type |= {"KeyResult": "keyResult", "Dependency": "dependency", "Liaison": "liaison"}
    seen = set()
    for own in await world.ids():
        found = await graph.run(world.lead, f"query($id: ID!) {{ {EVERY_BY_ID} }}", id=own)
        kind = next(name for name, prefix in PREFIX_OF_TYPE.items() if own.startswith(f"{prefix}_"))
        seen.add(kind)
        expected: dict[str, Any] = {**dict.fromkeys(BY_ID), "node": {"id": own}}
        if kind in field_of_type:
            expected[field_of_type[kind]] = {"id": own}
        assert found == expected
    assert seen == TABLE_OF_TYPE.keys()


async def test_nodes_come_in_the_order_asked_for_and_as_often(graph) -> None:
    world = await make_rich_world("acme")
    asked = [world.named["goal"], "x", world.named["top"], world.named["goal"], world.named["organization"]]
    found = await graph.run(
        world.lead, "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=asked
    )
    kinds = ("KeyResult", None, "Objective", "KeyResult", "Organization")
    assert found["nodes"] == [
        None if kind is None else {"__typename": kind, "id": key}
        for kind, key in zip(kinds, asked, strict=True)
    ]


async def test_more_than_a_hundred_nodes_are_refused(graph) -> None:
    viewer = await (await make_organization()).person()
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert await graph.run(viewer, document, ids=["x"] * 100) == {"nodes": [None] * 100}
    result = await graph.result(viewer, document, ids=["x"] * 101)
    assert [(error.message, error.extensions["code"]) for error in result.errors] == [
        ("Ask for at most 100 ids.", "BAD_USER_INPUT")
    ]


async def test_teams_and_people_come_by_name_with_ties_by_id(graph) -> None:
    org = await make_organization("acme")
    viewer = await org.person("Zoe", {org.company: MemberRole.MEMBER})
    names = ("Zebra", "apple", "Apple", "Äpfel", "Apple")
    teams = [await org.team(name) for name in names]
    people = [
        await org.person(name, {org.company: MemberRole.MEMBER}, email=f"{place}@acme.example")
        for place, name in enumerate(names)
    ]
    found = await graph.run(
        viewer,
        """{ organization { teams { id name } company { children { id name } members { id name } }
            people { nodes { id name } totalCount } } }""",
    )
    organization = found["organization"]
    expected = sorted((team.name, global_id("Team", team.id)) for team in teams)
    assert [(each["name"], each["id"]) for each in organization["company"]["children"]] == expected
    everybody = sorted([*((team.name, global_id("Team", team.id)) for team in teams), _company(org)])
    assert [(each["name"], each["id"]) for each in organization["teams"]] == everybody
    ids = [global_id("Person", person.person_id) for person in people]
    persons = sorted([*zip(names, ids, strict=True), ("Zoe", global_id("Person", viewer.person_id))])
    assert [(each["name"], each["id"]) for each in organization["company"]["members"]] == persons
    assert [(each["name"], each["id"]) for each in organization["people"]["nodes"]] == persons
    assert organization["people"]["totalCount"] == 6


def _company(org: Any) -> tuple[str, str]:
    return (org.company.name, global_id("Team", org.company.id))


async def test_cycles_come_newest_start_first_and_a_backlog_last(graph) -> None:
    org = await make_organization()
    viewer = await org.person()
    await org.cycle(name="old", starts_on=date(2026, 1, 1), ends_on=date(2026, 3, 31))
    await org.cycle(name="backlog", kind=CycleKind.BACKLOG, starts_on=None, ends_on=None)
    await org.cycle(name="new", starts_on=date(2026, 4, 1), ends_on=date(2026, 6, 30))
    found = await graph.run(viewer, "{ organization { cycles { name } } }")
    assert [cycle["name"] for cycle in found["organization"]["cycles"]] == ["new", "old", "backlog"]


CURRENT = (
    (datetime(2026, 3, 31, 23, 59, tzinfo=UTC), "quarter 1", None),  # ACTIVE, ended last
    (datetime(2026, 4, 1, 0, 0, tzinfo=UTC), "sprint", 1),  # the shortest of the ACTIVE ones
    (datetime(2026, 4, 8, 0, 0, tzinfo=UTC), "sprint", 2),
    (datetime(2026, 4, 15, 0, 0, tzinfo=UTC), "quarter 2", 3),
    (datetime(2026, 7, 1, 0, 0, tzinfo=UTC), "year", 14),  # ACTIVE before PLANNING
    (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), "year", None),
)


async def test_the_current_cycle_and_its_week_follow_the_clock(graph) -> None:
    org = await make_organization()
    viewer = await org.person()
    for label, state, first, last in (
        ("quarter 1", CycleState.ACTIVE, date(2026, 1, 1), date(2026, 3, 30)),
        ("quarter 2", CycleState.ACTIVE, date(2026, 4, 1), date(2026, 6, 30)),
        ("sprint", CycleState.ACTIVE, date(2026, 4, 1), date(2026, 4, 14)),
        ("quarter 3", CycleState.PLANNING, date(2026, 7, 1), date(2026, 9, 30)),
        ("year", CycleState.ACTIVE, date(2026, 4, 1), date(2026, 12, 31)),
    ):
        await org.cycle(state, name=label, starts_on=first, ends_on=last)
    for moment, name, week in CURRENT:
        with held_at(moment):
            found = await graph.run(viewer, "{ organization { currentCycle { name currentWeek } } }")
        assert found["organization"]["currentCycle"] == {"name": name, "currentWeek": week}, moment


async def test_days_are_counted_in_the_organisations_time_zone(graph) -> None:
    org = await make_organization(time_zone="Pacific/Auckland")
    viewer = await org.person()
    await org.cycle(name="before", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))
    await org.cycle(name="after", starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 30))
    names = []
    for hour in (10, 12):  # UTC+13 on that day
        with held_at(datetime(2026, 3, 31, hour, tzinfo=UTC)):
            found = await graph.run(viewer, "{ organization { currentCycle { name } } }")
        names.append(found["organization"]["currentCycle"]["name"])
    assert names == ["before", "after"]


async def test_an_organisation_without_cycles_has_no_current_one(graph) -> None:
    viewer = await (await make_organization()).person()
    assert await graph.run(viewer, "{ organization { currentCycle { id } cycles { id } } }") == {
        "organization": {"currentCycle": None, "cycles": []}
    }


async def test_the_viewer_is_the_person_of_the_credential(graph) -> None:
    org = await make_organization("acme")
    manager = await org.person("Mia")
    ada = await org.person("Ada", {org.company: MemberRole.LEAD}, manager_id=manager.person_id)
    found = await graph.run(
        ada,
        "{ viewer { person { name email status manager { name } teams { name kind } } organization { slug } } }",
    )
    person = {"name": "Ada", "email": "ada@acme.example", "status": "ACTIVE", "manager": {"name": "Mia"}}
    teams = [{"name": "Acme", "kind": TeamKind.COMPANY}]
    assert found["viewer"] == {"person": {**person, "teams": teams}, "organization": {"slug": "acme"}}


async def test_people_are_found_by_name_or_address_with_wildcards_taken_literally(graph) -> None:
    org = await make_organization("acme")
    viewer = await org.person("Ada")
    await org.person("Bo_b 100%", email="bob@acme.example")
    await add_person(org.operator, {}, name="Gone", email="x@acme.example", status=PersonStatus.SUSPENDED)
    document = "query($text: String) { organization { people(text: $text) { totalCount nodes { name } } } }"
    for text, names in (
        ("ADA", ["Ada"]),
        ("bob@", ["Bo_b 100%"]),
        ("o_b", ["Bo_b 100%"]),
        ("0%", ["Bo_b 100%"]),
        ("_", ["Bo_b 100%"]),
        ("!", []),
        ("'; DROP TABLE person; --", []),
        ("\x00", []),
        ("gone", ["Gone"]),
        ("x" * 201, []),
        ("  ", ["Ada", "Bo_b 100%", "Gone"]),
        (None, ["Ada", "Bo_b 100%", "Gone"]),
    ):
        people = (await graph.run(viewer, document, text=text))["organization"]["people"]
        assert people == {"totalCount": len(names), "nodes": [{"name": name} for name in names]}, text


async def test_rights_follow_the_role_the_level_and_the_tokens_scope(graph) -> None:
    org = await make_organization("acme")
    growth = await org.team("Growth")
    lead = await org.person("Lea", {growth: MemberRole.LEAD})
    member = await org.person("Max", {growth: MemberRole.MEMBER})
    looker = await org.person("Lou", {growth: MemberRole.VIEWER})
    chief = await org.person("Cem", {org.company: MemberRole.MEMBER})
    stranger = await org.person("Sia")
    reader = await org.viewer(lead.person_id, "lea@acme.example", TokenScope.READ)
    common = {"published": True, "owner_id": stranger.person_id}
    of_team = await org.objective(team=growth, **common)
    of_company = await org.objective(**common)
    own = await org.objective(team=growth, level=ObjectiveLevel.INDIVIDUAL, **common)
    keys = [(await org.key_result(each)).id for each in (of_team, of_company, own)]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on KeyResult { viewerCanEdit } } }"
    ids = [global_id("KeyResult", key) for key in keys]
    for viewer, expected in (
        (lead, [True, False, True]),
        (member, [True, False, False]),
        (looker, [False, False, False]),
        (chief, [False, True, False]),
        (stranger, [True, True, True]),
        (reader, [False, False, False]),
    ):
        found = await graph.run(viewer, document, ids=ids)
        assert [node["viewerCanEdit"] for node in found["nodes"]] == expected
        objectives = [global_id("Objective", each.id) for each in (of_team, of_company, own)]
        found = await graph.run(viewer, document.replace("KeyResult", "Objective"), ids=objectives)
        assert [node["viewerCanEdit"] for node in found["nodes"]] == expected


async def test_confidence_is_summarised_and_goes_stale_with_the_clock(graph) -> None:
    org = await make_organization(cadence_days=7, grace_days=3)
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    objective = await org.objective(ada, published=True)
    document = """query($id: ID!) { objective(id: $id) { progress
        confidenceSummary { min median distribution unrated stale declining } } }"""
    key = global_id("Objective", objective.id)
    empty = {"min": None, "median": None, "distribution": [0] * 5, "unrated": 0, "stale": 0, "declining": 0}
    assert await graph.run(ada, document, id=key) == {
        "objective": {"progress": None, "confidenceSummary": empty}
    }
    today = datetime.now(UTC)
    for ratings, value in (((4, 2), 50.0), ((5,), 100.0), ((3,), None), ((), None)):
        key_result = await org.key_result(objective, ada)
        for days, rating in enumerate(reversed(ratings)):
            await org.check_in(key_result, rating, value, today.date() - timedelta(days=days))
    summary = {"min": 2, "median": 3.0, "distribution": [0, 1, 1, 0, 1], "unrated": 1, "declining": 1}
    for days, stale in ((0, 0), (10, 0), (11, 3)):
        with held_at(today + timedelta(days=days)):
            found = (await graph.run(ada, document, id=key))["objective"]
        assert found == {"progress": 0.75, "confidenceSummary": {**summary, "stale": stale}}


async def test_links_and_aligned_objectives_come_primary_first_then_by_creation(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    top = await org.objective(ada, title="Top", published=True)
    goal = await org.key_result(top, ada)
    others = [await org.objective(ada, title=f"Other {place}", published=True) for place in range(4)]
    second = await org.link(others[0], goal, primary=False, accepted=True)
    first = await org.link(others[1], goal, accepted=True, kind=LinkKind.CONTRIBUTES)
    sideways = await org.link(others[2], goal, kind=LinkKind.RELATES, accepted=True)
    proposed = await org.link(others[3], goal)
    declined = await org.link(others[0], top, primary=False)
    await decline_link(plain(ada), declined.id)
    await accept_link(plain(ada), (await org.link(others[1], top, primary=False)).id)
    document = """query($goal: ID!, $child: ID!, $states: [LinkState!]) {
        keyResult(id: $goal) { alignedObjectives { title } incomingLinks(states: $states) { id primary state } }
        objective(id: $child) { links(states: $states) { id } } }"""
    ids = {"goal": global_id("KeyResult", goal.id), "child": global_id("Objective", others[0].id)}
    found = await graph.run(
        ada, document.replace("$states: [LinkState!]", "").replace("(states: $states)", ""), **ids
    )
    assert [each["title"] for each in found["keyResult"]["alignedObjectives"]] == ["Other 1", "Other 0"]
    links = [global_id("AlignmentLink", link.id) for link in (first, proposed, second, sideways)]
    assert [each["id"] for each in found["keyResult"]["incomingLinks"]] == links
    assert [each["primary"] for each in found["keyResult"]["incomingLinks"]] == [True, True, False, False]
    assert found["objective"]["links"] == [{"id": global_id("AlignmentLink", second.id)}]
    for states, expected in (
        (["DECLINED"], [declined]),
        ([], []),
        (["ACCEPTED", "DECLINED", "ACCEPTED"], [second, declined]),
    ):
        found = await graph.run(ada, document, **ids, states=states)
        assert found["objective"]["links"] == [
            {"id": global_id("AlignmentLink", each.id)} for each in expected
        ]


async def test_one_field_with_different_arguments_gives_each_its_own(graph) -> None:
    """All in one operation, which loads what is alike together."""
    world = await make_rich_world("acme")
    other = await world.org.cycle(name="Other")
    document = """query($team: ID!, $cycle: ID!, $other: ID!, $child: ID!) {
        team(id: $team) { now: objectives(cycleId: $cycle) { id } later: objectives(cycleId: $other) { id } }
        all: objectives { totalCount nodes { id } }
        one: objectives(first: 1) { totalCount nodes { id } }
        drafts: objectives(filter: { states: [DRAFT] }) { totalCount nodes { id } }
        objective(id: $child) { links { id } declined: links(states: [DECLINED]) { id }
            comments { totalCount nodes { id } } none: comments(first: 0) { totalCount nodes { id } } }
        people: organization { people(text: "sam") { totalCount } } }"""
    named = world.named
    ids = {"team": named["team"], "cycle": named["cycle"], "child": named["supporting"]}
    found = await graph.run(world.lead, document, **ids, other=global_id("Cycle", other.id))
    assert (len(found["team"]["now"]), len(found["team"]["later"])) == (3, 0)
    lists = [found[name] for name in ("all", "one", "drafts")]
    assert [(each["totalCount"], len(each["nodes"])) for each in lists] == [(4, 4), (4, 1), (1, 1)]
    objective = found["objective"]
    assert (len(objective["links"]), objective["declined"]) == (1, [])
    assert (len(objective["comments"]["nodes"]), objective["none"]["nodes"]) == (1, [])
    assert found["people"]["people"]["totalCount"] == 1
