"""Random people take random steps: only what the table allows succeeds, each as one event, and the log replays."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from okrgraph.dependencies import answers, check_ins, edits, requests
from okrgraph.dependencies.edits import DependencyChange
from okrgraph.dependencies.models import Dependency, DependencyCheckIn
from okrgraph.dependencies.requests import Terms
from okrgraph.dependencies.states import replayed
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyAction as A
from okrgraph.dependencies.vocabulary import DependencyHealth
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.events.database import fetch_all
from okrgraph.kit import clock
from okrgraph.kit.errors import DomainError
from tests.dependencies.test_states import EARLIER, MOVES, C, L, P
from tests.two_teams import TwoTeams

# On which side each person acts, written down by hand; the reader's token does not write.
SIDES = {
    "consumer": {C},
    "second_consumer": {C},
    "observer": set(),
    "provider": {P},
    "second_provider": {P},
    "reader": set(),
    "head": {L},
    "staff": set(),
    "lawyer": set(),
    "administrator": {L},
    "stranger": set(),
}
# Where each action leads from each state; SETTLE where it is told to.
LEADS = {
    (S.DRAFT, A.SUBMIT): S.REQUESTED,
    (S.COUNTERED, A.SUBMIT): S.REQUESTED,
    (S.DECLINED, A.SUBMIT): S.REQUESTED,
    (S.WITHDRAWN, A.SUBMIT): S.REQUESTED,
    (S.REQUESTED, A.ACCEPT): S.ACCEPTED,
    (S.COUNTERED, A.ACCEPT): S.ACCEPTED,
    (S.REQUESTED, A.COUNTER): S.COUNTERED,
    (S.REQUESTED, A.DECLINE): S.DECLINED,
    (S.ACCEPTED, A.START): S.IN_PROGRESS,
    (S.ACCEPTED, A.DELIVER): S.DELIVERED,
    (S.IN_PROGRESS, A.DELIVER): S.DELIVERED,
    (S.DELIVERED, A.CONFIRM): S.CONFIRMED,
    (S.DELIVERED, A.REOPEN): S.IN_PROGRESS,
    (S.ACCEPTED, A.WITHDRAW): S.WITHDRAWN,
    (S.IN_PROGRESS, A.WITHDRAW): S.WITHDRAWN,
    (S.DECLINED, A.ESCALATE): S.ESCALATED,
    (S.WITHDRAWN, A.ESCALATE): S.ESCALATED,
    **{(state, A.CANCEL): S.CANCELED for state in S if state not in (S.DELIVERED, S.CONFIRMED, S.CANCELED)},
}
NEEDS_NOTE = {A.DECLINE, A.WITHDRAW, A.REOPEN, A.ESCALATE, A.SETTLE}
UNDER_WAY = (S.ACCEPTED, S.IN_PROGRESS)
STEPS = [action for action in A if action not in (A.DRAFT, A.REQUEST)]


@dataclass(frozen=True)
class Step:
    who: str
    action: A
    target: S
    has_note: bool


@st.composite
def walks(draw: Any) -> list[Step]:
    return draw(
        st.lists(
            st.builds(
                Step,
                who=st.sampled_from(["consumer", "provider", "consumer", "provider", *SIDES]),
                action=st.sampled_from(STEPS),
                target=st.sampled_from([*EARLIER, *S]),
                has_note=st.sampled_from([True, True, True, False]),
            ),
            min_size=5,
            max_size=25,
        )
    )


def outcome_of(state: S, step: Step, *, is_asked: bool, was_sent: bool) -> str | S:
    """The state that a step leads to, or the code of its refusal."""
    is_hidden = not was_sent and step.who not in ("consumer", "second_consumer", "observer")
    if step.who == "stranger" or is_hidden:
        return "NOT_FOUND"
    sides, allowed = SIDES[step.who], _by_whom(state, step)
    ever = {side for each in S for side in _by_whom(each, step) or ()}
    if not sides & ever or (allowed is not None and not sides & allowed):
        return "FORBIDDEN"
    is_settled_badly = step.action is A.SETTLE and step.target not in EARLIER
    if allowed is None or is_settled_badly or (step.action is A.ASK and is_asked):
        return "STATE"
    if not step.has_note and _needs_note(state, step.action):
        return "INVALID"
    return LEADS.get((state, step.action), step.target if step.action is A.SETTLE else state)


def _needs_note(state: S, action: A) -> bool:
    return action in NEEDS_NOTE or (action is A.CANCEL and state in (*UNDER_WAY, S.ESCALATED))


def _by_whom(state: S, step: Step) -> set[Any] | None:
    """The sides that may take the action in the state; None when nobody may."""
    if step.action is A.CHECK_IN:
        return {P} if state in UNDER_WAY else None
    if step.action is A.ASK:
        return {C} if state in UNDER_WAY else None
    if step.action is A.EDIT:
        if state in (S.CONFIRMED, S.CANCELED):
            return None
        return {C} if state is S.DRAFT else {C, P}
    if step.action is A.SETTLE:
        return {L} if state is S.ESCALATED else None
    target = LEADS.get((state, step.action))
    return None if target is None else MOVES[state, target]


async def take(world: TwoTeams, key: UUID, step: Step, number: int) -> None:
    viewer = getattr(world, step.who)
    said = Said(f"Step {number}." if step.has_note else None)
    day = clock.now().date() + timedelta(days=number)
    match step.action:
        case A.SUBMIT:
            await requests.submit_dependency(viewer, key, Terms(needed_by=day), said)
        case A.EDIT:
            change = (
                DependencyChange(frozenset({"mitigation"}), mitigation=f"Plan {number}")
                if C in SIDES[step.who]
                else DependencyChange(
                    frozenset({"provider_owner_id"}),
                    provider_owner_id=viewer.person_id if number % 2 else world.staff.person_id,
                )
            )
            await edits.update_dependency(viewer, key, change)
        case A.ACCEPT:
            await answers.accept_dependency(viewer, key, said=said)
        case A.COUNTER:
            await answers.counter_dependency(viewer, key, day, said=said)
        case A.CHECK_IN:
            new = check_ins.NewDependencyCheckIn(DependencyHealth.AT_RISK, number % 5 + 1, day)
            await check_ins.check_in_on_dependency(viewer, key, new, said)
        case A.ESCALATE:
            await answers.escalate_dependency(viewer, key, world.consumer.person_id, said)
        case A.SETTLE:
            promised = day if step.target in (S.COUNTERED, *UNDER_WAY) else None
            await answers.settle_dependency(viewer, key, step.target, promised, said=said)
        case A.DELIVER:
            await answers.deliver_dependency(viewer, key, "https://acme.example/api", said)
        case _:
            await SIMPLE[step.action](viewer, key, said)


SIMPLE: dict[A, Any] = {
    A.DECLINE: answers.decline_dependency,
    A.START: answers.start_dependency,
    A.ASK: check_ins.ask_about_dependency,
    A.CONFIRM: answers.confirm_dependency,
    A.REOPEN: answers.reopen_dependency,
    A.WITHDRAW: answers.withdraw_dependency,
    A.CANCEL: answers.cancel_dependency,
}


async def history_of(key: UUID) -> list[dict[str, Any]]:
    rows = await fetch_all(
        "SELECT body FROM change_log WHERE entity_id = :key AND kind = 'DependencyChanged' ORDER BY pos",
        key=key,
    )
    return [orjson.loads(row[0]) for row in rows]


async def positions() -> int:
    return int((await fetch_all("SELECT count(*) FROM change_log"))[0][0])


async def _step(world: TwoTeams, key: UUID, step: Step, number: int) -> None:
    before, logged = await Dependency.get(id=key), await positions()
    expected = outcome_of(
        before.state, step, is_asked=before.asked_at is not None, was_sent=before.requested_at is not None
    )
    if not isinstance(expected, S):
        with pytest.raises(DomainError) as refused:
            await take(world, key, step, number)
        assert str(refused.value.problems[0].code) == expected, (step, before.state)
        assert dict(await Dependency.get(id=key)) == dict(before)
        assert await positions() == logged
        return
    await take(world, key, step, number)
    after = await Dependency.get(id=key)
    assert after.state == expected, (step, before.state)
    # A change that changes nothing is none.
    is_same = step.action is A.EDIT and after.version == before.version
    # What is sent for the first time comes into sight, with what its team has said of it: that is told as well.
    is_sent = before.requested_at is None and after.requested_at is not None
    assert await positions() == logged + (0 if is_same else 2 if is_sent else 1)
    if not is_same:
        body = (await history_of(key))[-1]
        assert (body["state_before"], body["action"]) == (before.state, step.action)
        assert body["dependency"]["version"] == before.version + 1 == after.version


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=walks(), begins_as_draft=st.booleans())
async def test_only_allowed_steps_succeed_each_as_one_event_and_the_history_replays(
    teams, steps, begins_as_draft
) -> None:
    create = teams.drafted if begins_as_draft else teams.requested
    dependency = await create()
    for number, step in enumerate(steps):
        await _step(teams, dependency.id, step, number)

    history = await history_of(dependency.id)
    stands = await Dependency.get(id=dependency.id)
    assert len(history) == stands.version
    told = [(A(body["action"]), S(body["dependency"]["state"])) for body in history]
    assert replayed(told) is stands.state
    before = [None, *(state for _, state in told[:-1])]
    assert [body["state_before"] for body in history] == before
    made = await DependencyCheckIn.filter(dependency_id=dependency.id).count()
    assert made == sum(action is A.CHECK_IN for action, _ in told)
