"""Plans cycles, objectives and key results from their rows; links and check-ins have their own modules."""

from okrgraph.kit.errors import DomainError
from okrgraph.okrs.key_results import UNIT_LENGTH, checked_weight
from okrgraph.okrs.models import Cycle, KeyResult, Objective
from okrgraph.okrs.progress import check_value
from okrgraph.okrs.vocabulary import (
    CloseOutcome,
    CycleKind,
    CycleState,
    MetricKind,
    ObjectiveLevel,
    ObjectiveState,
)
from okrgraph.people.models import Team
from okrgraph.transfer.formats.records import quoted
from okrgraph.transfer.plans.cells import Cells
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.people import NAME_LENGTH
from okrgraph.transfer.plans.plan import Plan

# The most that the column holds.
LAST_POSITION = 2**31 - 1
_PEOPLE = {"owner": "owner_id", "reviewer": "reviewer_id", "created_by": "created_by_id"}
_ENDED = (ObjectiveState.CLOSED, ObjectiveState.ARCHIVED)
_OF_THE_END = ("outcome", "score", "learning", "closed_at")


def weight_of(cells: Cells) -> float | None:
    weight = cells.number("weight")
    try:
        return None if weight is None else checked_weight(weight)
    except DomainError as error:
        cells.refuse("weight", error.problems[0].message)
        return None


def plan_cycles(plan: Plan) -> None:
    """Take name, dates, state, kind and the cycle above; a new cycle is at first a QUARTER in PLANNING."""
    for draft, cells in plan.named_in_file(Cycle):
        cycle = draft.entity
        if draft.is_new:
            cells.require("title")
            cycle.kind, cycle.state = CycleKind.QUARTER, CycleState.PLANNING
        draft.take("name", cells.line("title", "The name", NAME_LENGTH))
        draft.take("kind", cells.choice("kind", CycleKind))
        draft.take("state", cells.choice("state", CycleState))
        above = plan.named(cells, "parent", Cycle)
        draft.take("parent_id", above and above.entity.id)
        _take_days(draft, cells)


def _take_days(draft: Draft[Cycle], cells: Cells) -> None:
    cycle = draft.entity
    if cycle.kind is CycleKind.BACKLOG:
        for column in ("start", "target"):
            if column in cells:
                cells.refuse(column, "A BACKLOG has no dates.")
        cycle.starts_on = cycle.ends_on = None
        return
    days = {"starts_on": cells.day("start"), "ends_on": cells.day("target")}
    for column, day in days.items():
        draft.take(column, day)
    for column, name in (("start", "starts_on"), ("target", "ends_on")):
        if getattr(cycle, name) is None and column not in cells:
            cells.refuse(column, "A cycle needs its first and its last day; only a BACKLOG has none.")
    if cycle.starts_on is not None and cycle.ends_on is not None and cycle.ends_on < cycle.starts_on:
        cells.refuse("target", "The last day lies before the first.")


def plan_objectives(plan: Plan) -> None:
    """Take each objective's fields; its links come later, when every key result has its objective.

    A new objective whose row names no state is PUBLISHED: an import records what people already work on. In
    a BACKLOG, which holds drafts only, it is a DRAFT. Where the file does not say when an objective was
    published or closed, what becomes so becomes so, as far as the server knows, at the moment of the import.
    """
    for draft, cells in plan.named_in_file(Objective):
        if draft.is_new:
            cells.require("title", "team", "cycle")
        draft.take("title", cells.line("title", "The title"))
        draft.take("description", cells.text("description", "The description"))
        draft.take("why_now", cells.text("why_now", "Why now"))
        draft.take("position", cells.whole("position", 0, LAST_POSITION))
        draft.take("created_at", cells.moment("at"))
        for column, name in _PEOPLE.items():
            person = plan.person(cells, column)
            draft.take(name, person and person.entity.id)
        cycle = plan.named(cells, "cycle", Cycle)
        draft.take("cycle_id", cycle and cycle.entity.id)
        team = _take_teams(plan, draft, cells)
        level = cells.choice("kind", ObjectiveLevel)
        if level is None and draft.is_new and team is not None:
            level = ObjectiveLevel(team.entity.kind.value)
        draft.take("level", level)
        _take_state(plan, draft, cells)


def _take_teams(plan: Plan, draft: Draft[Objective], cells: Cells) -> Draft[Team] | None:
    """Set the accountable team and, to those that are named after it, the co-owning ones."""
    keys = cells.items("team")
    found = [plan.find(cells, "team", key, Team) for key in dict.fromkeys(keys)]
    if len(found) < len(keys):
        cells.refuse("team", "A team is named twice.")
    teams = [team for team in found if team is not None]
    if not teams:
        return None
    draft.entity.team_id = teams[0].entity.id
    ids, before = [team.entity.id for team in teams[1:]], plan.co_owners_before.get(draft.entity.id, [])
    if set(ids) != set(before):
        plan.co_owners[draft.entity.id] = ids
        draft.edited_beside = not draft.is_new
    return teams[0]


