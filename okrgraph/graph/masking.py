"""What a client may read of an error: bugs are masked, the others get a code, a length and no hints."""

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext

from okrgraph.graph.transport.failures import masked, report
from okrgraph.graph.transport.schema import TransportSchema

MAX_ERRORS = 20
MAX_MESSAGE_CHARACTERS = 300
# Of one error: a field in conflict with hundreds of others names them all.
MAX_LOCATIONS = 10

_CODES: dict[type[Exception], str] = {
    MissingQueryError: "GRAPHQL_PARSE_FAILED",
    CannotGetOperationTypeError: "OPERATION_RESOLUTION_FAILURE",
    InvalidOperationTypeError: "METHOD_NOT_ALLOWED",
}


class MaskedSchema(TransportSchema):
    """A schema whose errors are fit for strangers, in answers and in the events of subscriptions."""

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,
    ) -> None:
        """Change the errors in place: the one hook that Strawberry calls on every way out."""
        errors[:] = presentable(errors)


def presentable(errors: list[GraphQLError]) -> list[GraphQLError]:
    """Give what the client gets in their place. A bug met at many fields is logged once."""
    references: dict[int, str] = {}
    shown = []
    for error in errors[:MAX_ERRORS]:
        bug = bug_behind(error)
        if bug is None:
            shown.append(tidied(error))
            continue
        if id(bug) not in references:
            references[id(bug)] = report(bug)
        shown.append(masked(references[id(bug)], error))
    return shown


def tidied(error: GraphQLError) -> GraphQLError:
    """Cut the error to size, take its hints away and see that it has a code; the one it brought stays."""
    error.message = error.message.partition(" Did you mean ")[0][:MAX_MESSAGE_CHARACTERS]
    if error.locations:
        error.locations = error.locations[:MAX_LOCATIONS]
    error.extensions = {"code": _code_of(error), **(error.extensions or {})}
    return error


def bug_behind(error: GraphQLError) -> Exception | None:
    """What went wrong here and is not the client's doing; None when it is."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError) or type(cause) in _CODES:
        return None
    # Validation and coercion wrap what a scalar said of its input: at a place of the document and no path.
    return cause if error.path is not None or not error.nodes else None


def _code_of(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    if error.original_error and type(error.original_error) in _CODES:
        return _CODES[type(error.original_error)]
    # Nothing but the coercion of variables fails before the first field and after validation.
    return "BAD_USER_INPUT" if error.path is None else "EXECUTION_FAILED"
