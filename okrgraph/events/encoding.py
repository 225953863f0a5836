"""Log rows as text: the form in which a transaction writes them, the log keeps them and announcements carry them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from okrgraph.events.broker import CARRIED_BYTES, Announcement
from okrgraph.events.entry import Entry, LoggedEntry
from okrgraph.events.rows import as_json

# What a row takes beside its texts: two numbers, two ids, a moment.
_ROW_BYTES = 128
# The columns that `logged` reads, in its order.
COLUMNS = (
    "pos, tx_end, kind, entity_type, entity_id, entity_version, "
    "path, teams, acl, acl_before, actor_id, mutation_id, body, at"
)


def written(entries: Sequence[Entry]) -> bytes:
    """Encode entries as the JSON that the statement which appends them takes.

    A row's lists and body are stored as text, so they are encoded twice.
    """
    return as_json([_row(entry) for entry in entries])


def _row(entry: Entry) -> dict[str, Any]:
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


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def logged(organization_id: UUID, row: Sequence[Any]) -> LoggedEntry:
    """Read one row of COLUMNS, from either database or from an announcement."""
    (
        position,
        tx_end,
        kind,
        entity_type,
        entity_id,
        version,
        path,
        teams,
        acl,
        acl_before,
        actor,
        mutation,
        body,
        at,
    ) = row
    texts = (kind, entity_type, path, teams, acl, acl_before or "", mutation or "", body)
    return LoggedEntry(
        organization_id=organization_id,
        position=position,
        tx_end=bool(tx_end),
        kind=kind,
        entity_type=entity_type,
        entity_id=_uuid(entity_id),
        entity_version=version,
        path=tuple(UUID(text) for text in orjson.loads(path)),
        teams=tuple(UUID(text) for text in orjson.loads(teams)),
        acl=frozenset(orjson.loads(acl)),
        acl_before=None if acl_before is None else frozenset(orjson.loads(acl_before)),
        actor_id=None if actor is None else _uuid(actor),
        mutation_id=mutation,
        body=orjson.loads(body),
        at=(at if isinstance(at, datetime) else datetime.fromisoformat(at)).astimezone(UTC),
        size=_ROW_BYTES + sum(len(text.encode()) for text in texts),
    )


def carried(rows: bytes, actor_id: UUID | None, mutation_id: str | None, at: datetime) -> bytes | None:
    """What an announcement carries of rows that `written` encoded; None when they are too long to be carried."""
    common = as_json({"actor": actor_id, "mutation": mutation_id, "at": at})
    entries = b'%b,"rows":%b}' % (common[:-1], rows)
    return entries if len(entries) <= CARRIED_BYTES else None


def entries_of(announcement: Announcement) -> list[LoggedEntry] | None:
    """The transaction that an announcement carries, as the log has it; None when it carries none, or nothing whole.

    Rows of another version of this program may lack what is needed here; the log then has it.
    """
    if announcement.entries is None:
        return None
    try:
        common = orjson.loads(announcement.entries)
        rows = common["rows"]
        before = announcement.head - len(rows)
        if not rows or before < 0:
            return None
        return [
            _carried_entry(announcement, common, row, before + place)
            for place, row in enumerate(rows, start=1)
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _carried_entry(
    announcement: Announcement, common: Mapping[str, Any], row: Mapping[str, Any], position: int
) -> LoggedEntry:
    cells = (
        position,
        position == announcement.head,
        row["kind"],
        row["entity_type"],
        row["entity_id"],
        row["entity_version"],
        row["path"],
        row["teams"],
        row["acl"],
        row["acl_before"],
        common["actor"],
        common["mutation"],
        row["body"],
        common["at"],
    )
    return logged(announcement.organization_id, cells)
