"""Plans check-ins: those with rows of their own, and the first one of a key result that names its value."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from okrgraph.kit.ids import new_key
from okrgraph.okrs.models import CheckIn, KeyResult
from okrgraph.okrs.progress import check_value
from okrgraph.transfer.plans.cells import Cells
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan


def plan_check_ins(plan: Plan) -> None:
    """Take each check-in's fields, then make one of `current` and `confidence` where there is none."""
    for draft, cells in plan.named_in_file(CheckIn):
        if draft.is_new:
            cells.require("parent", "owner", "confidence")
        key_result = _take_key_result(plan, draft, cells)
        author = plan.person(cells, "owner")
        draft.take("author_id", author and author.entity.id)
        draft.take("confidence", cells.rating("confidence"))
        draft.take("value", _value(cells, key_result))
        draft.take("note", cells.text("title", "The note"))
        draft.take("created_at", cells.moment("at"))
        _take_day(plan, draft, cells)
    _plan_first_check_ins(plan)


def _take_key_result(plan: Plan, draft: Draft[CheckIn], cells: Cells) -> Draft[KeyResult] | None:
    key_result = plan.named(cells, "parent", KeyResult)
    if key_result is None:
        return plan.key_results.get(draft.entity.key_result_id)
    if not draft.is_new and draft.entity.key_result_id != key_result.entity.id:
        cells.refuse("parent", "A check-in stays with its key result; give another one another key.")
    else:
        draft.entity.key_result_id = key_result.entity.id
    return key_result


def _value(cells: Cells, key_result: Draft[KeyResult] | None) -> float | None:
    value = cells.number("current")
    if value is None or key_result is None:
        return value
    refusal = check_value(key_result.entity.metric_kind, value)
    if refusal is not None:
        cells.refuse("current", refusal)
        return None
    return value


def _take_day(plan: Plan, draft: Draft[CheckIn], cells: Cells) -> None:
    """Set the day that it speaks of: as named; otherwise the day it was made."""
    day = cells.day("start")
    # One day of grace: where the author is, tomorrow may have begun.
    if day is not None and day > plan.today + timedelta(days=1):
        cells.refuse("start", f"A check-in speaks of today, {plan.today}, or an earlier day.")
    if day is None and draft.is_new:
        zone = ZoneInfo(plan.organization.entity.time_zone)
        made_at = draft.entity.created_at
        day = made_at.astimezone(zone).date() if "at" in cells else plan.today
    draft.take("as_of", day)


def _plan_first_check_ins(plan: Plan) -> None:
    rated: set[UUID] = {draft.entity.key_result_id for draft in plan.check_ins.values()}
    for draft, cells in list(plan.named_in_file(KeyResult)):
        value, confidence = _value(cells, draft), cells.rating("confidence")
        if "current" in cells and "confidence" not in cells:
            cells.refuse(
                "confidence", "A current value becomes a check-in, which needs a confidence from 1 to 5."
            )
        if confidence is None or draft.was("confidence") is not None or draft.entity.id in rated:
            continue
        author_id = _author_of_first(plan, draft, cells)
        if author_id is not None:
            _add_first_check_in(plan, draft, author_id, value, confidence)


def _author_of_first(plan: Plan, draft: Draft[KeyResult], cells: Cells) -> UUID | None:
    """The key result's owner, else the objective's; none at all is refused."""
    objective = plan.objectives.get(draft.entity.objective_id)
    for owned in (draft, objective):
        if owned is None or owned.entity.owner_id is not None:
            return None if owned is None else owned.entity.owner_id
        if owned.record is not None and "owner" in owned.record.cells:
            return None  # refused already
    cells.refuse(
        "owner", "Name an owner here or on the objective: the check-in of the current value needs an author."
    )
    return None


def _add_first_check_in(
    plan: Plan, key_result: Draft[KeyResult], author_id: UUID, value: float | None, confidence: int
) -> None:
    check_in = CheckIn(
        id=new_key(),
        organization_id=plan.organization_id,
        key_result_id=key_result.entity.id,
        author_id=author_id,
        value=value,
        confidence=confidence,
        as_of=plan.today,
        created_at=plan.at,
    )
    plan.check_ins[check_in.id] = Draft(check_in, record=key_result.record)
