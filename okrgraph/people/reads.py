"""Reads of organisations, teams and persons, each narrowed by a viewer; every relation is a batch function."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.events.pages import Order, OrderKey, Page, PageRequest, fetch_pages
from okrgraph.events.rows import columns, fetch_groups, fetch_row, fetch_rows, narrowable
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import PersonStatus, TeamKind


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    id: UUID
    version: int
    slug: str
    name: str
    time_zone: str
    cadence_days: int
    grace_days: int
    company_objective_cap: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TeamRow:
    id: UUID
    version: int
    parent_id: UUID | None
    kind: TeamKind
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: UUID
    version: int
    name: str
    email: str
    time_zone: str | None
    manager_id: UUID | None
    status: PersonStatus
    is_admin: bool
    created_at: datetime
    updated_at: datetime


# Everything of an organisation's structure is open to each of its active persons: the organisation narrows.
_TEAM = f"SELECT {columns(TeamRow, 't')} FROM team t WHERE t.organization_id = :viewer_organization"
_PERSON = f"SELECT {columns(PersonRow, 'p')} FROM person p WHERE p.organization_id = :viewer_organization"
_TEAM_ORDER = 'ORDER BY t.name COLLATE "C", t.id'
PEOPLE_ORDER = Order((OrderKey('p.name COLLATE "C"', "name", str), OrderKey("p.id", "id", UUID)))


async def organization_of(viewer: Viewer) -> OrganizationRow:
    """The organisation that the viewer's credential is bound to."""
    row = await fetch_row(
        OrganizationRow,
        f"SELECT {columns(OrganizationRow, 'o')} FROM organization o WHERE o.id = :viewer_organization",
        **viewer.params,
    )
    assert row is not None, "a credential's organisation exists"
    return row


async def organizations_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, OrganizationRow]:
    if viewer.organization_id not in keys:
        return {}
    return {viewer.organization_id: await organization_of(viewer)}


@narrowable(TeamRow)
async def teams_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, TeamRow]:
    rows = await fetch_rows(TeamRow, f"{_TEAM} AND t.id = ANY(:keys)", keys=keys, **viewer.params)
    return {row.id: row for row in rows}


@narrowable(TeamRow)
async def teams_of_organization(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[TeamRow]]:
    rows = await fetch_rows(TeamRow, f"{_TEAM} {_TEAM_ORDER}", **viewer.params)
    return {viewer.organization_id: rows}


@narrowable(TeamRow)
async def companies_of_organizations(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, TeamRow]:
    rows = await fetch_rows(TeamRow, f"{_TEAM} AND t.parent_id IS NULL", **viewer.params)
    return {viewer.organization_id: rows[0]} if rows else {}


@narrowable(TeamRow)
async def teams_below(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[TeamRow]]:
    """Teams directly below each team."""
    return await fetch_groups(
        TeamRow,
        f"SELECT t.parent_id, {columns(TeamRow, 't')} FROM team t "
        f"WHERE t.organization_id = :viewer_organization AND t.parent_id = ANY(:keys) {_TEAM_ORDER}",
        keys=keys,
        **viewer.params,
    )


@narrowable(PersonRow)
async def people_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, PersonRow]:
    rows = await fetch_rows(PersonRow, f"{_PERSON} AND p.id = ANY(:keys)", keys=keys, **viewer.params)
    return {row.id: row for row in rows}


@narrowable(PersonRow)
async def members_of_teams(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[PersonRow]]:
    return await fetch_groups(
        PersonRow,
        f"SELECT m.team_id, {columns(PersonRow, 'p')} FROM membership m JOIN person p ON p.id = m.person_id "
        "WHERE p.organization_id = :viewer_organization AND m.left_at IS NULL AND m.team_id = ANY(:keys) "
        'ORDER BY p.name COLLATE "C", p.id',
        keys=keys,
        **viewer.params,
    )


@narrowable(TeamRow)
async def teams_of_people(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[TeamRow]]:
    return await fetch_groups(
        TeamRow,
        f"SELECT m.person_id, {columns(TeamRow, 't')} FROM membership m JOIN team t ON t.id = m.team_id "
        "WHERE t.organization_id = :viewer_organization AND m.left_at IS NULL AND m.person_id = ANY(:keys) "
        f"{_TEAM_ORDER}",
        keys=keys,
        **viewer.params,
    )


def like(text: str) -> str:
    """The pattern that finds a text anywhere, its own wildcards taken literally; compare ESCAPE '!'."""
    escaped = text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


_PEOPLE_FOUND = (
    "FROM person p WHERE p.organization_id = :viewer_organization AND p.organization_id = ANY(:parents) "
    "AND (:pattern = '' OR lower(p.name) LIKE :pattern ESCAPE '!' OR lower(p.email) LIKE :pattern ESCAPE '!')"
)


@narrowable(PersonRow, *PEOPLE_ORDER.attributes)
async def people_of_organization(
    viewer: Viewer, keys: Sequence[UUID], *, page: PageRequest, text: str = ""
) -> dict[UUID, Page[PersonRow]]:
    """People whose name or e-mail address holds the text."""
    return await fetch_pages(
        PersonRow,
        select=columns(PersonRow, "p"),
        source=_PEOPLE_FOUND,
        parent="p.organization_id",
        order=PEOPLE_ORDER,
        request=page,
        params={"parents": keys, "pattern": like(text) if text else "", **viewer.params},
    )


async def people_counts(viewer: Viewer, keys: Sequence[UUID], *, text: str = "") -> dict[UUID, int]:
    rows = await fetch_all(
        f"SELECT count(*) {_PEOPLE_FOUND}",
        parents=keys,
        pattern=like(text) if text else "",
        **viewer.params,
    )
    return {viewer.organization_id: rows[0][0]}
