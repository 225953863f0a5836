"""The change log: positions given and rows written as the last statement of a transaction; rows read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from okrgraph.events.database import execute, fetch_all, fetch_one, is_sqlite
from okrgraph.events.encoding import COLUMNS, carried, logged, written
from okrgraph.events.entry import BULK, BULK_THRESHOLD, Entry, LoggedEntry

# Rows read at once; a transaction has at most BULK_THRESHOLD, so a page always holds a whole one.
PAGE = 2 * BULK_THRESHOLD
# How long a writer waits for the counter: one that is stuck must not freeze its organisation.
COUNTER_TIMEOUT_MS = 2_000

# The timeout is set by the statement that it is for, since a statement of its own would be one more on each change.
# PostgreSQL reads it when the wait for the row begins, and `t` is read before the row is known.
_APPEND_POSTGRES = f"""
WITH t AS MATERIALIZED (
    SELECT set_config('lock_timeout', :timeout::text, true) AS lock_timeout
), h AS (
    UPDATE log_head SET pos = pos + :count::bigint FROM t
    WHERE organization_id = :organization::uuid AND t.lock_timeout IS NOT NULL RETURNING pos
), r AS (
    UPDATE mutation_receipt SET entity_id = :entity::uuid, pos = h.pos FROM h
    WHERE organization_id = :organization::uuid AND actor_id = :actor::uuid AND mutation_id = :mutation::text
)
INSERT INTO change_log (organization_id, {COLUMNS})
SELECT :organization::uuid, h.pos - :count::bigint + e.place, e.place = :count::bigint,
    e.row->>'kind', e.row->>'entity_type',
    (e.row->>'entity_id')::uuid, (e.row->>'entity_version')::bigint, e.row->>'path', e.row->>'teams',
    e.row->>'acl', e.row->>'acl_before', :actor::uuid, :mutation::text, e.row->>'body', :at::timestamptz
FROM h, json_array_elements(:entries::json) WITH ORDINALITY AS e (row, place)
RETURNING pos
"""
_APPEND_SQLITE = f"""
INSERT INTO change_log (organization_id, {COLUMNS})
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


@dataclass(frozen=True, slots=True)
class Appended:
    """What a transaction wrote. `head`: its last position. `carried`: its rows as an announcement carries them."""

    head: int
    carried: bytes | None


def bulk(organization_id: UUID, acl: frozenset[str]) -> Entry:
    """The one entry that stands for changes too many to replay; every feed tells its client to read anew."""
    return Entry(BULK, "Organization", organization_id, 1, {}, acl)


async def append(
    organization_id: UUID,
    entries: Sequence[Entry],
    *,
    actor_id: UUID | None,
    mutation_id: str | None,
    entity_id: UUID | None,
    at: datetime,
    timeout_ms: int = COUNTER_TIMEOUT_MS,
) -> Appended:
    """Give the entries their positions and write them.

    Must be the last statement of the transaction: it takes the organisation's counter, which every other
    writer of the organisation waits for until the commit, on PostgreSQL no longer than the timeout.
    """
    if len(entries) > BULK_THRESHOLD:
        entries = [bulk(organization_id, entries[0].acl.union(*(entry.acl for entry in entries)))]
    rows = written(entries)
    params: dict[str, Any] = {
        "organization": organization_id,
        "count": len(entries),
        "entries": rows.decode(),
        "actor": actor_id,
        "mutation": mutation_id,
        "entity": entity_id,
        "at": at,
    }
    head = await (_append_sqlite(params) if is_sqlite() else _append_postgres(params, timeout_ms))
    if head is None:
        raise LookupError(
            f"organisation {organization_id} has no log: open_log comes before its first change"
        )
    return Appended(head, carried(rows, actor_id, mutation_id, at))


async def _append_sqlite(params: Mapping[str, Any]) -> int | None:
    row = await fetch_one(
        "UPDATE log_head SET pos = pos + :count WHERE organization_id = :organization RETURNING pos",
        count=params["count"],
        organization=params["organization"],
    )
    if row is None:
        return None
    head = int(row[0])
    await execute(_APPEND_SQLITE, head=head, **params)
    await finish_receipt(params["organization"], params["actor"], params["mutation"], params["entity"], head)
    return head


async def _append_postgres(params: Mapping[str, Any], timeout_ms: int) -> int | None:
    rows = await fetch_all(_APPEND_POSTGRES, timeout=str(timeout_ms), **params)
    return max((row[0] for row in rows), default=None)


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


async def read_after(organization_id: UUID, position: int) -> list[LoggedEntry]:
    """Read whole transactions after a position, oldest first, a page at most."""
    rows = await fetch_all(
        f"SELECT {COLUMNS} FROM change_log "
        "WHERE organization_id = :organization AND pos > :position ORDER BY pos LIMIT :most",
        organization=organization_id,
        position=position,
        most=PAGE,
    )
    entries = [logged(organization_id, row) for row in rows]
    while entries and not entries[-1].tx_end:
        entries.pop()
    return entries
