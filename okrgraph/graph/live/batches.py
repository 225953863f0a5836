"""What log entries are for a viewer, and the batches and pages that carry them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from okrgraph.events.cursors import Cursor
from okrgraph.events.entry import BULK, LoggedEntry
from okrgraph.graph.change_types import (
    Change,
    Resync,
    ResyncReason,
    Verdict,
    shown_as,
    verdict_for,
)
from okrgraph.graph.live.filters import Wanted
from okrgraph.graph.scalars import CursorText

# A frame holds whole transactions of about so many entries: an entry is a kilobyte or less.
BATCH_ENTRIES = 64


@strawberry.type(
    description="All changes of one or more whole transactions; all changes of a transaction carry its cursor. "
    "Apply each change only if its version is newer than yours, then store cursor."
)
class ChangeBatch:
    cursor: CursorText = strawberry.field(description="Go on from here.")
    changes: list[Change] = strawberry.field(description="In the order in which they happened.")
    replay: bool = strawberry.field(description="Whether it happened before the subscription began.")
    conflated: bool = strawberry.field(
        description="Whether intermediate states were left out for a slow subscriber."
    )


@strawberry.type(description="Changes after a cursor, for polling.")
class ChangePage:
    cursor: CursorText = strawberry.field(description="Go on from here.")
    changes: list[Change] = strawberry.field(description="In the order in which they happened.")
    has_more: bool = strawberry.field(description="Whether there is more already; ask again from cursor.")


def cursor_at(organization_id: UUID, epoch: str, position: int) -> CursorText:
    return CursorText(Cursor(organization_id, epoch, position).encode())


Verdicts = bytes
"""What each entry of a batch is for a viewer, a byte each: viewers with the same get the same bytes."""


def verdicts(
    entries: Sequence[LoggedEntry], wanted: Wanted, person: UUID, scopes: frozenset[str]
) -> Verdicts:
    """Decide for one viewer, from the entries alone: no query."""
    takes = wanted.selection.takes
    return bytes(
        verdict_for(entry, scopes)
        if entry.kind == BULK or (takes(entry) and not (wanted.exclude_own and entry.actor_id == person))
        else Verdict.NOTHING
        for entry in entries
    )


def changes_of(
    entries: Sequence[LoggedEntry], decided: Verdicts, epoch: str, *, one_cursor: bool = False
) -> list[Any]:
    """Make the changes that were decided on; each carries the cursor of its transaction's end.

    one_cursor: all carry that of the last entry, as where entries between were left out.
    """
    changes: list[Any] = []
    last = len(entries) - 1
    cursor = CursorText("")
    for place in range(last, -1, -1):
        entry = entries[place]
        if place == last or (entry.tx_end and not one_cursor):
            cursor = cursor_at(entry.organization_id, epoch, entry.position)
        if decided[place] == Verdict.NOTHING:
            continue
        if entry.kind == BULK:
            changes.append(Resync(cursor=cursor, reason=ResyncReason.BULK_CHANGE))
        else:
            changes.append(shown_as(entry, Verdict(decided[place]), cursor))
    return changes[::-1]


def transactions_in(entries: Sequence[LoggedEntry]) -> list[list[LoggedEntry]]:
    """Group entries by the transaction that wrote them."""
    groups: list[list[LoggedEntry]] = [[]]
    for entry in entries:
        groups[-1].append(entry)
        if entry.tx_end:
            groups.append([])
    return groups[:-1]


def cut_into_batches(entries: Sequence[LoggedEntry], most: int = BATCH_ENTRIES) -> list[list[LoggedEntry]]:
    """Cut entries into batches of whole transactions, each of at most so many entries unless one alone has more."""
    batches: list[list[LoggedEntry]] = []
    for transaction in transactions_in(entries):
        if batches and len(batches[-1]) + len(transaction) <= most:
            batches[-1] += transaction
        else:
            batches.append(transaction)
    return batches
