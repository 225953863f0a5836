"""The Node interface: every entity has an opaque id of its type."""

from collections.abc import Sequence
from typing import Any

import strawberry

from okrgraph.dependencies.rows import DependencyCheckInRow, DependencyRow, LiaisonRow
from okrgraph.discussion.reads import CommentRow
from okrgraph.graph.engine.fields import ColumnField
from okrgraph.kit.ids import PREFIX_OF_TYPE
from okrgraph.okrs.rows import CheckInRow, CycleRow, KeyResultRow, LinkRow, ObjectiveRow
from okrgraph.people.reads import OrganizationRow, PersonRow, TeamRow

ROW_OF_TYPE: dict[str, type] = {
    "Organization": OrganizationRow,
    "Team": TeamRow,
    "Person": PersonRow,
    "Cycle": CycleRow,
    "Objective": ObjectiveRow,
    "KeyResult": KeyResultRow,
    "CheckIn": CheckInRow,
    "AlignmentLink": LinkRow,
    "Comment": CommentRow,
    "Dependency": DependencyRow,
    "DependencyCheckIn": DependencyCheckInRow,
    "Liaison": LiaisonRow,
}


class _TypeOfRow(dict[type, str]):
    """Types of rows by their class; narrow rows are of a class below it."""

    def __missing__(self, row: type) -> str:
        # Not kept: such classes come and go with what operations ask for.
        return next(self[above] for above in row.__mro__[1:] if above in self)


TYPE_OF_ROW = _TypeOfRow({row: name for name, row in ROW_OF_TYPE.items()})


def _ids(_context: object, rows: Sequence[Any]) -> list[str]:
    """As kit.ids.global_id writes them."""
    prefixes = {row: f"{PREFIX_OF_TYPE[TYPE_OF_ROW[row]]}_" for row in set(map(type, rows))}
    return [prefixes[type(row)] + row.id.hex for row in rows]


@strawberry.interface(description="Anything that has an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Opaque; unique over all types, the same for ever.",
        extensions=[ColumnField(_ids, ("id",))],
    )
