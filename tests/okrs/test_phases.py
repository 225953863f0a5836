import pytest

from okrgraph.okrs.phases import Act, amendment_needs_reason, cycle_refusal
from okrgraph.okrs.vocabulary import CycleKind, CycleState

S = CycleState
DATED = (CycleKind.ANNUAL, CycleKind.QUARTER, CycleKind.CUSTOM)
BACKLOG_REFUSAL = "A backlog holds drafts only; for anything else the objective needs a dated cycle."
WHILE_DRAFTING = "while the cycle is PLANNING, ALIGNING or ACTIVE; it is CLOSED now."


def allowed(state: CycleState, kind: CycleKind) -> set[Act]:
    return {act for act in Act if cycle_refusal(state, act, kind) is None}


@pytest.mark.parametrize("kind", DATED)
@pytest.mark.parametrize(
    ("state", "acts"),
    [
        (S.PLANNING, {Act.DRAFT_EDIT, Act.COMMENT}),
        (S.ALIGNING, set(Act) - {Act.CHECK_IN, Act.CLOSE}),
        (S.ACTIVE, set(Act)),
        (S.REVIEW, {Act.CHECK_IN, Act.KEEP_PROMISE, Act.CLOSE, Act.COMMENT}),
        (S.CLOSED, {Act.COMMENT}),
        (S.ARCHIVED, {Act.COMMENT}),
    ],
)
def test_a_dated_cycle_allows_what_its_state_lists(
    kind: CycleKind, state: CycleState, acts: set[Act]
) -> None:
    assert allowed(state, kind) == acts


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        (S.PLANNING, {Act.DRAFT_EDIT, Act.COMMENT}),
        (S.ALIGNING, {Act.DRAFT_EDIT, Act.COMMENT}),
        (S.ACTIVE, {Act.DRAFT_EDIT, Act.COMMENT}),
        (S.REVIEW, {Act.COMMENT}),
        (S.CLOSED, {Act.COMMENT}),
        (S.ARCHIVED, {Act.COMMENT}),
    ],
)
def test_a_backlog_allows_drafts_and_comments_at_most(state: CycleState, acts: set[Act]) -> None:
    assert allowed(state, CycleKind.BACKLOG) == acts


@pytest.mark.parametrize("act", [Act.LINK, Act.PUBLISH, Act.AMEND, Act.CHECK_IN, Act.CLOSE])
def test_a_backlog_refuses_for_being_a_backlog(act: Act) -> None:
    assert {cycle_refusal(state, act, CycleKind.BACKLOG) for state in S} == {BACKLOG_REFUSAL}


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            Act.DRAFT_EDIT,
            f"Drafts can be created and changed {WHILE_DRAFTING}",
        ),
        (
            Act.LINK,
            "Links can be proposed and decided while the cycle is ALIGNING or ACTIVE; it is CLOSED now.",
        ),
        (Act.PUBLISH, "Objectives can be published while the cycle is ALIGNING or ACTIVE; it is CLOSED now."),
        (
            Act.AMEND,
            "Published objectives can be changed while the cycle is ALIGNING or ACTIVE; it is CLOSED now.",
        ),
        (Act.CHECK_IN, "Check-ins can be made while the cycle is ACTIVE or REVIEW; it is CLOSED now."),
        (Act.CLOSE, "Objectives can be closed while the cycle is ACTIVE or REVIEW; it is CLOSED now."),
    ],
)
def test_a_refusal_names_the_states_that_allow_the_act(act: Act, sentence: str) -> None:
    assert cycle_refusal(S.CLOSED, act, CycleKind.QUARTER) == sentence


def test_a_change_to_what_is_published_needs_a_reason_from_active_on() -> None:
    assert {state for state in S if amendment_needs_reason(state)} == {
        S.ACTIVE,
        S.REVIEW,
        S.CLOSED,
        S.ARCHIVED,
    }
