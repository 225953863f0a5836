"""Reads of liaisons, and of the pairs of teams that depend on each other and have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from okrgraph.dependencies.reads import SEEN_DEPENDENCIES
from okrgraph.dependencies.rows import LiaisonRow
from okrgraph.dependencies.states import OPEN
from okrgraph.events.rows import columns, fetch_groups, fetch_rows, narrowable
from okrgraph.people.viewer import Viewer

# Open dependencies between two teams from which on somebody should stand between them.
DEPENDENCIES_FOR_LIAISON = 3

# Who stands between teams is open to everybody of the organisation.
_LIAISON = columns(LiaisonRow, "l")
_LIAISONS = "FROM liaison l WHERE l.organization_id = :viewer_organization"


@narrowable(LiaisonRow)
async def liaisons_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, LiaisonRow]:
    rows = await fetch_rows(
        LiaisonRow, f"SELECT {_LIAISON} {_LIAISONS} AND l.id = ANY(:keys)", keys=keys, **viewer.params
    )
    return {row.id: row for row in rows}


@narrowable(LiaisonRow)
async def liaisons_of_teams(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[LiaisonRow]]:
    """People who stand between each team and another one now, oldest first."""
    return await fetch_groups(
        LiaisonRow,
        f"SELECT t.id, {_LIAISON} FROM liaison l JOIN team t ON t.id IN (l.team_a_id, l.team_b_id) "
        "WHERE l.organization_id = :viewer_organization AND l.ended_at IS NULL AND t.id = ANY(:keys) "
        "ORDER BY l.created_at, l.id",
        keys=keys,
        **viewer.params,
    )


@dataclass(frozen=True, slots=True)
class TeamPair:
    """Two teams, the smaller id first, and how many open dependencies there are between them, either way."""

    team_a_id: UUID
    team_b_id: UUID
    open_dependencies: int


_LOW = "CASE WHEN d.consumer_team_id < d.provider_team_id THEN d.consumer_team_id ELSE d.provider_team_id END"
_HIGH = (
    "CASE WHEN d.consumer_team_id < d.provider_team_id THEN d.provider_team_id ELSE d.consumer_team_id END"
)


async def pairs_without_liaison(
    viewer: Viewer, cycle_id: UUID, at_least: int = DEPENDENCIES_FOR_LIAISON
) -> list[TeamPair]:
    """Teams with so many open dependencies of a cycle between them and nobody who stands there, most first."""
    return await fetch_rows(
        TeamPair,
        f"SELECT pair.low, pair.high, pair.open FROM (SELECT {_LOW} AS low, {_HIGH} AS high, count(*) AS open "
        f"{SEEN_DEPENDENCIES} AND o.cycle_id = :cycle AND d.state = ANY(:open) GROUP BY 1, 2) AS pair "
        "WHERE pair.open >= :at_least AND NOT EXISTS (SELECT 1 FROM liaison l WHERE l.team_a_id = pair.low "
        "AND l.team_b_id = pair.high AND l.ended_at IS NULL AND (l.cycle_id IS NULL OR l.cycle_id = :cycle)) "
        "ORDER BY pair.open DESC, pair.low, pair.high",
        cycle=cycle_id,
        open=[str(state) for state in OPEN],
        at_least=at_least,
        **viewer.params,
    )
