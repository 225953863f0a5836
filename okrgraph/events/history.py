"""Which history of which database this is, and how far its logs go: what every poll asks, in one statement."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from okrgraph.events.database import fetch_all, is_sqlite
from okrgraph.events.log import Head

# auto: a failover begins a new history. stable: for those whose standby has every commit, it does not.
EpochPolicy = Literal["auto", "stable"]

_SQLITE = """
SELECT h.organization_id, h.pos, h.floor, e.epoch
FROM log_epoch e LEFT JOIN log_head h ON h.organization_id = ANY(:ids)
"""
# The checkpoint's timeline follows a promotion only with the next checkpoint, which may take minutes; what is
# written now has the new one at once. A standby writes nothing and can only be asked for the former.
_POSTGRES = """
SELECT h.organization_id, h.pos, h.floor, e.epoch, s.system_identifier,
    CASE WHEN pg_is_in_recovery() THEN c.timeline_id
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline
FROM pg_control_system() s, pg_control_checkpoint() c,
    log_epoch e LEFT JOIN log_head h ON h.organization_id = ANY(:ids)
"""


@dataclass(frozen=True, slots=True)
class Heads:
    """The ends of some logs, and the history that they are of.

    epoch: its name, 16 hexadecimal digits, which cursors show to everybody. key: known only to who can read this
    database; announcements are signed with it. heads: an organisation without a log is absent.
    """

    epoch: str
    key: bytes
    heads: Mapping[UUID, Head]


async def read_heads(organization_ids: Sequence[UUID], policy: EpochPolicy = "auto") -> Heads:
    """Read the ends of several logs and their history as one moment sees them.

    The history is told by the id stored at migration and, on PostgreSQL, the cluster's identity and timeline, since
    a restored dump or a failover that lost a tail can give old positions a new content.
    """
    rows = await fetch_all(_SQLITE if is_sqlite() else _POSTGRES, ids=list(organization_ids))
    if not rows:
        raise LookupError("the table log_epoch is empty: the migration fills it")
    parts = [str(value) for value in tuple(rows[0])[3:]]
    if policy == "stable":
        del parts[2:]
    secret = "|".join(parts).encode()
    return Heads(
        epoch=hashlib.sha256(secret).hexdigest()[:16],
        key=hashlib.blake2b(secret, person=b"announcements").digest(),
        heads={uuid_of(row[0]): Head(row[1], row[2]) for row in rows if row[0] is not None},
    )


def uuid_of(value: object) -> UUID:
    """Read a key that PostgreSQL gives as one and SQLite as text."""
    return value if isinstance(value, UUID) else UUID(str(value))


async def current_epoch(policy: EpochPolicy = "auto") -> str:
    """Name the history of the open database."""
    return (await read_heads((), policy)).epoch
