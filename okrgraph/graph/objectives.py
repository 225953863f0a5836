"""Objective and its confidence summary in the schema."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import strawberry

from okrgraph.dependencies import reads as dependency_reads
from okrgraph.discussion import reads as discussion_reads
from okrgraph.graph.comments import Comment
from okrgraph.graph.connections import After, Before, Connection, First, Last, connection
from okrgraph.graph.context import Context
from okrgraph.graph.cycles import Cycle
from okrgraph.graph.engine.fields import NEEDS
from okrgraph.graph.key_results import KeyResult
from okrgraph.graph.links import AlignmentLink, LazyDependency, StatesArgument, in_states
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person, Team
from okrgraph.graph.relations import SHARED, loaded, many, one, with_arguments
from okrgraph.kit import clock
from okrgraph.okrs import link_reads, reads
from okrgraph.okrs.confidence import stale_count, summary_of
from okrgraph.okrs.rows import ObjectiveRow
from okrgraph.okrs.vocabulary import AlignmentBasis, CloseOutcome, ObjectiveLevel, ObjectiveState
from okrgraph.okrs.weeks import today_in
from okrgraph.people import reads as people_reads


async def _stale_counts(context: Context, summaries: Sequence["ConfidenceSummary"]) -> list[int]:
    keys = [summary.objective_id for summary in summaries]
    days = await context.load_many(reads.last_check_ins_of_objectives, keys)
    organization = await context.load(people_reads.organizations_by_id, context.viewer.organization_id)
    if organization is None:
        return [0 for _ in keys]
    today = today_in(organization.time_zone, clock.now())
    allowed = organization.cadence_days, organization.grace_days
    return [stale_count(days.get(key) or (), today, *allowed) for key in keys]


@strawberry.type(
    description="How sure the people closest to the work are. The headline is min: an average hides the one that "
    "is slipping."
)
class ConfidenceSummary:
    objective_id: strawberry.Private[UUID]
    min: int | None = strawberry.field(description="Lowest latest rating, 1 (will miss) to 5 (certain).")
    median: float | None = strawberry.field(description="Median of the latest ratings, 1 to 5.")
    distribution: list[int] = strawberry.field(description="Five counts, for ratings 1 to 5.")
    unrated: int = strawberry.field(description="Key results that nobody has rated yet.")
    declining: int = strawberry.field(description="Key results whose rating falls.")

    stale: int = loaded(
        _stale_counts, "Key results whose last rating is older than the cadence and its grace."
    )


RATINGS = ("rated_1", "rated_2", "rated_3", "rated_4", "rated_5")
_ratings_of = attrgetter(*RATINGS)


def _summary_of(row: ObjectiveRow) -> ConfidenceSummary:
    """Everything but `stale`, which changes with the clock, follows from the objective's row."""
    counts = _ratings_of(row)
    summary = summary_of(counts, unrated=row.unrated, declining=row.declining)
    return ConfidenceSummary(
        objective_id=row.id,
        min=summary.min,
        median=summary.median,
        distribution=list(summary.distribution),
        unrated=summary.unrated,
        declining=summary.declining,
    )


@strawberry.type(description="What somebody wants to achieve in a cycle.")
class Objective(Node):
    version: int = strawberry.field(
        description="Rises at each change, roll-ups included. Passed back as expectedVersion it gives CONFLICT only "
        "if a field that people edit has changed after it."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    title: str = strawberry.field(description="What shall be achieved.")
    description: str | None = strawberry.field(description="What there is to say about it.")
    level: ObjectiveLevel = strawberry.field(
        description="As given; otherwise the kind of the team. INDIVIDUAL only when said."
    )
    state: ObjectiveState = strawberry.field(description="Draft, published, closed or put away.")
    cycle: Cycle = one(reads.cycles_by_id, "cycle_id", "The period that it belongs to.", shared=True)
    team: Team = one(people_reads.teams_by_id, "team_id", "The accountable team.", shared=True)
    owner: Person | None = one(
        people_reads.people_by_id, "owner_id", "The one person who is accountable.", shared=True
    )
    reviewer: Person | None = one(
        people_reads.people_by_id,
        "reviewer_id",
        "Who was asked to look at it; sees it while it is a draft.",
        shared=True,
    )
    why_now: str | None = strawberry.field(description="Why it matters now.")
    alignment_basis: AlignmentBasis = strawberry.field(description="What its alignment rests on.")
    progress: float | None = strawberry.field(
        description="0 to 1: mean of the clamped progress of its key results that have one, by weight; null when "
        "none has."
    )
    close_outcome: CloseOutcome | None = strawberry.field(description="How it ended; null until closed.")
    score: float | None = strawberry.field(description="0 to 1, as given when it was closed.")
    learning: str | None = strawberry.field(description="What was learned, as said when it was closed.")
    published_at: datetime | None = strawberry.field(description="When the organisation first saw it.")
    closed_at: datetime | None = strawberry.field(description="When it was closed.")
    co_owner_teams: list[Team] = many(
        reads.co_owning_teams, "id", "Teams that own it together with the accountable one."
    )
    key_results: list[KeyResult] = many(
        reads.key_results_of_objectives, "id", "Its key results, by position, then oldest first."
    )
    aligned_objectives: list["Objective"] = many(
        link_reads.aligned_to_objectives,
        "id",
        "Objectives linked to this objective, as KeyResult.alignedObjectives.",
    )
    dependencies: list[LazyDependency] = many(
        dependency_reads.dependencies_of_objectives,
        "id",
        "What it and its key results need of other teams, by the day it is needed.",
    )

    @strawberry.field(
        description="How sure the people closest to its key results are.",
        metadata={NEEDS: ("id", *RATINGS, "unrated", "declining"), SHARED: True},
    )
    @staticmethod
    def confidence_summary(root: strawberry.Parent[ObjectiveRow]) -> ConfidenceSummary:
        return _summary_of(root)

    @with_arguments(
        link_reads.links_of_children,
        "id",
        "Links to what this objective supports; PROPOSED and ACCEPTED unless states says otherwise.",
        in_states,
    )
    def links(self, states: StatesArgument = None) -> list[AlignmentLink]:
        raise NotImplementedError

    @with_arguments(
        link_reads.links_to_objectives,
        "id",
        "Links from objectives that support this one; PROPOSED and ACCEPTED unless states says otherwise.",
        in_states,
    )
    def incoming_links(self, states: StatesArgument = None) -> list[AlignmentLink]:
        raise NotImplementedError

    @connection(
        discussion_reads.comments_on,
        discussion_reads.comment_counts,
        discussion_reads.COMMENT_ORDER,
        "Top-level comments on the objective itself, not those on its key results; oldest first.",
    )
    def comments(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Comment]:
        raise NotImplementedError

    viewer_can_edit: bool = one(reads.editable_objectives, "id", "Whether the viewer may change it.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, ObjectiveRow)
