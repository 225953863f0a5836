"""Dependencies through the schema: each query by both executors."""

from datetime import timedelta

import pytest

from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.kit import clock
from okrgraph.kit.ids import global_id, new_key
from okrgraph.okrs.objectives import publish_objective
from tests.graph.dependencies.calling import COMMENT, FIELDS, asked, call

TODAY = clock.now().date()


async def test_we_need_x_from_you_by_week_six_from_the_request_to_the_confirmation(graph, teams) -> None:
    made = await call(graph, teams.consumer, "dependencyRequest", given=asked(teams))
    assert (made["userErrors"], made["dependency"]["state"]) == ([], "REQUESTED")
    key = made["dependency"]["id"]
    day = str(TODAY + timedelta(days=30))
    steps = [
        (
            "provider",
            "dependencyCounter",
            {"promisedBy": day, "need": "Half", "note": "All is too much."},
            "COUNTERED",
        ),
        ("consumer", "dependencySubmit", {"neededBy": day}, "REQUESTED"),
        ("provider", "dependencyDecline", {"note": "No."}, "DECLINED"),
        (
            "consumer",
            "dependencyEscalate",
            {"note": "Yes.", "riskOwnerId": global_id("Person", teams.staff.person_id)},
            "ESCALATED",
        ),
        ("head", "dependencySettle", {"state": "REQUESTED", "note": "Ask again."}, "REQUESTED"),
        ("provider", "dependencyAccept", {"promisedBy": day}, "ACCEPTED"),
        ("consumer", "dependencyUpdate", {"mitigation": "Do without.", "consumerConfidence": 3}, "ACCEPTED"),
        ("provider", "dependencyStart", {}, "IN_PROGRESS"),
        ("consumer", "dependencyAsk", {"note": "Still on track?"}, "IN_PROGRESS"),
        (
            "provider",
            "dependencyCheckIn",
            {"health": "AT_RISK", "confidence": 2, "note": "Ill."},
            "IN_PROGRESS",
        ),
        ("provider", "dependencyDeliver", {"evidenceUrl": "https://acme.example"}, "DELIVERED"),
        ("consumer", "dependencyReopen", {"note": "It is red."}, "IN_PROGRESS"),
        ("provider", "dependencyDeliver", {}, "DELIVERED"),
        ("consumer", "dependencyConfirm", {"note": "Thanks."}, "CONFIRMED"),
    ]
    for place, (who, name, given, state) in enumerate(steps):
        done = await call(graph, getattr(teams, who), name, key, given)
        assert done["userErrors"] == [], name
        assert done["dependency"] == {"id": key, "version": place + 2, "state": state}
        assert done["cursor"] is not None
    found = (
        await graph.run(teams.lawyer, f"query($id: ID!) {{ dependency(id: $id) {{ {FIELDS} }} }}", id=key)
    )["dependency"]
    assert (found["confidence"], found["health"], found["promisedBy"]) == (2, "AT_RISK", day)
    assert found["keyResult"] == {"title": "Customers"}
    assert (found["objective"], found["note"], found["overdue"]) == (None, "Thanks.", False)
    assert found["checkIns"]["nodes"] == [
        {
            "health": "AT_RISK",
            "confidence": 2,
            "confidenceBefore": None,
            "promisedBy": day,
            "note": "Ill.",
            "answersAsk": True,
            "author": {"name": "Pia"},
        }
    ]
    assert (found["attention"], found["viewerActions"], found["riskOwner"]) == ([], [], {"name": "Stig"})


async def test_the_week_comes_out_as_it_went_in(graph, teams) -> None:
    made = await call(graph, teams.consumer, "dependencyRequest", given=asked(teams))
    query = "query($id: ID!) { dependency(id: $id) { neededBy neededByWeek } }"
    found = await graph.run(teams.provider, query, id=made["dependency"]["id"])
    assert found["dependency"] == {
        "neededBy": str(teams.cycle.starts_on + timedelta(days=41)),
        "neededByWeek": 6,
    }
    outside = await teams.requested(needed_by=teams.cycle.ends_on + timedelta(days=1))
    found = await graph.run(teams.provider, query, id=global_id("Dependency", outside.id))
    assert found["dependency"]["neededByWeek"] is None


@pytest.mark.parametrize(
    ("who", "step", "refusal"),
    [
        ("consumer", ("dependencyAccept", {}), ("FORBIDDEN", ["id"])),
        ("provider", ("dependencyStart", {}), ("STATE", None)),
        ("provider", ("dependencyDecline", {"note": " "}), ("INVALID", ["input", "note"])),
        (
            "provider",
            ("dependencyAccept", {"expectedVersion": 0}),
            ("CONFLICT", ["input", "expectedVersion"]),
        ),
        ("stranger", ("dependencyAccept", {}), ("NOT_FOUND", ["id"])),
        ("provider", ("dependencyCounter", {}), ("INVALID", None)),
    ],
)
async def test_refusals_are_data_beside_what_may_be_seen(graph, teams, who, step, refusal) -> None:
    dependency = await teams.requested()
    key = global_id("Dependency", dependency.id)
    name, given = step
    code, _ = refusal
    done = await call(graph, getattr(teams, who), name, key, given)
    assert [(each["code"], each["field"]) for each in done["userErrors"]] == [refusal]
    assert done["cursor"] is None
    shown = None if code == "NOT_FOUND" else {"id": key, "version": 1, "state": "REQUESTED"}
    assert done["dependency"] == shown


