"""Is it still on track? The consumer asks, and the provider's next check-in answers."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from okrgraph.dependencies.models import DependencyCheckIn
from okrgraph.dependencies.steps import NOTHING_SAID, Said, begin, checked_day, checked_rating, finish
from okrgraph.dependencies.vocabulary import DependencyAction, DependencyHealth
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import wrong_state
from okrgraph.kit.ids import new_key
from okrgraph.people.viewer import Viewer


@dataclass(frozen=True, slots=True)
class NewDependencyCheckIn:
    """confidence: 1 (will miss) to 5 (certain). promised_by: another day than promised so far."""

    health: DependencyHealth
    confidence: int
    promised_by: date | None = None


@action
async def check_in_on_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    new: NewDependencyCheckIn,
    said: Said = NOTHING_SAID,
) -> UUID:
    """Say, for the provider, whether it is on track; answers an open question.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID. Records DependencyChanged.
    """
    begun = await begin(viewer, dependency_id, DependencyAction.CHECK_IN, said)
    dependency = begun.dependency
    before = dependency.confidence
    dependency.health = new.health
    dependency.confidence = checked_rating(new.confidence, "confidence")
    dependency.promised_by = checked_day(new.promised_by, "promised_by") or dependency.promised_by
    await DependencyCheckIn.create(
        id=new_key(),
        organization_id=viewer.organization_id,
        dependency_id=dependency.id,
        author_id=viewer.person_id,
        health=new.health,
        confidence=new.confidence,
        confidence_before=before,
        promised_by=dependency.promised_by,
        note=dependency.note,
        answers_ask=dependency.asked_at is not None,
        created_at=work.at,
    )
    dependency.asked_at = dependency.asked_by_id = None
    return await finish(work, begun)


@action
async def ask_about_dependency(
    work: UnitOfWork, viewer: Viewer, dependency_id: UUID, said: Said = NOTHING_SAID
) -> UUID:
    """Ask, for the consumer, whether it is still on track; the provider's next check-in answers.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, also while a question is open.
    Records DependencyChanged.
    """
    begun = await begin(viewer, dependency_id, DependencyAction.ASK, said)
    if begun.dependency.asked_at is not None:
        raise wrong_state(
            "The provider has been asked already; its next check-in answers.", entity_id=dependency_id
        )
    begun.dependency.asked_at = work.at
    begun.dependency.asked_by_id = viewer.person_id
    return await finish(work, begun)
