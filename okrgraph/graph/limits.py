"""How large one operation may be, and the cached check of documents that enforces it before anything runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from okrgraph.graph.masking import MAX_ERRORS, tidied
from okrgraph.graph.measuring import Measure, longest_list, measure


@dataclass(frozen=True, slots=True)
class OperationLimits:
    """What one operation may ask for. Fragments count as if they were written out where they are spread."""

    characters: int = 100_000
    "Of the document: a string of a megabyte is one token and takes a quarter of a second to read."
    tokens: int = 2_000
    depth: int = 12
    "Levels of fields. Introspection is not counted: the standard query of it is 15 deep."
    aliases: int = 30
    repeats: int = 30
    "Fields asked for again in the same selection: validation compares each with each, 500 of them for 0.7 s."
    directives: int = 50
    root_fields: int = 20
    root_mutations: int = 10
    list_items: int = 250
    "Of one list in an argument or a variable."


DEFAULT_LIMITS = OperationLimits()

# The largest document that passes takes 0.7 MB when it is parsed: strangers can fill 90 MB.
CACHED_DOCUMENTS = 128

Rules = tuple[type[ASTValidationRule], ...]


def extensions(limits: OperationLimits = DEFAULT_LIMITS) -> list[Callable[[], SchemaExtension]]:
    """Give what a schema needs to enforce the limits, for the extensions argument of its constructor."""
    documents = CheckedDocuments(limits)
    return [lambda: OperationGuard(documents)]


class CheckedDocuments:
    """Parses, measures and validates each document once, by its text.

    Strawberry's own caches are keyed by the whole syntax tree, which is hashed anew for each request, and
    validation there can neither stop at 20 errors nor keep its hints to itself.
    """

    def __init__(self, limits: OperationLimits) -> None:
        self.limits = limits
        self.parsed = lru_cache(CACHED_DOCUMENTS)(self._parse)
        self.errors_of = lru_cache(CACHED_DOCUMENTS)(self._check)

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self.limits.tokens)
        except GraphQLSyntaxError as error:
            if error.message.endswith(("tokens. Parsing aborted.", "too deeply. Parsing aborted.")):
                error.extensions = {"code": "LIMIT_EXCEEDED"}
            raise

    def _check(self, schema: GraphQLSchema, text: str, rules: Rules) -> tuple[GraphQLError, ...]:
        document = self.parsed(text)
        # First, since validation takes time quadratic in the size of some documents.
        errors = list(_excesses(document, self.limits))
        if not errors:
            all_rules = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)
            # One more says that there were more.
            errors = validate(schema, document, all_rules, MAX_ERRORS - 1, hide_suggestions=True)
        for error in errors:
            error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(error.extensions or {})}
        return tuple(tidied(error) for error in errors)


class OperationGuard(SchemaExtension):
    """Refuses an operation that is too large, not valid, or not named among several."""

    def __init__(self, documents: CheckedDocuments) -> None:
        self._documents = documents

    def on_operation(self) -> Iterator[None]:
        limits = self._documents.limits
        if len(self.execution_context.query or "") > limits.characters:
            raise _excess(f"The document is too long: at most {limits.characters} characters.")
        if longest_list(self.execution_context.variables) > limits.list_items:
            raise _excess(f"A list in the variables is too long: at most {limits.list_items} items.")
        yield

    def on_parse(self) -> Iterator[None]:
        if self.execution_context.query:
            self.execution_context.graphql_document = self._documents.parsed(self.execution_context.query)
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        schema = context.schema._schema  # noqa: SLF001 - as Strawberry's own extensions do
        errors = list(self._documents.errors_of(schema, context.query or "", context.validation_rules))
        # Strawberry would run the first one.
        is_named = context._provided_operation_name is not None  # noqa: SLF001 - the public one is never None
        if not errors and not is_named and _operations_in(context.graphql_document) > 1:
            message = "The document has several operations: say which one with operationName."
            errors = [GraphQLError(message, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})]
        context.pre_execution_errors = errors
        yield


def _operations_in(document: DocumentNode | None) -> int:
    definitions = document.definitions if document else ()
    return sum(isinstance(definition, OperationDefinitionNode) for definition in definitions)


def _excesses(document: DocumentNode, limits: OperationLimits) -> Iterator[GraphQLError]:
    for operation, size in measure(document):
        for what, value, most in _compared(operation, size, limits):
            if value > most:
                yield _excess(f"The operation has too many {what}: at most {most}.", operation)


def _compared(
    operation: OperationDefinitionNode, size: Measure, limits: OperationLimits
) -> Iterator[tuple[str, int, int]]:
    is_mutation = operation.operation is OperationType.MUTATION
    yield "levels of fields", size.depth, limits.depth
    yield "aliases", size.aliases, limits.aliases
    yield "repeated fields", size.repeats, limits.repeats
    yield "directives", size.directives, limits.directives
    yield "root fields", size.root_fields, limits.root_mutations if is_mutation else limits.root_fields
    yield "items in a list", size.list_items, limits.list_items


def _excess(message: str, operation: OperationDefinitionNode | None = None) -> GraphQLError:
    return GraphQLError(message, nodes=operation, extensions={"code": "LIMIT_EXCEEDED"})
