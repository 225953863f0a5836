"""What can be commented on, where it stands, and who may settle what is said about it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.places import place_of_dependency
from okrgraph.dependencies.reads import dependencies_by_id
from okrgraph.dependencies.rights import sides_of
from okrgraph.dependencies.vocabulary import Side
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.change import Place
from okrgraph.kit.errors import not_found
from okrgraph.okrs import link_reads, reads
from okrgraph.okrs.models import Objective
from okrgraph.okrs.places import place_of
from okrgraph.okrs.rights import can_edit
from okrgraph.people.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Subject:
    """below: ids from the subject down from its objective, nearest to the subject first; empty for an objective.

    dependency_id: set for a dependency, which has a place and sides of its own.
    """

    objective_id: UUID
    below: tuple[UUID, ...]
    dependency_id: UUID | None = None

    async def place_of(self, comment_id: UUID) -> Place:
        """Where a comment on the subject stands."""
        if self.dependency_id is not None:
            return await place_of_dependency(await Dependency.get(id=self.dependency_id), comment_id)
        return await place_of(await Objective.get(id=self.objective_id), comment_id, *self.below)

    async def can_be_edited_by(self, viewer: Viewer) -> bool:
        """Whether the viewer may change the subject; of a dependency, acts on one of its sides."""
        if self.dependency_id is not None:
            found = (await dependencies_by_id(viewer, [self.dependency_id]))[self.dependency_id]
            sides = sides_of(viewer, found.consumer_team_id, found.provider_team_id)
            return not sides.isdisjoint({Side.CONSUMER, Side.PROVIDER})
        stewardship = (await reads.stewardships(viewer, [self.objective_id]))[self.objective_id]
        return can_edit(viewer, stewardship)


async def _objective(viewer: Viewer, key: UUID) -> Subject | None:
    return Subject(key, ()) if key in await reads.objectives_by_id(viewer, [key]) else None


async def _key_result(viewer: Viewer, key: UUID) -> Subject | None:
    found = (await reads.key_results_by_id(viewer, [key])).get(key)
    return None if found is None else Subject(found.objective_id, (key,))


async def _check_in(viewer: Viewer, key: UUID) -> Subject | None:
    found = (await reads.check_ins_by_id(viewer, [key])).get(key)
    if found is None:
        return None
    above = (await reads.key_results_by_id(viewer, [found.key_result_id]))[found.key_result_id]
    return Subject(above.objective_id, (key, above.id))


async def _link(viewer: Viewer, key: UUID) -> Subject | None:
    found = (await link_reads.links_by_id(viewer, [key])).get(key)
    return None if found is None else Subject(found.child_id, (key,))


async def _dependency(viewer: Viewer, key: UUID) -> Subject | None:
    found = (await dependencies_by_id(viewer, [key])).get(key)
    return None if found is None else Subject(found.served_objective_id, (key,), key)


_FINDERS: Mapping[SubjectType, Callable[[Viewer, UUID], Awaitable[Subject | None]]] = {
    SubjectType.OBJECTIVE: _objective,
    SubjectType.KEY_RESULT: _key_result,
    SubjectType.CHECK_IN: _check_in,
    SubjectType.ALIGNMENT_LINK: _link,
    SubjectType.DEPENDENCY: _dependency,
}


async def subject_of(viewer: Viewer, subject_type: SubjectType, subject_id: UUID, field: str) -> Subject:
    """Find a subject that the viewer may see. Raises DomainError NOT_FOUND."""
    found = await _FINDERS[subject_type](viewer, subject_id)
    if found is None:
        raise not_found("subject to comment on", field)
    return found
