"""Loads what an import needs to know of the organisation, and gives every row of the file its draft."""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model

from okrgraph.discussion.models import Comment
from okrgraph.events.database import fetch_all
from okrgraph.events.rows import fetch_rows
from okrgraph.events.unit_of_work import UnitOfWork
from okrgraph.kit.text import is_storable
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective, ObjectiveTeam
from okrgraph.people.models import Membership, Organization, Person, Team
from okrgraph.transfer.cells import LIST_SEPARATOR
from okrgraph.transfer.drafts import Draft
from okrgraph.transfer.plan import MODEL_OF_TYPE, LinkEnds, Plan
from okrgraph.transfer.records import Record, RecordFile, RecordType

Keys = dict[RecordType, dict[str, UUID]]
Loaded = TypeVar("Loaded", bound=Model)

# Ids of one statement; PostgreSQL takes 65,535 parameters at most, SQLite 32,766.
_IDS_AT_ONCE = 5_000
_REFERENCES = ("parent", "child", "reply_to")

_LINK_ENDS = """
SELECT l.id, l.kind, l.child_id, c.cycle_id, l.parent_key_result_id, p.id, p.cycle_id
FROM alignment_link l
JOIN objective c ON c.id = l.child_id
LEFT JOIN key_result k ON k.id = l.parent_key_result_id
JOIN objective p ON p.id = COALESCE(l.parent_objective_id, k.objective_id)
WHERE l.organization_id = :organization AND l.state IN ('PROPOSED', 'ACCEPTED')
"""


async def load(file: RecordFile, slug: str, work: UnitOfWork) -> Plan:
    """Begin a plan; a new organisation gets the id of the unit of work.

    The organisation stays locked, as for changes to its alignment, to the end of the transaction.
    """
    found = await Organization.select_for_update(no_key=True).get_or_none(slug=slug)
    draft = Draft.of(found) if found is not None else Draft(_new(Organization, work.organization_id, work))
    plan = Plan(work.at, draft, list(file.problems), set(file.lost_keys))
    draft.entity.slug = slug
    if found is None:
        return plan
    organization_id = found.id
    plan.add(await Team.filter(organization_id=organization_id).order_by("id"))
    plan.add(await Person.filter(organization_id=organization_id).order_by("id"))
    plan.add(await Cycle.filter(organization_id=organization_id).order_by("id"))
    for membership in await Membership.filter(organization_id=organization_id, left_at__isnull=True):
        plan.memberships[membership.person_id, membership.team_id] = Draft.of(membership)
    plan.by_email = {draft.entity.email: draft for draft in plan.people.values()}
    plan.company = next((team for team in plan.teams.values() if team.entity.parent_id is None), None)
    keys = await _keys_spoken_of(organization_id, file.records)
    await _load_objectives(plan, keys)
    plan.add(await _locked(Comment, "id", keys[RecordType.COMMENT].values()))
    ends = await fetch_rows(LinkEnds, _LINK_ENDS, organization=organization_id)
    plan.link_ends = {link.id: link for link in ends}
    _name(plan, keys)
    return plan


def _new(model: type[Loaded], key: UUID, work: UnitOfWork) -> Loaded:
    return model(id=key, created_at=work.at, updated_at=work.at)


async def _keys_spoken_of(organization_id: UUID, records: Iterable[Record]) -> Keys:
    """The entities that the file names or speaks of; teams, cycles and links in full."""
    spoken = set()
    for record in records:
        spoken.add(record.key)
        for column in _REFERENCES:
            spoken.update(part.strip() for part in record.cells.get(column, "").split(LIST_SEPARATOR))
    rows = await fetch_all(
        "SELECT entity_type, entity_key, entity_id FROM import_key WHERE organization_id = :organization "
        "AND (entity_type IN ('team', 'cycle', 'link') OR entity_key = ANY(:keys))",
        organization=organization_id,
        keys=[key for key in spoken if key and is_storable(key)],
    )
    keys: Keys = {kind: {} for kind in RecordType}
    for kind, key, entity_id in rows:
        keys[RecordType(kind)][key] = UUID(str(entity_id))
    return keys


async def _locked(model: type[Loaded], column: str, ids: Collection[UUID]) -> list[Loaded]:
    """Rows whose column is one of the ids, locked against changes, in the order of their keys."""
    found: list[Loaded] = []
    ordered = sorted(ids)
    for start in range(0, len(ordered), _IDS_AT_ONCE):
        part: dict[str, Any] = {f"{column}__in": ordered[start : start + _IDS_AT_ONCE]}
        found += await model.select_for_update(no_key=True).filter(**part).order_by("id")
    return found


async def _load_objectives(plan: Plan, keys: Keys) -> None:
    """Objectives that rows speak of, with all that hangs on them but check-ins and comments.

    Locked from the bottom up, as every action does.
    """
    check_ins = await _locked(CheckIn, "id", keys[RecordType.CHECK_IN].values())
    named = {*keys[RecordType.KEY_RESULT].values(), *(each.key_result_id for each in check_ins)}
    key_results = await _locked(KeyResult, "id", named)
    linked = await _children_of_links(keys[RecordType.LINK].values())
    objective_ids = {
        *keys[RecordType.OBJECTIVE].values(),
        *(each.objective_id for each in key_results),
        *linked,
    }
    plan.add(check_ins)
    plan.add(key_results)
    plan.add(await _locked(Objective, "id", objective_ids))
    # A key result that somebody adds from now on waits for the lock on its objective.
    for start in range(0, len(ordered := sorted(objective_ids)), _IDS_AT_ONCE):
        part = ordered[start : start + _IDS_AT_ONCE]
        plan.add(await KeyResult.filter(objective_id__in=part).order_by("id"))
        for row in await ObjectiveTeam.filter(objective_id__in=part).order_by("id"):
            plan.co_owners_before.setdefault(row.objective_id, []).append(row.team_id)
    plan.co_owners = {key: list(teams) for key, teams in plan.co_owners_before.items()}
    plan.add(await _locked(AlignmentLink, "child_id", objective_ids))


async def _children_of_links(link_ids: Collection[UUID]) -> set[UUID]:
    rows = await fetch_all("SELECT child_id FROM alignment_link WHERE id = ANY(:ids)", ids=list(link_ids))
    return {UUID(str(row[0])) for row in rows}


def _name(plan: Plan, keys: Keys) -> None:
    for kind, names in keys.items():
        shelf = plan.shelf(MODEL_OF_TYPE[kind]) if names else {}
        for key, entity_id in names.items():
            if entity_id in shelf:
                plan.by_key[key] = shelf[entity_id]
    plan.key_of_link = {entity_id: key for key, entity_id in keys[RecordType.LINK].items()}


async def check_ins_of(key_result_ids: Collection[UUID]) -> list[CheckIn]:
    """All check-ins of some key results."""
    return await _locked(CheckIn, "key_result_id", key_result_ids)
