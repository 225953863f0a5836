"""The change log: positions given and rows written as the last statement of a transaction; rows read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from okrgraph.events.database import execute, fetch_all, fetch_one, is_sqlite
from okrgraph.events.entry import BULK, BULK_THRESHOLD, Entry, LoggedEntry
from okrgraph.events.rows import as_json

# Rows read at once; a transaction has at most BULK_THRESHOLD, so a page always holds a whole one.
PAGE = 2 * BULK_THRESHOLD

_COLUMNS = (
    "pos, tx_end, kind, entity_type, entity_id, entity_version, "
    "path, teams, acl, acl_before, actor_id, mutation_id, body, at"
)
_APPEND_POSTGRES = f"""
WITH h AS (
    UPDATE log_head SET pos = pos + :count::bigint WHERE organization_id = :organization::uuid RETURNING pos
), r AS (
    UPDATE mutation_receipt SET entity_id = :entity::uuid, pos = h.pos FROM h
    WHERE organization_id = :organization::uuid AND actor_id = :actor::uuid AND mutation_id = :mutation::text
)
INSERT INTO change_log (organization_id, {_COLUMNS})
SELECT :organization::uuid, h.pos - :count::bigint + e.place, e.place = :count::bigint,
    e.row->>'kind', e.row->>'entity_type',
    (e.row->>'entity_id')::uuid, (e.row->>'entity_version')::bigint, e.row->>'path', e.row->>'teams',
    e.row->>'acl', e.row->>'acl_before', :actor::uuid, :mutation::text, e.row->>'body', :at::timestamptz
FROM h, json_array_elements(:entries::json) WITH ORDINALITY AS e (row, place)
RETURNING pos
"""
_APPEND_SQLITE = f"""
INSERT INTO change_log (organization_id, {_COLUMNS})
SELECT :organization, :head - :count + key + 1, key + 1 = :count, value->>'kind', value->>'entity_type',
    value->>'entity_id', value->>'entity_version', value->>'path', value->>'teams',
    value->>'acl', value->>'acl_before', :actor, :mutation, value->>'body', :at
FROM json_each(:entries)
"""


@dataclass(frozen=True, slots=True)
class Head:
    """Ends of an organisation's log: what was written last, and the last position that is gone."""

    position: int
    floor: int


async def open_log(organization_id: UUID) -> None:
    """Begin the log of a new organisation at position 0; harmless when it is there."""
    await execute(
        "INSERT INTO log_head (organization_id, pos, floor) VALUES (:organization, 0, 0) "
        "ON CONFLICT DO NOTHING",
        organization=organization_id,
    )


async def head_of(organization_id: UUID) -> Head:
    """Read the ends of one organisation's log; 0 and 0 when it has none."""
    row = await fetch_one(
        "SELECT pos, floor FROM log_head WHERE organization_id = :organization", organization=organization_id
    )
    return Head(row[0], row[1]) if row else Head(0, 0)


async def heads_of(organization_ids: Sequence[UUID]) -> dict[UUID, Head]:
    """Read the ends of several logs in one statement."""
    rows = await fetch_all(
        "SELECT organization_id, pos, floor FROM log_head WHERE organization_id = ANY(:ids)",
        ids=list(organization_ids),
    )
    return {_uuid(row[0]): Head(row[1], row[2]) for row in rows}


def _written(entry: Entry) -> dict[str, Any]:
    """The row's lists and body are stored as text, so they are encoded twice."""
    acl_before = entry.acl_before
    return {
        "kind": entry.kind,
        "entity_type": entry.entity_type,
        "entity_id": str(entry.entity_id),
        "entity_version": entry.entity_version,
        "path": as_json(entry.path).decode(),
        "teams": as_json(entry.teams).decode(),
        "acl": as_json(sorted(entry.acl)).decode(),
        "acl_before": None if acl_before is None else as_json(sorted(acl_before)).decode(),
        "body": as_json(entry.body).decode(),
    }


