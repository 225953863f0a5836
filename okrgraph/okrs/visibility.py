"""Who may see an objective and all that hangs on it: the one rule, as SQL for reads and as scopes for the log."""

from collections.abc import Iterable
from uuid import UUID

from okrgraph.okrs.vocabulary import ObjectiveState
from okrgraph.people.viewer import EVERYONE, person_scope, team_scope


def visible(objective: str) -> str:
    """The condition under which the viewer may see the objective of this SQL alias; needs `Viewer.params`.

    A draft is for the members of its owning and co-owning teams, its owner and its reviewer; everything else
    for the whole organisation. Key results, links, check-ins and comments are seen with their objective.
    """
    return (
        f"({objective}.organization_id = :viewer_organization AND ({objective}.state <> 'DRAFT' "
        f"OR {objective}.owner_id = :viewer_person OR {objective}.reviewer_id = :viewer_person "
        f"OR {objective}.team_id = ANY(:viewer_teams) OR EXISTS (SELECT 1 FROM objective_team co "
        f"WHERE co.objective_id = {objective}.id AND co.team_id = ANY(:viewer_teams))))"
    )


def audience(
    state: ObjectiveState,
    team_ids: Iterable[UUID],
    owner_id: UUID | None,
    reviewer_id: UUID | None,
) -> frozenset[str]:
    """The scopes that may see an objective; a viewer sees it when one of its own scopes is among them."""
    if state is not ObjectiveState.DRAFT:
        return frozenset({EVERYONE})
    people = (person_scope(person) for person in (owner_id, reviewer_id) if person is not None)
    return frozenset({*people, *(team_scope(team_id) for team_id in team_ids)})
