"""What each state of a cycle allows on its objectives; a pure table, it knows neither rights nor rows."""

from enum import StrEnum

from okrgraph.okrs.vocabulary import CycleKind, CycleState


class Act(StrEnum):
    """What a person may want to do in a cycle."""

    DRAFT_EDIT = "DRAFT_EDIT"
    """Create, change or withdraw a draft and its key results."""
    LINK = "LINK"
    """Propose, answer or withdraw a link."""
    PUBLISH = "PUBLISH"
    AMEND = "AMEND"
    """Change a published objective or its key results."""
    CHECK_IN = "CHECK_IN"
    DEPEND = "DEPEND"
    """Ask another team for something, and answer."""
    KEEP_PROMISE = "KEEP_PROMISE"
    """Report on what was promised between teams, deliver it, confirm it, take it back."""
    CLOSE = "CLOSE"
    COMMENT = "COMMENT"


_PLANNING = frozenset({Act.DRAFT_EDIT, Act.COMMENT})
_ALIGNING = _PLANNING | {Act.LINK, Act.PUBLISH, Act.AMEND, Act.DEPEND, Act.KEEP_PROMISE}
# Close: an objective may be achieved or cancelled before its cycle is reviewed.
_ACTIVE = _ALIGNING | {Act.CHECK_IN, Act.CLOSE}
# Not cumulative: results are read off, so what they are measured against stands still. What is carried
# over becomes a draft of the next cycle, which is asked about its own state.
_REVIEW = frozenset({Act.CHECK_IN, Act.KEEP_PROMISE, Act.CLOSE, Act.COMMENT})
_OVER = frozenset({Act.COMMENT})

_ALLOWED = {
    CycleState.PLANNING: _PLANNING,
    CycleState.ALIGNING: _ALIGNING,
    CycleState.ACTIVE: _ACTIVE,
    CycleState.REVIEW: _REVIEW,
    CycleState.CLOSED: _OVER,
    CycleState.ARCHIVED: _OVER,
}
_BACKLOG = frozenset({Act.DRAFT_EDIT, Act.COMMENT})
_WORDS = {
    Act.DRAFT_EDIT: "Drafts can be created and changed",
    Act.LINK: "Links can be proposed and decided",
    Act.PUBLISH: "Objectives can be published",
    Act.AMEND: "Published objectives can be changed",
    Act.CHECK_IN: "Check-ins can be made",
    Act.DEPEND: "Dependencies can be requested and answered",
    Act.KEEP_PROMISE: "Dependencies can be reported on, delivered and confirmed",
    Act.CLOSE: "Objectives can be closed",
    Act.COMMENT: "Comments can be written",
}


def cycle_refusal(state: CycleState, act: Act, kind: CycleKind) -> str | None:
    """Say in one sentence why a cycle of this kind and state does not allow the act; None when it does.

    A BACKLOG allows drafts and comments at most, whatever its state. Corrections that administrators make
    in a CLOSED cycle are no act of this table. Source: domain.md, section 3.
    """
    if kind == CycleKind.BACKLOG and act not in _BACKLOG:
        return "A backlog holds drafts only; for anything else the objective needs a dated cycle."
    if act in _ALLOWED[state]:
        return None
    states = [name.value for name in CycleState if act in _ALLOWED[name]]
    listed = states[0] if len(states) == 1 else f"{', '.join(states[:-1])} or {states[-1]}"
    return f"{_WORDS[act]} while the cycle is {listed}; it is {state} now."


def amendment_needs_reason(state: CycleState) -> bool:
    """Tell whether a change to what is published must say why: from ACTIVE on, with later corrections."""
    return state not in (CycleState.PLANNING, CycleState.ALIGNING)
