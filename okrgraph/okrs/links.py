"""What people do to alignment links: propose, accept, decline, withdraw."""

import math
from dataclasses import dataclass
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import duplicate, forbidden, invalid, not_found, wrong_state
from okrgraph.kit.ids import new_key
from okrgraph.kit.text import optional_text
from okrgraph.okrs import link_reads, reads
from okrgraph.okrs.circles import closes_circle
from okrgraph.okrs.events import AlignmentLinkChanged, ObjectiveChanged
from okrgraph.okrs.models import AlignmentLink, Cycle, KeyResult, Objective
from okrgraph.okrs.phases import Act
from okrgraph.okrs.places import place_of, place_of_link
from okrgraph.okrs.rights import can_decide_link, can_edit
from okrgraph.okrs.rows import LinkRow, ObjectiveRow
from okrgraph.okrs.subjects import (
    editable_objective,
    lock_alignment,
    locked_objective,
    require_open,
    require_phase,
    touch,
)
from okrgraph.okrs.vocabulary import (
    AlignmentBasis,
    LinkKind,
    LinkState,
    LinkTestAnswer,
    ObjectiveLevel,
    ObjectiveState,
)
from okrgraph.okrs.weeks import do_overlap
from okrgraph.people.viewer import Viewer

HEAVIEST = 1_000_000.0


@dataclass(frozen=True, slots=True)
class NewLink:
    """parent_id: an objective or a key result. is_key_result: which of them it must be; None for either.

    primary: None makes it primary when the child has none yet.
    """

    parent_id: UUID
    kind: LinkKind = LinkKind.SUPPORTS
    primary: bool | None = None
    weight: float = 1.0
    rationale: str | None = None
    answer: LinkTestAnswer = LinkTestAnswer.UNANSWERED
    is_key_result: bool | None = None


async def parent_objective_of(link: AlignmentLink) -> Objective:
    """The objective that a link points to, or whose key result it points to."""
    if link.parent_objective_id is not None:
        return await Objective.get(id=link.parent_objective_id)
    key_result = await KeyResult.get(id=link.parent_key_result_id)
    return await Objective.get(id=key_result.objective_id)


async def _visible_parent(viewer: Viewer, new: NewLink, field: str) -> tuple[UUID | None, Objective]:
    """The key result, if the parent is one, and the objective. Raises DomainError NOT_FOUND."""
    key_result = (await reads.key_results_by_id(viewer, [new.parent_id])).get(new.parent_id)
    objective_id = key_result.objective_id if key_result else new.parent_id
    is_other = new.is_key_result is not None and new.is_key_result is (key_result is None)
    if is_other or objective_id not in await reads.objectives_by_id(viewer, [objective_id]):
        raise not_found("objective or key result", field)
    return (key_result.id if key_result else None), await Objective.get(id=objective_id)


async def standing_under(organization_id: UUID) -> dict[UUID, list[UUID]]:
    """What each objective and key result of an organisation stands under; read under the alignment lock."""
    rows = await fetch_all(
        "SELECT child_id, COALESCE(parent_key_result_id, parent_objective_id) FROM alignment_link "
        "WHERE organization_id = :organization AND state IN ('PROPOSED', 'ACCEPTED') AND kind <> 'RELATES' "
        "UNION ALL SELECT k.id, k.objective_id FROM key_result k WHERE k.organization_id = :organization "
        "AND EXISTS (SELECT 1 FROM alignment_link l WHERE l.parent_key_result_id = k.id)",
        organization=organization_id,
    )
    parents: dict[UUID, list[UUID]] = {}
    for child, parent in rows:
        parents.setdefault(UUID(str(child)), []).append(UUID(str(parent)))
    return parents


async def _require_overlap(child: Objective, parent: Objective, field: str) -> None:
    below, above = await Cycle.get(id=child.cycle_id), await Cycle.get(id=parent.cycle_id)
    if below.id != above.id and not do_overlap(below, above):
        raise invalid("Link objectives whose cycles overlap; these two do not.", field)


