"""Reads of what stands between teams as a whole: the matrix of a cycle, and how far teams keep promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from okrgraph.dependencies.flags import is_overdue, is_risk_unowned, is_slipping, is_unanswered
from okrgraph.dependencies.reads import SEEN_DEPENDENCIES
from okrgraph.dependencies.reliability import CYCLES, Reliability, reliability_of
from okrgraph.dependencies.states import OPEN
from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyState
from okrgraph.events.rows import fetch_groups, fetch_rows
from okrgraph.kit import clock
from okrgraph.okrs.reads import cycles_of_organization
from okrgraph.okrs.weeks import today_in
from okrgraph.people.viewer import Viewer


@dataclass(slots=True)
class MatrixCell:
    """What one team needs of another in a cycle, counted; drafts and what was cancelled do not count."""

    consumer_team_id: UUID
    provider_team_id: UUID
    total: int = 0
    open: int = 0
    blocking: int = 0
    confirmed: int = 0
    overdue: int = 0
    slipping: int = 0
    unanswered: int = 0
    unowned_risks: int = 0


@dataclass(frozen=True, slots=True)
class _Counted:
    consumer_team_id: UUID
    provider_team_id: UUID
    criticality: DependencyCriticality
    state: DependencyState
    needed_by: date
    promised_by: date | None
    requested_at: datetime | None
    asked_at: datetime | None
    risk_owner_id: UUID | None


async def dependency_matrix(viewer: Viewer, cycle_id: UUID) -> list[MatrixCell]:
    """Each pair of consumer and provider of a cycle, as far as the viewer sees, the fullest first."""
    rows = await fetch_rows(
        _Counted,
        "SELECT d.consumer_team_id, d.provider_team_id, d.criticality, d.state, d.needed_by, d.promised_by, "
        f"d.requested_at, d.asked_at, d.risk_owner_id {SEEN_DEPENDENCIES} AND o.cycle_id = :cycle "
        "AND d.state NOT IN ('DRAFT', 'CANCELED')",
        cycle=cycle_id,
        **viewer.params,
    )
    today = today_in(viewer.time_zone, clock.now())
    cells: dict[tuple[UUID, UUID], MatrixCell] = {}
    for row in rows:
        pair = row.consumer_team_id, row.provider_team_id
        _count(cells.setdefault(pair, MatrixCell(*pair)), row, today, viewer.time_zone)
    return sorted(
        cells.values(), key=lambda cell: (-cell.total, cell.consumer_team_id, cell.provider_team_id)
    )


def _count(cell: MatrixCell, row: _Counted, today: date, time_zone: str) -> None:
    is_open = row.state in OPEN
    cell.total += 1
    cell.open += is_open
    cell.blocking += is_open and row.criticality is DependencyCriticality.BLOCKING
    cell.confirmed += row.state is DependencyState.CONFIRMED
    cell.overdue += is_overdue(row, today)
    cell.slipping += is_slipping(row)
    cell.unanswered += is_unanswered(row, today, time_zone)
    cell.unowned_risks += is_risk_unowned(row)


@dataclass(frozen=True, slots=True)
class _Kept:
    state: DependencyState
    needed_by: date
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Promise:
    state: DependencyState
    needed_by: date
    confirmed_on: date | None


async def reliability_of_teams(
    viewer: Viewer, keys: Sequence[UUID], *, cycles: int = CYCLES
) -> dict[UUID, Reliability]:
    """How far each team kept what it promised in the cycles that began last, as far as the viewer sees."""
    today = today_in(viewer.time_zone, clock.now())
    known = (await cycles_of_organization(viewer, [viewer.organization_id]))[viewer.organization_id]
    begun = [each.id for each in known if each.starts_on is not None and each.starts_on <= today]
    found = await fetch_groups(
        _Kept,
        f"SELECT d.provider_team_id, d.state, d.needed_by, d.confirmed_at {SEEN_DEPENDENCIES} "
        "AND d.provider_team_id = ANY(:keys) AND d.accepted_at IS NOT NULL AND o.cycle_id = ANY(:cycles)",
        keys=keys,
        cycles=begun[:cycles],
        **viewer.params,
    )
    return {key: reliability_of(_promises(viewer, found.get(key, ())), today) for key in keys}


def _promises(viewer: Viewer, rows: Sequence[_Kept]) -> list[_Promise]:
    return [
        _Promise(
            row.state,
            row.needed_by,
            None if row.confirmed_at is None else today_in(viewer.time_zone, row.confirmed_at),
        )
        for row in rows
    ]
