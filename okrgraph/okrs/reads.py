"""Reads of cycles, objectives, key results and check-ins, each narrowed by a viewer; relations in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.events.pages import Order, OrderKey, Page, PageRequest, fetch_pages
from okrgraph.events.rows import columns, fetch_counts, fetch_groups, fetch_rows, narrowable
from okrgraph.kit import clock
from okrgraph.okrs.rights import Stewardship, can_edit
from okrgraph.okrs.rows import CheckInRow, CycleRow, KeyResultRow, ObjectiveRow
from okrgraph.okrs.visibility import visible
from okrgraph.okrs.vocabulary import ObjectiveLevel, ObjectiveState
from okrgraph.okrs.weeks import current_cycle, today_in
from okrgraph.people.reads import TeamRow, like
from okrgraph.people.viewer import Viewer

_CYCLE = f"SELECT {columns(CycleRow, 'c')} FROM cycle c WHERE c.organization_id = :viewer_organization"
_OBJECTIVE = columns(ObjectiveRow, "o")
_KEY_RESULT = columns(KeyResultRow, "k")
_CHECK_IN = columns(CheckInRow, "i")
BY_POSITION = "ORDER BY {0}.position, {0}.created_at, {0}.id"
OBJECTIVE_ORDER = Order(
    (
        OrderKey("o.position", "position", int),
        OrderKey("o.created_at", "created_at", datetime),
        OrderKey("o.id", "id", UUID),
    )
)
CHECK_IN_ORDER = Order(
    (
        OrderKey("i.as_of", "as_of", date),
        OrderKey("i.created_at", "created_at", datetime),
        OrderKey("i.id", "id", UUID),
    ),
    newest_first=True,
)


async def cycles_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, CycleRow]:
    rows = await fetch_rows(CycleRow, f"{_CYCLE} AND c.id = ANY(:keys)", keys=keys, **viewer.params)
    return {row.id: row for row in rows}


async def cycles_of_organization(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[CycleRow]]:
    """Newest start first; a backlog, which has no start, last."""
    order = "ORDER BY c.starts_on IS NULL, c.starts_on DESC, c.id"
    return {viewer.organization_id: await fetch_rows(CycleRow, f"{_CYCLE} {order}", **viewer.params)}


async def current_cycle_of_organization(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, CycleRow]:
    cycles = (await cycles_of_organization(viewer, keys))[viewer.organization_id]
    found = current_cycle(cycles, today_in(viewer.time_zone, clock.now()))
    return {viewer.organization_id: found} if found is not None else {}


@narrowable(ObjectiveRow)
async def objectives_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, ObjectiveRow]:
    rows = await fetch_rows(
        ObjectiveRow,
        f"SELECT {_OBJECTIVE} FROM objective o WHERE o.id = ANY(:keys) AND {visible('o')}",
        keys=keys,
        **viewer.params,
    )
    return {row.id: row for row in rows}


@narrowable(ObjectiveRow)
async def objectives_of_teams(
    viewer: Viewer, keys: Sequence[UUID], *, cycle_id: UUID
) -> dict[UUID, list[ObjectiveRow]]:
    """Objectives of a cycle that each team owns or co-owns."""
    return await fetch_groups(
        ObjectiveRow,
        f"SELECT held.team_id, {_OBJECTIVE} FROM (SELECT id AS objective_id, team_id FROM objective "
        "WHERE team_id = ANY(:keys) AND cycle_id = :cycle UNION SELECT objective_id, team_id "
        "FROM objective_team WHERE team_id = ANY(:keys)) AS held JOIN objective o ON o.id = held.objective_id "
        f"WHERE o.cycle_id = :cycle AND {visible('o')} {BY_POSITION.format('o')}",
        keys=keys,
        cycle=cycle_id,
        **viewer.params,
    )


@narrowable(ObjectiveRow)
async def objectives_of_people(
    viewer: Viewer, keys: Sequence[UUID], *, cycle_id: UUID
) -> dict[UUID, list[ObjectiveRow]]:
    """Objectives of a cycle that each person is accountable for."""
    return await fetch_groups(
        ObjectiveRow,
        f"SELECT o.owner_id, {_OBJECTIVE} FROM objective o WHERE o.owner_id = ANY(:keys) "
        f"AND o.cycle_id = :cycle AND {visible('o')} {BY_POSITION.format('o')}",
        keys=keys,
        cycle=cycle_id,
        **viewer.params,
    )


@dataclass(frozen=True, slots=True)
class ObjectiveSelection:
    """Which objectives a list holds; what is None or empty does not narrow it."""

    cycle_id: UUID | None = None
    team_id: UUID | None = None
    owner_id: UUID | None = None
    levels: tuple[ObjectiveLevel, ...] | None = None
    states: tuple[ObjectiveState, ...] | None = None
    text: str = ""

    def source(self) -> str:
        team = (
            "(o.team_id = :team OR EXISTS "
            "(SELECT 1 FROM objective_team t WHERE t.objective_id = o.id AND t.team_id = :team))"
        )
        text = "(lower(o.title) LIKE :pattern ESCAPE '!' OR lower(o.description) LIKE :pattern ESCAPE '!')"
        conditions = [
            (True, "o.organization_id = ANY(:parents)"),
            (True, visible("o")),
            (self.cycle_id is not None, "o.cycle_id = :cycle"),
            (self.team_id is not None, team),
            (self.owner_id is not None, "o.owner_id = :owner"),
            (self.levels is not None, "o.level = ANY(:levels)"),
            (self.states is not None, "o.state = ANY(:states)"),
            (bool(self.text), text),
        ]
        return "FROM objective o WHERE " + " AND ".join(rule for applies, rule in conditions if applies)

    def params(self) -> dict[str, object]:
        return {
            "cycle": self.cycle_id,
            "team": self.team_id,
            "owner": self.owner_id,
            "levels": [str(level) for level in self.levels or ()],
            "states": [str(state) for state in self.states or ()],
            "pattern": like(self.text),
        }


@narrowable(ObjectiveRow, *OBJECTIVE_ORDER.attributes)
async def objectives_of_organization(
    viewer: Viewer, keys: Sequence[UUID], *, page: PageRequest, selection: ObjectiveSelection
) -> dict[UUID, Page[ObjectiveRow]]:
    return await fetch_pages(
        ObjectiveRow,
        select=_OBJECTIVE,
        source=selection.source(),
        parent="o.organization_id",
        order=OBJECTIVE_ORDER,
        request=page,
        params={"parents": keys, **selection.params(), **viewer.params},
    )


async def objective_counts(
    viewer: Viewer, keys: Sequence[UUID], *, selection: ObjectiveSelection
) -> dict[UUID, int]:
    rows = await fetch_all(
        f"SELECT count(*) {selection.source()}", parents=keys, **selection.params(), **viewer.params
    )
    return {viewer.organization_id: rows[0][0]}


@dataclass(frozen=True, slots=True)
class _Steward:
    id: UUID
    level: ObjectiveLevel
    owner_id: UUID | None
    team_id: UUID


async def stewardships(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, Stewardship]:
    """What decides who may change each objective that the viewer may see."""
    rows = await fetch_rows(
        _Steward,
        "SELECT o.id, o.level, o.owner_id, held.team_id FROM objective o JOIN (SELECT id AS objective_id, team_id "
        "FROM objective WHERE id = ANY(:keys) UNION ALL SELECT objective_id, team_id FROM objective_team "
        f"WHERE objective_id = ANY(:keys)) AS held ON held.objective_id = o.id WHERE {visible('o')}",
        keys=keys,
        **viewer.params,
    )
    teams: dict[UUID, list[UUID]] = {}
    for row in rows:
        teams.setdefault(row.id, []).append(row.team_id)
    return {row.id: Stewardship(row.level, row.owner_id, teams[row.id]) for row in rows}


async def editable_objectives(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, bool]:
    """Whether the viewer may edit each objective; the credential's scope counts too."""
    found = await stewardships(viewer, keys)
    return {key: viewer.may_write and can_edit(viewer, facts) for key, facts in found.items()}


