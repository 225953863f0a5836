"""What people do to objectives: create, update, publish, close."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from okrgraph.events.database import fetch_one
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import DomainError, ErrorCode, Problem, forbidden, invalid, wrong_state
from okrgraph.kit.ids import new_key
from okrgraph.kit.text import TEXT_LENGTH, optional_text, required_text
from okrgraph.okrs import links
from okrgraph.okrs.events import AlignmentLinkChanged, KeyResultChanged, ObjectiveChanged
from okrgraph.okrs.links import NewLink
from okrgraph.okrs.models import AlignmentLink, Cycle, KeyResult, Objective
from okrgraph.okrs.phases import Act, amendment_needs_reason
from okrgraph.okrs.places import place_of, place_of_link
from okrgraph.okrs.progress import needs_target
from okrgraph.okrs.publishing import PublishFacts, publish_findings
from okrgraph.okrs.rights import Stewardship, can_edit
from okrgraph.okrs.rows import KeyResultRow, LinkRow, ObjectiveRow
from okrgraph.okrs.subjects import (
    cycle_of,
    edit_act,
    editable_objective,
    lock_alignment,
    locked_key_results,
    require_open,
    require_person,
    require_phase,
    require_team,
    require_version,
    stewardship_of,
    touch,
)
from okrgraph.okrs.vocabulary import (
    AlignmentBasis,
    CloseOutcome,
    CycleKind,
    CycleState,
    LinkState,
    ObjectiveLevel,
    ObjectiveState,
)
from okrgraph.people.events import AccessChanged
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import TeamKind

MOST_LINKS = 20


@dataclass(frozen=True, slots=True)
class NewObjective:
    """level: None takes the kind of the team. links: proposed in the same transaction."""

    title: str
    cycle_id: UUID
    team_id: UUID
    owner_id: UUID | None = None
    reviewer_id: UUID | None = None
    level: ObjectiveLevel | None = None
    why_now: str | None = None
    description: str | None = None
    links: Sequence[NewLink] = ()


async def _place_for(viewer: Viewer, new: NewObjective) -> tuple[ObjectiveLevel, UUID | None]:
    """Check where the objective shall stand and who owns it; returns its level and owner."""
    cycle = await cycle_of(viewer, new.cycle_id)
    team = await require_team(viewer, new.team_id)
    await require_person(viewer, new.owner_id, "owner_id")
    await require_person(viewer, new.reviewer_id, "reviewer_id")
    level = new.level or ObjectiveLevel(TeamKind(team.kind).value)
    individual = level is ObjectiveLevel.INDIVIDUAL
    owner_id = new.owner_id or (viewer.person_id if individual else None)
    viewer.require_write()
    # Naming oneself the owner opens one's own individual objectives, not other teams' lists.
    facts = Stewardship(level, owner_id if individual else None, [team.id])
    if not can_edit(viewer, facts):
        raise forbidden("Only members of the team may create its objectives.", "team_id")
    require_phase(cycle, Act.DRAFT_EDIT, field="cycle_id")
    return level, owner_id


@action
async def create_objective(work: UnitOfWork, viewer: Viewer, new: NewObjective) -> UUID:
    """Create a draft, with the links that it proposes.

    Raises DomainError NOT_FOUND, FORBIDDEN, INVALID, STATE; for a link the field starts with `links`.
    Records ObjectiveChanged, AlignmentLinkChanged.
    """
    level, owner_id = await _place_for(viewer, new)
    if len(new.links) > MOST_LINKS:
        raise invalid(f"Propose at most {MOST_LINKS} links together with an objective.", "links")
    objective = await Objective.create(
        id=new_key(),
        organization_id=viewer.organization_id,
        cycle_id=new.cycle_id,
        team_id=new.team_id,
        owner_id=owner_id,
        reviewer_id=new.reviewer_id,
        level=level,
        state=ObjectiveState.DRAFT,
        alignment_basis=AlignmentBasis.TOP if level is ObjectiveLevel.COMPANY else AlignmentBasis.UNALIGNED,
        title=required_text(new.title, "title", "The title"),
        description=optional_text(new.description, "description", "The description"),
        why_now=optional_text(new.why_now, "why_now", "Why now"),
        created_by_id=viewer.person_id,
        created_at=work.at,
        updated_at=work.at,
    )
    work.record(ObjectiveChanged(row_of(ObjectiveRow, objective)).entry(await place_of(objective)))
    if new.links:
        await lock_alignment(viewer)
    for place, link in enumerate(new.links):
        await links.add_link(work, viewer, objective, link, f"links.{place}.")
    return objective.id


@dataclass(frozen=True, slots=True)
class ObjectiveChange:
    """Only what is in `given` is changed; None clears, except the title."""

    given: frozenset[str]
    title: str | None = None
    description: str | None = None
    why_now: str | None = None
    owner_id: UUID | None = None
    reviewer_id: UUID | None = None
    reason: str | None = None


async def _apply(viewer: Viewer, objective: Objective, change: ObjectiveChange) -> None:
    if "title" in change.given:
        objective.title = required_text(change.title, "title", "The title")
    if "description" in change.given:
        objective.description = optional_text(change.description, "description", "The description")
    if "why_now" in change.given:
        objective.why_now = optional_text(change.why_now, "why_now", "Why now")
    if "owner_id" in change.given:
        await require_person(viewer, change.owner_id, "owner_id")
        objective.owner_id = change.owner_id
    if "reviewer_id" in change.given:
        await require_person(viewer, change.reviewer_id, "reviewer_id")
        objective.reviewer_id = change.reviewer_id


def reason_given(
    state: ObjectiveState, cycle_state: CycleState, reason: str | None, *, needed: bool
) -> str | None:
    """The reason for changing what others have seen. Raises DomainError INVALID when it is needed and missing."""
    text = optional_text(reason, "reason", "The reason", 2_000)
    if needed and text is None and state is not ObjectiveState.DRAFT and amendment_needs_reason(cycle_state):
        raise invalid("Give a reason: others rely on this since the cycle is under way.", "reason")
    return text


@action
async def update_objective(
    work: UnitOfWork,
    viewer: Viewer,
    objective_id: UUID,
    change: ObjectiveChange,
    expected_version: int | None = None,
) -> UUID:
    """Change plain fields. A new title or owner of a published objective needs a reason once the cycle runs.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID. Records ObjectiveChanged.
    """
    objective = await editable_objective(viewer, objective_id)
    require_version(objective, expected_version)
    require_open(objective)
    cycle = await Cycle.get(id=objective.cycle_id)
    require_phase(cycle, edit_act(objective), objective.id)
    before = row_of(ObjectiveRow, objective)
    saw = (await place_of(objective)).acl
    await _apply(viewer, objective, change)
    if row_of(ObjectiveRow, objective) == before:
        return objective.id
    amended = objective.title != before.title or objective.owner_id != before.owner_id
    reason = reason_given(objective.state, cycle.state, change.reason, needed=amended)
    touch(objective, work, edited=True)
    await objective.save()
    place = await place_of(objective, before=saw)
    work.record(ObjectiveChanged(row_of(ObjectiveRow, objective), reason).entry(place))
    if place.acl_before is not None:
        work.record(AccessChanged(objective.id, "Objective").entry(place))
    return objective.id


async def _publish_facts(
    viewer: Viewer, objective: Objective, cycle: Cycle, key_results: Sequence[KeyResult]
) -> PublishFacts:
    counted = await fetch_one(
        "SELECT count(*) FROM objective WHERE organization_id = :organization AND cycle_id = :cycle "
        "AND level = 'COMPANY' AND state = 'PUBLISHED' AND id <> :id",
        organization=viewer.organization_id,
        cycle=cycle.id,
        id=objective.id,
    )
    live = (LinkState.PROPOSED, LinkState.ACCEPTED)
    return PublishFacts(
        title=objective.title,
        has_owner=objective.owner_id is not None,
        key_results=len(key_results),
        key_results_without_target=tuple(
            each.title for each in key_results if needs_target(each.metric_kind) and each.target_value is None
        ),
        cycle_state=cycle.state,
        level=objective.level,
        live_links=await AlignmentLink.filter(child_id=objective.id, state__in=live).count(),
        has_why_now=objective.why_now is not None,
        other_purpose_acknowledged=False,
        company_objectives_published=counted[0] if counted else 0,
    )


async def _require_gate(
    viewer: Viewer, objective: Objective, cycle: Cycle, key_results: Sequence[KeyResult], override: str | None
) -> None:
    """Raises DomainError STATE with one problem for each failed check, unless a reason overrides the gate."""
    if cycle.kind is CycleKind.BACKLOG or cycle.state in (CycleState.CLOSED, CycleState.ARCHIVED):
        require_phase(cycle, Act.PUBLISH, objective.id)
    if override is not None:
        return
    cap = await fetch_one(
        "SELECT company_objective_cap FROM organization WHERE id = :id", id=viewer.organization_id
    )
    facts = await _publish_facts(viewer, objective, cycle, key_results)
    findings = publish_findings(facts, cap[0] if cap else 5)
    if findings:
        problems = (Problem(ErrorCode.STATE, finding.message) for finding in findings)
        raise DomainError(*problems, entity_id=objective.id)


@action
async def publish_objective(
    work: UnitOfWork,
    viewer: Viewer,
    objective_id: UUID,
    expected_version: int | None = None,
    override_reason: str | None = None,
) -> UUID:
    """Show a draft to the whole organisation. An override reason passes the gate and stays in the log.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE (one problem for each failed check).
    Records ObjectiveChanged, KeyResultChanged and AlignmentLinkChanged for what comes into sight with it,
    AccessChanged for those who could not see it.
    """
    await stewardship_of(viewer, objective_id, "id")
    await lock_alignment(viewer)
    key_results = await locked_key_results(objective_id)
    objective = await editable_objective(viewer, objective_id)
    require_version(objective, expected_version)
    if objective.state is not ObjectiveState.DRAFT:
        raise wrong_state(
            f"Only a draft can be published; this is {objective.state}.", entity_id=objective_id
        )
    cycle = await Cycle.get(id=objective.cycle_id)
    reason = optional_text(override_reason, "override_reason", "The override reason", 2_000)
    await _require_gate(viewer, objective, cycle, key_results, reason)
    saw = (await place_of(objective)).acl
    objective.state = ObjectiveState.PUBLISHED
    objective.published_at = work.at
    touch(objective, work, edited=True)
    await objective.save()
    place = await place_of(objective, before=saw)
    work.record(ObjectiveChanged(row_of(ObjectiveRow, objective), reason).entry(place))
    await _announce_below(work, objective, key_results, saw)
    work.record(AccessChanged(objective.id, "Objective").entry(place))
    return objective.id


async def _announce_below(
    work: UnitOfWork, objective: Objective, key_results: Sequence[KeyResult], saw: frozenset[str]
) -> None:
    """Send what hangs on a draft to those who see it from now on."""
    for key_result in key_results:
        touch(key_result, work, edited=False)
        await key_result.save()
        place = await place_of(objective, key_result.id, before=saw)
        work.record(KeyResultChanged(row_of(KeyResultRow, key_result)).entry(place))
    for link in await AlignmentLink.filter(child_id=objective.id).order_by("created_at", "id"):
        touch(link, work, edited=False)
        await link.save()
        place = await place_of_link(link, objective, await links.parent_objective_of(link), before=saw)
        work.record(AlignmentLinkChanged(row_of(LinkRow, link)).entry(place))


@action
async def close_objective(
    work: UnitOfWork,
    viewer: Viewer,
    objective_id: UUID,
    outcome: CloseOutcome,
    learning: str,
    *,
    score: float | None = None,
    expected_version: int | None = None,
) -> UUID:
    """End a published objective with its outcome, what was learned and, if wanted, a score from 0 to 1.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID. Records ObjectiveChanged.
    """
    objective = await editable_objective(viewer, objective_id)
    require_version(objective, expected_version)
    if objective.state is not ObjectiveState.PUBLISHED:
        raise wrong_state(
            f"Only a published objective can be closed; this is {objective.state}.", entity_id=objective_id
        )
    require_phase(await Cycle.get(id=objective.cycle_id), Act.CLOSE, objective.id)
    objective.learning = required_text(learning, "learning", "What was learned", TEXT_LENGTH)
    if score is not None and not (math.isfinite(score) and 0 <= score <= 1):
        raise invalid("The score is a number from 0 to 1.", "score")
    objective.state = ObjectiveState.CLOSED
    objective.close_outcome = outcome
    objective.score = score
    objective.closed_at = work.at
    touch(objective, work, edited=True)
    await objective.save()
    work.record(ObjectiveChanged(row_of(ObjectiveRow, objective)).entry(await place_of(objective)))
    return objective.id
