"""Loads what one part of an import needs to know of the organisation: no more than its rows speak of."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model

from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.discussion.models import Comment
from okrgraph.events.database import fetch_all
from okrgraph.kit.ids import read_global_id
from okrgraph.kit.text import is_storable
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective, ObjectiveTeam
from okrgraph.people.models import Membership, Organization, Person, Team
from okrgraph.transfer.formats.records import LIST_SEPARATOR, Record, RecordType
from okrgraph.transfer.parts import Look, Part
from okrgraph.transfer.plans.dependencies import pairs_in
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import MODEL_OF_TYPE, Plan
from okrgraph.transfer.spool import Spool, pieces

Found = dict[str, tuple[RecordType, UUID]]
Loaded = TypeVar("Loaded", bound=Model)

# Ids of one statement; PostgreSQL takes 65,535 parameters at most, SQLite 32,766.
_IDS_AT_ONCE = 5_000
_KEYED = [kind.value for kind in MODEL_OF_TYPE if kind is not RecordType.ORGANIZATION]
_PEOPLE = (*("owner", "reviewer", "created_by", "decided_by", "resolved_by", "risk_owner", "asked_by"),)
_OF_TWO_TEAMS = (RecordType.DEPENDENCY, RecordType.LIAISON)
_ROLE_SEPARATOR = ":"


@dataclass(slots=True)
class _Spoken:
    """What the rows of a part speak of: keys of things, addresses of people."""

    keys: set[str]
    emails: set[str]

    @classmethod
    def of(cls, part: Part) -> "_Spoken":
        spoken = cls(set(), set())
        for record in part.records:
            spoken.emails.update(record.cells.get(column, "").strip().lower() for column in _PEOPLE)
            if record.type is RecordType.PERSON:
                spoken.emails.update(
                    record.cells.get(column, "").strip().lower() for column in ("key", "parent")
                )
            if record.key is not None:
                # People and other things share their keys; what another type has is refused.
                spoken.keys.add(record.key)
                spoken.emails.add(record.key.lower())
            spoken.keys.update(_references(record, part.references(record.type)))
        spoken.keys = {key for key in spoken.keys if key and is_storable(key)}
        spoken.emails = {email for email in spoken.emails if email and is_storable(email)}
        return spoken


def _references(record: Record, columns: Iterable[str]) -> Iterator[str]:
    for column in columns:
        if column == "team" and record.type in _OF_TWO_TEAMS:
            yield from chain.from_iterable(pairs_in(record.cells.get(column, "")))
            continue
        for item in record.cells.get(column, "").split(LIST_SEPARATOR):
            yield item.strip()
            if record.type is RecordType.PERSON:
                yield item.rpartition(_ROLE_SEPARATOR)[0].strip()


async def load(part: Part, organization: Draft[Organization], spool: Spool, at: datetime) -> Plan:
    """Begin the plan of a part, with everything in it that its rows name or speak of."""
    plan = Plan(at, organization, is_partial=spool.is_partial)
    spoken = _Spoken.of(part)
    plan.in_file = spool.named(spoken.keys | spoken.emails)
    plan.lost_keys = spool.lost(spoken.keys | spoken.emails)
    if organization.is_new:
        return plan
    found = await _found(plan.organization_id, spoken.keys)
    ids: dict[RecordType, set[UUID]] = {kind: set() for kind in RecordType}
    for kind, entity_id in found.values():
        ids[kind].add(entity_id)
    await _load_people(plan, part, spool, spoken.emails, ids[RecordType.TEAM])
    if part.look is Look.OKRS:
        await _load_okrs(plan, ids)
    else:
        await _load_subjects(plan, part, ids)
    await _load_cycles(plan, part, ids[RecordType.CYCLE])
    _name(plan, found)
    await _name_links(plan)
    for key, is_made in spool.met(plan.objectives).items():
        plan.objectives[key].is_ours, plan.objectives[key].was_made = True, is_made
    for key, is_made in spool.met(plan.dependencies).items():
        plan.dependencies[key].is_ours, plan.dependencies[key].was_made = True, is_made
    return plan


async def _found(organization_id: UUID, keys: Collection[str]) -> Found:
    """What these keys stand for: by an earlier row, or as the public id of a thing that never had a row."""
    rows = await fetch_all(
        "SELECT entity_type, entity_key, entity_id FROM import_key WHERE organization_id = :organization "
        "AND entity_type = ANY(:types) AND entity_key = ANY(:keys)",
        organization=organization_id,
        types=_KEYED,
        keys=list(keys),
    )
    found: Found = {row[1]: (RecordType(row[0]), UUID(str(row[2]))) for row in rows}
    by_type: dict[RecordType, dict[UUID, str]] = {}
    for key in keys:
        public = read_global_id(key) if key not in found else None
        if public is not None and public[0] in _TYPE_OF_NAME:
            by_type.setdefault(_TYPE_OF_NAME[public[0]], {})[public[1]] = key
    for kind, named in by_type.items():
        sql = (
            f"SELECT id FROM {MODEL_OF_TYPE[kind].describe()['table']} "
            "WHERE organization_id = :organization AND id = ANY(:ids)"
        )
        for row in await fetch_all(sql, organization=organization_id, ids=list(named)):
            entity_id = UUID(str(row[0]))
            found[named[entity_id]] = (kind, entity_id)
    return found


_TYPE_OF_NAME: dict[str, RecordType] = {
    model.__name__: kind
    for kind, model in MODEL_OF_TYPE.items()
    if kind not in (RecordType.ORGANIZATION, RecordType.PERSON)
}


async def _load_people(
    plan: Plan, part: Part, spool: Spool, emails: Collection[str], team_ids: Collection[UUID]
) -> None:
    organization_id = plan.organization_id
    plan.add(await _rows(Team, "id", team_ids))
    plan.add(await _rows(Person, "email", emails, organization_id=organization_id))
    plan.by_email = {draft.entity.email: draft for draft in plan.people.values()}
    if part.look is Look.TEAMS:
        plan.add(await Team.filter(organization_id=organization_id, parent_id__isnull=True))
        plan.company = next((team for team in plan.teams.values() if team.entity.parent_id is None), None)
        if plan.company is not None:
            plan.company.earlier_line = spool.line_of(plan.company.entity.id)
    if part.look is Look.PEOPLE:
        for membership in await _rows(Membership, "person_id", plan.people, left_at__isnull=True):
            plan.memberships[membership.person_id, membership.team_id] = Draft.of(membership)


async def _load_cycles(plan: Plan, part: Part, cycle_ids: Collection[UUID]) -> None:
    if part.look is Look.CYCLES:
        plan.add(await Cycle.filter(organization_id=plan.organization_id).order_by("id"))
    else:
        used = {draft.entity.cycle_id for draft in plan.objectives.values()}
        plan.add(await _rows(Cycle, "id", used.union(cycle_ids)))


async def _rows(model: type[Loaded], column: str, values: Iterable[Any], **more: Any) -> list[Loaded]:
    found: list[Loaded] = []
    for piece in pieces(sorted(values), _IDS_AT_ONCE):
        part: dict[str, Any] = {f"{column}__in": piece}
        found += await model.filter(**part, **more).order_by("id")
    return found


async def _locked(model: type[Loaded], column: str, ids: Iterable[UUID]) -> list[Loaded]:
    """Rows whose column is one of the ids, locked against changes, in the order of their keys."""
    found: list[Loaded] = []
    for piece in pieces(sorted(ids), _IDS_AT_ONCE):
        part: dict[str, Any] = {f"{column}__in": piece}
        found += await model.select_for_update(no_key=True).filter(**part).order_by("id")
    return found


async def _load_okrs(plan: Plan, ids: dict[RecordType, set[UUID]]) -> None:
    """Objectives that rows speak of, with all that hangs on them but check-ins and comments.

    Locked from the bottom up, as every action does.
    """
    check_ins = await _locked(CheckIn, "id", ids[RecordType.CHECK_IN])
    named = {*ids[RecordType.KEY_RESULT], *(each.key_result_id for each in check_ins)}
    key_results = await _locked(KeyResult, "id", named)
    objective_ids = {
        *ids[RecordType.OBJECTIVE],
        *(each.objective_id for each in key_results),
        *(each.child_id for each in await _rows(AlignmentLink, "id", ids[RecordType.LINK])),
    }
    plan.add(check_ins)
    plan.add(key_results)
    plan.add(await _locked(Objective, "id", objective_ids))
    # A key result that somebody adds from now on waits for the lock on its objective.
    plan.add(await _rows(KeyResult, "objective_id", objective_ids))
    for row in await _rows(ObjectiveTeam, "objective_id", objective_ids):
        plan.co_owners_before.setdefault(row.objective_id, []).append(row.team_id)
    plan.co_owners = {key: list(teams) for key, teams in plan.co_owners_before.items()}
    plan.add(await _locked(AlignmentLink, "child_id", objective_ids))


async def _load_subjects(plan: Plan, part: Part, ids: dict[RecordType, set[UUID]]) -> None:
    """Whatever rows speak of, and the objective that it hangs on; of these nothing is going to change."""
    plan.add(await _rows(CheckIn, "id", ids[RecordType.CHECK_IN]))
    plan.add(await _rows(AlignmentLink, "id", ids[RecordType.LINK]))
    above = {draft.entity.key_result_id for draft in plan.check_ins.values()}
    plan.add(await _rows(KeyResult, "id", above | ids[RecordType.KEY_RESULT]))
    await _load_dependencies(plan, part, ids)
    plan.add(await _locked(Comment, "id", ids[RecordType.COMMENT]))
    objective_ids = {
        *ids[RecordType.OBJECTIVE],
        *(draft.entity.objective_id for draft in plan.key_results.values()),
        *(draft.entity.child_id for draft in plan.links.values()),
        *(draft.entity.served_objective_id for draft in plan.dependencies.values()),
        *(draft.entity.objective_id for draft in plan.comments.values()),
    }
    plan.add(await _rows(Objective, "id", objective_ids))


async def _load_dependencies(plan: Plan, part: Part, ids: dict[RecordType, set[UUID]]) -> None:
    """Dependencies that rows name or speak of, their check-ins that rows name, and liaisons."""
    check_ins = await _rows(DependencyCheckIn, "id", ids[RecordType.DEPENDENCY_CHECK_IN])
    named = {*ids[RecordType.DEPENDENCY], *(each.dependency_id for each in check_ins)}
    if part.look is Look.DEPENDENCIES:
        plan.add(await _locked(Dependency, "id", named))
    else:
        plan.add(await _rows(Dependency, "id", named))
    plan.add(check_ins)
    plan.add(await _locked(Liaison, "id", ids[RecordType.LIAISON]))


def _name(plan: Plan, found: Found) -> None:
    for key, (kind, entity_id) in found.items():
        draft: Draft[Any] | None = plan.shelf(MODEL_OF_TYPE[kind]).get(entity_id)
        if draft is not None:
            plan.by_key[key] = draft


async def _name_links(plan: Plan) -> None:
    """The keys of all links that are there, also of those that no row speaks of by its key."""
    sql = (
        "SELECT entity_id, entity_key FROM import_key "
        "WHERE organization_id = :organization AND entity_type = 'link' AND entity_id = ANY(:ids)"
    )
    if plan.links:
        rows = await fetch_all(sql, organization=plan.organization_id, ids=list(plan.links))
        plan.key_of_link = {UUID(str(row[0])): row[1] for row in rows}


async def check_ins_of(key_result_ids: Sequence[UUID]) -> list[CheckIn]:
    """All check-ins of some key results."""
    return await _locked(CheckIn, "key_result_id", key_result_ids)
