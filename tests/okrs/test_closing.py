import asyncio
import math

import pytest

from okrgraph.events.log import read_after
from okrgraph.kit import clock
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.key_results import KeyResultChange, NewKeyResult, create_key_result, update_key_result
from okrgraph.okrs.links import NewLink, propose_link
from okrgraph.okrs.models import Objective
from okrgraph.okrs.objectives import ObjectiveChange, close_objective, publish_objective, update_objective
from okrgraph.okrs.vocabulary import CloseOutcome, CycleState, ObjectiveState
from tests.locks import held_open, somebody_waits
from tests.refusals import refused


@pytest.fixture
async def objective(acme) -> Objective:
    return await acme.org.objective(acme.member, team=acme.growth, published=True)


@pytest.mark.parametrize(
    ("outcome", "score"), list(zip(CloseOutcome, (1.0, 0.7, 0.0, None, None), strict=True))
)
async def test_an_objective_is_closed_with_outcome_learning_and_score(acme, objective, outcome, score):
    moment = clock.now()
    with clock.held_at(moment):
        done = await close_objective(acme.member, objective.id, outcome, " Enough ", score=score)

    found = await Objective.get(id=objective.id)
    assert (found.state, found.close_outcome, found.learning, found.score, found.closed_at) == (
        ObjectiveState.CLOSED,
        outcome,
        "Enough",
        score,
        moment,
    )
    (logged,) = await read_after(acme.org.id, done.position - 1)
    assert (logged.kind, logged.entity_version) == ("ObjectiveChanged", found.version)


@pytest.mark.parametrize("score", [-0.1, 1.1, math.inf, -math.inf, math.nan])
async def test_a_score_outside_zero_to_one_is_refused(acme, objective, score):
    async with refused("INVALID", "score"):
        await close_objective(acme.member, objective.id, CloseOutcome.MISSED, "Late", score=score)


@pytest.mark.parametrize("learning", ["", " \n", "x" * 20_001, "\0"])
async def test_what_was_learned_must_be_said(acme, objective, learning):
    async with refused("INVALID", "learning"):
        await close_objective(acme.member, objective.id, CloseOutcome.MISSED, learning)


async def test_only_a_published_objective_is_closed_and_only_once(acme, objective):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    async with refused("STATE", entity_id=draft.id):
        await close_objective(acme.member, draft.id, CloseOutcome.CANCELED, "Why?")
    await close_objective(acme.member, objective.id, CloseOutcome.ACHIEVED, "Enough")
    async with refused("STATE", entity_id=objective.id):
        await close_objective(acme.member, objective.id, CloseOutcome.MISSED, "Late")


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (CycleState.PLANNING, False),
        (CycleState.ALIGNING, False),
        (CycleState.ACTIVE, True),
        (CycleState.REVIEW, True),
        (CycleState.CLOSED, False),
        (CycleState.ARCHIVED, False),
    ],
)
async def test_objectives_close_while_the_cycle_runs_or_is_reviewed(acme, objective, state, is_open):
    await acme.org.move(acme.cycle, state)
    if is_open:
        await close_objective(acme.member, objective.id, CloseOutcome.ACHIEVED, "Enough")
        return
    async with refused("STATE", entity_id=objective.id):
        await close_objective(acme.member, objective.id, CloseOutcome.ACHIEVED, "Enough")


async def test_closing_conflicts_with_what_somebody_else_edited(acme, objective):
    await update_objective(
        acme.lead, objective.id, ObjectiveChange(frozenset({"why_now"}), why_now="Now"), objective.version
    )
    async with refused("CONFLICT", "expected_version", entity_id=objective.id):
        await close_objective(
            acme.member, objective.id, CloseOutcome.MISSED, "Late", expected_version=objective.version
        )


async def test_what_is_closed_no_longer_changes(acme, objective):
    number = await acme.org.key_result(objective)
    above = await acme.org.objective(published=True)
    await close_objective(acme.member, objective.id, CloseOutcome.ACHIEVED, "Enough")

    async with refused("STATE", entity_id=objective.id):
        change = ObjectiveChange(frozenset({"title"}), title="Shrink", reason="late")
        await update_objective(acme.member, objective.id, change)
    async with refused("STATE", entity_id=objective.id):
        await publish_objective(acme.member, objective.id, override_reason="again")
    async with refused("STATE", "objective_id", entity_id=objective.id):
        await create_key_result(acme.member, NewKeyResult(objective.id, "More"))
    async with refused("STATE", entity_id=objective.id):
        await update_key_result(acme.member, number.id, KeyResultChange(frozenset({"weight"}), weight=2.0))
    async with refused("STATE", "key_result_id"):
        await check_in(acme.member, NewCheckIn(number.id, 4))
    async with refused("STATE", "child_id", entity_id=objective.id):
        await propose_link(acme.member, objective.id, NewLink(above.id))
    other = await acme.org.objective(acme.seller, team=acme.sales)
    async with refused("STATE", "parent_id", entity_id=objective.id):
        await propose_link(acme.seller, other.id, NewLink(objective.id))


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_check_in_beside_the_closing_comes_too_late(acme, objective):
    number = await acme.org.key_result(objective)
    closing = held_open(lambda: close_objective(acme.member, objective.id, CloseOutcome.ACHIEVED, "Enough"))
    async with closing:
        late = asyncio.create_task(check_in(acme.lead, NewCheckIn(number.id, 4)))
        await somebody_waits()
    async with refused("STATE", "key_result_id"):
        await late
