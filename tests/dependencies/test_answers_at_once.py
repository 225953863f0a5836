"""Steps that people take at the same time: one wins, whoever it is, and the other is told so."""

import asyncio
from collections import Counter
from functools import partial

import pytest

from okrgraph.dependencies import answers, check_ins, requests
from okrgraph.dependencies.check_ins import NewDependencyCheckIn
from okrgraph.dependencies.models import Dependency, DependencyCheckIn
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyHealth
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.events.database import fetch_all
from okrgraph.kit.errors import DomainError
from tests.databases import open_and_audited
from tests.dependencies.test_walks import history_of
from tests.locks import held_open, somebody_waits
from tests.two_teams import WHY, TwoTeams, make_two_teams

ROUNDS = 200
AS_SEEN = Said("As I see it.", expected_version=1)


@pytest.fixture
async def on_postgres(postgres_databases, tmp_path):
    async with (
        postgres_databases.prepared(tmp_path, make_two_teams) as (database, made),
        open_and_audited(database),
    ):
        yield made


async def attempt(step) -> str:
    """WON, or the code of the refusal."""
    try:
        await step
    except DomainError as error:
        return str(error.problems[0].code)
    return "WON"


async def of_one(teams: TwoTeams, dependency: Dependency, *steps) -> tuple[list[str], Dependency]:
    """The outcomes of steps taken at once, of which one was written."""
    outcomes = await asyncio.gather(*(attempt(step) for step in steps))
    assert outcomes.count("WON") == 1, outcomes
    found = await teams.again(dependency)
    assert found.version == 2
    assert len(await history_of(dependency.id)) == 2
    return sorted(outcomes), found


async def test_of_two_providers_that_answer_at_once_one_does(on_postgres) -> None:
    teams, states, seen = on_postgres, Counter(), Counter()
    for number in range(ROUNDS):
        dependency = await teams.requested(need=f"Thing {number}")
        said = (Said(), AS_SEEN)[number % 2]
        steps = [
            answers.accept_dependency(teams.provider, dependency.id, said=said),
            answers.decline_dependency(
                teams.second_provider, dependency.id, Said("No.", said.expected_version)
            ),
        ]
        outcomes, found = await of_one(teams, dependency, *(steps if number % 4 < 2 else steps[::-1]))
        seen[outcomes[0]] += 1
        states[found.state] += 1
    assert set(seen) <= {"STATE", "CONFLICT"}
    assert seen["CONFLICT"] >= ROUNDS // 2
    assert set(states) == {S.ACCEPTED, S.DECLINED}


async def test_of_a_provider_that_counters_and_a_consumer_that_cancels_one_wins(on_postgres) -> None:
    teams, seen = on_postgres, Counter()
    for number in range(ROUNDS):
        dependency = await teams.requested(need=f"Thing {number}")
        steps = [
            answers.counter_dependency(teams.provider, dependency.id, need="Less"),
            # What was offered may be cancelled as well, so the consumer says what it has seen.
            answers.cancel_dependency(teams.consumer, dependency.id, AS_SEEN),
        ]
        outcomes, found = await of_one(teams, dependency, *(steps if number % 4 < 2 else steps[::-1]))
        seen[found.state, outcomes[0]] += 1
    assert {state for state, _ in seen} == {S.COUNTERED, S.CANCELED}
    assert {code for _, code in seen} <= {"STATE", "CONFLICT"}
    assert sum(seen.values()) == ROUNDS


async def test_a_cancellation_that_overlaps_an_offer_is_told_of_it(on_postgres) -> None:
    """Also without a version: what came first is not yet seen by whoever waited for it."""
    teams = on_postgres
    for number in range(10):
        dependency = await teams.requested(need=f"Thing {number}")
        offer = partial(answers.counter_dependency, teams.provider, dependency.id, need="Less")
        async with held_open(offer):
            waiting = asyncio.create_task(attempt(answers.cancel_dependency(teams.consumer, dependency.id)))
            await somebody_waits()
        assert await waiting == "CONFLICT"
        assert (await teams.again(dependency)).state is S.COUNTERED


async def test_sixteen_providers_that_accept_at_once_make_one_promise(teams) -> None:
    dependency = await teams.requested()
    steps = [
        answers.accept_dependency((teams.provider, teams.second_provider)[number % 2], dependency.id)
        for number in range(16)
    ]
    outcomes, found = await of_one(teams, dependency, *steps)
    assert set(outcomes[:-1]) <= {"STATE", "CONFLICT"}
    assert found.state is S.ACCEPTED


async def test_check_ins_made_at_once_all_stand_and_the_last_one_counts(teams) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    made = await asyncio.gather(
        *(
            check_ins.check_in_on_dependency(
                teams.provider, dependency.id, NewDependencyCheckIn(DependencyHealth.ON_TRACK, number % 5 + 1)
            )
            for number in range(10)
        )
    )
    last = max(done.position for done in made)
    rows = await fetch_all(
        "SELECT body FROM change_log WHERE pos = :pos AND entity_id = :id", pos=last, id=dependency.id
    )
    by_time = await DependencyCheckIn.filter(dependency_id=dependency.id).order_by("created_at", "id")
    stands = await teams.again(dependency)
    assert len(by_time) == 10
    assert stands.confidence == by_time[-1].confidence
    assert f'"confidence":{stands.confidence}' in rows[0][0]
    before = [each.confidence for each in by_time]
    assert [each.confidence_before for each in by_time] == [None, *before[:-1]]


async def test_of_questions_asked_at_once_one_is(teams) -> None:
    dependency = await teams.in_state(S.ACCEPTED)
    outcomes = await asyncio.gather(
        *(attempt(check_ins.ask_about_dependency(teams.consumer, dependency.id)) for _ in range(6))
    )
    assert sorted(outcomes) == ["STATE"] * 5 + ["WON"]


async def test_a_step_waits_for_one_that_is_not_committed_and_is_judged_by_it(on_postgres) -> None:
    teams = on_postgres
    dependency = await teams.requested()
    lock = "SELECT id FROM dependency WHERE id = :id FOR UPDATE"
    async with held_open(lambda: fetch_all(lock, id=dependency.id)):
        waiting = asyncio.create_task(attempt(answers.decline_dependency(teams.provider, dependency.id, WHY)))
        await somebody_waits()
        assert not waiting.done()
    assert await waiting == "WON"


async def test_requests_made_at_once_are_all_made(teams) -> None:
    made = await asyncio.gather(*(teams.requested(need=f"Thing {number}") for number in range(8)))
    assert await Dependency.all().count() == len({each.id for each in made}) == 8
    resent = [requests.submit_dependency(teams.consumer, each.id) for each in made]
    assert [await attempt(step) for step in resent] == ["STATE"] * 8
