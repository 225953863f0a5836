"""What people do to key results: create and update them."""

import math
from dataclasses import dataclass
from uuid import UUID

from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import forbidden, invalid
from okrgraph.kit.ids import new_key
from okrgraph.kit.text import optional_text, required_text
from okrgraph.okrs.events import KeyResultChanged
from okrgraph.okrs.models import Cycle, KeyResult, Objective
from okrgraph.okrs.objectives import reason_given
from okrgraph.okrs.places import place_of
from okrgraph.okrs.progress import clamped, progress_of
from okrgraph.okrs.rights import can_edit
from okrgraph.okrs.rollups import roll_up
from okrgraph.okrs.rows import KeyResultRow
from okrgraph.okrs.subjects import (
    edit_act,
    editable_objective,
    locked_key_result,
    locked_objective,
    require_open,
    require_person,
    require_phase,
    require_version,
    stewardship_of,
    touch,
)
from okrgraph.okrs.vocabulary import MetricKind
from okrgraph.people.viewer import Viewer

HEAVIEST = 1_000_000.0
UNIT_LENGTH = 32


@dataclass(frozen=True, slots=True)
class NewKeyResult:
    """start_value, target_value: in the metric's unit. weight: share in the objective's progress, 0 or more."""

    objective_id: UUID
    title: str
    metric_kind: MetricKind = MetricKind.NUMBER
    unit: str | None = None
    start_value: float | None = None
    target_value: float | None = None
    weight: float = 1.0
    owner_id: UUID | None = None


def checked_number(value: float | None, field: str) -> float | None:
    """Raises DomainError INVALID for infinity and NaN."""
    if value is not None and not math.isfinite(value):
        raise invalid("This must be a finite number.", field)
    return value


def checked_weight(weight: float) -> float:
    """Raises DomainError INVALID outside 0 to 1,000,000."""
    if not (math.isfinite(weight) and 0 <= weight <= HEAVIEST):
        raise invalid("The weight is a number from 0 to 1,000,000.", "weight")
    return weight


async def _require_editable(objective: Objective, field: str | None = None) -> Cycle:
    require_open(objective, field)
    cycle = await Cycle.get(id=objective.cycle_id)
    require_phase(cycle, edit_act(objective), objective.id, field)
    return cycle


@action
async def create_key_result(work: UnitOfWork, viewer: Viewer, new: NewKeyResult) -> UUID:
    """Add a key result to an objective that the viewer may edit.

    Raises DomainError NOT_FOUND, FORBIDDEN, STATE, INVALID. Records KeyResultChanged, ObjectiveChanged.
    """
    objective = await editable_objective(viewer, new.objective_id, "objective_id")
    await _require_editable(objective, "objective_id")
    await require_person(viewer, new.owner_id, "owner_id")
    key_result = await KeyResult.create(
        id=new_key(),
        organization_id=viewer.organization_id,
        objective_id=objective.id,
        owner_id=new.owner_id,
        title=required_text(new.title, "title", "The title"),
        metric_kind=new.metric_kind,
        unit=optional_text(new.unit, "unit", "The unit", UNIT_LENGTH),
        start_value=checked_number(new.start_value, "start_value"),
        target_value=checked_number(new.target_value, "target_value"),
        weight=checked_weight(new.weight),
        created_at=work.at,
        updated_at=work.at,
    )
    place = await place_of(objective, key_result.id)
    work.record(KeyResultChanged(row_of(KeyResultRow, key_result)).entry(place))
    await roll_up(work, objective)
    return key_result.id


@dataclass(frozen=True, slots=True)
class KeyResultChange:
    """Only what is in `given` is changed; None clears, except the title and the weight."""

    given: frozenset[str]
    title: str | None = None
    start_value: float | None = None
    target_value: float | None = None
    weight: float | None = None
    owner_id: UUID | None = None
    reason: str | None = None


async def _apply(viewer: Viewer, key_result: KeyResult, change: KeyResultChange) -> None:
    if "title" in change.given:
        key_result.title = required_text(change.title, "title", "The title")
    if "start_value" in change.given:
        key_result.start_value = checked_number(change.start_value, "start_value")
    if "target_value" in change.given:
        key_result.target_value = checked_number(change.target_value, "target_value")
    if "weight" in change.given:
        if change.weight is None:
            raise invalid("The weight must not be empty.", "weight")
        key_result.weight = checked_weight(change.weight)
    if "owner_id" in change.given:
        await require_person(viewer, change.owner_id, "owner_id")
        key_result.owner_id = change.owner_id


def progress_at(key_result: KeyResult, value: float | None) -> float | None:
    """The clamped progress that a value means for a key result; None without one."""
    return clamped(
        progress_of(
            key_result.metric_kind,
            start=key_result.start_value,
            target=key_result.target_value,
            current=value,
        )
    )


def set_progress(key_result: KeyResult) -> None:
    """Derive the clamped progress from start, target and current value."""
    key_result.progress = progress_at(key_result, key_result.current_value)


async def _editable_key_result(viewer: Viewer, key_result_id: UUID) -> KeyResult:
    """Lock a key result of an objective that the viewer may edit; NOT_FOUND before FORBIDDEN."""
    key_result = await locked_key_result(viewer, key_result_id, "id")
    viewer.require_write()
    if not can_edit(viewer, await stewardship_of(viewer, key_result.objective_id, "id")):
        raise forbidden(
            "Only the owner and the owning teams of the objective may change its key results.",
            "id",
            entity_id=key_result_id,
        )
    return key_result


@action
async def update_key_result(
    work: UnitOfWork,
    viewer: Viewer,
    key_result_id: UUID,
    change: KeyResultChange,
    expected_version: int | None = None,
) -> UUID:
    """Change plain fields; progress follows. What it measures or who owns it needs a reason once the cycle runs.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID. Records KeyResultChanged, ObjectiveChanged.
    """
    key_result = await _editable_key_result(viewer, key_result_id)
    require_version(key_result, expected_version)
    objective = await locked_objective(key_result.objective_id)
    cycle = await _require_editable(objective)
    before = row_of(KeyResultRow, key_result)
    await _apply(viewer, key_result, change)
    if row_of(KeyResultRow, key_result) == before:
        return key_result.id
    amended = any(
        getattr(key_result, name) != getattr(before, name)
        for name in ("title", "start_value", "target_value", "owner_id")
    )
    reason = reason_given(objective.state, cycle.state, change.reason, needed=amended)
    set_progress(key_result)
    touch(key_result, work, edited=True)
    await key_result.save()
    place = await place_of(objective, key_result.id)
    work.record(KeyResultChanged(row_of(KeyResultRow, key_result), reason).entry(place))
    await roll_up(work, objective)
    return key_result.id
