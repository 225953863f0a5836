"""Dependencies in live feeds: who hears of a step, with which state before."""

from okrgraph.kit.ids import global_id, new_key
from tests.graph.dependencies.calling import COMMENT, asked, call
from tests.graph.feeds import kinds_of, listening, live

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
