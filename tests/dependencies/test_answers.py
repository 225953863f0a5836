from datetime import date, timedelta

import pytest

from okrgraph.dependencies import answers
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.vocabulary import CycleState
from okrgraph.people.models import Person
from okrgraph.people.vocabulary import PersonStatus
from tests.building import add_person
from tests.refusals import refused
from tests.two_teams import WHY

TODAY = clock.now().date()
LATER = TODAY + timedelta(days=25)


async def test_a_provider_accepts_with_its_day(teams) -> None:
    dependency = await teams.requested()
    done = await answers.accept_dependency(teams.provider, dependency.id, LATER, Said("Gladly."))
    found = await teams.again(dependency)
    assert done.entity_id == dependency.id
    assert (found.state, found.promised_by, found.note) == (S.ACCEPTED, LATER, "Gladly.")
    assert found.accepted_at == found.updated_at


async def test_without_a_day_nothing_is_promised_but_what_was_asked(teams) -> None:
    dependency = await teams.requested()
    await answers.accept_dependency(teams.provider, dependency.id)
    assert (await teams.again(dependency)).promised_by is None


async def test_an_offer_is_not_what_is_needed_until_it_is_accepted(teams) -> None:
    dependency = await teams.requested()
    await answers.counter_dependency(teams.provider, dependency.id, LATER, " Half an API ")
    offered = await teams.again(dependency)
    assert (offered.state, offered.need, offered.offered_need) == (S.COUNTERED, "An API", "Half an API")
    assert (offered.promised_by, offered.accepted_at) == (LATER, None)

    async with refused("INVALID", "promised_by"):
        await answers.accept_dependency(teams.consumer, dependency.id, TODAY)
    await answers.accept_dependency(teams.second_consumer, dependency.id)

    agreed = await teams.again(dependency)
    assert (agreed.state, agreed.need, agreed.offered_need) == (S.ACCEPTED, "Half an API", None)
    assert (agreed.promised_by, agreed.needed_by) == (LATER, dependency.needed_by)


async def test_an_offer_offers_something(teams) -> None:
    dependency = await teams.requested()
    for need in (None, "  "):
        async with refused("INVALID"):
            await answers.counter_dependency(teams.provider, dependency.id, need=need)
    async with refused("INVALID", "promised_by"):
        await answers.counter_dependency(teams.provider, dependency.id, date(2200, 1, 1))
    async with refused("INVALID", "need"):
        await answers.counter_dependency(teams.provider, dependency.id, need="x" * 501)


@pytest.mark.parametrize(
    ("state", "take", "who"),
    [
        (S.REQUESTED, answers.decline_dependency, "provider"),
        (S.ACCEPTED, answers.withdraw_dependency, "provider"),
        (S.ACCEPTED, answers.cancel_dependency, "provider"),
        (S.IN_PROGRESS, answers.cancel_dependency, "consumer"),
        (S.DELIVERED, answers.reopen_dependency, "consumer"),
        (S.ESCALATED, answers.cancel_dependency, "head"),
    ],
)
async def test_what_the_other_side_does_not_expect_says_why(teams, state, take, who) -> None:
    dependency = await teams.in_state(state)
    for note in (None, " "):
        async with refused("INVALID", "note"):
            await take(getattr(teams, who), dependency.id, Said(note))
    async with refused("INVALID", "note"):
        await take(getattr(teams, who), dependency.id, Said("x" * 20_001))
    await take(getattr(teams, who), dependency.id, WHY)
    assert (await teams.again(dependency)).note == WHY.note


async def test_a_delivery_is_confirmed_or_found_lacking(teams) -> None:
    dependency = await teams.in_state(S.IN_PROGRESS)
    await answers.deliver_dependency(teams.provider, dependency.id, " https://acme.example/api ")
    delivered = await teams.again(dependency)
    assert delivered.evidence_url == "https://acme.example/api"
    assert delivered.delivered_at == delivered.updated_at

    await answers.reopen_dependency(teams.consumer, dependency.id, Said("It does not answer."))
    reopened = await teams.again(dependency)
    assert (reopened.state, reopened.delivered_at) == (S.IN_PROGRESS, None)
    assert reopened.accepted_at == dependency.accepted_at

    await answers.deliver_dependency(teams.provider, dependency.id)
    await answers.confirm_dependency(teams.consumer, dependency.id)
    confirmed = await teams.again(dependency)
    assert (confirmed.state, confirmed.evidence_url) == (S.CONFIRMED, "https://acme.example/api")
    assert confirmed.confirmed_at == confirmed.updated_at
    assert confirmed.delivered_at < confirmed.confirmed_at


@pytest.mark.parametrize("url", ["ftp://acme.example", "javascript:alert(1)", "acme.example", "https://a b"])
async def test_evidence_is_what_a_browser_may_open(teams, url) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    async with refused("INVALID", "evidence_url"):
        await answers.deliver_dependency(teams.provider, dependency.id, url)


async def test_an_escalation_names_who_owns_the_risk(teams) -> None:
    dependency = await teams.in_state(S.WITHDRAWN)
    async with refused("INVALID", "risk_owner_id"):
        await answers.escalate_dependency(teams.consumer, dependency.id, said=WHY)
    async with refused("NOT_FOUND", "risk_owner_id"):
        await answers.escalate_dependency(teams.consumer, dependency.id, new_key(), WHY)
    gone = await add_person(
        teams.org.operator, {}, name="Gone", email="gone@acme.example", status=PersonStatus.SUSPENDED
    )
    async with refused("STATE", "risk_owner_id"):
        await answers.escalate_dependency(teams.consumer, dependency.id, gone.entity_id, WHY)

    await answers.escalate_dependency(teams.consumer, dependency.id, teams.staff.person_id, WHY)

    found = await teams.again(dependency)
    assert (found.state, found.risk_owner_id) == (S.ESCALATED, teams.staff.person_id)
    assert await Person.filter(id=found.risk_owner_id).exists()