@narrowable(TeamRow)
async def co_owning_teams(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[TeamRow]]:
    """Teams that own an objective together with the accountable one, by name."""
    return await fetch_groups(
        TeamRow,
        f"SELECT ot.objective_id, {columns(TeamRow, 't')} FROM objective_team ot "
        "JOIN objective o ON o.id = ot.objective_id JOIN team t ON t.id = ot.team_id "
        f'WHERE ot.objective_id = ANY(:keys) AND {visible("o")} ORDER BY t.name COLLATE "C", t.id',
        keys=keys,
        **viewer.params,
    )


@narrowable(KeyResultRow, "objective_id")
async def key_results_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, KeyResultRow]:
    rows = await fetch_rows(
        KeyResultRow,
        f"SELECT {_KEY_RESULT} FROM key_result k JOIN objective o ON o.id = k.objective_id "
        f"WHERE k.id = ANY(:keys) AND {visible('o')}",
        keys=keys,
        **viewer.params,
    )
    return {row.id: row for row in rows}


@narrowable(KeyResultRow)
async def key_results_of_objectives(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[KeyResultRow]]:
    return await fetch_groups(
        KeyResultRow,
        f"SELECT k.objective_id, {_KEY_RESULT} FROM key_result k JOIN objective o ON o.id = k.objective_id "
        f"WHERE k.objective_id = ANY(:keys) AND {visible('o')} {BY_POSITION.format('k')}",
        keys=keys,
        **viewer.params,
    )


