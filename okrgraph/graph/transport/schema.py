"""The schema class that the transport serves: a context for each event, a deadline for each operation."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import strawberry
from graphql import GraphQLError
from graphql.execution import Executor
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.graphql import OperationType

from okrgraph.graph.transport.session import CALL


class PerEventExecutor(StrawberryGraphQLCoreExecutionContext):
    """Gives each event of a subscription its own context; one for all would serve hours-old rows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The executors of single events are copies of this one, which pass by here.
        call = CALL.get()
        if call is not None and OperationType(self.operation.operation.value) is OperationType.SUBSCRIPTION:
            call.executor = self

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        executor = super().build_per_event_executor(payload)
        call = CALL.get()
        if call is not None:
            executor.context_value = call.admission.session.operation()
        return executor


class OperationDeadline(SchemaExtension):
    """Cancels a query or mutation that runs too long; work that must not be cut short shields itself."""

    async def on_execute(self) -> AsyncIterator[None]:
        call = CALL.get()
        if call is None or self.execution_context.operation_type is OperationType.SUBSCRIPTION:
            yield
            return
        deadline = asyncio.timeout(call.seconds)
        try:
            async with deadline:
                yield
        except TimeoutError:
            if not deadline.expired():
                raise
            message = f"The operation took longer than {call.seconds:g} seconds and was cancelled."
            raise GraphQLError(message, extensions={"code": "TIMEOUT"}) from None


class TransportSchema(strawberry.Schema):
    """A Strawberry schema that GraphQLEndpoint can serve."""

    def __init__(
        self,
        *args: Any,
        execution_context_class: type[PerEventExecutor] = PerEventExecutor,
        **kwargs: Any,
    ) -> None:
        kwargs["execution_context_class"] = execution_context_class
        super().__init__(*args, **kwargs)

    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:
        extensions = super().get_extensions(sync)
        # Synchronous execution cannot be cancelled, and refuses every asynchronous hook.
        return extensions if sync else [*extensions, OperationDeadline()]
