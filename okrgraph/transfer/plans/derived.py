"""What follows from the rows of an import, by the rules that the actions use; it writes nothing."""

from collections.abc import Collection
from uuid import UUID

from okrgraph.okrs.check_ins import follow
from okrgraph.okrs.key_results import progress_at, set_progress
from okrgraph.okrs.links import basis_from
from okrgraph.okrs.models import AlignmentLink, CheckIn, KeyResult, Objective
from okrgraph.okrs.rollups import derive
from okrgraph.okrs.visibility import audience
from okrgraph.okrs.vocabulary import LinkKind, LinkState
from okrgraph.transfer.loading import check_ins_of
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan

_MEASURE = frozenset({"start_value", "target_value", "metric_kind"})


async def derive_all(plan: Plan) -> None:
    """Set progress, ratings, roll-ups and bases, and mark what others come to see."""
    await _follow_check_ins(plan)
    _derive_objectives(plan)
    _mark_reannounced(plan)


async def _follow_check_ins(plan: Plan) -> None:
    touched: dict[UUID, set[UUID]] = {}
    for draft in plan.check_ins.values():
        if draft.is_new or draft.is_edited:
            touched.setdefault(draft.entity.key_result_id, set()).add(draft.entity.id)
    for key, check_ins in (await _all_check_ins(plan, touched)).items():
        key_result = plan.key_results[key].entity
        check_ins.sort(key=lambda each: (each.as_of, each.created_at, each.id))
        _take_snapshots(key_result, check_ins, touched[key])
        follow(key_result, check_ins[::-1])
    for key_result_draft in plan.key_results.values():
        if key_result_draft.entity.id not in touched and key_result_draft.changed_columns & _MEASURE:
            set_progress(key_result_draft.entity)


async def _all_check_ins(plan: Plan, key_result_ids: Collection[UUID]) -> dict[UUID, list[CheckIn]]:
    """The check-ins of these key results, of file and database."""
    found: dict[UUID, list[CheckIn]] = {key: [] for key in key_result_ids}
    for draft in plan.check_ins.values():
        if draft.entity.key_result_id in found:
            found[draft.entity.key_result_id].append(draft.entity)
    rated = [key for key in key_result_ids if plan.key_results[key].was("confidence") is not None]
    for check_in in await check_ins_of(rated):
        if check_in.id not in plan.check_ins:
            found[check_in.key_result_id].append(check_in)
    return found


def _take_snapshots(key_result: KeyResult, oldest_first: list[CheckIn], touched: set[UUID]) -> None:
    """Write into touched check-ins how things stood at each; what others say of themselves stays."""
    confidence, current = None, None
    for check_in in oldest_first:
        current = current if check_in.value is None else check_in.value
        if check_in.id in touched:
            check_in.confidence_before = confidence
            check_in.progress = progress_at(key_result, current)
        confidence = check_in.confidence


def _derive_objectives(plan: Plan) -> None:
    links_of, key_results_of = plan.links_of(), plan.key_results_of()
    for draft in plan.objectives.values():
        objective = draft.entity
        key_results = key_results_of.get(objective.id, [])
        if any(each.is_new or each.changed_columns for each in key_results):
            derive(objective, [each.entity for each in key_results])
        links = links_of.get(objective.id, [])
        has_news = draft.is_new or draft.was("level") is not objective.level
        if has_news or any(each.is_new or each.changed_columns for each in links):
            is_linked = any(_is_support(each.entity) for each in links)
            objective.alignment_basis = basis_from(objective.level, is_linked=is_linked)


def _is_support(link: AlignmentLink) -> bool:
    return link.state is LinkState.ACCEPTED and link.kind is not LinkKind.RELATES


def audience_before(plan: Plan, draft: Draft[Objective]) -> frozenset[str] | None:
    """Who saw an objective before the import; None when the same people see it afterwards."""
    if draft.is_new:
        return None
    objective = draft.entity
    teams = (objective.team_id, *plan.co_owners.get(objective.id, ()))
    teams_before = (draft.was("team_id"), *plan.co_owners_before.get(objective.id, ()))
    now = audience(objective.state, teams, objective.owner_id, objective.reviewer_id)
    before = audience(draft.was("state"), teams_before, draft.was("owner_id"), draft.was("reviewer_id"))
    return before if before != now else None


def _mark_reannounced(plan: Plan) -> None:
    """Let key results and links be told anew with an objective that others come to see or no longer do."""
    links_of, key_results_of = plan.links_of(), plan.key_results_of()
    for draft in plan.objectives.values():
        if audience_before(plan, draft) is not None:
            for each in (*key_results_of.get(draft.entity.id, ()), *links_of.get(draft.entity.id, ())):
                each.reannounced = not each.is_new
