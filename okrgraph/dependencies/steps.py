"""One step of a dependency: found and locked, allowed by the table, written with its event."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from okrgraph.dependencies import reads
from okrgraph.dependencies.events import DependencyChanged
from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.places import place_of_dependency
from okrgraph.dependencies.rights import sides_of
from okrgraph.dependencies.rows import DependencyRow
from okrgraph.dependencies.states import UNDER_WAY, Needs, Refusal, RefusalKind, refusal_of, transition_of
from okrgraph.dependencies.vocabulary import DependencyAction, DependencyState, Side
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork
from okrgraph.kit import clock
from okrgraph.kit.errors import conflict, forbidden, invalid, not_found, wrong_state
from okrgraph.kit.text import TEXT_LENGTH, optional_text, required_text
from okrgraph.okrs.models import Cycle, Objective
from okrgraph.okrs.phases import Act
from okrgraph.okrs.subjects import locked_objective, require_phase
from okrgraph.people.events import AccessChanged
from okrgraph.people.viewer import Viewer

_AGREEING = frozenset(
    {
        *(DependencyAction.REQUEST, DependencyAction.SUBMIT, DependencyAction.ACCEPT),
        *(DependencyAction.COUNTER, DependencyAction.DECLINE, DependencyAction.ESCALATE),
        *(DependencyAction.SETTLE, DependencyAction.EDIT),
    }
)


@dataclass(frozen=True, slots=True)
class Said:
    """What comes with any step. expected_version: CONFLICT when the dependency has changed since."""

    note: str | None = None
    expected_version: int | None = None


NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True)
class Begun:
    """A locked dependency on which a step is allowed, and the locked objective that it serves.

    sides: on which the viewer acts. saw: the scopes that saw it before.
    """

    dependency: Dependency
    served: Objective
    action: DependencyAction
    state_before: DependencyState
    target: DependencyState
    sides: frozenset[Side]
    saw: frozenset[str]


def act_of(action: DependencyAction, state: DependencyState | None) -> Act:
    """What a cycle has to allow for a step."""
    if action is DependencyAction.DRAFT or state is DependencyState.DRAFT:
        return Act.DEPEND if action is DependencyAction.SUBMIT else Act.DRAFT_EDIT
    return Act.DEPEND if action in _AGREEING else Act.KEEP_PROMISE


async def begin(
    viewer: Viewer,
    dependency_id: UUID,
    action: DependencyAction,
    said: Said = NOTHING_SAID,
    target: DependencyState | None = None,
) -> Begun:
    """Lock a dependency that the viewer sees for a step that it may take now, and take its note.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID for a missing note.
    """
    seen = (await reads.dependencies_by_id(viewer, [dependency_id])).get(dependency_id)
    if seen is None:
        raise not_found("dependency", "id")
    viewer.require_write()
    dependency = await Dependency.select_for_update().get(id=dependency_id)
    above = await reads.teams_above_both(viewer.organization_id, [dependency_id])
    sides = sides_of(
        viewer, dependency.consumer_team_id, dependency.provider_team_id, above.get(dependency_id, ())
    )
    refusal = refusal_of(dependency.state, action, sides, target)
    _require_allowed(refusal, dependency, said.expected_version, seen.state)
    served = await locked_objective(dependency.served_objective_id)
    cycle = await Cycle.get(id=served.cycle_id)
    require_phase(cycle, act_of(action, dependency.state), dependency_id)
    line = transition_of(dependency.state, action)
    assert line is not None, "a step without a line is refused"
    if action is not DependencyAction.EDIT:
        dependency.note = _note(said, is_needed=Needs.NOTE in line.needs)
    saw = (await place_of_dependency(dependency)).acl
    return Begun(dependency, served, action, dependency.state, target or line.targets[0], sides, saw)


def _require_allowed(
    refusal: Refusal | None, dependency: Dependency, expected_version: int | None, seen: DependencyState
) -> None:
    """A stale version comes before the state, which it explains, and after the right.

    seen: the state before the lock was had. Of two that act at once the second answers to what it has not seen,
    also where its step would be allowed.
    """
    if refusal is not None and refusal.kind is RefusalKind.FORBIDDEN:
        raise forbidden(refusal.message, "id", entity_id=dependency.id)
    if expected_version is not None and dependency.version > expected_version:
        raise conflict(
            f"Somebody changed this after version {expected_version}; "
            f"look at version {dependency.version} and try again.",
            entity_id=dependency.id,
        )
    if dependency.state is not seen:
        raise conflict(
            "Somebody has changed this at the same moment; look at it and try again.",
            entity_id=dependency.id,
            field=None,
        )
    if refusal is not None:
        raise wrong_state(refusal.message, entity_id=dependency.id)


def _note(said: Said, *, is_needed: bool) -> str | None:
    if is_needed:
        return required_text(said.note, "note", "The note", TEXT_LENGTH)
    return optional_text(said.note, "note", "The note")


def enter(dependency: Dependency, state: DependencyState, at: datetime) -> None:
    """Bring a dependency into a state, with what that state says of its moments and of the last agreement."""
    dependency.state = state
    if state is DependencyState.REQUESTED:
        dependency.requested_at = at
        dependency.promised_by = dependency.accepted_at = None
        dependency.health, dependency.confidence = None, None
    if state in UNDER_WAY:
        dependency.accepted_at = dependency.accepted_at or at
    else:
        dependency.asked_at = dependency.asked_by_id = None
    if state is not DependencyState.COUNTERED:
        dependency.offered_need = None
    if state is not DependencyState.CONFIRMED:
        dependency.delivered_at = at if state is DependencyState.DELIVERED else None
    dependency.confirmed_at = at if state is DependencyState.CONFIRMED else None


async def finish(work: UnitOfWork, begun: Begun) -> UUID:
    """Write the step; records DependencyChanged, and AccessChanged when it comes into sight with what hangs on it."""
    dependency = begun.dependency
    if begun.target is not begun.state_before:
        enter(dependency, begun.target, work.at)
    dependency.version += 1
    dependency.updated_at = work.at
    await dependency.save()
    place = await place_of_dependency(dependency, before=begun.saw)
    row = row_of(DependencyRow, dependency)
    work.record(DependencyChanged(row, begun.state_before, begun.action).entry(place))
    if place.acl_before is not None:
        work.record(AccessChanged(dependency.id, DependencyChanged.entity_type).entry(place))
    return dependency.id


def checked_day(day: date | None, field: str) -> date | None:
    """Raises DomainError INVALID for a day that no plan has."""
    if day is not None and not clock.EARLIEST_YEAR <= day.year <= clock.LATEST_YEAR:
        raise invalid(f"The year must lie between {clock.EARLIEST_YEAR} and {clock.LATEST_YEAR}.", field)
    return day


def checked_rating(confidence: int | None, field: str) -> int | None:
    """Raises DomainError INVALID for what is no rating."""
    if confidence is not None and not 1 <= confidence <= 5:
        raise invalid("Confidence is a whole number from 1 (will miss) to 5 (certain).", field)
    return confidence
