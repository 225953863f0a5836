"""What can be commented on, and the objective that decides who sees it."""

from dataclasses import dataclass
from uuid import UUID

from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.kit.errors import not_found
from okrgraph.okrs import link_reads, reads
from okrgraph.people.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Subject:
    """below: ids from the subject down from its objective, nearest to the subject first; empty for an objective."""

    objective_id: UUID
    below: tuple[UUID, ...]


async def subject_of(viewer: Viewer, subject_type: SubjectType, subject_id: UUID, field: str) -> Subject:
    """Find a subject that the viewer may see. Raises DomainError NOT_FOUND."""
    match subject_type:
        case SubjectType.OBJECTIVE:
            if subject_id in await reads.objectives_by_id(viewer, [subject_id]):
                return Subject(subject_id, ())
        case SubjectType.KEY_RESULT:
            key_result = (await reads.key_results_by_id(viewer, [subject_id])).get(subject_id)
            if key_result is not None:
                return Subject(key_result.objective_id, (subject_id,))
        case SubjectType.CHECK_IN:
            found = (await reads.check_ins_by_id(viewer, [subject_id])).get(subject_id)
            if found is not None:
                above = (await reads.key_results_by_id(viewer, [found.key_result_id]))[found.key_result_id]
                return Subject(above.objective_id, (subject_id, above.id))
        case SubjectType.ALIGNMENT_LINK:
            link = (await link_reads.links_by_id(viewer, [subject_id])).get(subject_id)
            if link is not None:
                return Subject(link.child_id, (subject_id,))
    raise not_found("subject to comment on", field)
