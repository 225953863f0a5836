from datetime import timedelta

from okrgraph.dependencies import answers, liaison_reads, liaisons, reads, team_reads
from okrgraph.dependencies.edits import DependencyChange, update_dependency
from okrgraph.dependencies.liaisons import NewLiaison, appoint_liaison, end_liaison
from okrgraph.dependencies.models import Liaison
from okrgraph.dependencies.vocabulary import DependencyCriticality
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.vocabulary import CycleKind
from tests.refusals import refused
from tests.two_teams import WHY

BLOCKING = DependencyCriticality.BLOCKING
TODAY = clock.now().date()
YESTERDAY = TODAY - timedelta(days=1)


async def test_what_is_owed_comes_by_day_and_then_by_what_blocks(teams) -> None:
    soon, later = TODAY + timedelta(days=2), TODAY + timedelta(days=9)
    nice = await teams.requested(needed_by=soon, criticality=DependencyCriticality.NICE_TO_HAVE)
    late = await teams.requested(needed_by=later, criticality=BLOCKING)
    normal = await teams.requested(needed_by=soon)
    blocking = await teams.requested(needed_by=soon, criticality=BLOCKING)
    await teams.in_state(S.DELIVERED)
    expected = [blocking.id, normal.id, nice.id, late.id]
    owed = await reads.owed_by_teams(teams.lawyer, [teams.platform.id, teams.growth.id])
    assert {team: [row.id for row in rows] for team, rows in owed.items()} == {teams.platform.id: expected}
    due = await reads.owed_to_teams(teams.lawyer, [teams.platform.id, teams.growth.id])
    assert {team: [row.id for row in rows] for team, rows in due.items()} == {teams.growth.id: expected}


async def test_the_matrix_counts_each_pair_as_far_as_the_viewer_sees(teams) -> None:
    await teams.requested(needed_by=YESTERDAY, criticality=BLOCKING)
    slipping = await teams.requested()
    await answers.accept_dependency(teams.provider, slipping.id, slipping.needed_by + timedelta(days=1))
    for state in (S.CONFIRMED, S.DECLINED, S.CANCELED, S.DRAFT):
        await teams.in_state(state)
    hidden = {"objective_id": teams.draft.id, "provider_team_id": teams.legal.id}
    await teams.requested(**hidden)
    cells = {
        (cell.consumer_team_id, cell.provider_team_id): cell
        for cell in await team_reads.dependency_matrix(teams.staff, teams.cycle.id)
    }
    assert set(cells) == {(teams.growth.id, teams.platform.id)}
    (cell,) = cells.values()
    assert (cell.total, cell.open, cell.blocking, cell.confirmed) == (4, 2, 1, 1)
    assert (cell.overdue, cell.slipping, cell.unanswered, cell.unowned_risks) == (1, 1, 0, 1)
    assert len(await team_reads.dependency_matrix(teams.lawyer, teams.cycle.id)) == 2
    assert await team_reads.dependency_matrix(teams.staff, new_key()) == []


async def test_reliability_looks_at_the_cycles_that_began_last(teams) -> None:
    await teams.in_state(S.CONFIRMED)
    await teams.in_state(S.ACCEPTED, needed_by=YESTERDAY)
    await teams.requested(needed_by=YESTERDAY)
    past = {"starts_on": TODAY - timedelta(days=130), "ends_on": TODAY - timedelta(days=40)}
    before = await teams.org.cycle(name="Before", **past)
    someday = await teams.org.cycle(kind=CycleKind.BACKLOG, starts_on=None, ends_on=None)
    future = {"starts_on": TODAY + timedelta(days=70), "ends_on": TODAY + timedelta(days=99)}
    await teams.org.cycle(name="Next", **future)
    old = await teams.org.objective(teams.consumer, team=teams.growth, cycle=before, published=True)
    await teams.in_state(S.ACCEPTED, objective_id=old.id, needed_by=TODAY - timedelta(days=50))
    teams_of = [teams.platform.id, teams.growth.id]
    found = await team_reads.reliability_of_teams(teams.lawyer, teams_of)
    assert {key: (each.in_time, each.due) for key, each in found.items()} == {
        teams.platform.id: (1, 3),
        teams.growth.id: (0, 0),
    }
    last = (await team_reads.reliability_of_teams(teams.lawyer, teams_of, cycles=1))[teams.platform.id]
    assert (last.in_time, last.due, last.ratio) == (1, 2, 0.5)
    assert someday.starts_on is None


async def test_dependencies_that_wait_for_each_other_are_found_where_they_are_seen(teams) -> None:
    there = await teams.requested(criticality=BLOCKING)
    back = await teams.requested(
        teams.provider,
        consumer_team_id=teams.platform.id,
        provider_team_id=teams.growth.id,
        criticality=BLOCKING,
        key_result_id=teams.key_result.id,
    )
    beside = await teams.requested()
    keys = [there.id, back.id, beside.id]
    assert await reads.deadlocked_dependencies(teams.lawyer, keys) == {
        there.id: True,
        back.id: True,
        beside.id: False,
    }
    circles = await reads.deadlocks_of_organization(teams.lawyer, [])
    assert circles == {teams.org.id: [tuple(sorted([there.id, back.id]))]}
    assert await reads.deadlocked_dependencies(teams.stranger, [there.id]) == {there.id: False}
    change = DependencyChange(frozenset({"criticality"}), criticality=DependencyCriticality.IMPORTANT)
    await update_dependency(teams.consumer, there.id, change)
    assert not any((await reads.deadlocked_dependencies(teams.lawyer, keys)).values())


