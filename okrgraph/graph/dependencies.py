"""Dependency and its check-ins in the schema."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import strawberry

from okrgraph.dependencies import reads
from okrgraph.dependencies.explanations import explanation_of
from okrgraph.dependencies.flags import FLAG_COLUMNS, flags_of, is_overdue
from okrgraph.dependencies.rights import sides_of
from okrgraph.dependencies.rows import DependencyCheckInRow, DependencyRow
from okrgraph.dependencies.states import OPEN, actions_in
from okrgraph.dependencies.vocabulary import (
    DependencyAction,
    DependencyCriticality,
    DependencyFlag,
    DependencyHealth,
    DependencyState,
    Side,
)
from okrgraph.discussion import reads as discussion_reads
from okrgraph.graph.comments import Comment
from okrgraph.graph.connections import After, Before, Connection, First, Last, connection
from okrgraph.graph.context import Context
from okrgraph.graph.cycles import Cycle
from okrgraph.graph.links import LazyKeyResult, LazyObjective
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person, Team
from okrgraph.graph.relations import computed, loaded, one
from okrgraph.kit import clock
from okrgraph.okrs import reads as okr_reads
from okrgraph.okrs.weeks import today_in, week_of
from okrgraph.people import reads as people_reads


@strawberry.type(description="What a providing team said of a dependency; never changed afterwards.")
class DependencyCheckIn(Node):
    author: Person = one(people_reads.people_by_id, "author_id", "Who said it.", shared=True)
    health: DependencyHealth = strawberry.field(description="How it goes.")
    confidence: int = strawberry.field(description="1 (will miss) to 5 (certain).")
    confidence_before: int | None = strawberry.field(
        description="The rating before it, 1 to 5; null for the first."
    )
    promised_by: date | None = strawberry.field(description="The day that was promised from then on.")
    note: str | None = strawberry.field(description="What there is to say about it.")
    answers_ask: bool = strawberry.field(description="Whether the consumer had asked.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, DependencyCheckInRow)


@strawberry.type(description="Something about a dependency that wants attention, and why.")
class DependencyAttention:
    flag: DependencyFlag = strawberry.field(description="What it is.")
    explanation: str = strawberry.field(description="One sentence with the figures that say so.")


def _overdue(context: Context, dependencies: Sequence[DependencyRow]) -> list[bool]:
    today = today_in(context.viewer.time_zone, clock.now())
    return [is_overdue(each, today) for each in dependencies]


async def _weeks(context: Context, dependencies: Sequence[DependencyRow]) -> list[int | None]:
    cycles = await context.load_many(
        reads.cycles_of_objectives, [each.served_objective_id for each in dependencies]
    )

    def week(dependency: DependencyRow) -> int | None:
        cycle = cycles.get(dependency.served_objective_id)
        return None if cycle is None else week_of(cycle.starts_on, cycle.ends_on, dependency.needed_by)

    return [week(each) for each in dependencies]


async def _attention(
    context: Context, dependencies: Sequence[DependencyRow]
) -> list[list[DependencyAttention]]:
    time_zone = context.viewer.time_zone
    today = today_in(time_zone, clock.now())
    blocking = [each.id if _can_lock(each) else None for each in dependencies]
    locked = await context.load_many(reads.deadlocked_dependencies, blocking)
    return [
        [
            DependencyAttention(flag=flag, explanation=explanation_of(flag, each, today, time_zone))
            for flag in flags_of(
                each, today, time_zone, is_deadlocked=_can_lock(each) and bool(locked.get(each.id))
            )
        ]
        for each in dependencies
    ]


def _can_lock(dependency: DependencyRow) -> bool:
    return dependency.criticality is DependencyCriticality.BLOCKING and dependency.state in OPEN


async def _actions(context: Context, dependencies: Sequence[DependencyRow]) -> list[list[DependencyAction]]:
    viewer = context.viewer
    if not viewer.may_write:
        return [[] for _ in dependencies]
    # Only what is escalated waits for those above both teams.
    escalated = [each.id if each.state is DependencyState.ESCALATED else None for each in dependencies]
    led = await context.load_many(reads.led_dependencies, escalated)
    actions = []
    for each in dependencies:
        sides = sides_of(viewer, each.consumer_team_id, each.provider_team_id)
        if each.state is DependencyState.ESCALATED and led.get(each.id):
            sides |= {Side.LEADERSHIP}
        actions.append([action for action in actions_in(each.state, sides) if _is_now(action, each)])
    return actions


def _is_now(action: DependencyAction, dependency: DependencyRow) -> bool:
    return action is not DependencyAction.ASK or dependency.asked_at is None


@strawberry.type(
    description="What one team needs of another by a day: a commitment that both sides answer for."
)
class Dependency(Node):
    version: int = strawberry.field(
        description="Rises at each change. Passed back as expectedVersion it gives CONFLICT if anything has changed "
        "since."
    )
    need: str = strawberry.field(description="What is needed.")
    acceptance_criteria: str | None = strawberry.field(description="When it counts as delivered.")
    consumer_team: Team = one(
        people_reads.teams_by_id, "consumer_team_id", "The team that needs it.", shared=True
    )
    provider_team: Team = one(
        people_reads.teams_by_id, "provider_team_id", "The team that provides it.", shared=True
    )
    key_result: LazyKeyResult | None = one(
        okr_reads.key_results_by_id,
        "key_result_id",
        "The key result that needs it; null when an objective does, or when the viewer may not see it.",
    )
    objective: LazyObjective | None = one(
        okr_reads.objectives_by_id,
        "objective_id",
        "The objective that needs it; null when a key result does, or when the viewer may not see it.",
    )
    cycle: Cycle = one(
        reads.cycles_of_objectives,
        "served_objective_id",
        "The cycle of the objective that it serves.",
        shared=True,
    )
    provider_objective: LazyObjective | None = one(
        okr_reads.objectives_by_id,
        "provider_objective_id",
        "The provider's objective that delivers it, where it is said and may be seen.",
    )
    provider_key_result: LazyKeyResult | None = one(
        okr_reads.key_results_by_id,
        "provider_key_result_id",
        "The provider's key result that delivers it, where it is said and may be seen.",
    )
    provider_owner: Person | None = one(
        people_reads.people_by_id,
        "provider_owner_id",
        "Who answers for it on the provider's side.",
        shared=True,
    )
    criticality: DependencyCriticality = strawberry.field(description="How much hangs on it.")
    needed_by: date = strawberry.field(description="The day by which it is needed.")
    promised_by: date | None = strawberry.field(
        description="The day that the provider promises or offers; null while none was said."
    )
    offered_need: str | None = strawberry.field(
        description="What the provider would do instead; null unless the dependency is COUNTERED with it."
    )
    state: DependencyState = strawberry.field(description="Where it stands between the two teams.")
    health: DependencyHealth | None = strawberry.field(
        description="How it goes, as the provider last checked in."
    )
    confidence: int | None = strawberry.field(description="The provider's rating, 1 to 5.")
    consumer_confidence: int | None = strawberry.field(description="The consumer's rating, 1 to 5.")
    risk_owner: Person | None = one(
        people_reads.people_by_id, "risk_owner_id", "Who owns what follows should it not come.", shared=True
    )
    mitigation: str | None = strawberry.field(description="What is done should it not come.")
    note: str | None = strawberry.field(description="What was said with the last step.")
    evidence_url: str | None = strawberry.field(description="Where the delivery can be seen.")
    asked_by: Person | None = one(
        people_reads.people_by_id,
        "asked_by_id",
        "Who asked whether it is on track; null while nobody waits.",
        shared=True,
    )
    asked_at: datetime | None = strawberry.field(
        description="When that was asked; null once the provider has checked in."
    )
    requested_at: datetime | None = strawberry.field(description="When it was last requested.")
    accepted_at: datetime | None = strawberry.field(description="When that request was accepted.")
    delivered_at: datetime | None = strawberry.field(description="When it was delivered.")
    confirmed_at: datetime | None = strawberry.field(description="When the delivery was confirmed.")
    created_by: Person | None = one(
        people_reads.people_by_id, "created_by_id", "Who wrote it down.", shared=True
    )
    created_at: datetime = strawberry.field(description="When it was written down.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    needed_by_week: int | None = loaded(
        _weeks,
        "The cycle's week that neededBy falls in; null outside the cycle.",
        needs=("served_objective_id", "needed_by"),
        shared=True,
    )
    overdue: bool = computed(
        _overdue,
        "Whether its day has passed without a delivery, in the organisation's time zone.",
        needs=("state", "needed_by"),
    )
    attention: list[DependencyAttention] = loaded(
        _attention,
        "What of it wants attention now, each with its reason.",
        needs=("id", "criticality", *FLAG_COLUMNS),
    )
    viewer_actions: list[DependencyAction] = loaded(
        _actions,
        "What the viewer may do with it in its state; the state of its cycle may still forbid it.",
        needs=("id", "state", "consumer_team_id", "provider_team_id", "asked_at"),
    )

    @connection(
        reads.check_ins_of_dependencies,
        reads.check_in_counts,
        reads.CHECK_IN_ORDER,
        "The provider's check-ins, newest first.",
    )
    def check_ins(self, first: First = None, after: After = None) -> Connection[DependencyCheckIn]:
        raise NotImplementedError

    @connection(
        discussion_reads.comments_on,
        discussion_reads.comment_counts,
        discussion_reads.COMMENT_ORDER,
        "Top-level comments on the dependency, oldest first.",
    )
    def comments(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Comment]:
        raise NotImplementedError

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, DependencyRow)
