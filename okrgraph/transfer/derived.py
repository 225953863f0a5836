"""What follows from the rows of an import, by the rules that the actions use; it writes nothing."""

from collections import Counter
from collections.abc import Collection
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.okrs.check_ins import follow
from okrgraph.okrs.key_results import progress_at, set_progress
from okrgraph.okrs.links import basis_from
from okrgraph.okrs.models import AlignmentLink, CheckIn, KeyResult, Objective
from okrgraph.okrs.progress import needs_target
from okrgraph.okrs.publishing import Finding, PublishFacts, publish_findings
from okrgraph.okrs.rollups import derive
from okrgraph.okrs.visibility import audience
from okrgraph.okrs.vocabulary import LinkKind, LinkState, ObjectiveLevel, ObjectiveState
from okrgraph.transfer.drafts import Draft
from okrgraph.transfer.link_plan import is_live
from okrgraph.transfer.loading import check_ins_of
from okrgraph.transfer.plan import Plan

_MEASURE = frozenset({"start_value", "target_value", "metric_kind"})
_TITLES_NAMED = 3


async def derive_all(plan: Plan) -> None:
    """Set progress, ratings, roll-ups and bases, mark what others come to see, and warn of waived gates."""
    await _follow_check_ins(plan)
    _derive_objectives(plan)
    _mark_reannounced(plan)
    await _warn_of_waived_gates(plan)


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


async def _warn_of_waived_gates(plan: Plan) -> None:
    """One sentence about the objectives that this import publishes although the gate would not open."""
    published = [
        draft
        for draft in plan.objectives.values()
        if draft.entity.state is ObjectiveState.PUBLISHED
        and draft.was("state") is not ObjectiveState.PUBLISHED
    ]
    if not published:
        return
    companies = await _company_objectives(plan)
    links_of, key_results_of = plan.links_of(), plan.key_results_of()
    waived: list[str] = []
    codes: Counter[str] = Counter()
    for draft in published:
        objective = draft.entity
        links = sum(is_live(each.entity) for each in links_of.get(objective.id, ()))
        key_results = [each.entity for each in key_results_of.get(objective.id, ())]
        findings = _findings(plan, objective, key_results, links, companies[objective.cycle_id])
        codes.update(finding.code for finding in findings)
        if findings:
            waived.append(f'"{objective.title}"')
    if waived:
        plan.warnings.append(_sentence(waived, codes))


async def _company_objectives(plan: Plan) -> Counter[UUID]:
    """How many company objectives of each cycle are published, once the import is done."""
    found: Counter[UUID] = Counter()
    if not plan.organization.is_new:
        rows = await fetch_all(
            "SELECT id, cycle_id FROM objective WHERE organization_id = :organization "
            "AND level = 'COMPANY' AND state = 'PUBLISHED'",
            organization=plan.organization_id,
        )
        found.update(UUID(str(row[1])) for row in rows if UUID(str(row[0])) not in plan.objectives)
    for draft in plan.objectives.values():
        objective = draft.entity
        if objective.level is ObjectiveLevel.COMPANY and objective.state is ObjectiveState.PUBLISHED:
            found[objective.cycle_id] += 1
    return found


def _findings(
    plan: Plan, objective: Objective, key_results: list[KeyResult], live_links: int, companies: int
) -> list[Finding]:
    without_target = (
        each.title for each in key_results if needs_target(each.metric_kind) and each.target_value is None
    )
    cap = plan.organization.entity.company_objective_cap
    facts = PublishFacts(
        title=objective.title,
        has_owner=objective.owner_id is not None,
        key_results=len(key_results),
        key_results_without_target=tuple(without_target),
        cycle_state=plan.cycles[objective.cycle_id].entity.state,
        level=objective.level,
        live_links=live_links,
        has_why_now=objective.why_now is not None,
        other_purpose_acknowledged=False,
        company_objectives_published=companies - (objective.level is ObjectiveLevel.COMPANY),
    )
    return publish_findings(facts, cap)


def _sentence(titles: list[str], codes: Counter[str]) -> str:
    named = titles[:_TITLES_NAMED]
    if len(titles) > _TITLES_NAMED:
        named.append(f"{len(titles) - _TITLES_NAMED} more")
    reasons = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
    count = "1 objective is" if len(titles) == 1 else f"{len(titles)} objectives are"
    return f"{count} published although the publish gate would not open ({reasons}): {', '.join(named)}."