async def _require_new(child: Objective, new: NewLink, prefix: str) -> bool:
    """Check a proposal against the child's live links; returns whether it becomes the primary one."""
    live = await AlignmentLink.filter(child_id=child.id, state__in=link_reads.LIVE)
    for link in live:
        if new.parent_id in (link.parent_objective_id, link.parent_key_result_id):
            raise duplicate(
                "This link exists already; withdraw it to propose another.",
                f"{prefix}parent_id",
                entity_id=link.id,
            )
    has_primary = any(link.is_primary for link in live)
    if new.primary is None:
        return new.kind is not LinkKind.RELATES and not has_primary
    if new.primary and new.kind is LinkKind.RELATES:
        raise invalid("A RELATES link is horizontal and cannot be primary.", f"{prefix}primary")
    if new.primary and has_primary:
        raise duplicate(
            "The objective has a primary link already; withdraw that one first.", f"{prefix}primary"
        )
    return new.primary


async def add_link(
    work: UnitOfWork, viewer: Viewer, child: Objective, new: NewLink, prefix: str = ""
) -> AlignmentLink:
    """Propose one link of a child that the viewer may edit; the caller holds the alignment lock.

    prefix: what the names of fields in refusals start with.
    """
    parent_key_result_id, parent = await _visible_parent(viewer, new, f"{prefix}parent_id")
    require_phase(await Cycle.get(id=child.cycle_id), Act.LINK, child.id)
    if parent.id == child.id:
        raise invalid("An objective cannot support itself or its own key result.", f"{prefix}parent_id")
    if not (math.isfinite(new.weight) and 0 <= new.weight <= HEAVIEST):
        raise invalid("The weight is a number from 0 to 1,000,000.", f"{prefix}weight")
    require_open(parent, f"{prefix}parent_id")
    await _require_overlap(child, parent, f"{prefix}parent_id")
    is_primary = await _require_new(child, new, prefix)
    if new.kind is not LinkKind.RELATES:
        above = await standing_under(viewer.organization_id)
        if parent_key_result_id is not None:
            above.setdefault(parent_key_result_id, []).append(parent.id)
        if closes_circle(lambda node: above.get(node, ()), child.id, new.parent_id):
            raise invalid(
                "This link would close a circle: what it points to already supports this objective.",
                f"{prefix}parent_id",
            )
    link = await AlignmentLink.create(
        id=new_key(),
        organization_id=viewer.organization_id,
        child_id=child.id,
        parent_objective_id=None if parent_key_result_id else parent.id,
        parent_key_result_id=parent_key_result_id,
        kind=new.kind,
        is_primary=is_primary,
        weight=new.weight,
        rationale=optional_text(new.rationale, f"{prefix}rationale", "The rationale"),
        child_answer=new.answer,
        proposed_by_id=viewer.person_id,
        created_at=work.at,
        updated_at=work.at,
    )
    work.record(AlignmentLinkChanged(row_of(LinkRow, link)).entry(await place_of_link(link, child, parent)))
    return link


@action
async def propose_link(work: UnitOfWork, viewer: Viewer, child_id: UUID, new: NewLink) -> UUID:
    """Propose that an objective supports another objective or a key result.

    Raises DomainError NOT_FOUND, FORBIDDEN, STATE, INVALID (a circle, no overlap), DUPLICATE.
    Records AlignmentLinkChanged.
    """
    await lock_alignment(viewer)
    child = await editable_objective(viewer, child_id, "child_id")
    require_open(child, "child_id")
    return (await add_link(work, viewer, child, new)).id


@dataclass(frozen=True, slots=True)
class _Locked:
    """A locked link, its locked child, and the objective that it points to or whose key result it points to."""

    link: AlignmentLink
    child: Objective
    parent: Objective


async def _locked_link(viewer: Viewer, link_id: UUID) -> _Locked:
    """Lock a link that the viewer may see. Raises DomainError NOT_FOUND, FORBIDDEN for a read-only token."""
    if link_id not in await link_reads.links_by_id(viewer, [link_id]):
        raise not_found("alignment link", "id")
    viewer.require_write()
    await lock_alignment(viewer)
    link = await AlignmentLink.select_for_update().get(id=link_id)
    return _Locked(link, await locked_objective(link.child_id), await parent_objective_of(link))