@pytest.mark.parametrize("text", ["", "dep_1", "obj_" + "0" * 32, "dep_" + "0" * 32])
async def test_what_is_no_dependency_is_null_or_not_found(graph, teams, text) -> None:
    assert (await graph.run(teams.lawyer, "query($id: ID!) { dependency(id: $id) { id } }", id=text)) == {
        "dependency": None
    }
    done = await call(graph, teams.consumer, "dependencyCancel", text, {})
    assert [(each["code"], each["field"]) for each in done["userErrors"]] == [("NOT_FOUND", ["id"])]


async def test_a_retry_gets_the_first_answer_and_takes_no_second_step(graph, teams) -> None:
    given = asked(teams, clientMutationId="once")
    one, other = [await call(graph, teams.consumer, "dependencyRequest", given=given) for _ in range(2)]
    assert one == other
    dependency = await teams.in_state(S.ACCEPTED)
    key, given = (
        global_id("Dependency", dependency.id),
        {"health": "ON_TRACK", "confidence": 4, "clientMutationId": "c"},
    )
    one, other = [await call(graph, teams.provider, "dependencyCheckIn", key, given) for _ in range(2)]
    assert one == other
    other = await call(graph, teams.provider, "dependencyCheckIn", key, {**given, "confidence": 5})
    assert [each["code"] for each in other["userErrors"]] == ["INVALID"]


async def test_what_the_viewer_may_do_follows_the_state_and_the_side(graph, teams) -> None:
    dependency = await teams.in_state(S.ESCALATED)
    query = "query($id: ID!) { dependency(id: $id) { viewerActions } }"
    expected = {
        "consumer": ["EDIT"],
        "provider": ["EDIT"],
        "head": ["SETTLE", "CANCEL"],
        "administrator": ["SETTLE", "CANCEL"],
        "lawyer": [],
        "reader": [],
    }
    for name, actions in expected.items():
        found = await graph.run(getattr(teams, name), query, id=global_id("Dependency", dependency.id))
        assert found["dependency"]["viewerActions"] == actions, name
    asked_ = await teams.in_state(S.ACCEPTED)
    key = global_id("Dependency", asked_.id)
    await call(graph, teams.consumer, "dependencyAsk", key, {})
    found = await graph.run(teams.consumer, query, id=key)
    assert found["dependency"]["viewerActions"] == ["CANCEL", "EDIT"]


REACHED = """query($cycle: ID!, $kr: ID!, $obj: ID!, $growth: ID!, $platform: ID!, $dep: ID!) {
    keyResult(id: $kr) { dependencies { need } }
    objective(id: $obj) { dependencies { need } }
    owing: team(id: $platform) { owes(cycleId: $cycle) { need } isOwed { need } liaisons { id }
        reliability { due inTime ratio } }
    owed: team(id: $growth) { owes { need } isOwed(states: [REQUESTED]) { need } reliability(cycles: 1) { due ratio } }
    lineOfSight(id: $dep) { depth node { __typename ... on KeyResult { title dependencies { need } }
        ... on Objective { title dependencies { need state } } } }
    dependencyMatrix(cycleId: $cycle) { consumerTeam { name } providerTeam { name } total open blocking confirmed
        overdue slipping unanswered unownedRisks }
    dependencyDeadlocks { dependencies { need } }
    pairsWithoutLiaison(cycleId: $cycle) { teamA { id } teamB { id } openDependencies }
    node(id: $dep) { __typename ... on Dependency { need } }
}"""


