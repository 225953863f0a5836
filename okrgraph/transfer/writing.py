"""Writes a part: new rows in batches, changed rows in batches, in an order that every constraint accepts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.discussion.models import Comment
from okrgraph.events import log
from okrgraph.events.database import bound, connection, execute, insert_rows
from okrgraph.kit.ids import new_key
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective, ObjectiveTeam
from okrgraph.people.models import Membership, Organization, Person, Team
from okrgraph.transfer.models import ImportKey
from okrgraph.transfer.plans.drafts import Draft, columns_of, values_of
from okrgraph.transfer.plans.links import can_be_primary, is_live
from okrgraph.transfer.plans.plan import Plan
from okrgraph.transfer.spool import pieces

Written = TypeVar("Written", bound=Model)

# What an import writes row by row.
TABLES = (
    *("team", "person", "membership", "cycle", "objective", "objective_team", "key_result"),
    *("alignment_link", "check_in", "dependency", "dependency_check_in", "liaison", "comment", "import_key"),
)
_ROWS_AT_ONCE = 2_000


class OrganizationAppeared(Exception):
    """Another import made the organisation of this slug in the meantime."""


class Writer:
    """Writes rows in batches."""

    async def insert(self, model: type[Written], rows: Sequence[Written]) -> None:
        columns = ("id", *columns_of(model))
        for piece in pieces(rows, _ROWS_AT_ONCE):
            values = [[row.pk, *values_of(row).values()] for row in piece]
            await insert_rows(model.describe()["table"], columns, values)

    async def update(self, model: type[Model], rows: Sequence[Model]) -> None:
        """Write rows that are there, in this order."""
        columns = columns_of(model)
        setting = ", ".join(f"{column} = :{column}" for column in columns)
        sql = f"UPDATE {model.describe()['table']} SET {setting} WHERE id = :id"
        for piece in pieces(rows, _ROWS_AT_ONCE):
            values = [bound(sql, {**values_of(row), "id": row.pk}) for row in piece]
            await connection().execute_many(values[0][0], [row for _, row in values])


async def write_organization(draft: Draft[Organization], at: datetime) -> None:
    """Write the organisation itself; a new one begins its log. Raises OrganizationAppeared."""
    if draft.is_changed:
        draft.seal(at)
    if draft.is_new:
        try:
            await draft.entity.save(force_create=True)
        except IntegrityError as error:
            raise OrganizationAppeared from error
        await log.open_log(draft.entity.id)
    elif draft.is_changed:
        await Writer().update(Organization, [draft.entity])


async def write(plan: Plan) -> None:
    """Write what is new and what changed in a part."""
    for draft in plan.drafts():
        if draft.is_changed:
            draft.seal(plan.at)
    writer = Writer()
    await _write_shelf(writer, Team, plan.teams.values(), "parent_id")
    await _write_shelf(writer, Person, plan.people.values(), "manager_id")
    await _write_shelf(writer, Membership, plan.memberships.values())
    await _write_shelf(writer, Cycle, plan.cycles.values(), "parent_id")
    await _write_shelf(writer, Objective, plan.objectives.values())
    await _write_co_owners(plan, writer)
    await _write_shelf(writer, KeyResult, plan.key_results.values())
    await _write_links(plan, writer)
    await _write_shelf(writer, CheckIn, plan.check_ins.values())
    await _write_shelf(writer, Dependency, plan.dependencies.values())
    await _write_shelf(writer, DependencyCheckIn, plan.dependency_check_ins.values())
    await _write_shelf(writer, Liaison, plan.liaisons.values())
    await _write_shelf(writer, Comment, plan.comments.values(), "parent_comment_id")
    await _write_keys(plan, writer)


async def _write_keys(plan: Plan, writer: Writer) -> None:
    keys = [
        ImportKey(
            id=new_key(),
            organization_id=plan.organization_id,
            entity_type=kind.value,
            entity_key=key,
            entity_id=entity_id,
        )
        for kind, key, entity_id in plan.new_keys
    ]
    await writer.insert(ImportKey, keys)


async def _write_shelf(
    writer: Writer, model: type[Written], drafts: Iterable[Draft[Written]], above: str | None = None
) -> None:
    """Insert, then update. above: the column that points to a row of this table, which has to stand first."""
    drafts = list(drafts)
    new = [draft.entity for draft in drafts if draft.is_new]
    await writer.insert(model, new if above is None else _from_the_top(new, above))
    await writer.update(model, [draft.entity for draft in drafts if draft.is_changed])


def _from_the_top(rows: Sequence[Written], above: str) -> list[Written]:
    """Order rows so that each stands after the one it points to; they point in no circle."""
    waiting: dict[UUID, Written] = {row.pk: row for row in rows}
    ordered: list[Written] = []
    for row in rows:
        chain = []
        upper: Written | None = row
        while upper is not None and waiting.pop(upper.pk, None) is not None:
            chain.append(upper)
            upper = waiting.get(getattr(upper, above))
        ordered.extend(reversed(chain))
    return ordered


async def _write_links(plan: Plan, writer: Writer) -> None:
    """Those that give up being the primary or the live one come before those that take it."""
    changed = [draft.entity for draft in plan.links.values() if draft.is_changed]
    changed.sort(key=lambda link: (can_be_primary(link) and link.is_primary, is_live(link)))
    await writer.update(AlignmentLink, changed)
    await writer.insert(AlignmentLink, [draft.entity for draft in plan.links.values() if draft.is_new])


async def _write_co_owners(plan: Plan, writer: Writer) -> None:
    added = []
    for objective_id, teams in plan.co_owners.items():
        before = plan.co_owners_before.get(objective_id, [])
        if gone := [team for team in before if team not in teams]:
            await execute(
                "DELETE FROM objective_team WHERE objective_id = :objective AND team_id = ANY(:teams)",
                objective=objective_id,
                teams=gone,
            )
        added += [
            ObjectiveTeam(id=new_key(), objective_id=objective_id, team_id=team)
            for team in teams
            if team not in before
        ]
    await writer.insert(ObjectiveTeam, added)