async def test_what_serves_a_draft_is_not_escalated(teams) -> None:
    dependency = await teams.in_state(S.DECLINED, objective_id=teams.draft.id)
    async with refused("STATE", entity_id=dependency.id) as refusal:
        await answers.escalate_dependency(teams.consumer, dependency.id, teams.consumer.person_id, WHY)
    assert refusal.messages == ["Publish what it serves first, so that those who decide can see it."]


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("head", True),
        ("administrator", True),
        ("staff", False),
        ("lawyer", False),
        ("consumer", False),
        ("provider", False),
        ("observer", False),
    ],
)
async def test_leads_above_both_and_administrators_settle(teams, who, may) -> None:
    dependency = await teams.in_state(S.ESCALATED)
    settling = answers.settle_dependency(getattr(teams, who), dependency.id, S.ACCEPTED, LATER, said=WHY)
    if may:
        await settling
        found = await teams.again(dependency)
        assert (found.state, found.promised_by) == (S.ACCEPTED, LATER)
        assert found.accepted_at == found.updated_at
    else:
        async with refused("FORBIDDEN", "id", entity_id=dependency.id):
            await settling


async def test_leads_of_one_team_of_two_branches_do_not_stand_above_both(teams) -> None:
    dependency = await teams.in_state(S.DECLINED, provider_team_id=teams.platform.id)
    await answers.escalate_dependency(teams.consumer, dependency.id, teams.consumer.person_id, WHY)
    across = await teams.requested(provider_team_id=teams.legal.id)
    await answers.decline_dependency(teams.lawyer, across.id, WHY)
    await answers.escalate_dependency(teams.consumer, across.id, teams.consumer.person_id, WHY)
    async with refused("FORBIDDEN", "id", entity_id=across.id):
        await answers.settle_dependency(teams.head, across.id, S.ACCEPTED, said=WHY)
    chief = await teams.org.steward(teams.org.company)
    await answers.settle_dependency(chief, across.id, S.IN_PROGRESS, said=WHY)
    assert (await teams.again(across)).state is S.IN_PROGRESS


async def test_a_date_is_settled_where_there_is_a_promise(teams) -> None:
    dependency = await teams.in_state(S.ESCALATED)
    async with refused("INVALID", "promised_by"):
        await answers.settle_dependency(teams.head, dependency.id, S.REQUESTED, LATER, said=WHY)
    async with refused("INVALID", "promised_by"):
        await answers.settle_dependency(teams.head, dependency.id, S.COUNTERED, said=WHY)
    await answers.settle_dependency(teams.head, dependency.id, S.COUNTERED, LATER, said=WHY)
    assert (await teams.again(dependency)).promised_by == LATER


@pytest.mark.parametrize("who", ["stranger"])
async def test_a_stranger_finds_nothing(teams, who) -> None:
    dependency = await teams.requested()
    async with refused("NOT_FOUND", "id"):
        await answers.accept_dependency(getattr(teams, who), dependency.id)
    async with refused("NOT_FOUND", "id"):
        await answers.accept_dependency(teams.provider, new_key())


async def test_a_read_only_token_answers_nothing(teams) -> None:
    dependency = await teams.requested()
    async with refused("FORBIDDEN"):
        await answers.accept_dependency(teams.reader, dependency.id)


async def test_a_stale_version_is_a_conflict_before_the_state_and_after_the_right(teams) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    async with refused("CONFLICT", "expected_version", entity_id=dependency.id) as refusal:
        await answers.accept_dependency(teams.provider, dependency.id, said=Said(expected_version=1))
    assert refusal.messages == ["Somebody changed this after version 1; look at version 2 and try again."]
    async with refused("FORBIDDEN", "id", entity_id=dependency.id):
        await answers.decline_dependency(teams.consumer, dependency.id, Said("No.", 1))
    await answers.start_dependency(teams.provider, dependency.id, Said(expected_version=2))


async def test_in_review_promises_are_kept_and_none_are_made(teams) -> None:
    accepted, asked = await teams.in_state(S.ACCEPTED), await teams.requested()
    await teams.org.move(teams.cycle, CycleState.REVIEW)
    async with refused("STATE", entity_id=asked.id) as refusal:
        await answers.accept_dependency(teams.provider, asked.id)
    assert refusal.messages == [
        "Dependencies can be requested and answered while the cycle is ALIGNING or ACTIVE; it is REVIEW now."
    ]
    await answers.deliver_dependency(teams.provider, accepted.id)
    await answers.cancel_dependency(teams.consumer, asked.id)
    await teams.org.move(teams.cycle, CycleState.CLOSED)
    async with refused("STATE", entity_id=accepted.id):
        await answers.confirm_dependency(teams.consumer, accepted.id)


async def test_a_draft_is_cancelled_unseen(teams) -> None:
    draft = await teams.drafted()
    await answers.cancel_dependency(teams.consumer, draft.id)
    found = await teams.again(draft)
    assert (found.state, found.requested_at) == (S.CANCELED, None)
    async with refused("NOT_FOUND", "id"):
        await answers.cancel_dependency(teams.provider, draft.id)
