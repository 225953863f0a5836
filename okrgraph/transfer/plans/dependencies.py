"""Plans dependencies, their check-ins and liaisons from their rows."""

import re
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from okrgraph.dependencies.answers import checked_url
from okrgraph.dependencies.dates import day_of_week
from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.dependencies.states import UNDER_WAY
from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth, DependencyState
from okrgraph.kit.errors import DomainError
from okrgraph.okrs.models import Cycle, KeyResult, Objective
from okrgraph.okrs.weeks import week_count
from okrgraph.people.models import Team
from okrgraph.transfer.formats.records import TEAM_SEPARATOR, quoted
from okrgraph.transfer.plans.cells import Cells
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan

_WEEK = re.compile(r"week\s+(\d{1,4})", re.ASCII | re.IGNORECASE)
_PEOPLE = {
    "owner": "provider_owner_id",
    "risk_owner": "risk_owner_id",
    "created_by": "created_by_id",
    "asked_by": "asked_by_id",
}
_S = DependencyState
_DELIVERED = (_S.DELIVERED, _S.CONFIRMED)
# The states in which a column says something; of others it is refused.
_STATES_OF = {
    "requested_at": tuple(state for state in _S if state is not _S.DRAFT),
    "accepted_at": tuple(state for state in _S if state is not _S.DRAFT),
    "delivered_at": _DELIVERED,
    "confirmed_at": (_S.CONFIRMED,),
    "asked_at": UNDER_WAY,
    "asked_by": UNDER_WAY,
    "offer": (_S.COUNTERED,),
}
_STAYS = "A dependency stays with what it serves and between its two teams; give another one another key."


def pairs_in(text: str) -> Iterator[tuple[str, str]]:
    """Every way to read `consumer>provider`: a key may hold the sign itself."""
    for place, sign in enumerate(text):
        if sign == TEAM_SEPARATOR:
            yield text[:place].strip(), text[place + 1 :].strip()


def _teams(plan: Plan, cells: Cells) -> tuple[Draft[Team], Draft[Team]] | None:
    """The two teams that a row names; None when it names none or was refused."""
    text = cells.word("team")
    if text is None:
        return None
    pairs = list(pairs_in(text))
    known = [pair for pair in pairs if all(_is_team(plan, key) for key in pair)]
    if len(known) > 1:
        cells.refuse("team", f"{quoted(text)} can be read in several ways; give the teams other keys.")
        return None
    if not pairs:
        cells.refuse("team", f"Name two teams as consumer>provider here, not {quoted(text)}.")
        return None
    one, other = (plan.find(cells, "team", key, Team) for key in (known or pairs)[0])
    if one is not None and one is other:
        cells.refuse("team", "These must be two teams.")
        return None
    return None if one is None or other is None else (one, other)


def _is_team(plan: Plan, key: str) -> bool:
    return key in plan.by_key and isinstance(plan.by_key[key].entity, Team)


def plan_dependencies(plan: Plan) -> None:
    """Take each dependency's fields. Without a state it is ACCEPTED if a day is promised, else REQUESTED."""
    for draft, cells in plan.named_in_file(Dependency):
        dependency = draft.entity
        if draft.is_new:
            cells.require("title", "parent", "team", "needed_by")
            dependency.criticality = DependencyCriticality.IMPORTANT
        draft.take("need", cells.line("title", "The need"))
        draft.take("acceptance_criteria", cells.text("description", "The acceptance criteria"))
        draft.take("mitigation", cells.text("mitigation", "The mitigation"))
        draft.take("note", cells.text("decision_note", "The note"))
        draft.take("evidence_url", _address(cells))
        draft.take("criticality", cells.choice("kind", DependencyCriticality))
        draft.take("health", cells.choice("health", DependencyHealth))
        draft.take("confidence", cells.rating("confidence"))
        draft.take("consumer_confidence", cells.rating("consumer_confidence"))
        draft.take("promised_by", cells.day("promised_by"))
        draft.take("created_at", cells.moment("at"))
        for column, name in _PEOPLE.items():
            person = plan.person(cells, column)
            draft.take(name, person and person.entity.id)
        _take_ends(plan, draft, cells)
        _take_provided(plan, draft, cells)
        _take_day(plan, draft, cells)
        _take_state(plan, draft, cells)


