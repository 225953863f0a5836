"""Reads of dependencies and their check-ins, each narrowed by a viewer; relations in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from okrgraph.dependencies.deadlocks import Waiting, deadlocks
from okrgraph.dependencies.rows import DependencyCheckInRow, DependencyRow
from okrgraph.dependencies.states import OPEN
from okrgraph.dependencies.visibility import visible_dependency
from okrgraph.dependencies.vocabulary import DependencyState
from okrgraph.events.database import fetch_all
from okrgraph.events.pages import Order, OrderKey, Page, PageRequest, fetch_pages
from okrgraph.events.rows import columns, fetch_counts, fetch_groups, fetch_rows, narrowable
from okrgraph.okrs.rows import CycleRow
from okrgraph.people.viewer import Viewer

_DEPENDENCY = columns(DependencyRow, "d")
SEEN_DEPENDENCIES = (
    f"FROM dependency d JOIN objective o ON o.id = d.served_objective_id WHERE {visible_dependency('d', 'o')}"
)
_BY_DAY = "ORDER BY d.needed_by, d.id"
# Of two that are needed on one day, the one that blocks is the more urgent.
_BY_URGENCY = (
    "ORDER BY d.needed_by, CASE d.criticality WHEN 'BLOCKING' THEN 0 WHEN 'IMPORTANT' THEN 1 ELSE 2 END, d.id"
)
DEPENDENCY_ORDER = Order((OrderKey("d.needed_by", "needed_by", date), OrderKey("d.id", "id", UUID)))
CHECK_IN_ORDER = Order(
    (OrderKey("i.created_at", "created_at", datetime), OrderKey("i.id", "id", UUID)), newest_first=True
)


@narrowable(DependencyRow)
async def dependencies_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, DependencyRow]:
    rows = await fetch_rows(
        DependencyRow,
        f"SELECT {_DEPENDENCY} {SEEN_DEPENDENCIES} AND d.id = ANY(:keys)",
        keys=keys,
        **viewer.params,
    )
    return {row.id: row for row in rows}


async def _dependencies_by(
    viewer: Viewer, column: str, keys: Sequence[UUID]
) -> dict[UUID, list[DependencyRow]]:
    return await fetch_groups(
        DependencyRow,
        f"SELECT d.{column}, {_DEPENDENCY} {SEEN_DEPENDENCIES} AND d.{column} = ANY(:keys) {_BY_DAY}",
        keys=keys,
        **viewer.params,
    )


@narrowable(DependencyRow)
async def dependencies_of_key_results(
    viewer: Viewer, keys: Sequence[UUID]
) -> dict[UUID, list[DependencyRow]]:
    """What each key result needs of other teams, by the day on which it is needed."""
    return await _dependencies_by(viewer, "key_result_id", keys)


@narrowable(DependencyRow)
async def dependencies_of_objectives(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[DependencyRow]]:
    """What each objective and its key results need of other teams, by the day on which it is needed."""
    return await _dependencies_by(viewer, "served_objective_id", keys)


async def _open_of_teams(
    viewer: Viewer,
    column: str,
    keys: Sequence[UUID],
    cycle_id: UUID | None,
    states: tuple[DependencyState, ...],
) -> dict[UUID, list[DependencyRow]]:
    in_cycle = "" if cycle_id is None else "AND o.cycle_id = :cycle "
    return await fetch_groups(
        DependencyRow,
        f"SELECT d.{column}, {_DEPENDENCY} {SEEN_DEPENDENCIES} AND d.{column} = ANY(:keys) "
        f"AND d.state = ANY(:states) {in_cycle}{_BY_URGENCY}",
        keys=keys,
        states=[str(state) for state in states],
        cycle=cycle_id,
        **viewer.params,
    )


@narrowable(DependencyRow)
async def owed_by_teams(
    viewer: Viewer,
    keys: Sequence[UUID],
    *,
    cycle_id: UUID | None = None,
    states: tuple[DependencyState, ...] = OPEN,
) -> dict[UUID, list[DependencyRow]]:
    """What each team owes to others, the most urgent first."""
    return await _open_of_teams(viewer, "provider_team_id", keys, cycle_id, states)


@narrowable(DependencyRow)
async def owed_to_teams(
    viewer: Viewer,
    keys: Sequence[UUID],
    *,
    cycle_id: UUID | None = None,
    states: tuple[DependencyState, ...] = OPEN,
) -> dict[UUID, list[DependencyRow]]:
    """What each team is owed by others, the most urgent first."""
    return await _open_of_teams(viewer, "consumer_team_id", keys, cycle_id, states)


@dataclass(frozen=True, slots=True)
class DependencySelection:
    """Which dependencies a list holds; what is None does not narrow it."""

    cycle_id: UUID | None = None
    consumer_team_id: UUID | None = None
    provider_team_id: UUID | None = None
    states: tuple[DependencyState, ...] | None = None

    def source(self) -> str:
        conditions = [
            (True, "d.organization_id = ANY(:parents)"),
            (self.cycle_id is not None, "o.cycle_id = :cycle"),
            (self.consumer_team_id is not None, "d.consumer_team_id = :consumer"),
            (self.provider_team_id is not None, "d.provider_team_id = :provider"),
            (self.states is not None, "d.state = ANY(:states)"),
        ]
        return f"{SEEN_DEPENDENCIES} AND " + " AND ".join(rule for applies, rule in conditions if applies)

    def params(self) -> dict[str, object]:
        return {
            "cycle": self.cycle_id,
            "consumer": self.consumer_team_id,
            "provider": self.provider_team_id,
            "states": [str(state) for state in self.states or ()],
        }


@narrowable(DependencyRow, *DEPENDENCY_ORDER.attributes)
async def dependencies_of_organization(
    viewer: Viewer, keys: Sequence[UUID], *, page: PageRequest, selection: DependencySelection
) -> dict[UUID, Page[DependencyRow]]:
    return await fetch_pages(
        DependencyRow,
        select=_DEPENDENCY,
        source=selection.source(),
        parent="d.organization_id",
        order=DEPENDENCY_ORDER,
        request=page,
        params={"parents": keys, **selection.params(), **viewer.params},
    )


async def dependency_counts(
    viewer: Viewer, keys: Sequence[UUID], *, selection: DependencySelection
) -> dict[UUID, int]:
    rows = await fetch_all(
        f"SELECT count(*) {selection.source()}", parents=keys, **selection.params(), **viewer.params
    )
    return {viewer.organization_id: rows[0][0]}


async def cycles_of_objectives(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, CycleRow]:
    """The cycle of each objective, also of one that is hidden: cycles are open to everybody."""
    found = await fetch_groups(
        CycleRow,
        f"SELECT o.id, {columns(CycleRow, 'c')} FROM objective o JOIN cycle c ON c.id = o.cycle_id "
        "WHERE o.organization_id = :viewer_organization AND o.id = ANY(:keys)",
        keys=keys,
        **viewer.params,
    )
    return {key: cycles[0] for key, cycles in found.items()}


async def teams_above_both(organization_id: UUID, keys: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """Teams that stand above the consumer and above the provider of each dependency."""
    rows = await fetch_all(
        "WITH RECURSIVE up (dependency_id, start_id, team_id) AS ("
        "SELECT d.id, t.id, t.parent_id FROM dependency d "
        "JOIN team t ON t.id IN (d.consumer_team_id, d.provider_team_id) "
        "WHERE d.organization_id = :organization AND d.id = ANY(:keys) AND t.parent_id IS NOT NULL "
        "UNION ALL SELECT up.dependency_id, up.start_id, t.parent_id FROM up JOIN team t ON t.id = up.team_id "
        "WHERE t.parent_id IS NOT NULL) "
        "SELECT dependency_id, team_id FROM up GROUP BY dependency_id, team_id HAVING count(*) = 2",
        organization=organization_id,
        keys=keys,
    )
    found: dict[UUID, set[UUID]] = {}
    for dependency_id, team_id in rows:
        found.setdefault(UUID(str(dependency_id)), set()).add(UUID(str(team_id)))
    return found


async def led_dependencies(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, bool]:
    """Whether the viewer stands above both teams of each dependency."""
    if viewer.may_administer:
        return dict.fromkeys(keys, True)
    above = await teams_above_both(viewer.organization_id, keys) if viewer.led_team_ids else {}
    return {key: not viewer.led_team_ids.isdisjoint(above.get(key, ())) for key in keys}


async def deadlocks_of_organization(
    viewer: Viewer, keys: Sequence[UUID]
) -> dict[UUID, list[tuple[UUID, ...]]]:
    """Circles of BLOCKING dependencies that wait for each other, among those that the viewer sees."""
    rows = await fetch_rows(
        Waiting,
        "SELECT d.id, d.consumer_team_id, d.provider_team_id, d.needed_by, d.promised_by, "
        "d.served_objective_id, COALESCE(d.provider_objective_id, p.objective_id) "
        "FROM dependency d JOIN objective o ON o.id = d.served_objective_id "
        "LEFT JOIN key_result p ON p.id = d.provider_key_result_id "
        f"WHERE {visible_dependency('d', 'o')} AND d.criticality = 'BLOCKING' AND d.state = ANY(:open)",
        open=[str(state) for state in OPEN],
        **viewer.params,
    )
    return {viewer.organization_id: deadlocks(rows)}


async def deadlocked_dependencies(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, bool]:
    """Whether each dependency is in a circle of `deadlocks_of_organization`."""
    circles = await deadlocks_of_organization(viewer, [viewer.organization_id])
    locked = {key for circle in circles[viewer.organization_id] for key in circle}
    return {key: key in locked for key in keys}


_CHECK_IN = columns(DependencyCheckInRow, "i")
_CHECK_INS = (
    "FROM dependency_check_in i JOIN dependency d ON d.id = i.dependency_id "
    "JOIN objective o ON o.id = d.served_objective_id "
    f"WHERE {visible_dependency('d', 'o')}"
)


@narrowable(DependencyCheckInRow)
async def check_ins_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, DependencyCheckInRow]:
    rows = await fetch_rows(
        DependencyCheckInRow,
        f"SELECT {_CHECK_IN} {_CHECK_INS} AND i.id = ANY(:keys)",
        keys=keys,
        **viewer.params,
    )
    return {row.id: row for row in rows}


@narrowable(DependencyCheckInRow, *CHECK_IN_ORDER.attributes)
async def check_ins_of_dependencies(
    viewer: Viewer, keys: Sequence[UUID], *, page: PageRequest
) -> dict[UUID, Page[DependencyCheckInRow]]:
    return await fetch_pages(
        DependencyCheckInRow,
        select=_CHECK_IN,
        source=f"{_CHECK_INS} AND i.dependency_id = ANY(:parents)",
        parent="i.dependency_id",
        order=CHECK_IN_ORDER,
        request=page,
        params={"parents": keys, **viewer.params},
    )


async def check_in_counts(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, int]:
    return await fetch_counts(
        f"SELECT i.dependency_id, count(*) {_CHECK_INS} AND i.dependency_id = ANY(:keys) GROUP BY i.dependency_id",
        keys=keys,
        **viewer.params,
    )
