"""Who sees a dependency: the rule in SQL and the rule of the log agree, for everybody and in every state."""

import pytest

from okrgraph.dependencies import reads, requests
from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.places import place_of_dependency
from okrgraph.dependencies.reads import DependencySelection
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.events.pages import PageRequest
from okrgraph.okrs.objectives import publish_objective
from okrgraph.people.vocabulary import MemberRole
from tests.two_teams import TwoTeams

NAMES = (
    *("consumer", "second_consumer", "observer", "provider", "second_provider", "reader"),
    *("head", "staff", "lawyer", "administrator", "stranger"),
)


async def seers(teams: TwoTeams, dependency: Dependency) -> set[str]:
    """Who sees it by the reads; the log must say the same of everybody."""
    place = await place_of_dependency(dependency)
    found = set()
    for name in NAMES:
        viewer = getattr(teams, name)
        sees = dependency.id in await reads.dependencies_by_id(viewer, [dependency.id])
        if name != "stranger":  # whose log is another one
            assert (not place.acl.isdisjoint(viewer.scopes)) is sees, name
        if sees:
            found.add(name)
    return found


CONSUMERS = {"consumer", "second_consumer", "observer"}
PROVIDERS = {"observer", "provider", "second_provider", "reader"}
ALL = set(NAMES) - {"stranger"}


@pytest.mark.parametrize("state", S)
async def test_what_serves_something_published_is_seen_by_all_once_it_was_asked(teams, state) -> None:
    dependency = await teams.in_state(state)
    assert await seers(teams, dependency) == (CONSUMERS if state is S.DRAFT else ALL)


async def test_what_serves_a_draft_is_seen_by_both_teams_until_that_is_published(teams) -> None:
    draft = await teams.drafted(objective_id=teams.draft.id)
    assert await seers(teams, draft) == CONSUMERS
    await requests.submit_dependency(teams.consumer, draft.id)
    asked = await teams.again(draft)
    assert await seers(teams, asked) == CONSUMERS | PROVIDERS
    await publish_objective(teams.consumer, teams.draft.id, override_reason="as the test needs it")
    assert await seers(teams, asked) == ALL


async def test_a_co_owning_team_sees_what_a_draft_needs(teams) -> None:
    shared = await teams.org.objective(teams.consumer, team=teams.growth, co_owners=(teams.legal,))
    dependency = await teams.requested(objective_id=shared.id)
    assert await seers(teams, dependency) == CONSUMERS | PROVIDERS | {"lawyer"}


async def test_who_leaves_a_team_no_longer_sees_its_own_things(teams) -> None:
    draft = await teams.drafted()
    gone = await teams.org.leave(teams.second_consumer, teams.growth)
    assert await reads.dependencies_by_id(gone, [draft.id]) == {}


async def test_every_list_and_count_leaves_out_what_is_hidden(teams) -> None:
    hidden = await teams.requested(objective_id=teams.draft.id)
    own = await teams.drafted()
    shown = await teams.in_state(S.IN_PROGRESS)
    everything, page = DependencySelection(), PageRequest(10)
    states = tuple(S)
    for viewer, expected in (
        (teams.lawyer, {shown.id}),
        (teams.provider, {shown.id, hidden.id}),
        (teams.consumer, {shown.id, hidden.id, own.id}),
    ):
        org = [teams.org.id]
        listed = (await reads.dependencies_of_organization(viewer, org, page=page, selection=everything))[
            teams.org.id
        ]
        assert {row.id for row in listed.rows} == expected
        assert await reads.dependency_counts(viewer, org, selection=everything) == {
            teams.org.id: len(expected)
        }
        for batch, team in ((reads.owed_by_teams, teams.platform), (reads.owed_to_teams, teams.growth)):
            found = await batch(viewer, [team.id], states=states)
            assert {row.id for row in found[team.id]} == expected
        by_objective = await reads.dependencies_of_objectives(viewer, [teams.objective.id, teams.draft.id])
        assert {row.id for rows in by_objective.values() for row in rows} == expected
        by_key_result = await reads.dependencies_of_key_results(viewer, [teams.key_result.id])
        assert {row.id for row in by_key_result[teams.key_result.id]} == expected - {hidden.id}
        made = await reads.check_ins_of_dependencies(viewer, [shown.id, hidden.id], page=page)
        assert list(made) == [shown.id]
    history = (await reads.check_ins_of_dependencies(teams.lawyer, [shown.id], page=page))[shown.id].rows
    assert list(await reads.check_ins_by_id(teams.stranger, [history[0].id])) == []
    assert await reads.check_in_counts(teams.stranger, [shown.id]) == {}
    assert await reads.check_in_counts(teams.lawyer, [shown.id]) == {shown.id: 1}


async def test_lists_can_be_narrowed_by_cycle_teams_and_states(teams) -> None:
    other = await teams.org.cycle(name="Other")
    elsewhere = await teams.org.objective(teams.consumer, team=teams.growth, cycle=other, published=True)
    here, there = await teams.requested(), await teams.in_state(S.ACCEPTED, objective_id=elsewhere.id)
    back = await teams.requested(
        teams.provider,
        consumer_team_id=teams.platform.id,
        provider_team_id=teams.growth.id,
        objective_id=teams.objective.id,
        key_result_id=None,
    )

    async def found(**values) -> set[object]:
        selection = DependencySelection(**values)
        pages = await reads.dependencies_of_organization(
            teams.lawyer, [teams.org.id], page=PageRequest(10), selection=selection
        )
        counted = await reads.dependency_counts(teams.lawyer, [teams.org.id], selection=selection)
        rows = pages[teams.org.id].rows if pages else []
        assert counted[teams.org.id] == len(rows)
        return {row.id for row in rows}

    assert await found(cycle_id=teams.cycle.id) == {here.id, back.id}
    assert await found(consumer_team_id=teams.growth.id) == {here.id, there.id}
    assert await found(provider_team_id=teams.growth.id) == {back.id}
    assert await found(states=(S.ACCEPTED,)) == {there.id}
    assert await found(states=()) == set()
    owed = await reads.owed_by_teams(teams.lawyer, [teams.platform.id], cycle_id=other.id)
    assert [row.id for row in owed[teams.platform.id]] == [there.id]


async def test_new_members_of_a_provider_see_what_is_asked_of_it(teams) -> None:
    hidden = await teams.requested(objective_id=teams.draft.id)
    newcomer = await teams.org.person("Nils", {teams.platform: MemberRole.MEMBER})
    assert list(await reads.dependencies_by_id(newcomer, [hidden.id])) == [hidden.id]
