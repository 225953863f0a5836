"""Mutations of key results, checking in included: ids decoded, the action called, the payload wrapped."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET, Maybe

from okrgraph.events.receipts import Done
from okrgraph.graph.check_ins import CheckIn
from okrgraph.graph.context import Info
from okrgraph.graph.errors import (
    CURSOR,
    ERRORS,
    EXPECTED_VERSION,
    MUTATION_ID,
    UserError,
    key_for,
    mutate,
    optional_key,
)
from okrgraph.graph.key_results import KeyResult
from okrgraph.graph.scalars import CursorText, key_of
from okrgraph.okrs import reads
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.key_results import KeyResultChange, NewKeyResult, create_key_result, update_key_result
from okrgraph.okrs.vocabulary import MetricKind
from okrgraph.people.viewer import Viewer


@strawberry.type(description="What became of a mutation of a key result.")
class KeyResultPayload:
    key_result: KeyResult | None = strawberry.field(
        description="The key result as it is now, where it may be seen."
    )
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
    cursor: CursorText | None = strawberry.field(description=CURSOR)


@strawberry.type(description="What became of checking in.")
class CheckInPayload:
    check_in: CheckIn | None = strawberry.field(description="The check-in that was made.")
    key_result: KeyResult | None = strawberry.field(
        description="The key result as it is now, where it may be seen."
    )
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
    cursor: CursorText | None = strawberry.field(description=CURSOR)


@strawberry.input(description="A new key result of an objective.")
class KeyResultCreateInput:
    objective_id: strawberry.ID = strawberry.field(description="The objective that it belongs to.")
    title: str = strawberry.field(description="What shall be true; 1 to 500 characters.")
    metric_kind: MetricKind | None = strawberry.field(description="NUMBER unless given.", default=None)
    unit: str | None = strawberry.field(
        description="Unit of its values; at most 32 characters.", default=None
    )
    start_value: float | None = strawberry.field(
        description="Where it begins, in the unit; missing counts as 0.", default=None
    )
    target_value: float | None = strawberry.field(description="Where it shall be, in the unit.", default=None)
    weight: float | None = strawberry.field(
        description="Share in the objective's progress, 0 to 1,000,000; 1 unless given.", default=None
    )
    owner_id: strawberry.ID | None = strawberry.field(description="Who is accountable for it.", default=None)
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="New values of a key result's plain fields; what is absent stays, null clears.")
class KeyResultUpdateInput:
    title: Maybe[str | None] = strawberry.field(
        description="1 to 500 characters; null is refused.", default=UNSET
    )
    start_value: Maybe[float | None] = strawberry.field(
        description="Where it begins, in the unit.", default=UNSET
    )
    target_value: Maybe[float | None] = strawberry.field(
        description="Where it shall be, in the unit.", default=UNSET
    )
    weight: Maybe[float | None] = strawberry.field(
        description="0 to 1,000,000; null is refused.", default=UNSET
    )
    owner_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="Who is accountable for it.", default=UNSET
    )
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    reason: str | None = strawberry.field(
        description="Needed for a new title, start, target or owner once the objective is published and its cycle "
        "ACTIVE.",
        default=None,
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="A key result's new value and confidence.")
class CheckInCreateInput:
    key_result_id: strawberry.ID = strawberry.field(description="The key result.")
    value: float | None = strawberry.field(
        description="Value of its metric, in its unit; only the confidence is rated when absent.",
        default=None,
    )
    confidence: int = strawberry.field(description="1 (will miss) to 5 (certain).")
    note: str | None = strawberry.field(
        description="What there is to say; at most 20,000 characters.", default=None
    )
    as_of: date | None = strawberry.field(
        description="The day it speaks of, today unless given; of several the newest day counts.",
        default=None,
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


def _new_key_result(given: KeyResultCreateInput) -> NewKeyResult:
    return NewKeyResult(
        objective_id=key_for("Objective", given.objective_id, "objective_id", "objective"),
        title=given.title,
        metric_kind=given.metric_kind or MetricKind.NUMBER,
        unit=given.unit,
        start_value=given.start_value,
        target_value=given.target_value,
        weight=1.0 if given.weight is None else given.weight,
        owner_id=optional_key("Person", given.owner_id, "owner_id", "person"),
    )


def _key_result_change(given: KeyResultUpdateInput) -> KeyResultChange:
    values = {
        name: some.value
        for name in ("title", "start_value", "target_value", "weight", "owner_id")
        if (some := getattr(given, name))
    }
    if "owner_id" in values:
        values["owner_id"] = optional_key("Person", values["owner_id"], "owner_id", "person")
    return KeyResultChange(given=frozenset(values), reason=given.reason, **values)


@strawberry.type
class KeyResultMutations:
    @strawberry.mutation(description="Adds a key result to an objective.")
    async def key_result_create(
        self,
        info: Info,
        input: Annotated[KeyResultCreateInput, strawberry.argument(description="The key result.")],
    ) -> KeyResultPayload | None:
        async def run(viewer: Viewer) -> Done:
            return await create_key_result(viewer, _new_key_result(input))

        return await mutate(info, KeyResultPayload, "key_result", reads.key_results_by_id, run, input=input)

    @strawberry.mutation(description="Changes plain fields of a key result; progress follows.")
    async def key_result_update(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The key result.")],
        input: Annotated[KeyResultUpdateInput, strawberry.argument(description="What changes.")],
    ) -> KeyResultPayload | None:
        async def run(viewer: Viewer) -> Done:
            key = key_for("KeyResult", id, "id", "key result")
            return await update_key_result(viewer, key, _key_result_change(input), input.expected_version)

        return await mutate(
            info, KeyResultPayload, "key_result", reads.key_results_by_id, run, id=id, input=input
        )

    @strawberry.mutation(description="Records a key result's new value and confidence.")
    async def check_in_create(
        self,
        info: Info,
        input: Annotated[CheckInCreateInput, strawberry.argument(description="The check-in.")],
    ) -> CheckInPayload | None:
        async def run(viewer: Viewer) -> Done:
            return await check_in(
                viewer,
                NewCheckIn(
                    key_result_id=key_for("KeyResult", input.key_result_id, "key_result_id", "key result"),
                    confidence=input.confidence,
                    value=input.value,
                    note=input.note,
                    as_of=input.as_of,
                ),
            )

        def payload(**values: object) -> CheckInPayload:
            return CheckInPayload(key_result=None, **values)  # type: ignore[arg-type]

        made = await mutate(info, payload, "check_in", reads.check_ins_by_id, run, input=input)
        key = key_of("KeyResult", input.key_result_id)
        if key is not None:
            viewer = info.context.viewer
            made.key_result = (await reads.key_results_by_id(viewer, [key])).get(key)  # type: ignore[assignment]
        return made