async def last_check_ins_of_objectives(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[date]]:
    """Days that the newest check-ins of each objective's key results speak of, where ratings can go stale.

    Only a published objective of a running cycle is expected to be rated again.
    """
    rows = await fetch_all(
        "SELECT k.objective_id, k.checked_in_on FROM key_result k JOIN objective o ON o.id = k.objective_id "
        "JOIN cycle c ON c.id = o.cycle_id WHERE k.objective_id = ANY(:keys) AND k.checked_in_on IS NOT NULL "
        f"AND o.state = 'PUBLISHED' AND c.state = 'ACTIVE' AND {visible('o')}",
        keys=keys,
        **viewer.params,
    )
    found: dict[UUID, list[date]] = {}
    for objective_id, day in rows:
        read = day if isinstance(day, date) else date.fromisoformat(day)
        found.setdefault(UUID(str(objective_id)), []).append(read)
    return found


_CHECK_INS = (
    "FROM check_in i JOIN key_result k ON k.id = i.key_result_id JOIN objective o ON o.id = k.objective_id "
    f"WHERE {visible('o')}"
)


@narrowable(CheckInRow)
async def check_ins_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, CheckInRow]:
    rows = await fetch_rows(
        CheckInRow, f"SELECT {_CHECK_IN} {_CHECK_INS} AND i.id = ANY(:keys)", keys=keys, **viewer.params
    )
    return {row.id: row for row in rows}


@narrowable(CheckInRow, *CHECK_IN_ORDER.attributes)
async def check_ins_of_key_results(
    viewer: Viewer, keys: Sequence[UUID], *, page: PageRequest
) -> dict[UUID, Page[CheckInRow]]:
    return await fetch_pages(
        CheckInRow,
        select=_CHECK_IN,
        source=f"{_CHECK_INS} AND i.key_result_id = ANY(:parents)",
        parent="i.key_result_id",
        order=CHECK_IN_ORDER,
        request=page,
        params={"parents": keys, **viewer.params},
    )


async def check_in_counts(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, int]:
    return await fetch_counts(
        f"SELECT i.key_result_id, count(*) {_CHECK_INS} AND i.key_result_id = ANY(:keys) GROUP BY i.key_result_id",
        keys=keys,
        **viewer.params,
    )
