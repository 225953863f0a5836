"""Whether the log tells the truth: its snapshots equal the rows of the tables at the same version."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

import orjson

import okrgraph
from okrgraph.dependencies.rows import DependencyRow, LiaisonRow
from okrgraph.discussion.reads import CommentRow
from okrgraph.events.change import Change
from okrgraph.events.database import fetch_all
from okrgraph.events.entry import BULK
from okrgraph.events.rows import columns, fetch_rows
from okrgraph.okrs.rows import CheckInRow, CycleRow, KeyResultRow, LinkRow, ObjectiveRow
from okrgraph.people.reads import OrganizationRow, PersonRow, TeamRow

TABLE_OF: Mapping[type, str] = {
    OrganizationRow: "organization",
    TeamRow: "team",
    PersonRow: "person",
    CycleRow: "cycle",
    ObjectiveRow: "objective",
    KeyResultRow: "key_result",
    CheckInRow: "check_in",
    LinkRow: "alignment_link",
    CommentRow: "comment",
    DependencyRow: "dependency",
    LiaisonRow: "liaison",
}


@cache
def event_kinds() -> Mapping[str, type[Change]]:
    """Every kind of event of every package, by name."""
    found: dict[str, Any] = {}
    for name in (each.name for each in pkgutil.walk_packages(okrgraph.__path__, "okrgraph.")):
        if name.endswith(".events"):
            found |= vars(importlib.import_module(name))
    kinds = [kind for kind in found.values() if isinstance(kind, type) and issubclass(kind, Change)]
    return {kind.__name__: kind for kind in kinds if kind is not Change}


async def untrue_snapshots() -> list[str]:
    """Describe each log row of this test whose snapshot differs from the table's row of the same version."""
    told: dict[type, list[Any]] = {}
    for kind, body in await _logged():
        if kind not in event_kinds():  # a test's own
            continue
        event = event_kinds()[kind].from_body(orjson.loads(body))
        for value in (getattr(event, field.name) for field in dataclasses.fields(event)):
            if type(value) in TABLE_OF:
                told.setdefault(type(value), []).append(value)
    found = []
    for row_type, snapshots in told.items():
        rows = await _rows(row_type, [snapshot.id for snapshot in snapshots])
        for snapshot in snapshots:
            row = rows.get(snapshot.id)
            if getattr(row, "version", 1) == getattr(snapshot, "version", 1) and row != snapshot:
                found.append(f"the log says {snapshot}\nthe table has {row}")
    return found


async def _logged() -> list[tuple[str, str]]:
    """(kind, body) of the log rows that the audit noted: those that followed what a test takes as given."""
    rows = await fetch_all(
        "SELECT c.kind, c.body FROM change_log c JOIN logged_position p "
        "ON p.organization_id = c.organization_id AND p.pos = c.pos WHERE c.kind <> :bulk ORDER BY p.pos",
        bulk=BULK,
    )
    return [(row[0], row[1]) for row in rows]


async def _rows(row_type: type, keys: list[UUID]) -> dict[UUID, Any]:
    select = f"SELECT {columns(row_type, 't')} FROM {TABLE_OF[row_type]} t WHERE t.id = ANY(:keys)"
    return {row.id: row for row in await fetch_rows(row_type, select, keys=keys)}
