"""Where objectives stand in the alignment tree, for the log: the path above them and who may see them."""

from uuid import UUID

from okrgraph.events.change import Place
from okrgraph.events.database import fetch_all
from okrgraph.okrs.models import AlignmentLink, Objective
from okrgraph.okrs.visibility import audience

# Deeper than any organisation; it ends the walk should the tree ever hold a circle.
DEEPEST = 100

_UPWARD = f"""
WITH RECURSIVE up (objective_id, key_result_id, depth) AS (
    SELECT :start::uuid, NULL::uuid, 0
    UNION ALL
    SELECT COALESCE(l.parent_objective_id, k.objective_id), l.parent_key_result_id, up.depth + 1
    FROM up
    JOIN alignment_link l ON l.child_id = up.objective_id AND l.is_primary AND l.state = 'ACCEPTED'
    LEFT JOIN key_result k ON k.id = l.parent_key_result_id
    WHERE up.depth < {DEEPEST}
)
SELECT objective_id, key_result_id FROM up ORDER BY depth
"""


async def path_above(objective_id: UUID) -> tuple[UUID, ...]:
    """The objective and all that its accepted primary links lead up to, nearest first."""
    path: list[UUID] = []
    for objective, key_result in await fetch_all(_UPWARD, start=objective_id):
        path += [UUID(str(key)) for key in (key_result, objective) if key is not None]
    return tuple(path)


async def owning_teams(objective: Objective) -> tuple[UUID, ...]:
    """The accountable team first, then the co-owning ones."""
    rows = await fetch_all(
        "SELECT team_id FROM objective_team WHERE objective_id = :objective ORDER BY id",
        objective=objective.id,
    )
    return (objective.team_id, *(UUID(str(row[0])) for row in rows))


async def place_of(objective: Objective, *below: UUID, before: frozenset[str] | None = None) -> Place:
    """The place of an objective, or of something that hangs on it: `below` are the ids down to that thing.

    before: the scopes that saw it before the change, where they differ.
    """
    teams = await owning_teams(objective)
    acl = audience(objective.state, teams, objective.owner_id, objective.reviewer_id)
    path = (*below, *await path_above(objective.id))
    return Place(path, teams, acl, before if before != acl else None)


async def place_of_link(
    link: AlignmentLink, child: Objective, parent: Objective, *, before: frozenset[str] | None = None
) -> Place:
    """A link lies under both of its ends, and is seen by whoever sees its child."""
    place = await place_of(child, link.id, before=before)
    above = await path_above(parent.id)
    ends = (link.parent_key_result_id, *above) if link.parent_key_result_id else above
    path = tuple(dict.fromkeys((*place.path, *ends)))
    teams = tuple(dict.fromkeys((*place.teams, *await owning_teams(parent))))
    return Place(path, teams, place.acl, place.acl_before)