def _address(cells: Cells) -> str | None:
    try:
        return checked_url(cells.word("evidence_url"))
    except DomainError as error:
        cells.refuse("evidence_url", error.problems[0].message)
        return None


def _take_ends(plan: Plan, draft: Draft[Dependency], cells: Cells) -> None:
    """Set what it serves and its two teams, which stay as they are."""
    key = cells.word("parent")
    served = None if key is None else plan.find(cells, "parent", key, KeyResult, Objective)
    if served is not None:
        is_key_result = isinstance(served.entity, KeyResult)
        ends: dict[str, UUID | None] = {
            "key_result_id": served.entity.id if is_key_result else None,
            "objective_id": None if is_key_result else served.entity.id,
            "served_objective_id": served.entity.objective_id if is_key_result else served.entity.id,
        }
        _set_ends(draft, cells, "parent", ends)
    teams = _teams(plan, cells)
    if teams is not None:
        ends = {"consumer_team_id": teams[0].entity.id, "provider_team_id": teams[1].entity.id}
        _set_ends(draft, cells, "team", ends)


def _set_ends(draft: Draft[Dependency], cells: Cells, column: str, ends: dict[str, UUID | None]) -> None:
    if not draft.is_new and any(draft.was(name) != value for name, value in ends.items()):
        cells.refuse(column, _STAYS)
        return
    for name, value in ends.items():
        setattr(draft.entity, name, value)


def _take_provided(plan: Plan, draft: Draft[Dependency], cells: Cells) -> None:
    key = cells.word("provider")
    found = None if key is None else plan.find(cells, "provider", key, KeyResult, Objective)
    if found is not None:
        is_key_result = isinstance(found.entity, KeyResult)
        draft.entity.provider_key_result_id = found.entity.id if is_key_result else None
        draft.entity.provider_objective_id = None if is_key_result else found.entity.id


def _take_day(plan: Plan, draft: Draft[Dependency], cells: Cells) -> None:
    """A date, or `week 6`: the last day of that week of its cycle."""
    named = _WEEK.fullmatch(cells.word("needed_by") or "")
    if named is None:
        draft.take("needed_by", cells.day("needed_by"))
        return
    cycle = _cycle_of(plan, draft.entity)
    if cycle is None:
        return
    day = day_of_week(cycle.starts_on, cycle.ends_on, int(named[1]))
    if day is not None:
        draft.entity.needed_by = day
    elif cycle.starts_on is None or cycle.ends_on is None:
        cells.refuse("needed_by", "The cycle has no weeks; write a date.")
    else:
        weeks = week_count(cycle.starts_on, cycle.ends_on)
        cells.refuse("needed_by", f"The cycle has the weeks 1 to {weeks}, not {quoted(named[1])}.")


def _cycle_of(plan: Plan, dependency: Dependency) -> Cycle | None:
    """None where what it serves was refused."""
    served = plan.objectives.get(dependency.served_objective_id)
    return None if served is None else plan.cycle_of(served.entity)


def _take_state(plan: Plan, draft: Draft[Dependency], cells: Cells) -> None:
    """Set the state, and the moments and the offer that go with it."""
    dependency = draft.entity
    state = cells.choice("state", DependencyState)
    if state is None and "state" in cells:
        return
    if state is None and draft.is_new:
        state = _S.REQUESTED if dependency.promised_by is None else _S.ACCEPTED
    draft.take("state", state)
    for column, states in _STATES_OF.items():
        if column in cells and dependency.state not in states:
            listed = ", ".join(states)
            cells.refuse(
                column, f"This is for {listed}, and the state here is {dependency.state}; leave it empty."
            )
            return
    _leave_state(dependency)
    draft.take("offered_need", cells.line("offer", "The offer"))
    moments = {column: cells.moment(column) for column in _STATES_OF if column.endswith("_at")}
    for column, moment in moments.items():
        draft.take(column, moment)
    _fill_moments(dependency, dependency.created_at if draft.is_new else plan.at)
    if "asked_by" in cells and dependency.asked_at is None:
        cells.refuse("asked_by", "Nobody has asked; name asked_at too, or leave this empty.")
        dependency.asked_by_id = None


