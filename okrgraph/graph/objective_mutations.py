"""Mutations of objectives: ids decoded, the action called, the payload wrapped."""

from typing import Annotated

import strawberry
from strawberry import UNSET, Maybe

from okrgraph.events.receipts import Done
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
from okrgraph.graph.link_mutations import new_link
from okrgraph.graph.objectives import Objective
from okrgraph.graph.scalars import CursorText
from okrgraph.okrs import reads
from okrgraph.okrs.objectives import (
    NewObjective,
    ObjectiveChange,
    close_objective,
    create_objective,
    publish_objective,
    update_objective,
)
from okrgraph.okrs.vocabulary import CloseOutcome, LinkKind, LinkTestAnswer, ObjectiveLevel
from okrgraph.people.viewer import Viewer

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The objective.")]


@strawberry.type(description="What became of a mutation of an objective.")
class ObjectivePayload:
    objective: Objective | None = strawberry.field(
        description="The objective as it is now, where it may be seen."
    )
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
    cursor: CursorText | None = strawberry.field(description=CURSOR)


@strawberry.input(description="A link proposed together with an objective.")
class ObjectiveLinkInput:
    parent_id: strawberry.ID = strawberry.field(description="The key result or objective that it supports.")
    kind: LinkKind | None = strawberry.field(description="SUPPORTS unless given.", default=None)
    primary: bool | None = strawberry.field(
        description="True unless given, when the objective has no primary link yet.", default=None
    )
    weight: float | None = strawberry.field(description="0 to 1,000,000; 1 unless given.", default=None)
    rationale: str | None = strawberry.field(description="Why; at most 20,000 characters.", default=None)
    answer: LinkTestAnswer | None = strawberry.field(
        description="The child's side's answer to the link test.", default=None
    )


@strawberry.input(description="A new objective; it begins as a draft.")
class ObjectiveCreateInput:
    title: str = strawberry.field(description="What shall be achieved; 1 to 500 characters.")
    cycle_id: strawberry.ID = strawberry.field(description="The cycle that it belongs to.")
    team_id: strawberry.ID = strawberry.field(description="The accountable team.")
    owner_id: strawberry.ID | None = strawberry.field(
        description="The accountable person; of an individual objective the viewer unless given.",
        default=None,
    )
    reviewer_id: strawberry.ID | None = strawberry.field(
        description="Who shall look at it; sees the draft.", default=None
    )
    level: ObjectiveLevel | None = strawberry.field(
        description="The kind of the team unless given; INDIVIDUAL only when said.", default=None
    )
    why_now: str | None = strawberry.field(
        description="Why it matters now; at most 20,000 characters.", default=None
    )
    description: str | None = strawberry.field(description="At most 20,000 characters.", default=None)
    links: list[ObjectiveLinkInput] | None = strawberry.field(
        description="Proposed together with the objective, in one transaction; at most 20.", default=None
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="New values of an objective's plain fields; what is absent stays, null clears.")
class ObjectiveUpdateInput:
    title: Maybe[str | None] = strawberry.field(
        description="1 to 500 characters; null is refused.", default=UNSET
    )
    description: Maybe[str | None] = strawberry.field(description="At most 20,000 characters.", default=UNSET)
    why_now: Maybe[str | None] = strawberry.field(description="At most 20,000 characters.", default=UNSET)
    owner_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The accountable person.", default=UNSET
    )
    reviewer_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="Who shall look at it.", default=UNSET
    )
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    reason: str | None = strawberry.field(
        description="Needed for a new title or owner of a published objective once the cycle is ACTIVE.",
        default=None,
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="How to publish an objective.")
class ObjectivePublishInput:
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    override_reason: str | None = strawberry.field(
        description="Publishes although a check of the gate fails; kept in the change log.", default=None
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="How an objective ended.")
class ObjectiveCloseInput:
    outcome: CloseOutcome = strawberry.field(description="How it ended.")
    score: float | None = strawberry.field(description="0 to 1.", default=None)
    learning: str = strawberry.field(description="What was learned; 1 to 20,000 characters.")
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


def _new_objective(given: ObjectiveCreateInput) -> NewObjective:
    return NewObjective(
        title=given.title,
        cycle_id=key_for("Cycle", given.cycle_id, "cycle_id", "cycle"),
        team_id=key_for("Team", given.team_id, "team_id", "team"),
        owner_id=optional_key("Person", given.owner_id, "owner_id", "person"),
        reviewer_id=optional_key("Person", given.reviewer_id, "reviewer_id", "person"),
        level=given.level,
        why_now=given.why_now,
        description=given.description,
        links=[new_link(link, f"links.{place}.") for place, link in enumerate(given.links or [])],
    )


def _objective_change(given: ObjectiveUpdateInput) -> ObjectiveChange:
    values = {
        name: some.value
        for name in ("title", "description", "why_now", "owner_id", "reviewer_id")
        if (some := getattr(given, name))
    }
    for name in ("owner_id", "reviewer_id"):
        if name in values:
            values[name] = optional_key("Person", values[name], name, "person")
    return ObjectiveChange(given=frozenset(values), reason=given.reason, **values)


@strawberry.type
class ObjectiveMutations:
    @strawberry.mutation(description="Creates a draft, with the links that it proposes.")
    async def objective_create(
        self,
        info: Info,
        input: Annotated[ObjectiveCreateInput, strawberry.argument(description="The objective.")],
    ) -> ObjectivePayload | None:
        async def run(viewer: Viewer) -> Done:
            return await create_objective(viewer, _new_objective(input))

        return await mutate(info, ObjectivePayload, "objective", reads.objectives_by_id, run, input=input)

    @strawberry.mutation(description="Changes plain fields of an objective.")
    async def objective_update(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[ObjectiveUpdateInput, strawberry.argument(description="What changes.")],
    ) -> ObjectivePayload | None:
        async def run(viewer: Viewer) -> Done:
            key = key_for("Objective", id, "id", "objective")
            return await update_objective(viewer, key, _objective_change(input), input.expected_version)

        return await mutate(
            info, ObjectivePayload, "objective", reads.objectives_by_id, run, id=id, input=input
        )

    @strawberry.mutation(
        description="Shows a draft to the whole organisation. Every failed check of the publish gate is a STATE error."
    )
    async def objective_publish(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[
            ObjectivePublishInput | None, strawberry.argument(description="How to publish it.")
        ] = None,
    ) -> ObjectivePayload | None:
        given = input or ObjectivePublishInput()

        async def run(viewer: Viewer) -> Done:
            key = key_for("Objective", id, "id", "objective")
            return await publish_objective(viewer, key, given.expected_version, given.override_reason)

        return await mutate(
            info, ObjectivePayload, "objective", reads.objectives_by_id, run, id=id, input=given
        )

    @strawberry.mutation(description="Ends a published objective with its outcome and what was learned.")
    async def objective_close(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[ObjectiveCloseInput, strawberry.argument(description="How it ended.")],
    ) -> ObjectivePayload | None:
        async def run(viewer: Viewer) -> Done:
            return await close_objective(
                viewer,
                key_for("Objective", id, "id", "objective"),
                input.outcome,
                input.learning,
                score=input.score,
                expected_version=input.expected_version,
            )

        return await mutate(
            info, ObjectivePayload, "objective", reads.objectives_by_id, run, id=id, input=input
        )
