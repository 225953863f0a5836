from datetime import date, timedelta

import pytest

from okrgraph.dependencies import answers, requests
from okrgraph.dependencies.events import DependencyChanged
from okrgraph.dependencies.requests import NewDependency, Terms
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyCriticality
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.events import log
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.objectives import close_objective
from okrgraph.okrs.vocabulary import CloseOutcome, CycleKind, CycleState
from okrgraph.people.viewer import EVERYONE, team_scope
from tests.refusals import refused
from tests.two_teams import WHY

TODAY = clock.now().date()


async def last_entry(teams):
    head = await log.head_of(teams.org.id)
    return (await log.read_after(teams.org.id, head.position - 1))[0]


async def test_a_request_holds_what_was_asked_and_stands_in_the_log_as_asked(teams) -> None:
    made = await teams.requested(
        need="  An API ",
        criticality=DependencyCriticality.BLOCKING,
        acceptance_criteria="It answers.",
        provider_owner_id=teams.provider.person_id,
    )
    assert (made.need, made.state, made.version, made.criticality) == ("An API", S.REQUESTED, 1, "BLOCKING")
    assert (made.consumer_team_id, made.provider_team_id) == (teams.growth.id, teams.platform.id)
    assert (made.key_result_id, made.objective_id) == (teams.key_result.id, None)
    assert made.served_objective_id == teams.objective.id
    assert made.needed_by == TODAY + timedelta(days=20)
    assert (made.acceptance_criteria, made.provider_owner_id) == ("It answers.", teams.provider.person_id)
    assert made.requested_at == made.created_at
    assert made.created_by_id == teams.consumer.person_id
    assert (made.promised_by, made.health, made.confidence, made.accepted_at) == (None, None, None, None)
    entry = await last_entry(teams)
    assert (entry.kind, entry.entity_id, entry.entity_version) == ("DependencyChanged", made.id, 1)
    assert entry.path == (made.id, teams.key_result.id, teams.objective.id)
    assert entry.teams == (teams.growth.id, teams.platform.id)
    assert entry.acl == {EVERYONE, team_scope(teams.growth.id), team_scope(teams.platform.id)}
    event = DependencyChanged.from_body(entry.body)
    assert (event.state_before, event.action) == (None, "REQUEST")


async def test_a_draft_is_its_team_s_own_until_it_is_sent(teams) -> None:
    made = await teams.drafted(objective_id=teams.objective.id)
    assert (made.state, made.requested_at) == (S.DRAFT, None)
    assert (await last_entry(teams)).acl == {team_scope(teams.growth.id)}

    await requests.submit_dependency(teams.second_consumer, made.id)

    sent = await teams.again(made)
    assert (sent.state, sent.version) == (S.REQUESTED, 2)
    assert sent.requested_at == sent.updated_at
    head = await log.head_of(teams.org.id)
    step, access = await log.read_after(teams.org.id, head.position - 2)
    assert (step.kind, access.kind) == ("DependencyChanged", "AccessChanged")
    assert (access.body["root_type"], access.body["root_id"]) == ("Dependency", str(made.id))
    for entry in (step, access):
        assert entry.acl_before == {team_scope(teams.growth.id)}
        assert entry.acl == {EVERYONE, team_scope(teams.growth.id), team_scope(teams.platform.id)}


async def test_a_request_for_a_draft_is_seen_by_both_teams_only(teams) -> None:
    made = await teams.requested(objective_id=teams.draft.id)
    scopes = {team_scope(teams.growth.id), team_scope(teams.platform.id)}
    assert (await last_entry(teams)).acl == scopes
    assert made.served_objective_id == teams.draft.id


async def test_by_a_week_is_by_its_last_day(teams) -> None:
    made = await teams.requested(needed_by_week=6)
    assert made.needed_by == teams.cycle.starts_on + timedelta(days=41)
    last = await teams.requested(needed_by_week=13)
    assert last.needed_by == teams.cycle.ends_on


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"need": "  "}, "need", "The need must not be empty."),
        ({"need": "x" * 501}, "need", "The need may have at most 500 characters; this has 501."),
        (
            {"needed_by_week": 14},
            "needed_by_week",
            "This cycle has the weeks 1 to 13.",
        ),
        ({"needed_by": None}, None, "Say by when it is needed: either a date or a week of the cycle."),
        ({"needed_by": date(1969, 12, 31)}, "needed_by", "The year must lie between 1970 and 2199."),
    ],
)
async def test_terms_that_make_no_sense_are_refused(teams, values, field, message) -> None:
    async with refused("INVALID", field) as refusal:
        await teams.requested(**values)
    assert refusal.messages == [message]


async def test_exactly_one_day_and_one_consumer_are_named(teams) -> None:
    both = {"needed_by": TODAY, "needed_by_week": 2}
    new = NewDependency("X", teams.growth.id, teams.platform.id, teams.key_result.id, **both)
    async with refused("INVALID"):
        await requests.request_dependency(teams.consumer, new)
    async with refused("INVALID") as refusal:
        await teams.requested(objective_id=teams.objective.id, key_result_id=teams.key_result.id)
    assert refusal.messages == ["Name either the key result or the objective that needs it."]
    async with refused("INVALID"):
        await teams.requested(key_result_id=None)


