"""The Node interface: every entity has an opaque id of its type."""

from typing import Any

import strawberry

from okrgraph.discussion.reads import CommentRow
from okrgraph.kit.ids import global_id
from okrgraph.okrs.rows import CheckInRow, CycleRow, KeyResultRow, LinkRow, ObjectiveRow
from okrgraph.people.reads import OrganizationRow, PersonRow, TeamRow

TYPE_OF_ROW: dict[type, str] = {
    OrganizationRow: "Organization",
    TeamRow: "Team",
    PersonRow: "Person",
    CycleRow: "Cycle",
    ObjectiveRow: "Objective",
    KeyResultRow: "KeyResult",
    CheckInRow: "CheckIn",
    LinkRow: "AlignmentLink",
    CommentRow: "Comment",
}


@strawberry.interface(description="Anything that has an id of its own.")
class Node:
    @strawberry.field(description="Opaque; unique over all types, the same for ever.")
    @staticmethod
    def id(root: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(global_id(TYPE_OF_ROW[type(root)], root.id))
