"""AlignmentLink in the schema."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Union

import strawberry

from okrgraph.graph.context import Batch, Info
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person
from okrgraph.graph.relations import VIEWER_DEPENDENT, one
from okrgraph.okrs import reads
from okrgraph.okrs.link_reads import LIVE
from okrgraph.okrs.rows import LinkRow
from okrgraph.okrs.vocabulary import LinkKind, LinkState, LinkTestAnswer
from okrgraph.people import reads as people_reads

if TYPE_CHECKING:
    from okrgraph.graph.key_results import KeyResult
    from okrgraph.graph.objectives import Objective

LazyObjective = Annotated["Objective", strawberry.lazy("okrgraph.graph.objectives")]
LazyKeyResult = Annotated["KeyResult", strawberry.lazy("okrgraph.graph.key_results")]
LinkParent = Annotated[
    Union[LazyKeyResult, LazyObjective],  # noqa: UP007 - lazy types have no | at run time
    strawberry.union("LinkParent", description="What a link points to."),
]
StatesArgument = Annotated[
    list[LinkState] | None, strawberry.argument(description="PROPOSED and ACCEPTED unless given.")
]


def in_states(states: Sequence[LinkState] | None = None) -> dict[str, tuple[LinkState, ...]]:
    """The batch argument of the states asked for."""
    return {"states": LIVE if states is None else tuple(sorted(set(states)))}


@strawberry.type(description="The claim that an objective supports a key result or another objective.")
class AlignmentLink(Node):
    version: int = strawberry.field(description="Rises at each change.")
    child: LazyObjective = one(reads.objectives_by_id, "child_id", "The objective that supports.")
    kind: LinkKind = strawberry.field(description="What the link claims.")
    state: LinkState = strawberry.field(description="Where it stands between the two sides.")
    weight: float = strawberry.field(description="Share among the links of its parent, 0 or more.")
    rationale: str | None = strawberry.field(description="Why, in the words of the child's side.")
    child_answer: LinkTestAnswer = strawberry.field(
        description="If we achieve the child, will it meaningfully contribute to the parent? As the child's owner "
        "sees it."
    )
    parent_answer: LinkTestAnswer = strawberry.field(
        description="The same question, as the parent's owner sees it."
    )
    proposed_by: Person | None = one(people_reads.people_by_id, "proposed_by_id", "Who proposed it.")
    decided_by: Person | None = one(
        people_reads.people_by_id, "decided_by_id", "Who accepted, declined or withdrew it last."
    )
    decided_at: datetime | None = strawberry.field(
        description="When it was last accepted, declined or withdrawn."
    )
    decision_note: str | None = strawberry.field(description="What was said with that decision.")
    created_at: datetime = strawberry.field(description="When it was proposed.")

    @strawberry.field(
        name="primary",
        description="Whether the alignment tree follows this link; one of a child's links at most.",
    )
    @staticmethod
    def primary(root: strawberry.Parent[LinkRow]) -> bool:
        return root.is_primary

    @strawberry.field(description="Null when the viewer may not see it.", metadata={VIEWER_DEPENDENT: True})
    @staticmethod
    async def parent(root: strawberry.Parent[LinkRow], info: Info) -> LinkParent | None:
        is_key_result = root.parent_key_result_id is not None
        batch: Batch[Any] = reads.key_results_by_id if is_key_result else reads.objectives_by_id
        found: Any = await info.context.load(batch, root.parent_id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        description="Whether the viewer may accept or decline it: it is proposed, and the parent's side."
    )
    @staticmethod
    async def viewer_can_decide(root: strawberry.Parent[LinkRow], info: Info) -> bool:
        if root.state is not LinkState.PROPOSED:
            return False
        objective_id = root.parent_objective_id
        if root.parent_key_result_id is not None:
            key_result = await info.context.load(reads.key_results_by_id, root.parent_key_result_id)
            objective_id = key_result.objective_id if key_result is not None else None
        if objective_id is None:
            return False
        return bool(await info.context.load(reads.editable_objectives, objective_id))

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, LinkRow)
