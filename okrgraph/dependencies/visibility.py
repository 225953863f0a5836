"""Who may see a dependency and all that hangs on it: the one rule, as SQL for reads and as scopes for the log."""

from uuid import UUID

from okrgraph.okrs.visibility import visible
from okrgraph.people.viewer import team_scope


def visible_dependency(dependency: str, objective: str) -> str:
    """The condition under which the viewer may see a dependency; needs `Viewer.params`.

    Both are SQL aliases, the second of the objective that it serves. Before the first request it is the
    consuming team's own; from then on both teams see it, even where the objective is a draft, and everybody
    who sees the objective. Check-ins and comments are seen with their dependency.
    """
    return (
        f"({dependency}.organization_id = :viewer_organization "
        f"AND ({dependency}.consumer_team_id = ANY(:viewer_teams) "
        f"OR ({dependency}.requested_at IS NOT NULL AND ({dependency}.provider_team_id = ANY(:viewer_teams) "
        f"OR {visible(objective)}))))"
    )


def dependency_audience(
    consumer_team_id: UUID, provider_team_id: UUID, objective: frozenset[str], *, is_requested: bool
) -> frozenset[str]:
    """The scopes that may see a dependency. objective: those that may see the objective that it serves."""
    consumer = frozenset({team_scope(consumer_team_id)})
    return consumer | {team_scope(provider_team_id)} | objective if is_requested else consumer
