"""Finding and locking what an action is about: absent and hidden are refused alike, before any right is asked."""

from uuid import UUID

from okrgraph.events.database import execute
from okrgraph.events.unit_of_work import UnitOfWork
from okrgraph.kit.errors import conflict, forbidden, not_found, wrong_state
from okrgraph.okrs import reads
from okrgraph.okrs.models import AlignmentLink, Cycle, KeyResult, Objective
from okrgraph.okrs.phases import Act, cycle_refusal
from okrgraph.okrs.rights import Stewardship, can_edit
from okrgraph.okrs.rows import CycleRow
from okrgraph.okrs.vocabulary import ObjectiveState
from okrgraph.people import reads as people_reads
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import PersonStatus


async def lock_alignment(viewer: Viewer) -> None:
    """Let one transaction of the organisation at a time change what the whole tree or a cap depends on."""
    await execute(
        "SELECT id FROM organization WHERE id = :organization FOR NO KEY UPDATE",
        organization=viewer.organization_id,
    )


async def stewardship_of(viewer: Viewer, objective_id: UUID, field: str) -> Stewardship:
    """Raises DomainError NOT_FOUND when the viewer may not see the objective."""
    found = (await reads.stewardships(viewer, [objective_id])).get(objective_id)
    if found is None:
        raise not_found("objective", field)
    return found


async def editable_objective(viewer: Viewer, objective_id: UUID, field: str = "id") -> Objective:
    """Lock an objective that the viewer may edit.

    Raises DomainError NOT_FOUND when it is absent or hidden, FORBIDDEN when it may only be seen.
    """
    stewardship = await stewardship_of(viewer, objective_id, field)
    viewer.require_write()
    if not can_edit(viewer, stewardship):
        raise forbidden(
            "Only the owner and the owning teams may change this objective.", field, entity_id=objective_id
        )
    return await locked_objective(objective_id)


async def locked_objective(objective_id: UUID) -> Objective:
    return await Objective.select_for_update().get(id=objective_id)


async def locked_key_results(objective_id: UUID) -> list[KeyResult]:
    return await KeyResult.select_for_update().filter(objective_id=objective_id).order_by("id")


async def locked_key_result(viewer: Viewer, key_result_id: UUID, field: str) -> KeyResult:
    """Lock a key result that the viewer may see. Raises DomainError NOT_FOUND."""
    if key_result_id not in await reads.key_results_by_id(viewer, [key_result_id]):
        raise not_found("key result", field)
    return await KeyResult.select_for_update().get(id=key_result_id)


async def cycle_of(viewer: Viewer, cycle_id: UUID, field: str = "cycle_id") -> CycleRow:
    found = (await reads.cycles_by_id(viewer, [cycle_id])).get(cycle_id)
    if found is None:
        raise not_found("cycle", field)
    return found


async def require_team(viewer: Viewer, team_id: UUID, field: str = "team_id") -> people_reads.TeamRow:
    found = (await people_reads.teams_by_id(viewer, [team_id])).get(team_id)
    if found is None:
        raise not_found("team", field)
    return found


async def require_person(viewer: Viewer, person_id: UUID | None, field: str) -> None:
    """Raises DomainError NOT_FOUND, or STATE for a suspended person, who can be made responsible for nothing."""
    if person_id is None:
        return
    found = (await people_reads.people_by_id(viewer, [person_id])).get(person_id)
    if found is None:
        raise not_found("person", field)
    if found.status is PersonStatus.SUSPENDED:
        raise wrong_state("Choose somebody who still takes part; this person is suspended.", field)


def require_version(entity: Objective | KeyResult, expected: int | None) -> None:
    """Raises DomainError CONFLICT when a person edited the entity after the version the caller saw."""
    if expected is not None and entity.edited_version > expected:
        raise conflict(
            f"Somebody changed this after version {expected}; look at version {entity.version} and try again.",
            entity_id=entity.id,
        )


def require_open(objective: Objective, field: str | None = None) -> None:
    """Raises DomainError STATE for an objective that is closed or archived."""
    if objective.state in (ObjectiveState.CLOSED, ObjectiveState.ARCHIVED):
        raise wrong_state(
            f"This objective is {objective.state} and no longer changes.", field, entity_id=objective.id
        )


def require_phase(
    cycle: CycleRow | Cycle, act: Act, entity_id: UUID | None = None, field: str | None = None
) -> None:
    """Raises DomainError STATE when the cycle does not allow the act."""
    refusal = cycle_refusal(cycle.state, act, cycle.kind)
    if refusal is not None:
        raise wrong_state(refusal, field, entity_id=entity_id)


def edit_act(objective: Objective) -> Act:
    return Act.DRAFT_EDIT if objective.state is ObjectiveState.DRAFT else Act.AMEND


def touch(entity: Objective | KeyResult | AlignmentLink, work: UnitOfWork, *, edited: bool) -> None:
    """Raise the version; `edited`: by a person's hand, so that expectedVersion notices."""
    entity.version += 1
    entity.updated_at = work.at
    if edited and not isinstance(entity, AlignmentLink):
        entity.edited_version = entity.version
