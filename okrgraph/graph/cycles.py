"""Cycle in the schema."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import strawberry

from okrgraph.graph.context import Context
from okrgraph.graph.node import Node
from okrgraph.graph.relations import computed
from okrgraph.kit import clock
from okrgraph.okrs.rows import CycleRow
from okrgraph.okrs.vocabulary import CycleKind, CycleState
from okrgraph.okrs.weeks import today_in, week_of


def _current_weeks(context: Context, cycles: Sequence[CycleRow]) -> list[int | None]:
    today = today_in(context.viewer.time_zone, clock.now())
    return [week_of(cycle.starts_on, cycle.ends_on, today) for cycle in cycles]


@strawberry.type(description="A period that objectives belong to, such as a quarter.")
class Cycle(Node):
    version: int = strawberry.field(description="Rises at each change.")
    name: str = strawberry.field(description="What it is called.")
    kind: CycleKind = strawberry.field(description="What kind of period it is.")
    starts_on: date | None = strawberry.field(description="First day; null for a backlog.")
    ends_on: date | None = strawberry.field(description="Last day; null for a backlog.")
    state: CycleState = strawberry.field(description="Where it stands.")

    current_week: int | None = computed(
        _current_weeks,
        "1 for the first seven days of the cycle; null outside it. In the organisation's time zone.",
        needs=("starts_on", "ends_on"),
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, CycleRow)