def _take_state(plan: Plan, draft: Draft[Objective], cells: Cells) -> None:
    """Set the state and what goes with it."""
    objective, is_backlog = draft.entity, plan.is_backlog(draft.entity)
    state = cells.choice("state", ObjectiveState)
    is_unread = state is None and "state" in cells
    if state is None and draft.is_new:
        state = ObjectiveState.DRAFT if is_backlog else ObjectiveState.PUBLISHED
    draft.take("state", state)
    if is_backlog and objective.state is ObjectiveState.PUBLISHED:
        column = "cycle" if state is None else "state"
        cells.refuse(column, "A BACKLOG holds drafts only; publish in a cycle with dates.")
    if draft.was("state") is not objective.state:
        _follow_state(plan, draft)
    if not is_unread:
        _take_publication(draft, cells)
        _take_end(draft, cells)


def _follow_state(plan: Plan, draft: Draft[Objective]) -> None:
    """Set the moments of a new state; what is open again has no end."""
    objective = draft.entity
    if objective.state is ObjectiveState.DRAFT:
        objective.published_at = None
    elif objective.state is not ObjectiveState.ARCHIVED and objective.published_at is None:
        objective.published_at = objective.created_at if draft.is_new else plan.at
    if objective.state is ObjectiveState.CLOSED:
        objective.closed_at = plan.at
    elif objective.state is not ObjectiveState.ARCHIVED:
        for column in ("closed_at", "close_outcome", "score", "learning"):
            setattr(objective, column, None)


def _take_publication(draft: Draft[Objective], cells: Cells) -> None:
    if draft.entity.state is ObjectiveState.DRAFT and "published_at" in cells:
        cells.refuse(
            "published_at", "A DRAFT is not published; leave this empty, or give the state PUBLISHED."
        )
        return
    draft.take("published_at", cells.moment("published_at"))


def _take_end(draft: Draft[Objective], cells: Cells) -> None:
    """Take how an objective ended, which those that go on have nothing to say about."""
    if draft.entity.state not in _ENDED:
        for column in _OF_THE_END:
            if column in cells:
                reason = f"This is for objectives that ended, and the state here is {draft.entity.state}; "
                cells.refuse(column, f"{reason}leave it empty, or give the state CLOSED.")
        return
    draft.take("close_outcome", cells.choice("outcome", CloseOutcome))
    score = cells.number("score")
    if score is not None and not 0 <= score <= 1:
        cells.refuse("score", f"The score is a number from 0 to 1, not {score:g}.")
    else:
        draft.take("score", score)
    draft.take("learning", cells.text("learning", "What was learned"))
    draft.take("closed_at", cells.moment("closed_at"))


def plan_key_results(plan: Plan) -> None:
    """Take each key result's fields; `current` and `confidence` are for the check-ins."""
    for draft, cells in plan.named_in_file(KeyResult):
        if draft.is_new:
            cells.require("title", "parent")
            draft.entity.metric_kind = MetricKind.NUMBER
        draft.take("title", cells.line("title", "The title"))
        draft.take("description", cells.text("description", "The description"))
        draft.take("unit", cells.text("unit", "The unit", UNIT_LENGTH))
        draft.take("created_at", cells.moment("at"))
        draft.take("start_value", cells.number("start"))
        draft.take("target_value", cells.number("target"))
        draft.take("weight", weight_of(cells))
        draft.take("position", cells.whole("position", 0, LAST_POSITION))
        owner = plan.person(cells, "owner")
        draft.take("owner_id", owner and owner.entity.id)
        objective = plan.named(cells, "parent", Objective)
        if objective is not None and not draft.is_new and draft.entity.objective_id != objective.entity.id:
            cells.refuse("parent", "A key result stays with its objective; give another one another key.")
        else:
            draft.take("objective_id", objective and objective.entity.id)
        _take_metric(draft, cells)


def _take_metric(draft: Draft[KeyResult], cells: Cells) -> None:
    kind = cells.choice("metric", MetricKind)
    draft.take("metric_kind", kind)
    current = draft.entity.current_value
    if kind is None or current is None or draft.was("metric_kind") is kind:
        return
    refusal = check_value(kind, current)
    if refusal is not None:
        cells.refuse("metric", f"The current value {quoted(str(current))} does not fit. {refusal}")
