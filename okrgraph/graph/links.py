"""AlignmentLink in the schema."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Union
from uuid import UUID

import strawberry

from okrgraph.graph.context import Context
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person
from okrgraph.graph.relations import computed, loaded, one, reference
from okrgraph.okrs import reads
from okrgraph.okrs.link_reads import LIVE
from okrgraph.okrs.rows import LinkRow
from okrgraph.okrs.vocabulary import LinkKind, LinkState, LinkTestAnswer
from okrgraph.people import reads as people_reads

if TYPE_CHECKING:
    from okrgraph.graph.dependencies import Dependency
    from okrgraph.graph.key_results import KeyResult
    from okrgraph.graph.objectives import Objective

LazyObjective = Annotated["Objective", strawberry.lazy("okrgraph.graph.objectives")]
LazyDependency = Annotated["Dependency", strawberry.lazy("okrgraph.graph.dependencies")]
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


async def _parents(context: Context, links: Sequence[LinkRow]) -> list[Any]:
    key_results, objectives = await asyncio.gather(
        context.load_many(reads.key_results_by_id, [link.parent_key_result_id for link in links]),
        context.load_many(reads.objectives_by_id, [link.parent_objective_id for link in links]),
    )
    return [
        key_results.get(link.parent_key_result_id)
        if link.parent_key_result_id is not None
        else objectives.get(link.parent_id)
        for link in links
    ]


async def _can_be_decided(context: Context, links: Sequence[LinkRow]) -> list[bool]:
    # Not by the links' ids: in a page of changes one link stands several times, each time as it was.
    proposed = [link if link.state is LinkState.PROPOSED else None for link in links]
    key_results = await context.load_many(
        reads.key_results_by_id, [link.parent_key_result_id for link in proposed if link is not None]
    )

    def objective_of(link: LinkRow | None) -> UUID | None:
        if link is None:
            return None
        if link.parent_key_result_id is None:
            return link.parent_objective_id
        key_result = key_results.get(link.parent_key_result_id)
        return key_result.objective_id if key_result is not None else None

    objectives = [objective_of(link) for link in proposed]
    editable = await context.load_many(reads.editable_objectives, objectives)
    return [key is not None and bool(editable.get(key)) for key in objectives]


@strawberry.type(description="The claim that an objective supports a key result or another objective.")
class AlignmentLink(Node):
    version: int = strawberry.field(description="Rises at each change.")
    child_id: strawberry.ID = reference("Objective", "child_id", "The objective that supports.")
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
    proposed_by: Person | None = one(
        people_reads.people_by_id, "proposed_by_id", "Who proposed it.", shared=True
    )
    decided_by: Person | None = one(
        people_reads.people_by_id, "decided_by_id", "Who accepted, declined or withdrew it last.", shared=True
    )
    decided_at: datetime | None = strawberry.field(
        description="When it was last accepted, declined or withdrawn."
    )
    decision_note: str | None = strawberry.field(description="What was said with that decision.")
    created_at: datetime = strawberry.field(description="When it was proposed.")

    primary: bool = computed(
        lambda _context, links: [link.is_primary for link in links],
        "Whether the alignment tree follows this link; one of a child's links at most.",
        needs=("is_primary",),
    )
    parent: LinkParent | None = loaded(
        _parents,
        "Null when the viewer may not see it.",
        needs=("parent_objective_id", "parent_key_result_id"),
    )
    viewer_can_decide: bool = loaded(
        _can_be_decided,
        "Whether the viewer may accept or decline it: it is proposed, and the parent's side.",
        needs=("state", "parent_objective_id", "parent_key_result_id"),
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, LinkRow)
