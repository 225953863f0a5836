"""Forgetting the oldest part of the logs, a batch at a time; whoever still needs it is told that it has expired."""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from okrgraph.events.database import execute, fetch_all, fetch_one, is_sqlite
from okrgraph.events.history import uuid_of
from okrgraph.events.outages import Outage
from okrgraph.events.transactions import transaction
from okrgraph.kit import clock

# Rows that one transaction deletes: small, so that nobody waits long for what it holds.
BATCH = 5_000
# A transaction has at most 500 rows, so a batch holds a whole one.
SMALLEST_BATCH = 500
EVERY_SECONDS = 600.0
# Any number that nothing else in the database uses as an advisory lock.
_RETENTION_LOCK = 7_240_313_002
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of an organisation's log is kept: so many days of it, and no more than so many rows.

    The newest transaction stays whatever its age, so that a log never looks as if it had lost its end.
    """

    days: float = 30.0
    rows: int = 5_000_000
    batch: int = BATCH

    def __post_init__(self) -> None:
        if self.days <= 0 or self.rows < 1 or self.batch < SMALLEST_BATCH:
            raise ValueError("retention is of some days and rows, in batches that hold a transaction")

    async def run(self) -> None:
        """Forget again and again, until cancelled. May run in every worker: one of them does it at a time."""
        outage = Outage(
            _logger,
            "The oldest part of the logs could not be removed; trying again",
            "It can be removed again",
        )
        while True:
            # Workers that start together shall not all look at once.
            await asyncio.sleep(EVERY_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            try:
                await self.forget(clock.now())
            except Exception as error:  # noqa: BLE001 - said once, and the next round may go well
                outage.began(error)
            else:
                outage.ended()

    async def forget(self, now: datetime) -> int:
        """Remove what is not kept at this time, and return how many rows that was."""
        before, removed = now - timedelta(days=self.days), 0
        for organization_id in await self._overlong(before):
            while count := await self._forget_batch(organization_id, before):
                removed += count
        return removed

    async def _overlong(self, before: datetime) -> list[UUID]:
        """Organisations whose log has more rows than are kept, or begins with one that is too old."""
        rows = await fetch_all(
            "SELECT h.organization_id FROM log_head h WHERE h.pos - h.floor > :rows OR EXISTS ("
            "SELECT 1 FROM change_log c WHERE c.organization_id = h.organization_id "
            "AND c.pos = h.floor + 1 AND c.pos < h.pos AND c.at < :before) ORDER BY h.organization_id",
            rows=self.rows,
            before=before,
        )
        return [uuid_of(row[0]) for row in rows]

    async def _forget_batch(self, organization_id: UUID, before: datetime) -> int:
        """Remove some of the oldest rows; 0 when none is left to remove, or another worker is at it."""
        async with transaction():
            if not await _is_alone():
                return 0
            first = await fetch_all(
                "SELECT c.pos, c.tx_end, c.at < :before OR c.pos <= h.pos - :rows AS is_past, h.pos AS head "
                "FROM log_head h JOIN change_log c ON c.organization_id = h.organization_id AND c.pos > h.floor "
                "WHERE h.organization_id = :organization ORDER BY c.pos LIMIT :batch",
                before=before,
                rows=self.rows,
                organization=organization_id,
                batch=self.batch,
            )
            floor = _new_floor(first)
            if floor is None:
                return 0
            await execute(
                "DELETE FROM change_log WHERE organization_id = :organization AND pos <= :floor",
                organization=organization_id,
                floor=floor,
            )
            # Last: every change of the organisation waits for this row until the commit.
            await execute(
                "UPDATE log_head SET floor = :floor WHERE organization_id = :organization",
                organization=organization_id,
                floor=floor,
            )
            return sum(row[0] <= floor for row in first)


def _new_floor(first: Sequence[Any]) -> int | None:
    """The end of the last transaction, of a log's first rows, that is past as a whole; never the newest one."""
    floor = None
    for position, tx_end, is_past, head in first:
        if not is_past or position >= head:
            break
        if tx_end:
            floor = position
    return floor


async def _is_alone() -> bool:
    """Whether no other worker removes anything until the end of this transaction."""
    if is_sqlite():
        return True
    row = await fetch_one("SELECT pg_try_advisory_xact_lock(:number)", number=_RETENTION_LOCK)
    return bool(row and row[0])
