"""The state machine of a dependency as one table: from which state, what, to which, by whom; pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from okrgraph.dependencies.vocabulary import DependencyAction as A
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.dependencies.vocabulary import Side


class Needs(StrEnum):
    """An input without which a step is not taken."""

    NOTE = "NOTE"
    OFFER = "OFFER"
    """Another date or another need."""
    RISK_OWNER = "RISK_OWNER"
    """Named with the step or before it."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table. source: None where there is no dependency yet. targets: the first unless chosen."""

    source: S | None
    action: A
    targets: tuple[S, ...]
    by: frozenset[Side]
    needs: frozenset[Needs] = frozenset()


class RefusalKind(StrEnum):
    FORBIDDEN = "FORBIDDEN"
    STATE = "STATE"


@dataclass(frozen=True, slots=True)
class Refusal:
    kind: RefusalKind
    message: str


_CONSUMER = frozenset({Side.CONSUMER})
_PROVIDER = frozenset({Side.PROVIDER})
_BOTH = _CONSUMER | _PROVIDER
_LEADERSHIP = frozenset({Side.LEADERSHIP})
_NOTE = frozenset({Needs.NOTE})
_OFFER = frozenset({Needs.OFFER})


def _stays(action: A, by: frozenset[Side], *states: S) -> tuple[Transition, ...]:
    return tuple(Transition(state, action, (state,), by) for state in states)


# Source: domain.md, section 7. An accepted dependency is cancelled by either side: the consumer whose need is
# gone would otherwise have to wait for the provider to say so.
TABLE: tuple[Transition, ...] = (
    Transition(None, A.DRAFT, (S.DRAFT,), _CONSUMER),
    Transition(None, A.REQUEST, (S.REQUESTED,), _CONSUMER),
    Transition(S.DRAFT, A.SUBMIT, (S.REQUESTED,), _CONSUMER),
    Transition(S.DRAFT, A.CANCEL, (S.CANCELED,), _CONSUMER),
    Transition(S.REQUESTED, A.ACCEPT, (S.ACCEPTED,), _PROVIDER),
    Transition(S.REQUESTED, A.COUNTER, (S.COUNTERED,), _PROVIDER, _OFFER),
    Transition(S.REQUESTED, A.DECLINE, (S.DECLINED,), _PROVIDER, _NOTE),
    Transition(S.REQUESTED, A.CANCEL, (S.CANCELED,), _CONSUMER),
    Transition(S.COUNTERED, A.ACCEPT, (S.ACCEPTED,), _CONSUMER),
    Transition(S.COUNTERED, A.SUBMIT, (S.REQUESTED,), _CONSUMER),
    Transition(S.COUNTERED, A.CANCEL, (S.CANCELED,), _CONSUMER),
    Transition(S.ACCEPTED, A.START, (S.IN_PROGRESS,), _PROVIDER),
    Transition(S.ACCEPTED, A.DELIVER, (S.DELIVERED,), _PROVIDER),
    Transition(S.ACCEPTED, A.WITHDRAW, (S.WITHDRAWN,), _PROVIDER, _NOTE),
    Transition(S.ACCEPTED, A.CANCEL, (S.CANCELED,), _BOTH, _NOTE),
    Transition(S.IN_PROGRESS, A.DELIVER, (S.DELIVERED,), _PROVIDER),
    Transition(S.IN_PROGRESS, A.WITHDRAW, (S.WITHDRAWN,), _PROVIDER, _NOTE),
    Transition(S.IN_PROGRESS, A.CANCEL, (S.CANCELED,), _BOTH, _NOTE),
    Transition(S.DELIVERED, A.CONFIRM, (S.CONFIRMED,), _CONSUMER),
    Transition(S.DELIVERED, A.REOPEN, (S.IN_PROGRESS,), _CONSUMER, _NOTE),
    Transition(S.DECLINED, A.SUBMIT, (S.REQUESTED,), _CONSUMER),
    Transition(S.DECLINED, A.ESCALATE, (S.ESCALATED,), _CONSUMER, _NOTE | {Needs.RISK_OWNER}),
    Transition(S.DECLINED, A.CANCEL, (S.CANCELED,), _CONSUMER),
    Transition(S.WITHDRAWN, A.SUBMIT, (S.REQUESTED,), _CONSUMER),
    Transition(S.WITHDRAWN, A.ESCALATE, (S.ESCALATED,), _CONSUMER, _NOTE | {Needs.RISK_OWNER}),
    Transition(S.WITHDRAWN, A.CANCEL, (S.CANCELED,), _CONSUMER),
    Transition(
        S.ESCALATED,
        A.SETTLE,
        (S.REQUESTED, S.COUNTERED, S.ACCEPTED, S.IN_PROGRESS, S.DECLINED, S.WITHDRAWN),
        _LEADERSHIP,
        _NOTE,
    ),
    Transition(S.ESCALATED, A.CANCEL, (S.CANCELED,), _LEADERSHIP, _NOTE),
    *_stays(A.CHECK_IN, _PROVIDER, S.ACCEPTED, S.IN_PROGRESS),
    *_stays(A.ASK, _CONSUMER, S.ACCEPTED, S.IN_PROGRESS),
    *_stays(A.EDIT, _CONSUMER, S.DRAFT),
    *_stays(
        A.EDIT,
        _BOTH,
        *(S.REQUESTED, S.COUNTERED, S.ACCEPTED, S.IN_PROGRESS, S.DELIVERED),
        *(S.DECLINED, S.WITHDRAWN, S.ESCALATED),
    ),
)
TERMINAL = frozenset({S.CONFIRMED, S.CANCELED})
# Asked for and not yet there: what one side owes an answer or the thing itself.
OPEN = (S.REQUESTED, S.COUNTERED, S.ACCEPTED, S.IN_PROGRESS)
# Promised, and not yet there.
UNDER_WAY = (S.ACCEPTED, S.IN_PROGRESS)
# Refused or taken back, and the need is still there.
AT_RISK = (S.DECLINED, S.WITHDRAWN, S.ESCALATED)

