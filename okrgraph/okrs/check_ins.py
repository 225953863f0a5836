"""Checking in: a key result's new value and how confident the people closest to it are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit import clock
from okrgraph.kit.errors import forbidden, invalid, wrong_state
from okrgraph.kit.ids import new_key
from okrgraph.kit.text import optional_text
from okrgraph.okrs.confidence import is_declining
from okrgraph.okrs.events import CheckInPublished, ConfidenceChanged, KeyResultChanged
from okrgraph.okrs.key_results import checked_number, progress_at, set_progress
from okrgraph.okrs.models import CheckIn, Cycle, KeyResult, Objective
from okrgraph.okrs.phases import Act
from okrgraph.okrs.places import place_of
from okrgraph.okrs.progress import check_value
from okrgraph.okrs.rights import can_check_in
from okrgraph.okrs.rollups import roll_up
from okrgraph.okrs.rows import CheckInRow, KeyResultRow
from okrgraph.okrs.subjects import locked_key_result, locked_objective, require_phase, stewardship_of, touch
from okrgraph.okrs.vocabulary import ObjectiveState
from okrgraph.okrs.weeks import today_in
from okrgraph.people.viewer import Viewer

# The rule of decline looks at the last three ratings.
RATINGS_LOOKED_AT = 3


@dataclass(frozen=True, slots=True)
class NewCheckIn:
    """confidence: 1 (will miss) to 5 (certain). as_of: the day it speaks of; None is today."""

    key_result_id: UUID
    confidence: int
    value: float | None = None
    note: str | None = None
    as_of: date | None = None


def _require_valid(key_result: KeyResult, new: NewCheckIn, today: date) -> None:
    if not 1 <= new.confidence <= 5:
        raise invalid("Confidence is a whole number from 1 (will miss) to 5 (certain).", "confidence")
    if checked_number(new.value, "value") is not None:
        refusal = check_value(key_result.metric_kind, new.value or 0.0)
        if refusal is not None:
            raise invalid(refusal, "value")
    if new.as_of is not None and new.as_of > today:
        raise invalid("A check-in speaks of today or an earlier day.", "as_of")
    if new.as_of is not None and new.as_of.year < clock.EARLIEST_YEAR:
        raise invalid(f"A check-in speaks of a day in {clock.EARLIEST_YEAR} or later.", "as_of")


def follow(key_result: KeyResult, newest_first: Sequence[CheckIn]) -> None:
    """Set what a key result takes from its check-ins, given all of them or at least the newest."""
    values = [each.value for each in newest_first if each.value is not None]
    if values:
        key_result.current_value = values[0]
    newest = newest_first[0]
    key_result.confidence = newest.confidence
    key_result.checked_in_on = newest.as_of
    ratings = [each.confidence for each in newest_first[:RATINGS_LOOKED_AT]]
    key_result.is_declining = is_declining(ratings[::-1])
    set_progress(key_result)


async def _newest(key_result: KeyResult) -> list[CheckIn]:
    """The newest check-ins by the day they speak of, and the newest one that gave a value."""
    order = ("-as_of", "-created_at", "-id")
    found = await CheckIn.filter(key_result_id=key_result.id).order_by(*order).limit(RATINGS_LOOKED_AT)
    if all(each.value is None for each in found):
        valued = CheckIn.filter(key_result_id=key_result.id, value__isnull=False).order_by(*order)
        found += await valued.limit(1)
    return found


async def _require_allowed(viewer: Viewer, key_result: KeyResult) -> Objective:
    stewardship = await stewardship_of(viewer, key_result.objective_id, "key_result_id")
    viewer.require_write()
    if not can_check_in(viewer, stewardship, key_result.owner_id):
        raise forbidden(
            "Only the owners and the owning teams may check in here; comment instead.", "key_result_id"
        )
    objective = await locked_objective(key_result.objective_id)
    if objective.state is not ObjectiveState.PUBLISHED:
        raise wrong_state(
            f"Check in on a published objective; this one is {objective.state}.", "key_result_id"
        )
    require_phase(await Cycle.get(id=objective.cycle_id), Act.CHECK_IN, field="key_result_id")
    return objective


@action
async def check_in(work: UnitOfWork, viewer: Viewer, new: NewCheckIn) -> UUID:
    """Record a key result's new value and confidence; of several, the one that speaks of the newest day counts.

    Raises DomainError NOT_FOUND, FORBIDDEN, STATE, INVALID. Records CheckInPublished, KeyResultChanged,
    ConfidenceChanged when the rating changed, ObjectiveChanged when its progress or summary did.
    """
    key_result = await locked_key_result(viewer, new.key_result_id, "key_result_id")
    objective = await _require_allowed(viewer, key_result)
    today = today_in(viewer.time_zone, clock.now())
    _require_valid(key_result, new, today)
    before = key_result.confidence
    entity = await CheckIn.create(
        id=new_key(),
        organization_id=viewer.organization_id,
        key_result_id=key_result.id,
        author_id=viewer.person_id,
        value=new.value,
        progress=progress_at(key_result, key_result.current_value if new.value is None else new.value),
        confidence=new.confidence,
        confidence_before=before,
        note=optional_text(new.note, "note", "The note"),
        as_of=new.as_of or today,
        created_at=work.at,
    )
    follow(key_result, await _newest(key_result))
    touch(key_result, work, edited=False)
    await key_result.save()
    place = await place_of(objective, key_result.id)
    row = row_of(KeyResultRow, key_result)
    work.record(CheckInPublished(row_of(CheckInRow, entity)).entry(place), KeyResultChanged(row).entry(place))
    if row.confidence is not None and row.confidence != before:
        work.record(ConfidenceChanged(row, before, row.confidence).entry(place))
    await roll_up(work, objective)
    return entity.id