async def test_a_pair_wants_a_liaison_from_three_open_dependencies_on(teams) -> None:
    await teams.requested()
    await teams.requested(
        teams.provider, consumer_team_id=teams.platform.id, provider_team_id=teams.growth.id
    )
    assert await liaison_reads.pairs_without_liaison(teams.lawyer, teams.cycle.id) == []
    third = await teams.requested()
    low, high = sorted((teams.growth.id, teams.platform.id))
    (pair,) = await liaison_reads.pairs_without_liaison(teams.lawyer, teams.cycle.id)
    assert (pair.team_a_id, pair.team_b_id, pair.open_dependencies) == (low, high, 3)

    other = await teams.org.cycle(name="Other")
    lead = await teams.org.steward(teams.growth)
    new = NewLiaison(teams.staff.person_id, teams.platform.id, teams.growth.id, other.id)
    await appoint_liaison(lead, new)
    assert len(await liaison_reads.pairs_without_liaison(teams.lawyer, teams.cycle.id)) == 1
    for_all = NewLiaison(teams.staff.person_id, teams.platform.id, teams.growth.id)
    done = await appoint_liaison(lead, for_all)
    assert await liaison_reads.pairs_without_liaison(teams.lawyer, teams.cycle.id) == []
    await end_liaison(teams.staff, done.entity_id)
    assert len(await liaison_reads.pairs_without_liaison(teams.lawyer, teams.cycle.id)) == 1
    await answers.decline_dependency(teams.provider, third.id, WHY)
    assert await liaison_reads.pairs_without_liaison(teams.lawyer, teams.cycle.id) == []


async def test_leads_of_either_team_and_administrators_name_liaisons(teams) -> None:
    new = NewLiaison(teams.staff.person_id, teams.platform.id, teams.growth.id, purpose=" Weekly ")
    for name in ("consumer", "provider", "observer", "head", "lawyer"):
        async with refused("FORBIDDEN", "team_a_id"):
            await appoint_liaison(getattr(teams, name), new)
    done = await appoint_liaison(teams.administrator, new)
    made = await Liaison.get(id=done.entity_id)
    assert (made.team_a_id, made.team_b_id) == tuple(sorted((teams.platform.id, teams.growth.id)))
    assert (made.person_id, made.version, made.ended_at) == (teams.staff.person_id, 1, None)
    lead = await teams.org.steward(teams.platform)
    turned = NewLiaison(teams.staff.person_id, teams.growth.id, teams.platform.id)
    async with refused("DUPLICATE", entity_id=made.id):
        await appoint_liaison(lead, turned)
    async with refused("INVALID", "team_b_id"):
        await appoint_liaison(lead, NewLiaison(teams.staff.person_id, teams.platform.id, teams.platform.id))
    for name, field in (("person_id", "person_id"), ("team_a_id", "team_a_id"), ("cycle_id", "cycle_id")):
        values = {"person_id": teams.staff.person_id, "team_a_id": teams.platform.id, "cycle_id": None}
        async with refused("NOT_FOUND", field):
            await appoint_liaison(lead, NewLiaison(team_b_id=teams.growth.id, **{**values, name: new_key()}))
    assert await liaison_reads.liaisons_of_teams(teams.lawyer, [teams.growth.id, teams.legal.id]) == {
        teams.growth.id: list((await liaison_reads.liaisons_by_id(teams.lawyer, [made.id])).values())
    }
    assert await liaison_reads.liaisons_by_id(teams.stranger, [made.id]) == {}


async def test_a_liaison_ends_once_by_who_may_name_it_or_is_it(teams) -> None:
    lead = await teams.org.steward(teams.platform)
    new = NewLiaison(teams.staff.person_id, teams.platform.id, teams.growth.id)
    done = await appoint_liaison(lead, new)
    async with refused("FORBIDDEN", "id", entity_id=done.entity_id):
        await end_liaison(teams.consumer, done.entity_id)
    async with refused("NOT_FOUND", "id"):
        await end_liaison(teams.stranger, done.entity_id)
    async with refused("CONFLICT", "expected_version", entity_id=done.entity_id):
        await end_liaison(lead, done.entity_id, 0)
    await end_liaison(lead, done.entity_id, 1)
    ended = await Liaison.get(id=done.entity_id)
    assert (ended.version, ended.ended_at) == (2, ended.updated_at)
    async with refused("STATE", entity_id=done.entity_id):
        await end_liaison(teams.staff, done.entity_id)
    await liaisons.appoint_liaison(lead, new)