async def test_a_dependency_is_reached_from_everything_around_it(graph, teams) -> None:
    dependency = await teams.requested()
    await teams.requested(need="Advice", objective_id=teams.objective.id)
    ids = {
        "cycle": global_id("Cycle", teams.cycle.id),
        "kr": global_id("KeyResult", teams.key_result.id),
        "obj": global_id("Objective", teams.objective.id),
        "growth": global_id("Team", teams.growth.id),
        "platform": global_id("Team", teams.platform.id),
        "dep": global_id("Dependency", dependency.id),
    }
    both = [{"need": "An API"}, {"need": "Advice"}]
    data = await graph.run(teams.lawyer, REACHED, **ids)
    assert data["keyResult"] == {"dependencies": both[:1]}
    assert data["objective"] == {"dependencies": both}
    assert data["owing"] == {
        "owes": both,
        "isOwed": [],
        "liaisons": [],
        "reliability": {"due": 0, "inTime": 0, "ratio": None},
    }
    assert data["owed"] == {"owes": [], "isOwed": both, "reliability": {"due": 0, "ratio": None}}
    assert [(step["depth"], step["node"]["__typename"]) for step in data["lineOfSight"]] == [
        (0, "KeyResult"),
        (1, "Objective"),
    ]
    assert data["lineOfSight"][0]["node"]["dependencies"] == both[:1]
    (cell,) = data["dependencyMatrix"]
    assert (cell["consumerTeam"]["name"], cell["providerTeam"]["name"]) == ("Growth", "Platform")
    assert (cell["total"], cell["open"], cell["confirmed"]) == (2, 2, 0)
    assert (data["dependencyDeadlocks"], data["pairsWithoutLiaison"]) == ([], [])
    assert data["node"] == {"__typename": "Dependency", "need": "An API"}
    wrong = await graph.run(teams.lawyer, REACHED, **{**ids, "cycle": ids["obj"], "dep": ids["growth"]})
    assert (wrong["dependencyMatrix"], wrong["owing"]["owes"], wrong["lineOfSight"]) == ([], [], [])


LIST = """query($filter: DependencyFilter, $first: Int, $after: String) {
    dependencies(filter: $filter, first: $first, after: $after) { totalCount nodes { need }
        pageInfo { hasNextPage endCursor } } }"""


async def test_the_list_pages_by_the_day_and_takes_a_filter(graph, teams) -> None:
    for number in (3, 1, 2):
        await teams.requested(need=f"Thing {number}", needed_by=TODAY + timedelta(days=number))
    needs, after = [], None
    while True:
        page = (await graph.run(teams.lawyer, LIST, first=2, after=after))["dependencies"]
        assert page["totalCount"] == 3
        needs += [node["need"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert needs == ["Thing 1", "Thing 2", "Thing 3"]
    for narrowed, count in (
        ({"cycleId": global_id("Cycle", teams.cycle.id), "states": ["REQUESTED"]}, 3),
        ({"providerTeamId": global_id("Team", teams.growth.id)}, 0),
        ({"consumerTeamId": global_id("Team", teams.growth.id), "states": ["DRAFT"]}, 0),
        ({"cycleId": global_id("Team", teams.growth.id)}, 0),
        ({"cycleId": global_id("Cycle", new_key())}, 0),
    ):
        page = (await graph.run(teams.lawyer, LIST, filter=narrowed))["dependencies"]
        assert (page["totalCount"], len(page["nodes"])) == (count, count)


async def test_a_hidden_objective_is_null_to_the_provider_that_sees_the_request(graph, teams) -> None:
    dependency = await teams.requested(objective_id=teams.draft.id)
    query = """query($id: ID!) { dependency(id: $id) { need objective { title } neededByWeek cycle { name } }
        lineOfSight(id: $id) { depth } }"""
    key = global_id("Dependency", dependency.id)
    data = await graph.run(teams.provider, query, id=key)
    assert data["dependency"]["objective"] is None
    assert data["dependency"]["cycle"] == {"name": "This quarter"}
    assert data["lineOfSight"] == []
    assert (await graph.run(teams.lawyer, query, id=key))["dependency"] is None
    assert (await graph.run(teams.consumer, query, id=key))["dependency"]["objective"] is not None


async def test_both_sides_talk_about_it_and_only_they_while_it_is_hidden(graph, teams) -> None:
    dependency = await teams.requested(objective_id=teams.draft.id)
    key = global_id("Dependency", dependency.id)
    made = await graph.run(teams.provider, COMMENT, **{"in": {"subjectId": key, "body": "Why so soon?"}})
    assert made["commentCreate"]["comment"]["subject"] == {"__typename": "Dependency", "id": key}
    query = """query($id: ID!, $d: ID!) { node(id: $id) { ... on Comment { body } }
        dependency(id: $d) { comments { totalCount } } }"""
    comment = made["commentCreate"]["comment"]["id"]
    for name, sees in (("consumer", True), ("observer", True), ("lawyer", False), ("stranger", False)):
        data = await graph.run(getattr(teams, name), query, id=comment, d=key)
        assert (data["node"] is not None) is sees, name
    refused = await graph.run(teams.lawyer, COMMENT, **{"in": {"subjectId": key, "body": "Me too"}})
    assert refused["commentCreate"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["input", "subjectId"]}]
    resolve = "mutation($id: ID!) { commentResolve(id: $id) { userErrors { code } comment { resolvedAt } } }"
    assert (await graph.run(teams.observer, resolve, id=comment))["commentResolve"]["userErrors"] == [
        {"code": "FORBIDDEN"}
    ]
    done = await graph.run(teams.consumer, resolve, id=comment)
    assert done["commentResolve"]["userErrors"] == []
    await publish_objective(teams.consumer, teams.draft.id, override_reason="as the test needs it")
    assert (await graph.run(teams.lawyer, query, id=comment, d=key))["dependency"]["comments"] == {
        "totalCount": 1
    }