@pytest.mark.parametrize(
    ("who", "field"),
    [("second_provider", "consumer_team_id"), ("observer", "consumer_team_id"), ("head", "consumer_team_id")],
)
async def test_only_members_of_the_consuming_team_ask_in_its_name(teams, who, field) -> None:
    async with refused("FORBIDDEN", field):
        await teams.requested(getattr(teams, who))


async def test_a_read_only_token_asks_nothing(teams) -> None:
    async with refused("FORBIDDEN"):
        await teams.requested(
            teams.reader, consumer_team_id=teams.platform.id, provider_team_id=teams.growth.id
        )


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("key_result_id", "key_result_id"),
        ("objective_id", "objective_id"),
        ("consumer_team_id", "consumer_team_id"),
        ("provider_team_id", "provider_team_id"),
        ("provider_objective_id", "provider_objective_id"),
        ("provider_key_result_id", "provider_key_result_id"),
        ("provider_owner_id", "provider_owner_id"),
    ],
)
async def test_what_is_not_there_is_not_found(teams, name, field) -> None:
    async with refused("NOT_FOUND", field):
        await teams.requested(**{name: new_key()})


async def test_what_is_hidden_is_not_found(teams) -> None:
    async with refused("NOT_FOUND", "objective_id"):
        await teams.requested(
            teams.provider,
            consumer_team_id=teams.platform.id,
            provider_team_id=teams.growth.id,
            objective_id=teams.draft.id,
        )
    async with refused("NOT_FOUND", "key_result_id"):
        await teams.requested(teams.stranger)


async def test_a_team_depends_on_another_one(teams) -> None:
    async with refused("INVALID", "provider_team_id"):
        await teams.requested(provider_team_id=teams.growth.id)


async def test_one_thing_at_most_delivers_it(teams) -> None:
    async with refused("INVALID"):
        await teams.requested(
            provider_objective_id=teams.objective.id, provider_key_result_id=teams.key_result.id
        )


async def test_a_closed_objective_needs_nothing_any_more(teams) -> None:
    await close_objective(teams.consumer, teams.objective.id, CloseOutcome.MISSED, "Too late.")
    async with refused("STATE", "key_result_id", entity_id=teams.objective.id):
        await teams.requested()
    async with refused("STATE", "objective_id", entity_id=teams.objective.id):
        await teams.drafted(objective_id=teams.objective.id)


@pytest.mark.parametrize(
    ("state", "may_draft", "may_request"),
    [
        (CycleState.PLANNING, True, False),
        (CycleState.ALIGNING, True, True),
        (CycleState.ACTIVE, True, True),
        (CycleState.REVIEW, False, False),
        (CycleState.CLOSED, False, False),
    ],
)
async def test_the_cycle_says_when_to_draft_and_when_to_request(teams, state, may_draft, may_request) -> None:
    await teams.org.move(teams.cycle, state)
    for make, allowed in ((teams.drafted, may_draft), (teams.requested, may_request)):
        if allowed:
            await make()
        else:
            async with refused("STATE", "key_result_id"):
                await make()


async def test_a_backlog_has_drafts_without_weeks(teams) -> None:
    backlog = await teams.org.cycle(kind=CycleKind.BACKLOG, starts_on=None, ends_on=None)
    someday = await teams.org.objective(teams.consumer, team=teams.growth, cycle=backlog)
    assert (await teams.drafted(objective_id=someday.id)).state is S.DRAFT
    async with refused("INVALID", "needed_by_week") as refusal:
        await teams.drafted(objective_id=someday.id, needed_by_week=1)
    assert refusal.messages == ["This cycle has no weeks; name a date."]
    async with refused("STATE", "objective_id"):
        await teams.requested(objective_id=someday.id)


@pytest.mark.parametrize("state", [S.COUNTERED, S.DECLINED, S.WITHDRAWN])
async def test_asking_again_begins_anew_with_what_is_changed(teams, state) -> None:
    dependency = await teams.in_state(state)
    day = TODAY + timedelta(days=30)
    said = Said("Half would do.", dependency.version)

    await requests.submit_dependency(teams.consumer, dependency.id, Terms("Half an API", day), said)

    again = await teams.again(dependency)
    assert (again.state, again.need, again.needed_by) == (S.REQUESTED, "Half an API", day)
    assert (again.note, again.version) == ("Half would do.", dependency.version + 1)
    assert (again.promised_by, again.offered_need, again.accepted_at, again.health) == (None,) * 4
    assert again.requested_at > dependency.requested_at


async def test_asking_again_keeps_what_is_not_changed(teams) -> None:
    dependency = await teams.in_state(S.DECLINED)
    await requests.submit_dependency(teams.consumer, dependency.id)
    again = await teams.again(dependency)
    assert (again.need, again.needed_by) == (dependency.need, dependency.needed_by)
    await answers.decline_dependency(teams.provider, dependency.id, WHY)
    await requests.submit_dependency(teams.consumer, dependency.id, Terms(needed_by_week=2))
    assert (await teams.again(dependency)).needed_by == teams.cycle.starts_on + timedelta(days=13)
    await answers.decline_dependency(teams.provider, dependency.id, WHY)
    async with refused("INVALID", "need"):
        await requests.submit_dependency(teams.consumer, dependency.id, Terms(need=" "))