def _leave_state(dependency: Dependency) -> None:
    """Clear what the state has nothing to say about."""
    state = dependency.state
    if state not in UNDER_WAY:
        dependency.asked_at = dependency.asked_by_id = None
    if state not in _DELIVERED:
        dependency.delivered_at = None
    if state is not _S.CONFIRMED:
        dependency.confirmed_at = None
    if state is not _S.COUNTERED:
        dependency.offered_need = None
    if state is _S.DRAFT:
        dependency.requested_at = dependency.accepted_at = None


def _fill_moments(dependency: Dependency, at: datetime) -> None:
    """Give what must have happened a moment where the file names none: the one before it, else `at`."""
    state = dependency.state
    if state not in (_S.DRAFT, _S.CANCELED):
        dependency.requested_at = dependency.requested_at or at
    if state in (*UNDER_WAY, *_DELIVERED):
        dependency.accepted_at = dependency.accepted_at or dependency.requested_at
    if state in _DELIVERED:
        dependency.delivered_at = dependency.delivered_at or at
    if state is _S.CONFIRMED:
        dependency.confirmed_at = dependency.confirmed_at or dependency.delivered_at


def plan_dependency_check_ins(plan: Plan) -> None:
    """Take what providers said of dependencies; what these are now, their own rows say."""
    for draft, cells in plan.named_in_file(DependencyCheckIn):
        check_in = draft.entity
        if draft.is_new:
            cells.require("parent", "owner", "health", "confidence")
            check_in.answers_ask = False
        author = plan.person(cells, "owner")
        draft.take("author_id", author and author.entity.id)
        draft.take("health", cells.choice("health", DependencyHealth))
        draft.take("confidence", cells.rating("confidence"))
        draft.take("confidence_before", cells.rating("confidence_before"))
        draft.take("promised_by", cells.day("promised_by"))
        draft.take("note", cells.text("title", "The note"))
        draft.take("answers_ask", cells.truth("answer"))
        draft.take("created_at", cells.moment("at"))
        dependency = plan.named(cells, "parent", Dependency)
        if dependency is None:
            continue
        if not draft.is_new and check_in.dependency_id != dependency.entity.id:
            cells.refuse("parent", "A check-in stays with its dependency; give another one another key.")
            continue
        check_in.dependency_id = dependency.entity.id
        # The log tells of a check-in with its dependency.
        dependency.reannounced = dependency.reannounced or draft.is_new or draft.is_changed


def plan_liaisons(plan: Plan) -> None:
    """Take who stands between which two teams."""
    for draft, cells in plan.named_in_file(Liaison):
        liaison = draft.entity
        if draft.is_new:
            cells.require("owner", "team")
        person = plan.person(cells, "owner")
        draft.take("person_id", person and person.entity.id)
        cycle = plan.named(cells, "cycle", Cycle)
        draft.take("cycle_id", cycle and cycle.entity.id)
        draft.take("purpose", cells.line("title", "The purpose"))
        author = plan.person(cells, "created_by")
        draft.take("created_by_id", author and author.entity.id)
        draft.take("created_at", cells.moment("at"))
        draft.take("ended_at", cells.moment("closed_at"))
        if liaison.ended_at is not None and liaison.ended_at < liaison.created_at:
            if draft.is_new and "at" not in cells:
                liaison.created_at = liaison.ended_at
            else:
                cells.refuse("closed_at", "This lies before the liaison began.")
        teams = _teams(plan, cells)
        if teams is not None:
            low, high = sorted(team.entity.id for team in teams)
            liaison.team_a_id, liaison.team_b_id = low, high
