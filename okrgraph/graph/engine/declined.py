"""Why the engine leaves an operation to graphql-core: one exception and its few reasons."""

from enum import StrEnum


class Reason(StrEnum):
    """A closed list, since each becomes a label of a counter."""

    OPERATION = "operation"  # no query, or not to be told which one
    VARIABLES = "variables"  # one of them cannot be coerced
    ARGUMENTS = "arguments"  # one of them cannot be coerced
    INTROSPECTION = "introspection"
    DIRECTIVE = "directive"  # any but @skip and @include
    MIDDLEWARE = "middleware"  # something wants to see each field
    SIZE = "size"  # fragments within fragments make too many fields
    FIELD = "field"  # has no batch form
    NULL = "null"  # where none may be
    VALUE = "value"  # a leaf or a list that its type does not take
    TYPE = "type"  # an object that its type does not take
    EXCEPTION = "exception"  # anything a read or a rule raised, the node limit included


class Declined(Exception):
    """The operation is graphql-core's. detail: what was met, for whoever looks for the cause."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
