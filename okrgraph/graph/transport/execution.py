"""One operation against the schema, the same for every protocol: its results, never an exception."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from okrgraph.graph.transport.failures import internal_error
from okrgraph.graph.transport.payload import OperationRequest
from okrgraph.graph.transport.schema import TransportSchema
from okrgraph.graph.transport.session import CALL, Admission, Call, Sink


async def results(
    schema: TransportSchema,
    request: OperationRequest,
    admission: Admission,
    *,
    seconds: float,
    sink: Sink | None = None,
    last_event_id: str | None = None,
    allowed: Collection[OperationType] = tuple(OperationType),
) -> AsyncGenerator[ExecutionResult, None]:
    """Run the operation in a context of its own: one result, or one for each event of a subscription.

    A subscription may send events past these, into the sink.
    To be read in the task that it began in, which must serve no other operation.
    """
    CALL.set(Call(admission, seconds, sink, last_event_id))
    try:
        stream = await schema.stream(
            request.query,
            variable_values=request.variables,
            context_value=admission.session.operation(),
            operation_name=request.operation_name,
            operation_extensions=request.extensions,
            allowed_operation_types=allowed,
        )
        async with aclosing(stream):
            async for result in stream:
                if not isinstance(result, ExecutionResult):
                    raise TypeError("@defer and @stream have no wire format here")
                yield result
    except GraphQLError as error:  # from an extension that refuses the operation before it is parsed
        errors = [error]
        schema.process_errors(errors)
        yield PreExecutionError(data=None, errors=errors)
    except Exception as error:  # noqa: BLE001 - the last stop of a bug before the client
        yield PreExecutionError(data=None, errors=[internal_error(error)])


def is_request_error(result: ExecutionResult) -> bool:
    """Whether the operation was refused before its first field ran: syntax, validation, variables, limits."""
    if isinstance(result, PreExecutionError):
        return True
    return (
        result.data is None
        and bool(result.errors)
        and all(error.path is None for error in result.errors or ())
    )


def body_of(result: ExecutionResult) -> dict[str, object]:
    """Give the response map of the GraphQL specification: no data entry when nothing was executed."""
    body: dict[str, object] = {}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    if not is_request_error(result):
        body["data"] = result.data
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def code_of(result: ExecutionResult) -> str:
    """Give the code of the first error, empty without one."""
    for error in result.errors or ():
        return str((error.extensions or {}).get("code", ""))
    return ""
