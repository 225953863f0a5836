"""Where dependencies stand, for the log: under what they serve and what provides them, and who may see them."""

from uuid import UUID

from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.visibility import dependency_audience
from okrgraph.events.change import Place
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.okrs.places import owning_teams, path_above
from okrgraph.okrs.visibility import audience


async def _path_to(key_result_id: UUID | None, objective_id: UUID | None) -> tuple[UUID, ...]:
    if key_result_id is not None:
        key_result = await KeyResult.get(id=key_result_id)
        return (key_result_id, *await path_above(key_result.objective_id))
    return () if objective_id is None else await path_above(objective_id)


async def place_of_dependency(
    dependency: Dependency, *below: UUID, before: frozenset[str] | None = None
) -> Place:
    """The place of a dependency, or of something that hangs on it: `below` are the ids down to that thing.

    Its teams are the consuming and the providing one. before: the scopes that saw it before the change.
    """
    served = await Objective.get(id=dependency.served_objective_id)
    sees = audience(served.state, await owning_teams(served), served.owner_id, served.reviewer_id)
    acl = dependency_audience(
        dependency.consumer_team_id,
        dependency.provider_team_id,
        sees,
        is_requested=dependency.requested_at is not None,
    )
    consumer = await _path_to(dependency.key_result_id, served.id)
    provider = await _path_to(dependency.provider_key_result_id, dependency.provider_objective_id)
    path = tuple(dict.fromkeys((*below, dependency.id, *consumer, *provider)))
    teams = (dependency.consumer_team_id, dependency.provider_team_id)
    return Place(path, teams, acl, before if before != acl else None)
