"""Checks that cycles fit together: each inside the one above it, quarters one after the other."""

from datetime import date
from itertools import pairwise
from operator import itemgetter
from typing import Any
from uuid import UUID

from okrgraph.okrs.circles import find_circles
from okrgraph.okrs.models import Cycle
from okrgraph.okrs.vocabulary import CycleKind
from okrgraph.transfer.formats.records import FileProblem, quoted
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan
from okrgraph.transfer.plans.sentences import circle_reason


def check_cycles(plan: Plan) -> None:
    """Refuse cycles of the file, with those of the organisation, that stand in a circle or do not fit."""
    edges = {
        (draft.entity.id, draft.entity.parent_id): draft
        for draft in plan.cycles.values()
        if draft.entity.parent_id is not None
    }
    name_of = {draft.entity.id: key for key, draft in plan.by_key.items()}
    for circle in find_circles(edges):
        names = [name_of.get(key) or plan.cycles[key].entity.name for key in circle]
        steps = zip(circle, [*circle[1:], circle[0]], strict=True)
        blamed = next((place for place, step in enumerate(steps) if _is_news(edges[step])), None)
        if blamed is not None:
            reason = circle_reason([*names[blamed:], *names[:blamed]])
            _blame(plan, reason, (plan.cycles[circle[blamed]], "parent"))
            return
    _check_cycles_above(plan)
    _check_quarters(plan)


def _is_news(draft: Draft[Any] | None) -> bool:
    """Whether a row makes or changes it; what was there before is not the file's fault."""
    return draft is not None and draft.record is not None and (draft.is_new or draft.is_changed)


def _check_cycles_above(plan: Plan) -> None:
    for draft in plan.cycles.values():
        above = plan.cycles.get(draft.entity.parent_id) if draft.entity.parent_id is not None else None
        days, days_above = _days(draft), _days(above)
        if above is None or days is None or days_above is None:
            continue
        if days[0] < days_above[0] or days[1] > days_above[1]:
            column = "start" if days[0] < days_above[0] else "target"
            name, name_above = quoted(draft.entity.name), quoted(above.entity.name)
            reason = f"The cycle {name} must lie inside {name_above}, which is above it."
            _blame(plan, reason, (draft, column), (above, "start"))


def _check_quarters(plan: Plan) -> None:
    """Quarters of one cycle do not overlap."""
    quarters: dict[UUID, list[tuple[date, date, Draft[Cycle]]]] = {}
    for draft in plan.cycles.values():
        days, above = _days(draft), draft.entity.parent_id
        if draft.entity.kind is CycleKind.QUARTER and above is not None and days is not None:
            quarters.setdefault(above, []).append((*days, draft))
    for siblings in quarters.values():
        siblings.sort(key=itemgetter(0, 1))
        for (_, last_day, before), (first_day, _, after) in pairwise(siblings):
            if first_day <= last_day:
                names = f"{quoted(before.entity.name)} and {quoted(after.entity.name)}"
                _blame(plan, f"The quarters {names} overlap.", (after, "start"), (before, "target"))


def _days(draft: Draft[Cycle] | None) -> tuple[date, date] | None:
    if draft is None or draft.entity.starts_on is None or draft.entity.ends_on is None:
        return None
    return draft.entity.starts_on, draft.entity.ends_on


def _blame(plan: Plan, reason: str, *candidates: tuple[Draft[Any] | None, str]) -> None:
    """Report on the first of these that a row makes or changes, and nowhere when there is none."""
    for draft, column in candidates:
        if draft is not None and draft.record is not None and _is_news(draft):
            plan.problems.append(FileProblem(draft.record.line, column, reason))
            return