async def _write_state(
    work: UnitOfWork, viewer: Viewer, found: _Locked, state: LinkState, note: str | None
) -> UUID:
    """Write a link's new state and what follows of it for the child's basis."""
    link, child = found.link, found.child
    link.state = state
    link.decision_note = optional_text(note, "note", "The note")
    link.decided_by_id = viewer.person_id
    link.decided_at = work.at
    touch(link, work, edited=True)
    await link.save()
    place = await place_of_link(link, child, found.parent)
    work.record(AlignmentLinkChanged(row_of(LinkRow, link)).entry(place))
    basis = await basis_of(child)
    if basis is not child.alignment_basis:
        child.alignment_basis = basis
        touch(child, work, edited=False)
        await child.save()
        work.record(ObjectiveChanged(row_of(ObjectiveRow, child)).entry(await place_of(child)))
    return link.id


def basis_from(level: ObjectiveLevel, *, is_linked: bool) -> AlignmentBasis:
    """What an objective's alignment rests on. is_linked: an accepted link, not RELATES. Source: concepts.md, N2."""
    if level is ObjectiveLevel.COMPANY:
        return AlignmentBasis.TOP
    return AlignmentBasis.LINKED if is_linked else AlignmentBasis.UNALIGNED


async def basis_of(objective: Objective) -> AlignmentBasis:
    """What the alignment of an objective rests on, by its links in the database."""
    accepted = AlignmentLink.filter(child_id=objective.id, state=LinkState.ACCEPTED)
    linked = await accepted.exclude(kind=LinkKind.RELATES).exists()
    return basis_from(objective.level, is_linked=linked)


async def _to_decide(viewer: Viewer, link_id: UUID, answer: LinkTestAnswer | None) -> _Locked:
    """Lock a proposed link that the viewer decides for the parent's side, and note that side's answer."""
    found = await _locked_link(viewer, link_id)
    link, parent = found.link, found.parent
    stewardship = (await reads.stewardships(viewer, [parent.id])).get(parent.id)
    if stewardship is None or not can_decide_link(viewer, stewardship):
        raise forbidden("Only whoever may edit what the link points to decides it.", "id", entity_id=link.id)
    if link.state is not LinkState.PROPOSED:
        raise wrong_state(f"Only a proposed link can be decided; this is {link.state}.", entity_id=link.id)
    require_phase(await Cycle.get(id=parent.cycle_id), Act.LINK, link.id)
    link.parent_answer = answer or link.parent_answer
    return found


@action
async def accept_link(
    work: UnitOfWork,
    viewer: Viewer,
    link_id: UUID,
    answer: LinkTestAnswer | None = None,
    note: str | None = None,
) -> UUID:
    """Agree, for the parent, that the child supports it.

    Raises DomainError NOT_FOUND, FORBIDDEN, STATE. Records AlignmentLinkChanged and, when the child's
    alignment now rests on something else, ObjectiveChanged.
    """
    found = await _to_decide(viewer, link_id, answer)
    if found.parent.state is not ObjectiveState.PUBLISHED:
        raise wrong_state("Publish what the link points to before accepting it.", entity_id=link_id)
    return await _write_state(work, viewer, found, LinkState.ACCEPTED, note)


@action
async def decline_link(
    work: UnitOfWork,
    viewer: Viewer,
    link_id: UUID,
    answer: LinkTestAnswer | None = None,
    note: str | None = None,
) -> UUID:
    """Decline a proposed link, for the parent. Raises and records as `accept_link`."""
    found = await _to_decide(viewer, link_id, answer)
    return await _write_state(work, viewer, found, LinkState.DECLINED, note)


@action
async def withdraw_link(
    work: UnitOfWork,
    viewer: Viewer,
    link_id: UUID,
    answer: LinkTestAnswer | None = None,
    note: str | None = None,
) -> UUID:
    """Take a proposed or accepted link back, for the child. Raises and records as `accept_link`."""
    found = await _locked_link(viewer, link_id)
    link, child = found.link, found.child
    stewardship = (await reads.stewardships(viewer, [child.id]))[child.id]
    if not can_edit(viewer, stewardship):
        raise forbidden(
            "Only whoever may edit the linked objective withdraws the link.", "id", entity_id=link.id
        )
    if link.state not in link_reads.LIVE:
        raise wrong_state(f"Only a live link can be withdrawn; this is {link.state}.", entity_id=link.id)
    require_phase(await Cycle.get(id=child.cycle_id), Act.LINK, link.id)
    link.child_answer = answer or link.child_answer
    return await _write_state(work, viewer, found, LinkState.WITHDRAWN, note)
