from datetime import timedelta

import pytest

from okrgraph.dependencies import answers, check_ins, reads
from okrgraph.dependencies.check_ins import NewDependencyCheckIn
from okrgraph.dependencies.models import DependencyCheckIn
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyHealth as H
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.events.pages import PageRequest
from okrgraph.kit import clock
from tests.refusals import refused

LATER = clock.now().date() + timedelta(days=25)


async def test_a_check_in_says_how_it_goes_and_is_kept(teams) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    new = NewDependencyCheckIn(H.AT_RISK, 2, LATER)
    await check_ins.check_in_on_dependency(teams.provider, dependency.id, new, Said("One is ill."))
    found = await teams.again(dependency)
    assert (found.state, found.health, found.confidence) == (S.ACCEPTED, H.AT_RISK, 2)
    assert (found.promised_by, found.note, found.version) == (LATER, "One is ill.", 3)

    await check_ins.check_in_on_dependency(
        teams.second_provider, dependency.id, NewDependencyCheckIn(H.ON_TRACK, 4)
    )
    history = (await reads.check_ins_of_dependencies(teams.lawyer, [dependency.id], page=PageRequest(10)))[
        dependency.id
    ].rows
    assert [(each.health, each.confidence, each.confidence_before) for each in history] == [
        (H.ON_TRACK, 4, 2),
        (H.AT_RISK, 2, None),
    ]
    assert [each.promised_by for each in history] == [LATER, LATER]
    assert [each.note for each in history] == [None, "One is ill."]
    assert [each.author_id for each in history] == [
        teams.second_provider.person_id,
        teams.provider.person_id,
    ]


async def test_a_question_is_open_until_the_provider_checks_in(teams) -> None:
    dependency = await teams.in_state(S.IN_PROGRESS)
    await check_ins.ask_about_dependency(teams.consumer, dependency.id, Said("Still on track?"))
    asked = await teams.again(dependency)
    assert (asked.asked_at, asked.asked_by_id) == (asked.updated_at, teams.consumer.person_id)
    assert (asked.state, asked.note) == (S.IN_PROGRESS, "Still on track?")
    async with refused("STATE", entity_id=dependency.id) as refusal:
        await check_ins.ask_about_dependency(teams.second_consumer, dependency.id)
    assert refusal.messages == ["The provider has been asked already; its next check-in answers."]

    new = NewDependencyCheckIn(H.ON_TRACK, 4)
    await check_ins.check_in_on_dependency(teams.provider, dependency.id, new)

    answered = await teams.again(dependency)
    assert (answered.asked_at, answered.asked_by_id) == (None, None)
    made = await DependencyCheckIn.filter(dependency_id=dependency.id).order_by("created_at")
    assert [each.answers_ask for each in made] == [False, True]
    await check_ins.ask_about_dependency(teams.consumer, dependency.id)


@pytest.mark.parametrize("take", [answers.deliver_dependency, answers.withdraw_dependency])
async def test_a_question_ends_with_what_it_was_about(teams, take) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    await check_ins.ask_about_dependency(teams.consumer, dependency.id)
    await take(teams.provider, dependency.id, said=Said("Done with it."))
    found = await teams.again(dependency)
    assert (found.asked_at, found.asked_by_id) == (None, None)


@pytest.mark.parametrize("confidence", [0, 6, -1])
async def test_a_rating_is_one_to_five(teams, confidence) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    async with refused("INVALID", "confidence"):
        await check_ins.check_in_on_dependency(
            teams.provider, dependency.id, NewDependencyCheckIn(H.ON_TRACK, confidence)
        )


@pytest.mark.parametrize("who", ["consumer", "observer", "head", "lawyer"])
async def test_the_provider_alone_checks_in(teams, who) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    async with refused("FORBIDDEN", "id", entity_id=dependency.id):
        await check_ins.check_in_on_dependency(
            getattr(teams, who), dependency.id, NewDependencyCheckIn(H.ON_TRACK, 4)
        )


async def test_nothing_is_checked_in_on_that_nobody_promised(teams) -> None:
    dependency = await teams.requested()
    async with refused("STATE", entity_id=dependency.id):
        await check_ins.check_in_on_dependency(
            teams.provider, dependency.id, NewDependencyCheckIn(H.ON_TRACK, 4)
        )
