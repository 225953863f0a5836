"""Dependencies through the schema: each query by both executors."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.kit import clock
from okrgraph.kit.ids import global_id, new_key
from okrgraph.okrs.objectives import publish_objective
from tests.databases import open_and_audited
from tests.graph.conftest import Graph, following
from tests.graph.feeds import kinds_of, listening, live
from tests.two_teams import TwoTeams, make_two_teams

TODAY = clock.now().date()


@pytest.fixture
async def teams(databases: Any, tmp_path: Path) -> AsyncIterator[TwoTeams]:
    async with databases.prepared(tmp_path, make_two_teams) as (database, made), open_and_audited(database):
        yield made


@pytest.fixture
async def graph(teams: TwoTeams) -> AsyncIterator[Graph]:
    async with following() as made:
        yield made


FIELDS = """id version need acceptanceCriteria state health confidence neededBy neededByWeek promisedBy overdue
    consumerTeam { name } providerTeam { name } keyResult { title } objective { title } cycle { name }
    criticality offeredNeed note evidenceUrl riskOwner { name } createdBy { name } askedBy { name }
    attention { flag explanation } viewerActions
    checkIns { totalCount nodes { health confidence confidenceBefore promisedBy note answersAsk author { name } } }
    comments { totalCount nodes { body } }"""


def payload(fields: str = "id version state") -> str:
    return f"{{ dependency {{ {fields} }} userErrors {{ code message field }} cursor }}"


async def call(graph: Graph, viewer: Any, name: str, key: Any = None, given: dict | None = None) -> dict:
    kind = name[0].upper() + name[1:]
    words = {"Draft": "Request", "Withdraw": "Reason", "Reopen": "Reason", "Start": "Step", "Ask": "Step"}
    word = kind.removeprefix("Dependency")
    input_type = f"Dependency{words.get(word, 'Step' if word == 'Cancel' else word)}Input"
    if key is None:
        document = f"mutation($in: {input_type}!) {{ {name}(input: $in) {payload()} }}"
        return (await graph.run(viewer, document, **{"in": given}))[name]
    document = f"mutation($id: ID!, $in: {input_type}!) {{ {name}(id: $id, input: $in) {payload()} }}"
    return (await graph.run(viewer, document, id=key, **{"in": given or {}}))[name]


def asked(teams: TwoTeams, **values: Any) -> dict:
    return {
        "need": "An API",
        "consumerTeamId": global_id("Team", teams.growth.id),
        "providerTeamId": global_id("Team", teams.platform.id),
        "keyResultId": global_id("KeyResult", teams.key_result.id),
        "neededByWeek": 6,
        **values,
    }


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


COMMENT = """mutation($in: CommentCreateInput!) { commentCreate(input: $in) { comment { id subject { __typename id }
    replies { id } } userErrors { code field } } }"""


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


CHANGES = """subscription($team: ID, $after: Cursor) { dependencyChanges(teamId: $team, after: $after) {
    changes { __typename ... on ChangeMeta { cursor actor { name } clientMutationId }
        ... on DependencyChanged { stateBefore action dependency { id version state note viewerActions } }
        ... on EntityRemoved { entityId } } } }"""


async def test_each_step_reaches_both_teams_with_the_state_before(graph, teams) -> None:
    team = global_id("Team", teams.platform.id)
    async with live(graph, teams.provider, CHANGES, team=team) as feed:
        made = await call(graph, teams.consumer, "dependencyRequest", given=asked(teams))
        key = made["dependency"]["id"]
        (change,) = await feed.changes()
        assert (change["stateBefore"], change["action"], change["actor"]) == (
            None,
            "REQUEST",
            {"name": "Cora"},
        )
        assert change["cursor"] == made["cursor"]
        assert change["dependency"]["viewerActions"] == ["ACCEPT", "COUNTER", "DECLINE", "EDIT"]
        await call(
            graph, teams.second_provider, "dependencyAccept", key, {"note": "Yes.", "clientMutationId": "x"}
        )
        (change,) = await feed.changes()
        assert change["dependency"] == {
            "id": key,
            "version": 2,
            "state": "ACCEPTED",
            "note": "Yes.",
            "viewerActions": ["START", "DELIVER", "WITHDRAW", "CANCEL", "CHECK_IN", "EDIT"],
        }
        assert (change["stateBefore"], change["action"], change["clientMutationId"]) == (
            "REQUESTED",
            "ACCEPT",
            "x",
        )


async def test_a_draft_reaches_its_team_and_the_others_once_it_is_sent(graph, teams) -> None:
    async with live(graph, teams.consumer, CHANGES) as ours, live(graph, teams.lawyer, CHANGES) as others:
        made = await call(graph, teams.consumer, "dependencyDraft", given=asked(teams))
        key = made["dependency"]["id"]
        assert [each["action"] for each in await ours.changes()] == ["DRAFT"]
        await call(graph, teams.consumer, "dependencySubmit", key, {})
        (change,) = await others.changes()
        assert (change["action"], change["stateBefore"]) == ("SUBMIT", "DRAFT")


async def test_a_feed_of_one_team_leaves_out_what_others_owe_each_other(graph, teams) -> None:
    team = global_id("Team", teams.legal.id)
    async with live(graph, teams.lawyer, CHANGES, team=team) as feed:
        await teams.requested()
        await teams.requested(provider_team_id=teams.legal.id, need="A contract")
        (change,) = await feed.changes()
        assert change["dependency"]["version"] == 1
    async with listening(graph, teams.lawyer, CHANGES, team=global_id("Team", new_key())) as feed:
        result = await feed.result()
        assert [error.extensions["code"] for error in result.errors] == ["NOT_FOUND"]


async def test_the_kind_and_the_subtree_find_dependencies_in_the_whole_feed(graph, teams) -> None:
    document = """subscription($filter: ChangeFilter) { changes(filter: $filter) { changes { __typename
        ... on DependencyChanged { dependency { need } } ... on LiaisonChanged { liaison { purpose } } } } }"""
    below = {"kinds": ["DEPENDENCY"], "underRootId": global_id("Objective", teams.objective.id)}
    liaison = """mutation($in: LiaisonAppointInput!) { liaisonAppoint(input: $in) { liaison { id teamA { id } }
        userErrors { code } } }"""
    given = {
        "personId": global_id("Person", teams.staff.person_id),
        "teamAId": global_id("Team", teams.growth.id),
        "teamBId": global_id("Team", teams.platform.id),
        "purpose": "Weekly",
    }
    async with (
        live(graph, teams.consumer, document, filter=below) as feed,
        live(graph, teams.lawyer, document, filter={"kinds": ["LIAISON"]}) as between,
    ):
        await teams.requested(objective_id=teams.draft.id, need="Elsewhere")
        dependency = await teams.requested()
        assert [each["dependency"]["need"] for each in await feed.changes()] == ["An API"]
        comment = {"subjectId": global_id("Dependency", dependency.id), "body": "Hm"}
        await graph.run(teams.lawyer, COMMENT, **{"in": comment})
        made = await graph.run(teams.administrator, liaison, **{"in": given})
        assert made["liaisonAppoint"]["userErrors"] == []
        (change,) = await between.changes()
        assert change == {"__typename": "LiaisonChanged", "liaison": {"purpose": "Weekly"}}
    end = "mutation($id: ID!) { liaisonEnd(id: $id) { liaison { endedAt } userErrors { code } } }"
    key = made["liaisonAppoint"]["liaison"]["id"]
    assert (await graph.run(teams.staff, end, id=key))["liaisonEnd"]["userErrors"] == []
    data = await graph.run(
        teams.lawyer, "query($id: ID!) { liaison(id: $id) { person { name } endedAt } }", id=key
    )
    assert data["liaison"]["person"] == {"name": "Stig"}


async def test_comments_on_a_dependency_reach_who_follows_it_or_its_objective(graph, teams) -> None:
    document = """subscription($id: ID!) { commentChanges(subjectId: $id) { changes { __typename
        ... on CommentChanged { subjectId comment { body } } } } }"""
    dependency = await teams.requested()
    key = global_id("Dependency", dependency.id)
    above = global_id("Objective", teams.objective.id)
    async with (
        live(graph, teams.provider, document, id=key) as feed,
        live(graph, teams.lawyer, document, id=above) as higher,
    ):
        await graph.run(teams.consumer, COMMENT, **{"in": {"subjectId": key, "body": "Still?"}})
        for changes in (await feed.changes(), await higher.changes()):
            assert kinds_of(changes) == ["CommentChanged"]
            assert changes[0]["subjectId"] == key
