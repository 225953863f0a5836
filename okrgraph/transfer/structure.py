"""Checks what only the whole can show, over file and database: trees without circles, cycles that fit."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from okrgraph.okrs.circles import find_circles
from okrgraph.okrs.models import AlignmentLink, Cycle
from okrgraph.okrs.vocabulary import CycleKind, LinkKind
from okrgraph.okrs.weeks import do_overlap
from okrgraph.transfer.cells import quoted
from okrgraph.transfer.drafts import Draft
from okrgraph.transfer.link_plan import is_live, parent_of
from okrgraph.transfer.plan import Plan
from okrgraph.transfer.records import FileProblem

Edge = tuple[UUID, UUID]
Found = TypeVar("Found")
# More names than these make the sentence unreadable.
_NAMES_SHOWN = 6


def check_structure(plan: Plan) -> None:
    """Refuse circles of teams, managers, cycles and links, and cycles that do not fit together."""
    _check_tree(plan, plan.teams.values(), "parent_id")
    _check_tree(plan, plan.people.values(), "manager_id")
    _check_tree(plan, plan.cycles.values(), "parent_id")
    _check_cycles_above(plan)
    _check_quarters(plan)
    _check_overlaps(plan)
    _check_alignment(plan)


def _check_tree(plan: Plan, drafts: Iterable[Draft[Any]], column: str) -> None:
    edges: dict[Edge, Draft[Any] | None] = {}
    for draft in drafts:
        above = getattr(draft.entity, column)
        if above is not None:
            edges[draft.entity.id, above] = draft
    _refuse_circles(plan, edges)


def _refuse_circles(plan: Plan, edges: Mapping[Edge, Draft[Any] | None]) -> None:
    """Report each circle on a row that has part in it. edges: (child, parent), and the draft that says so."""
    reported: set[Edge] = set()
    name_of: dict[UUID, str] = {}
    for circle in find_circles(edges):
        steps = list(zip(circle, [*circle[1:], circle[0]], strict=True))
        news = (place for place, step in enumerate(steps) if step not in reported and _is_news(edges[step]))
        place = next(news, None)
        if place is None:
            continue
        reported.add(steps[place])
        draft = edges[steps[place]]
        if draft is not None and draft.record is not None:
            name_of = name_of or _names(plan)
            reason = f"This closes a circle: {_listed(name_of, [*circle[place:], *circle[:place]])}."
            plan.problems.append(FileProblem(draft.record.line, "parent", reason))


def _is_news(draft: Draft[Any] | None) -> bool:
    """Whether a row makes or changes it; what was there before is not the file's fault."""
    return draft is not None and draft.record is not None and (draft.is_new or draft.is_changed)


def _names(plan: Plan) -> dict[UUID, str]:
    """Keys, and the titles of what the file does not name."""
    titled: list[Draft[Any]] = [*plan.objectives.values(), *plan.key_results.values()]
    titles = {draft.entity.id: draft.entity.title for draft in titled}
    keys = {draft.entity.id: key for key, draft in (*plan.by_key.items(), *plan.by_email.items())}
    return titles | keys


def _listed(name_of: Mapping[UUID, str], circle: list[UUID]) -> str:
    """The circle as a sentence shows it, with dots for what the file does not even touch."""
    names = [quoted(name_of[key]) if key in name_of else "..." for key in circle]
    shown = [name for place, name in enumerate(names) if name != "..." or names[place - 1] != "..."]
    if len(shown) > _NAMES_SHOWN:
        shown[_NAMES_SHOWN:] = ["..."]
    return " under ".join([*shown, shown[0]])


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


def _objective_of_key_result(plan: Plan) -> dict[UUID, UUID]:
    known = {ends.parent_key_result_id: ends.parent_objective_id for ends in plan.link_ends.values()}
    planned = {draft.entity.id: draft.entity.objective_id for draft in plan.key_results.values()}
    return {key: above for key, above in (known | planned).items() if key is not None and above is not None}


def _cycle_of_objective(plan: Plan) -> dict[UUID, UUID]:
    children = {ends.child_id: ends.child_cycle_id for ends in plan.link_ends.values()}
    parents = {ends.parent_objective_id: ends.parent_cycle_id for ends in plan.link_ends.values()}
    planned = {draft.entity.id: draft.entity.cycle_id for draft in plan.objectives.values()}
    return children | parents | planned


def _check_overlaps(plan: Plan) -> None:
    """The cycle of an objective overlaps that of what it supports; a BACKLOG, without dates, suits all."""
    above, cycle_of = _objective_of_key_result(plan), _cycle_of_objective(plan)
    links: list[tuple[Draft[AlignmentLink] | None, UUID, UUID]] = [
        (plan.links.get(ends.id), ends.child_id, ends.parent_objective_id) for ends in plan.link_ends.values()
    ]
    for draft in plan.links.values():
        if draft.entity.id not in plan.link_ends:
            parent_id = parent_of(draft.entity)
            links.append((draft, draft.entity.child_id, above.get(parent_id, parent_id)))
    for link, child_id, parent_id in links:
        if link is not None and not is_live(link.entity):
            continue
        below, over = (_found(plan.cycles, _found(cycle_of, each)) for each in (child_id, parent_id))
        if below is not None and over is not None and not do_overlap(below.entity, over.entity):
            _blame(
                plan,
                "The cycles of an objective and of what it supports must overlap; these two do not.",
                (link, "parent"),
                (plan.objectives.get(child_id), "cycle"),
                (plan.objectives.get(parent_id), "cycle"),
                (below, "start"),
                (over, "start"),
            )


def _found(where: Mapping[UUID, Found], key: UUID | None) -> Found | None:
    return None if key is None else where.get(key)


def _check_alignment(plan: Plan) -> None:
    """Live CONTRIBUTES and SUPPORTS links, with what key results belong to, close no circle."""
    if not any(draft.is_new or draft.is_changed for draft in plan.links.values()):
        return
    edges: dict[Edge, Draft[Any] | None] = {}
    for key_result_id, objective_id in _objective_of_key_result(plan).items():
        edges[key_result_id, objective_id] = None
    for ends in plan.link_ends.values():
        if ends.id not in plan.links and ends.kind is not LinkKind.RELATES:
            edges[ends.child_id, ends.parent_key_result_id or ends.parent_objective_id] = None
    for draft in plan.links.values():
        if is_live(draft.entity) and draft.entity.kind is not LinkKind.RELATES:
            edges[draft.entity.child_id, parent_of(draft.entity)] = draft
    _refuse_circles(plan, edges)
