"""The table of states, checked against what domain.md says in section 7, written down once more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.dependencies.states import (
    AT_RISK,
    OPEN,
    TABLE,
    TERMINAL,
    Needs,
    RefusalKind,
    actions_in,
    refusal_of,
    replayed,
    states_of,
    transition_of,
)
from okrgraph.dependencies.vocabulary import DependencyAction as A
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.dependencies.vocabulary import Side

C, P, L = Side.CONSUMER, Side.PROVIDER, Side.LEADERSHIP
EARLIER = {S.REQUESTED, S.COUNTERED, S.ACCEPTED, S.IN_PROGRESS, S.DECLINED, S.WITHDRAWN}
# State, next, by whom: the rows of domain.md that move a dependency.
MOVES = {
    (S.DRAFT, S.REQUESTED): {C},
    (S.DRAFT, S.CANCELED): {C},
    (S.REQUESTED, S.ACCEPTED): {P},
    (S.REQUESTED, S.COUNTERED): {P},
    (S.REQUESTED, S.DECLINED): {P},
    (S.REQUESTED, S.CANCELED): {C},
    (S.COUNTERED, S.ACCEPTED): {C},
    (S.COUNTERED, S.REQUESTED): {C},
    (S.COUNTERED, S.CANCELED): {C},
    (S.ACCEPTED, S.IN_PROGRESS): {P},
    (S.ACCEPTED, S.DELIVERED): {P},
    (S.ACCEPTED, S.WITHDRAWN): {P},
    (S.ACCEPTED, S.CANCELED): {C, P},
    (S.IN_PROGRESS, S.DELIVERED): {P},
    (S.IN_PROGRESS, S.WITHDRAWN): {P},
    (S.IN_PROGRESS, S.CANCELED): {C, P},
    (S.DELIVERED, S.CONFIRMED): {C},
    (S.DELIVERED, S.IN_PROGRESS): {C},
    (S.DECLINED, S.REQUESTED): {C},
    (S.DECLINED, S.ESCALATED): {C},
    (S.DECLINED, S.CANCELED): {C},
    (S.WITHDRAWN, S.REQUESTED): {C},
    (S.WITHDRAWN, S.ESCALATED): {C},
    (S.WITHDRAWN, S.CANCELED): {C},
    **{(S.ESCALATED, state): {L} for state in (*EARLIER, S.CANCELED)},
}
IN_PLACE = (A.EDIT, A.ASK, A.CHECK_IN)


def test_the_table_moves_dependencies_as_the_domain_says() -> None:
    moves = {
        (line.source, target): set(line.by)
        for line in TABLE
        if line.source is not None and line.action not in IN_PLACE
        for target in line.targets
    }
    assert moves == MOVES


def test_no_state_has_two_lines_for_one_action() -> None:
    lines = [(line.source, line.action) for line in TABLE]
    assert len(lines) == len(set(lines))


def test_what_is_terminal_allows_nothing_to_anybody() -> None:
    assert {S.CONFIRMED, S.CANCELED} == TERMINAL
    for state in S:
        assert (actions_in(state, set(Side)) == ()) == (state in TERMINAL)


def test_the_groups_of_states_are_disjoint() -> None:
    groups = [*OPEN, *AT_RISK, *TERMINAL, S.DRAFT, S.DELIVERED]
    assert sorted(groups) == sorted(S)


@pytest.mark.parametrize(
    ("action", "needs"),
    [
        (A.COUNTER, {Needs.OFFER}),
        (A.DECLINE, {Needs.NOTE}),
        (A.WITHDRAW, {Needs.NOTE}),
        (A.REOPEN, {Needs.NOTE}),
        (A.ESCALATE, {Needs.NOTE, Needs.RISK_OWNER}),
        (A.SETTLE, {Needs.NOTE}),
    ],
)
def test_steps_that_the_other_side_does_not_expect_need_their_reason(action, needs) -> None:
    assert {line.needs for line in TABLE if line.action is action} == {frozenset(needs)}


def test_cancelling_needs_a_reason_once_somebody_has_agreed() -> None:
    with_reason = {line.source for line in TABLE if line.action is A.CANCEL and Needs.NOTE in line.needs}
    assert with_reason == {S.ACCEPTED, S.IN_PROGRESS, S.ESCALATED}


@pytest.mark.parametrize(
    ("state", "sides", "actions"),
    [
        (S.DRAFT, {C}, (A.SUBMIT, A.CANCEL, A.EDIT)),
        (S.DRAFT, {P}, ()),
        (S.REQUESTED, {P}, (A.ACCEPT, A.COUNTER, A.DECLINE, A.EDIT)),
        (S.REQUESTED, {C}, (A.CANCEL, A.EDIT)),
        (S.COUNTERED, {C}, (A.ACCEPT, A.SUBMIT, A.CANCEL, A.EDIT)),
        (S.ACCEPTED, {C}, (A.CANCEL, A.ASK, A.EDIT)),
        (S.IN_PROGRESS, {P}, (A.DELIVER, A.WITHDRAW, A.CANCEL, A.CHECK_IN, A.EDIT)),
        (S.DELIVERED, {C}, (A.CONFIRM, A.REOPEN, A.EDIT)),
        (S.ESCALATED, {L}, (A.SETTLE, A.CANCEL)),
        (S.ESCALATED, {C}, (A.EDIT,)),
    ],
)
def test_what_a_side_may_do_now(state, sides, actions) -> None:
    assert actions_in(state, sides) == actions


@pytest.mark.parametrize(
    ("state", "action", "sides", "kind", "sentence"),
    [
        (
            S.REQUESTED,
            A.ACCEPT,
            set(),
            RefusalKind.FORBIDDEN,
            "A dependency is accepted by members of the consuming team, members of the providing team only.",
        ),
        (
            S.REQUESTED,
            A.ACCEPT,
            {C},
            RefusalKind.FORBIDDEN,
            "A dependency is accepted by members of the providing team only while it is REQUESTED.",
        ),
        (
            S.CONFIRMED,
            A.ACCEPT,
            {C},
            RefusalKind.STATE,
            "A dependency can be accepted while it is REQUESTED or COUNTERED; it is CONFIRMED now.",
        ),
        (
            S.DRAFT,
            A.START,
            {P},
            RefusalKind.STATE,
            "A dependency can be started while it is ACCEPTED; it is DRAFT now.",
        ),
        (
            S.DRAFT,
            A.SETTLE,
            {C, P},
            RefusalKind.FORBIDDEN,
            "A dependency is settled by leads of a team above both and administrators only.",
        ),
    ],
)
def test_a_refusal_says_who_may_or_when(state, action, sides, kind, sentence) -> None:
    refusal = refusal_of(state, action, sides)
    assert refusal is not None
    assert (refusal.kind, refusal.message) == (kind, sentence)


@pytest.mark.parametrize("state", [S.DRAFT, S.DELIVERED, S.CONFIRMED, S.ESCALATED])
def test_an_escalation_is_settled_into_a_state_that_came_before_it(state) -> None:
    refusal = refusal_of(S.ESCALATED, A.SETTLE, {L}, state)
    assert refusal is not None
    assert refusal.kind is RefusalKind.STATE
    assert refusal.message == (
        "An escalated dependency goes back to REQUESTED, COUNTERED, ACCEPTED, IN_PROGRESS, DECLINED or "
        f"WITHDRAWN, not to {state}."
    )


@given(state=st.sampled_from(S), action=st.sampled_from(A), sides=st.sets(st.sampled_from(Side)))
def test_what_is_refused_is_just_what_is_not_offered(state, action, sides) -> None:
    is_offered = action in actions_in(state, sides)
    if action in (A.DRAFT, A.REQUEST):
        assert not is_offered
        return
    assert (refusal_of(state, action, sides) is None) == is_offered
    assert (transition_of(state, action) is not None) == (state in states_of(action))


@given(data=st.data())
def test_replaying_a_walk_leads_where_it_led(data) -> None:
    line = data.draw(st.sampled_from([each for each in TABLE if each.source is None]))
    steps, state = [(line.action, None)], line.targets[0]
    for _ in range(data.draw(st.integers(0, 12))):
        lines = [each for each in TABLE if each.source is state]
        if not lines:
            break
        line = data.draw(st.sampled_from(lines))
        target = data.draw(st.sampled_from(line.targets))
        steps.append((line.action, target))
        state = target
    assert replayed(steps) is state


def test_a_step_that_the_table_lacks_is_not_replayed() -> None:
    assert replayed([]) is None
    with pytest.raises(ValueError, match="no dependency that is REQUESTED is DELIVER"):
        replayed([(A.REQUEST, None), (A.DELIVER, None)])
    with pytest.raises(ValueError, match="no dependency that is None is ACCEPT"):
        replayed([(A.ACCEPT, None)])
