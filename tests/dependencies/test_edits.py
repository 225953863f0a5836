from datetime import timedelta

import pytest

from okrgraph.dependencies.edits import DependencyChange, update_dependency
from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.vocabulary import DependencyCriticality
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.events import log
from okrgraph.kit import clock
from tests.refusals import refused

TODAY = clock.now().date()


async def edit(viewer, dependency: Dependency, expected_version: int | None = None, **values) -> Dependency:
    change = DependencyChange(frozenset(values), **values)
    await update_dependency(viewer, dependency.id, change, expected_version)
    return await Dependency.get(id=dependency.id)


async def test_the_consumer_changes_what_it_needs_until_it_is_answered(teams) -> None:
    dependency = await teams.requested()
    found = await edit(
        teams.second_consumer,
        dependency,
        need="A faster API",
        acceptance_criteria="It answers within a second.",
        needed_by=TODAY + timedelta(days=3),
        criticality=DependencyCriticality.BLOCKING,
        consumer_confidence=3,
        mitigation="Do without.",
        risk_owner_id=teams.staff.person_id,
    )
    assert (found.need, found.criticality, found.consumer_confidence) == ("A faster API", "BLOCKING", 3)
    assert (found.needed_by, found.version) == (TODAY + timedelta(days=3), 2)
    assert (found.mitigation, found.risk_owner_id) == ("Do without.", teams.staff.person_id)
    assert found.acceptance_criteria == "It answers within a second."
    by_week = await edit(teams.consumer, dependency, needed_by_week=2, acceptance_criteria=None)
    assert by_week.needed_by == teams.cycle.starts_on + timedelta(days=13)
    assert by_week.acceptance_criteria is None


@pytest.mark.parametrize("state", [S.COUNTERED, S.ACCEPTED, S.DELIVERED, S.DECLINED])
@pytest.mark.parametrize("name", ["need", "acceptance_criteria", "needed_by", "needed_by_week"])
async def test_terms_that_were_answered_stand(teams, state, name) -> None:
    dependency = await teams.in_state(state)
    async with refused("STATE", name, entity_id=dependency.id):
        await edit(teams.consumer, dependency, **{name: None})
    found = await edit(teams.consumer, dependency, consumer_confidence=1)
    assert found.consumer_confidence == 1


async def test_the_provider_says_what_of_its_work_delivers_it(teams) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    ours = await teams.org.objective(teams.provider, team=teams.platform, published=True)
    number = await teams.org.key_result(ours, teams.provider)
    found = await edit(
        teams.provider, dependency, provider_objective_id=ours.id, provider_owner_id=teams.staff.person_id
    )
    assert (found.provider_objective_id, found.provider_owner_id) == (ours.id, teams.staff.person_id)
    async with refused("INVALID"):
        await edit(teams.provider, dependency, provider_key_result_id=number.id)
    found = await edit(
        teams.provider, dependency, provider_key_result_id=number.id, provider_objective_id=None
    )
    assert (found.provider_objective_id, found.provider_key_result_id) == (None, number.id)
    entry = (await log.read_after(teams.org.id, (await log.head_of(teams.org.id)).position - 1))[0]
    assert entry.path == (dependency.id, teams.key_result.id, teams.objective.id, number.id, ours.id)


@pytest.mark.parametrize(
    ("who", "name"), [("provider", "mitigation"), ("provider", "need"), ("consumer", "provider_owner_id")]
)
async def test_each_side_changes_its_own_part(teams, who, name) -> None:
    dependency = await teams.requested()
    async with refused("FORBIDDEN", name, entity_id=dependency.id):
        await edit(getattr(teams, who), dependency, **{name: None})


async def test_the_consumer_writes_all_of_its_draft(teams) -> None:
    draft = await teams.drafted()
    found = await edit(teams.consumer, draft, need="Less", provider_owner_id=teams.provider.person_id)
    assert (found.need, found.provider_owner_id) == ("Less", teams.provider.person_id)


@pytest.mark.parametrize("who", ["observer", "head", "lawyer", "administrator"])
async def test_nobody_else_changes_anything(teams, who) -> None:
    dependency = await teams.requested()
    async with refused("FORBIDDEN", "id", entity_id=dependency.id):
        await edit(getattr(teams, who), dependency, mitigation="Mine")


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("need", None, "need"),
        ("needed_by", None, None),
        ("criticality", None, "criticality"),
        ("consumer_confidence", 6, "consumer_confidence"),
    ],
)
async def test_what_makes_no_sense_is_refused(teams, name, value, field) -> None:
    dependency = await teams.requested()
    async with refused("INVALID", field):
        await edit(teams.consumer, dependency, **{name: value})


async def test_what_changes_nothing_is_no_change(teams) -> None:
    dependency = await teams.requested()
    head = await log.head_of(teams.org.id)
    found = await edit(teams.consumer, dependency, need="An API", mitigation=None)
    assert (found.version, await log.head_of(teams.org.id)) == (1, head)


async def test_an_edit_keeps_the_last_note_and_knows_its_version(teams) -> None:
    dependency = await teams.in_state(S.DECLINED)
    assert dependency.note == "As things are."
    async with refused("CONFLICT", "expected_version", entity_id=dependency.id):
        await edit(teams.consumer, dependency, 1, mitigation="Plan B")
    found = await edit(teams.consumer, dependency, 2, mitigation="Plan B")
    assert found.note == "As things are."


async def test_what_has_ended_is_not_changed(teams) -> None:
    dependency = await teams.in_state(S.CONFIRMED)
    async with refused("STATE", entity_id=dependency.id):
        await edit(teams.consumer, dependency, mitigation="Plan B")
