"""The alignment tree and the line of sight in the schema."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from okrgraph.dependencies.reads import dependencies_by_id
from okrgraph.graph.context import NODE_LIMIT, Info
from okrgraph.graph.engine.fields import NEEDS
from okrgraph.graph.key_results import KeyResult
from okrgraph.graph.node import TYPE_OF_ROW
from okrgraph.graph.objectives import Objective
from okrgraph.graph.scalars import key_of
from okrgraph.insight.alignment_tree import SightStep, TreeRow, alignment_tree, line_of_sight
from okrgraph.kit.ids import global_id, read_global_id
from okrgraph.okrs import reads

AlignmentTreeNode = Annotated[
    Objective | KeyResult,
    strawberry.union("AlignmentTreeNode", description="What stands in the alignment tree."),
]


@strawberry.type(description="One objective or key result and where it stands in the tree.")
class AlignmentTreeRow:
    node: AlignmentTreeNode = strawberry.field(description="An objective or a key result.")
    depth: int = strawberry.field(description="0 for the roots of the answer.")
    child_count: int = strawberry.field(
        description="Rows directly below it in the whole tree, also those that maxDepth leaves out."
    )

    @strawberry.field(
        description="Id of the row above: a key result's objective, or the key result or objective that an "
        "objective's primary link points to. Null for the roots of the answer.",
        metadata={NEEDS: ("parent",)},
    )
    @staticmethod
    def parent_id(root: strawberry.Parent[TreeRow]) -> strawberry.ID | None:
        parent = root.parent
        return None if parent is None else strawberry.ID(global_id(TYPE_OF_ROW[type(parent)], parent.id))


@strawberry.type(description="One step of the way from a node up to the company objective.")
class LineOfSightStep:
    node: AlignmentTreeNode = strawberry.field(description="The objective or key result of this step.")
    rationale: str | None = strawberry.field(
        description="Why it supports the next step; null from a key result to its own objective and at the top."
    )
    depth: int = strawberry.field(description="0 for the start, rising on the way up.")


async def tree(info: Info, cycle_id: str, root_id: str | None, max_depth: int | None) -> list[TreeRow]:
    """The rows of the tree; nothing for ids that name nothing the viewer may see."""
    context = info.context
    cycle = key_of("Cycle", cycle_id)
    if cycle is None or cycle not in await reads.cycles_by_id(context.viewer, [cycle]):
        return []
    root = None
    if root_id is not None:
        root = read_global_id(root_id)
        if root is None:
            return []
    rows = await alignment_tree(
        context.viewer, cycle, root_id=root[1] if root else None, max_depth=max_depth, at_most=NODE_LIMIT
    )
    context.count(len(rows))
    return rows if root is None or _is_first(root[0], rows) else []


async def sight(info: Info, text: str) -> list[SightStep]:
    start = read_global_id(text)
    if start is not None and start[0] == "Dependency":
        start = await _served_by(info, start[1])
    steps = [] if start is None else await line_of_sight(info.context.viewer, start[1])
    return steps if start is not None and _is_first(start[0], steps) else []


async def _served_by(info: Info, key: UUID) -> tuple[str, UUID] | None:
    """What a dependency is for, as type and key."""
    # Not through the context, whose rows have only what the operation selects of dependencies.
    found = (await dependencies_by_id(info.context.viewer, [key])).get(key)
    if found is None:
        return None
    if found.key_result_id is not None:
        return "KeyResult", found.key_result_id
    return "Objective", found.served_objective_id


def _is_first(type_name: str, rows: Sequence[TreeRow] | Sequence[SightStep]) -> bool:
    """Whether the rows begin with a node of this type: an id of one type is none of another's."""
    return bool(rows) and TYPE_OF_ROW[type(rows[0].node)] == type_name
