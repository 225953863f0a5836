"""Mutations of dependencies: ids decoded, the action called, the payload wrapped."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import strawberry

from okrgraph.dependencies import answers, check_ins, edits, reads, requests
from okrgraph.events.receipts import Done
from okrgraph.graph.context import Info
from okrgraph.graph.dependencies import Dependency
from okrgraph.graph.dependency_inputs import (
    DependencyAcceptInput,
    DependencyCheckInInput,
    DependencyConfirmInput,
    DependencyCounterInput,
    DependencyDeclineInput,
    DependencyDeliverInput,
    DependencyEscalateInput,
    DependencyReasonInput,
    DependencyRequestInput,
    DependencySettleInput,
    DependencyStepInput,
    DependencySubmitInput,
    DependencyUpdateInput,
    dependency_change,
    new_dependency,
    said,
)
from okrgraph.graph.errors import CURSOR, ERRORS, UserError, key_for, mutate, optional_key
from okrgraph.graph.scalars import CursorText
from okrgraph.people.viewer import Viewer

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The dependency.")]
NewArgument = Annotated[DependencyRequestInput, strawberry.argument(description="What is needed of whom.")]
StepArgument = Annotated[DependencyStepInput | None, strawberry.argument(description="What is said with it.")]
ReasonArgument = Annotated[DependencyReasonInput, strawberry.argument(description="Why.")]


@strawberry.type(description="What became of a mutation of a dependency.")
class DependencyPayload:
    dependency: Dependency | None = strawberry.field(
        description="The dependency as it is now, where it may be seen."
    )
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
    cursor: CursorText | None = strawberry.field(description=CURSOR)


async def _new(
    info: Info, input: DependencyRequestInput, create: Callable[..., Awaitable[Done]]
) -> DependencyPayload:
    async def run(viewer: Viewer) -> Done:
        return await create(viewer, new_dependency(input))

    return await mutate(info, DependencyPayload, "dependency", reads.dependencies_by_id, run, input=input)


async def _step(
    info: Info, id: str, input: Any, take: Callable[[Viewer, UUID], Awaitable[Done]]
) -> DependencyPayload:
    async def run(viewer: Viewer) -> Done:
        return await take(viewer, key_for("Dependency", id, "id", "dependency"))

    return await mutate(
        info, DependencyPayload, "dependency", reads.dependencies_by_id, run, id=id, input=input
    )


@strawberry.type
class _AskingMutations:
    """What the consuming side does."""

    @strawberry.mutation(
        description="Writes down what a team will need; only its members see it until it is sent."
    )
    async def dependency_draft(self, info: Info, input: NewArgument) -> DependencyPayload | None:
        return await _new(info, input, requests.draft_dependency)

    @strawberry.mutation(description="Asks another team for something by a day, for the consumer.")
    async def dependency_request(self, info: Info, input: NewArgument) -> DependencyPayload | None:
        return await _new(info, input, requests.request_dependency)

    @strawberry.mutation(
        description="Sends a draft, or once more what was countered, declined or withdrawn, for the consumer."
    )
    async def dependency_submit(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[
            DependencySubmitInput | None, strawberry.argument(description="What is new in it.")
        ] = None,
    ) -> DependencyPayload | None:
        given = input or DependencySubmitInput()
        terms = requests.Terms(given.need, given.needed_by, given.needed_by_week)
        return await _step(
            info,
            id,
            given,
            lambda viewer, key: requests.submit_dependency(viewer, key, terms, said(given)),
        )

    @strawberry.mutation(description="Changes plain fields, each side its own.")
    async def dependency_update(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[DependencyUpdateInput, strawberry.argument(description="What changes.")],
    ) -> DependencyPayload | None:
        return await _step(
            info,
            id,
            input,
            lambda viewer, key: edits.update_dependency(
                viewer, key, dependency_change(input), input.expected_version
            ),
        )

    @strawberry.mutation(
        description="Asks whether it is still on track, for the consumer; the provider's next check-in answers."
    )
    async def dependency_ask(
        self, info: Info, id: IdArgument, input: StepArgument = None
    ) -> DependencyPayload | None:
        given = input or DependencyStepInput()
        return await _step(
            info, id, given, lambda viewer, key: check_ins.ask_about_dependency(viewer, key, said(given))
        )

    @strawberry.mutation(
        description="Confirms, for the consumer, that what was delivered is what was needed."
    )
    async def dependency_confirm(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[
            DependencyConfirmInput | None, strawberry.argument(description="What is said with it.")
        ] = None,
    ) -> DependencyPayload | None:
        given = input or DependencyConfirmInput()
        return await _step(
            info, id, given, lambda viewer, key: answers.confirm_dependency(viewer, key, said(given))
        )

    @strawberry.mutation(description="Says, for the consumer, what a delivery lacks; work goes on.")
    async def dependency_reopen(
        self, info: Info, id: IdArgument, input: ReasonArgument
    ) -> DependencyPayload | None:
        return await _step(
            info, id, input, lambda viewer, key: answers.reopen_dependency(viewer, key, said(input))
        )

    @strawberry.mutation(
        description="Hands what was declined or withdrawn to those above both teams, for the consumer."
    )
    async def dependency_escalate(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[DependencyEscalateInput, strawberry.argument(description="Why.")],
    ) -> DependencyPayload | None:
        async def take(viewer: Viewer, key: UUID) -> Done:
            owner = optional_key("Person", input.risk_owner_id, "risk_owner_id", "person")
            return await answers.escalate_dependency(viewer, key, owner, said(input))

        return await _step(info, id, input, take)


@strawberry.type
class _ProvidingMutations:
    """What the providing side does."""

    @strawberry.mutation(
        description="Agrees: the provider to a request, the consumer to the provider's offer."
    )
    async def dependency_accept(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[
            DependencyAcceptInput | None, strawberry.argument(description="What is promised.")
        ] = None,
    ) -> DependencyPayload | None:
        given = input or DependencyAcceptInput()
        return await _step(
            info,
            id,
            given,
            lambda viewer, key: answers.accept_dependency(viewer, key, given.promised_by, said(given)),
        )

    @strawberry.mutation(description="Offers another date or something else, for the provider.")
    async def dependency_counter(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[DependencyCounterInput, strawberry.argument(description="The offer.")],
    ) -> DependencyPayload | None:
        return await _step(
            info,
            id,
            input,
            lambda viewer, key: answers.counter_dependency(
                viewer, key, input.promised_by, input.need, said=said(input)
            ),
        )

    @strawberry.mutation(description="Declines a request, for the provider.")
    async def dependency_decline(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[DependencyDeclineInput, strawberry.argument(description="Why.")],
    ) -> DependencyPayload | None:
        return await _step(
            info, id, input, lambda viewer, key: answers.decline_dependency(viewer, key, said(input))
        )

    @strawberry.mutation(description="Says, for the provider, that the work has begun.")
    async def dependency_start(
        self, info: Info, id: IdArgument, input: StepArgument = None
    ) -> DependencyPayload | None:
        given = input or DependencyStepInput()
        return await _step(
            info, id, given, lambda viewer, key: answers.start_dependency(viewer, key, said(given))
        )

    @strawberry.mutation(description="The provider's own check-in: is it still on track?")
    async def dependency_check_in(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[DependencyCheckInInput, strawberry.argument(description="How it goes.")],
    ) -> DependencyPayload | None:
        new = check_ins.NewDependencyCheckIn(input.health, input.confidence, input.promised_by)
        return await _step(
            info,
            id,
            input,
            lambda viewer, key: check_ins.check_in_on_dependency(viewer, key, new, said(input)),
        )

    @strawberry.mutation(description="Says, for the provider, that it is there; the consumer confirms.")
    async def dependency_deliver(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[
            DependencyDeliverInput | None, strawberry.argument(description="How it was delivered.")
        ] = None,
    ) -> DependencyPayload | None:
        given = input or DependencyDeliverInput()
        return await _step(
            info,
            id,
            given,
            lambda viewer, key: answers.deliver_dependency(viewer, key, given.evidence_url, said(given)),
        )

    @strawberry.mutation(description="Takes a promise back, for the provider.")
    async def dependency_withdraw(
        self, info: Info, id: IdArgument, input: ReasonArgument
    ) -> DependencyPayload | None:
        return await _step(
            info, id, input, lambda viewer, key: answers.withdraw_dependency(viewer, key, said(input))
        )


@strawberry.type
class DependencyMutations(_AskingMutations, _ProvidingMutations):
    @strawberry.mutation(
        description="Ends what nobody needs any more: for the consumer; once it was accepted also for the provider, "
        "and with a note; what is escalated, for those above both teams."
    )
    async def dependency_cancel(
        self, info: Info, id: IdArgument, input: StepArgument = None
    ) -> DependencyPayload | None:
        given = input or DependencyStepInput()
        return await _step(
            info, id, given, lambda viewer, key: answers.cancel_dependency(viewer, key, said(given))
        )

    @strawberry.mutation(
        description="Decides where an escalated dependency goes on, for leads of a team above both and "
        "administrators."
    )
    async def dependency_settle(
        self,
        info: Info,
        id: IdArgument,
        input: Annotated[DependencySettleInput, strawberry.argument(description="The decision.")],
    ) -> DependencyPayload | None:
        return await _step(
            info,
            id,
            input,
            lambda viewer, key: answers.settle_dependency(
                viewer, key, input.state, input.promised_by, said=said(input)
            ),
        )