def bulk(organization_id: UUID, acl: frozenset[str]) -> Entry:
    """The one entry that stands for changes too many to replay; every feed tells its client to read anew."""
    return Entry(BULK, "Organization", organization_id, 1, {}, acl)


def _no_log(organization_id: UUID) -> LookupError:
    return LookupError(f"organisation {organization_id} has no log: open_log comes before its first change")


async def append(
    organization_id: UUID,
    entries: Sequence[Entry],
    *,
    actor_id: UUID | None,
    mutation_id: str | None,
    entity_id: UUID | None,
    at: datetime,
) -> int:
    """Give the entries their positions and write them; return the last position.

    Must be the last statement of the transaction: it takes the organisation's counter, which every other
    writer of the organisation waits for until the commit.
    """
    if len(entries) > BULK_THRESHOLD:
        entries = [bulk(organization_id, entries[0].acl.union(*(entry.acl for entry in entries)))]
    params: dict[str, Any] = {
        "organization": organization_id,
        "count": len(entries),
        "entries": as_json([_written(entry) for entry in entries]).decode(),
        "actor": actor_id,
        "mutation": mutation_id,
        "entity": entity_id,
        "at": at,
    }
    if is_sqlite():
        row = await fetch_one(
            "UPDATE log_head SET pos = pos + :count WHERE organization_id = :organization RETURNING pos",
            count=params["count"],
            organization=organization_id,
        )
        if row is None:
            raise _no_log(organization_id)
        head = int(row[0])
        await execute(_APPEND_SQLITE, head=head, **params)
        await finish_receipt(organization_id, actor_id, mutation_id, entity_id, head)
        return head
    rows = await fetch_all(_APPEND_POSTGRES, **params)
    if not rows:
        raise _no_log(organization_id)
    position: int = max(row[0] for row in rows)
    return position


async def finish_receipt(
    organization_id: UUID,
    actor_id: UUID | None,
    mutation_id: str | None,
    entity_id: UUID | None,
    position: int,
) -> None:
    """Write the result of a mutation into its receipt."""
    if mutation_id is None:
        return
    await execute(
        "UPDATE mutation_receipt SET entity_id = :entity, pos = :position "
        "WHERE organization_id = :organization AND actor_id = :actor AND mutation_id = :mutation",
        entity=entity_id,
        position=position,
        organization=organization_id,
        actor=actor_id,
        mutation=mutation_id,
    )


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _read(organization_id: UUID, row: Any) -> LoggedEntry:
    at = row[13]
    return LoggedEntry(
        organization_id=organization_id,
        position=row[0],
        tx_end=bool(row[1]),
        kind=row[2],
        entity_type=row[3],
        entity_id=_uuid(row[4]),
        entity_version=row[5],
        path=tuple(UUID(text) for text in orjson.loads(row[6])),
        teams=tuple(UUID(text) for text in orjson.loads(row[7])),
        acl=frozenset(orjson.loads(row[8])),
        acl_before=None if row[9] is None else frozenset(orjson.loads(row[9])),
        actor_id=None if row[10] is None else _uuid(row[10]),
        mutation_id=row[11],
        body=orjson.loads(row[12]),
        at=(at if isinstance(at, datetime) else datetime.fromisoformat(at)).astimezone(UTC),
    )


async def read_after(organization_id: UUID, position: int) -> list[LoggedEntry]:
    """Read whole transactions after a position, oldest first, a page at most."""
    rows = await fetch_all(
        f"SELECT {_COLUMNS} FROM change_log "
        "WHERE organization_id = :organization AND pos > :position ORDER BY pos LIMIT :most",
        organization=organization_id,
        position=position,
        most=PAGE,
    )
    entries = [_read(organization_id, row) for row in rows]
    while entries and not entries[-1].tx_end:
        entries.pop()
    return entries