_FROM = {(line.source, line.action): line for line in TABLE}
_WORDS = {
    A.SUBMIT: "sent to the provider",
    A.EDIT: "changed",
    A.ACCEPT: "accepted",
    A.COUNTER: "countered",
    A.DECLINE: "declined",
    A.START: "started",
    A.ASK: "asked about",
    A.CHECK_IN: "checked in on",
    A.DELIVER: "delivered",
    A.CONFIRM: "confirmed",
    A.REOPEN: "reopened",
    A.WITHDRAW: "withdrawn",
    A.ESCALATE: "escalated",
    A.SETTLE: "settled",
    A.CANCEL: "cancelled",
}
_SIDE_WORDS = {
    Side.CONSUMER: "members of the consuming team",
    Side.PROVIDER: "members of the providing team",
    Side.LEADERSHIP: "leads of a team above both and administrators",
}


def transition_of(state: S | None, action: A) -> Transition | None:
    """The line of the table for an action in a state; None where the state does not know it."""
    return _FROM.get((state, action))


def states_of(action: A) -> tuple[S, ...]:
    """The states in which an action can be taken, in the order of the table."""
    return tuple(line.source for line in TABLE if line.action is action and line.source is not None)


def refusal_of(state: S, action: A, sides: Collection[Side], target: S | None = None) -> Refusal | None:
    """Say why an action cannot be taken; None when it can. sides: on which the person may act.

    Who may never take the action, in whatever state, learns no more than that.
    """
    if not any(line.by.intersection(sides) for line in TABLE if line.action is action):
        return _forbidden(action, frozenset().union(*(line.by for line in TABLE if line.action is action)))
    line = transition_of(state, action)
    if line is None:
        states = [each.value for each in states_of(action)]
        listed = states[0] if len(states) == 1 else f"{', '.join(states[:-1])} or {states[-1]}"
        return Refusal(
            RefusalKind.STATE,
            f"A dependency can be {_WORDS[action]} while it is {listed}; it is {state} now.",
        )
    if not line.by.intersection(sides):
        return _forbidden(action, line.by, state)
    if target is not None and target not in line.targets:
        states = [each.value for each in line.targets]
        return Refusal(
            RefusalKind.STATE,
            f"An escalated dependency goes back to {', '.join(states[:-1])} or {states[-1]}, not to {target}.",
        )
    return None


def _forbidden(action: A, sides: frozenset[Side], state: S | None = None) -> Refusal:
    who = ", ".join(_SIDE_WORDS[side] for side in Side if side in sides)
    while_ = "" if state is None else f" while it is {state}"
    return Refusal(RefusalKind.FORBIDDEN, f"A dependency is {_WORDS[action]} by {who} only{while_}.")


def actions_in(state: S, sides: Collection[Side]) -> tuple[A, ...]:
    """What somebody who acts on these sides may do now, in the order of the table."""
    return tuple(line.action for line in TABLE if line.source is state and line.by.intersection(sides))


def replayed(steps: Iterable[tuple[A, S | None]]) -> S | None:
    """The state that steps lead to; None before the first. A step is an action and, for SETTLE, where it led.

    Raises ValueError for a step that the table does not have.
    """
    state: S | None = None
    for action, target in steps:
        line = transition_of(state, action)
        if line is None or (target is not None and target not in line.targets):
            raise ValueError(f"no dependency that is {state} is {action} to {target}")
        state = target or line.targets[0]
    return state
