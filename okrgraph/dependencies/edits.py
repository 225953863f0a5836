"""Changing what a dependency says of itself: each side its own part, and the terms only before they are agreed."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.requests import day_needed, require_provider
from okrgraph.dependencies.rows import DependencyRow
from okrgraph.dependencies.steps import Begun, Said, begin, checked_rating, finish
from okrgraph.dependencies.vocabulary import DependencyAction, DependencyCriticality, DependencyState, Side
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import forbidden, invalid, wrong_state
from okrgraph.kit.text import optional_text, required_text
from okrgraph.okrs.models import Cycle
from okrgraph.okrs.subjects import require_person
from okrgraph.people.viewer import Viewer

_TERMS = ("need", "acceptance_criteria", "needed_by", "needed_by_week")
_OF_CONSUMER = frozenset({*_TERMS, "criticality", "consumer_confidence", "risk_owner_id", "mitigation"})
_OF_PROVIDER = frozenset({"provider_objective_id", "provider_key_result_id", "provider_owner_id"})
_NOT_AGREED = (DependencyState.DRAFT, DependencyState.REQUESTED)


@dataclass(frozen=True, slots=True)
class DependencyChange:
    """Only what is in `given` is changed; None clears, except need, day and criticality."""

    given: frozenset[str]
    need: str | None = None
    acceptance_criteria: str | None = None
    needed_by: date | None = None
    needed_by_week: int | None = None
    criticality: DependencyCriticality | None = None
    consumer_confidence: int | None = None
    risk_owner_id: UUID | None = None
    mitigation: str | None = None
    provider_objective_id: UUID | None = None
    provider_key_result_id: UUID | None = None
    provider_owner_id: UUID | None = None


def _require_own(begun: Begun, given: frozenset[str]) -> None:
    """Raises DomainError FORBIDDEN for the other side's part, STATE for terms that are agreed."""
    entity_id = begun.dependency.id
    for name in sorted(given & _OF_CONSUMER):
        if Side.CONSUMER not in begun.sides:
            raise forbidden("Only members of the consuming team may change this.", name, entity_id=entity_id)
    for name in sorted(given & _OF_PROVIDER):
        if Side.PROVIDER not in begun.sides and begun.state_before is not DependencyState.DRAFT:
            raise forbidden("Only members of the providing team may change this.", name, entity_id=entity_id)
    for name in sorted(given.intersection(_TERMS)):
        if begun.state_before not in _NOT_AGREED:
            raise wrong_state(
                "The provider has answered these terms; send the dependency again to change them.",
                name,
                entity_id=entity_id,
            )


def _take_text(dependency: Dependency, change: DependencyChange) -> None:
    if "need" in change.given:
        dependency.need = required_text(change.need, "need", "The need")
    if "acceptance_criteria" in change.given:
        dependency.acceptance_criteria = optional_text(
            change.acceptance_criteria, "acceptance_criteria", "The acceptance criteria"
        )
    if "mitigation" in change.given:
        dependency.mitigation = optional_text(change.mitigation, "mitigation", "The mitigation")
    if "consumer_confidence" in change.given:
        dependency.consumer_confidence = checked_rating(change.consumer_confidence, "consumer_confidence")
    if "criticality" in change.given:
        if change.criticality is None:
            raise invalid("Say how much hangs on it: the criticality cannot be cleared.", "criticality")
        dependency.criticality = change.criticality


async def _take_references(viewer: Viewer, dependency: Dependency, change: DependencyChange) -> None:
    if "risk_owner_id" in change.given:
        await require_person(viewer, change.risk_owner_id, "risk_owner_id")
        dependency.risk_owner_id = change.risk_owner_id
    provided = change.given & _OF_PROVIDER
    if not provided:
        return
    for name in provided:
        setattr(dependency, name, getattr(change, name))
    await require_provider(
        viewer,
        change.provider_objective_id,
        change.provider_key_result_id,
        change.provider_owner_id,
    )
    if dependency.provider_objective_id is not None and dependency.provider_key_result_id is not None:
        raise invalid("Name one thing that delivers it: an objective or a key result.")


@action
async def update_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    change: DependencyChange,
    expected_version: int | None = None,
) -> UUID:
    """Change plain fields: the consumer its need and its risk, the provider what of its work delivers it.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID. Records DependencyChanged.
    """
    begun = await begin(viewer, dependency_id, DependencyAction.EDIT, Said(expected_version=expected_version))
    _require_own(begun, change.given)
    dependency = begun.dependency
    before = row_of(DependencyRow, dependency)
    _take_text(dependency, change)
    if change.given & {"needed_by", "needed_by_week"}:
        cycle = await Cycle.get(id=begun.served.cycle_id)
        dependency.needed_by = day_needed(cycle, change.needed_by, change.needed_by_week)
    await _take_references(viewer, dependency, change)
    if row_of(DependencyRow, dependency) == before:
        return dependency.id
    return await finish(work, begun)
