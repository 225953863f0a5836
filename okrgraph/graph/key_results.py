"""KeyResult in the schema."""

from datetime import datetime
from typing import Any

import strawberry

from okrgraph.dependencies import reads as dependency_reads
from okrgraph.discussion import reads as discussion_reads
from okrgraph.graph.check_ins import CheckIn
from okrgraph.graph.comments import Comment
from okrgraph.graph.connections import After, Before, Connection, First, Last, connection
from okrgraph.graph.links import AlignmentLink, LazyDependency, LazyObjective, StatesArgument, in_states
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person
from okrgraph.graph.relations import many, one, reference, with_arguments
from okrgraph.okrs import link_reads, reads
from okrgraph.okrs.rows import KeyResultRow
from okrgraph.okrs.vocabulary import MetricKind
from okrgraph.people import reads as people_reads


@strawberry.type(description="How one sees that an objective is reached.")
class KeyResult(Node):
    version: int = strawberry.field(
        description="Rises at each change, check-ins included; see Objective.version for expectedVersion."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    title: str = strawberry.field(description="What shall be true.")
    description: str | None = strawberry.field(description="What there is to say about it.")
    metric_kind: MetricKind = strawberry.field(description="How it is measured.")
    unit: str | None = strawberry.field(description="Unit of its values, such as days or EUR.")
    start_value: float | None = strawberry.field(description="Where it began; missing counts as 0.")
    target_value: float | None = strawberry.field(description="Where it shall be.")
    current_value: float | None = strawberry.field(description="The newest value checked in.")
    progress: float | None = strawberry.field(description="0 to 1, clamped; null before the first check-in.")
    confidence: int | None = strawberry.field(description="Latest published rating, 1 to 5.")
    weight: float = strawberry.field(description="Share in the objective's progress, 0 or more.")
    objective_id: strawberry.ID = reference("Objective", "objective_id", "The objective that it belongs to.")
    objective: LazyObjective = one(
        reads.objectives_by_id, "objective_id", "The objective that it belongs to."
    )
    owner: Person | None = one(
        people_reads.people_by_id, "owner_id", "Who is accountable for it.", shared=True
    )
    aligned_objectives: list[LazyObjective] = many(
        link_reads.aligned_to_key_results,
        "id",
        "Distinct objectives that an accepted CONTRIBUTES or SUPPORTS link, primary or not, ties to this key "
        "result, in any cycle, visible to the viewer.",
    )

    @with_arguments(
        link_reads.links_to_key_results,
        "id",
        "Links from objectives that support it; PROPOSED and ACCEPTED unless states says otherwise.",
        in_states,
    )
    def incoming_links(self, states: StatesArgument = None) -> list[AlignmentLink]:
        raise NotImplementedError

    @connection(
        reads.check_ins_of_key_results,
        reads.check_in_counts,
        reads.CHECK_IN_ORDER,
        "Its check-ins, newest day first.",
    )
    def check_ins(self, first: First = None, after: After = None) -> Connection[CheckIn]:
        raise NotImplementedError

    @connection(
        discussion_reads.comments_on,
        discussion_reads.comment_counts,
        discussion_reads.COMMENT_ORDER,
        "Top-level comments on the key result itself, oldest first.",
    )
    def comments(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Comment]:
        raise NotImplementedError

    dependencies: list[LazyDependency] = many(
        dependency_reads.dependencies_of_key_results,
        "id",
        "What it needs of other teams, by the day it is needed.",
    )
    viewer_can_edit: bool = one(
        reads.editable_objectives, "objective_id", "Whether the viewer may change it."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, KeyResultRow)
