"""Where objectives stand in the alignment tree, for the log: the path above them and who may see them."""

from dataclasses import dataclass
from uuid import UUID

from okrgraph.events.change import Place
from okrgraph.events.database import fetch_all
from okrgraph.events.rows import fetch_rows
from okrgraph.okrs.models import AlignmentLink, Objective
from okrgraph.okrs.visibility import audience

# Deeper than any organisation; it ends the walk should the tree ever hold a circle.
DEEPEST = 100

_UPWARD = f"""
WITH RECURSIVE up (objective_id, link_id, key_result_id, depth) AS (
    SELECT :start::uuid, NULL::uuid, NULL::uuid, 0
    UNION ALL
    SELECT COALESCE(l.parent_objective_id, k.objective_id), l.id, l.parent_key_result_id, up.depth + 1
    FROM up
    JOIN objective o ON o.id = up.objective_id AND o.level <> 'COMPANY'
    JOIN alignment_link l ON l.child_id = o.id AND l.is_primary AND l.state = 'ACCEPTED'
    LEFT JOIN key_result k ON k.id = l.parent_key_result_id
    WHERE up.depth < {DEEPEST}
)
SELECT objective_id, link_id, key_result_id FROM up ORDER BY depth
"""


@dataclass(frozen=True, slots=True)
class Hop:
    """One objective on the way up, and the link by which the one below it got there: None for the start."""

    objective_id: UUID
    link_id: UUID | None
    key_result_id: UUID | None


async def hops_above(objective_id: UUID) -> list[Hop]:
    """The way from an objective up its accepted primary links, itself first; whatever a viewer may see of it.

    It ends at a company objective, which has nothing above it, whatever that is linked to.
    """
    return await fetch_rows(Hop, _UPWARD, start=objective_id)


async def path_above(objective_id: UUID) -> tuple[UUID, ...]:
    """The objective and all that its accepted primary links lead up to, nearest first."""
    path: list[UUID] = []
    for hop in await hops_above(objective_id):
        path += [key for key in (hop.key_result_id, hop.objective_id) if key is not None]
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
