"""What an organisation in a database says, with names in place of ids, to be compared with a copy of it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from tortoise.models import Model

from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.discussion.models import Comment
from okrgraph.kit.ids import global_id
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective, ObjectiveTeam
from okrgraph.people.models import Membership, Organization, Person, Team
from okrgraph.transfer.models import ImportKey
from okrgraph.transfer.plans.drafts import values_of
from okrgraph.transfer.plans.links import can_be_primary, parent_of

Names = Mapping[UUID, str]

# What belongs to one database, and moments of which no file speaks.
_ITS_OWN = frozenset({"organization_id", "version", "edited_version", "updated_at"})
_MOMENTS_OF_NO_FILE: Mapping[type[Model], frozenset[str]] = {
    Organization: frozenset({"created_at"}),
    Team: frozenset({"created_at"}),
    Person: frozenset({"created_at"}),
    Cycle: frozenset({"created_at"}),
    Membership: frozenset({"joined_at"}),
}
# How things stood when somebody checked in: an import computes it from what it knows.
SNAPSHOTS = frozenset({"progress", "confidence_before"})


async def meaning(slug: str, *, with_snapshots: bool = True) -> dict[str, list[str]]:
    """Every row as text, by table, sorted: all that the organisation holds but for its log.

    with_snapshots: whether what check-ins remember of their moment counts.
    """
    organization = await Organization.get(slug=slug)
    rows: dict[type[Model], list[Any]] = {Organization: [organization]}
    for model in (
        *(Team, Person, Cycle, Objective, KeyResult, AlignmentLink, CheckIn, Comment),
        *(Dependency, DependencyCheckIn, Liaison),
    ):
        rows[model] = await model.filter(organization_id=organization.id)
    rows[Membership] = await Membership.filter(organization_id=organization.id, left_at=None)
    objectives = {row.id for row in rows[Objective]}
    rows[ObjectiveTeam] = [row for row in await ObjectiveTeam.all() if row.objective_id in objectives]
    names = await _names(organization.id, rows)
    left_out = {model: _ITS_OWN | _MOMENTS_OF_NO_FILE.get(model, frozenset()) for model in rows}
    if not with_snapshots:
        left_out[CheckIn] |= SNAPSHOTS
    return {
        model.__name__: sorted(_text(row, names, left_out[model]) for row in found)
        for model, found in rows.items()
    }


async def order_of_things(slug: str) -> dict[str, list[str]]:
    """The keys of objectives, key results and comments in the order in which they are shown."""
    organization = await Organization.get(slug=slug)
    rows: dict[type[Model], list[Any]] = {
        model: await model.filter(organization_id=organization.id)
        for model in (Objective, KeyResult, Comment)
    }
    names = await _names(organization.id, rows)
    orders: dict[type[Model], Callable[[Any], Any]] = {
        Objective: lambda row: (row.position, row.created_at, row.id),
        KeyResult: lambda row: (names[row.objective_id], row.position, row.created_at, row.id),
        Comment: lambda row: (names[row.objective_id], row.created_at, row.id),
    }
    return {
        model.__name__: [names[row.id] for row in sorted(found, key=orders[model])]
        for model, found in rows.items()
    }


async def _names(organization_id: UUID, rows: Mapping[type[Model], Iterable[Any]]) -> Names:
    names = {
        row.id: global_id(model.__name__, row.id)
        for model, found in rows.items()
        if model not in (Organization, Membership, ObjectiveTeam)
        for row in found
    }
    names |= {row.id: row.email for row in rows.get(Person, ())}
    names |= {
        row.entity_id: row.entity_key for row in await ImportKey.filter(organization_id=organization_id)
    }
    # An export gives a key to a link that had none, so links go by their ends.
    names |= {
        row.id: f"{names[row.child_id]} -> {names[parent_of(row)]}, {row.state}, {row.created_at}"
        for row in rows.get(AlignmentLink, ())
    }
    return names


def _text(row: Model, names: Names, left_out: frozenset[str]) -> str:
    values = {"id": row.pk, **values_of(row)}
    if isinstance(row, AlignmentLink) and not can_be_primary(row):
        left_out |= {"is_primary"}
    if isinstance(row, Liaison):
        # Which id is the smaller one belongs to one database.
        values["team_a_id"], values["team_b_id"] = sorted(
            (row.team_a_id, row.team_b_id), key=lambda team: names[team]
        )
    told = {column: _told(value, names) for column, value in values.items() if column not in left_out}
    return repr({column: value for column, value in told.items() if value is not None})


def _told(value: object, names: Names) -> object:
    if isinstance(value, UUID):
        return names.get(value)
    # PostgreSQL keeps the sign of a zero; SQLite and files do not.
    return value + 0.0 if isinstance(value, float) else value
