import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import strawberry
from graphql import get_introspection_query
from strawberry.extensions import DisableIntrospection

from okrgraph.graph.limits import (
    CACHED_DOCUMENTS,
    DEFAULT_LIMITS,
    CheckedDocuments,
    OperationGuard,
    OperationLimits,
    extensions,
)
from okrgraph.graph.masking import MAX_ERRORS, MaskedSchema


@strawberry.type
class Node:
    value: int = 1

    @strawberry.field
    def next(self) -> "Node":
        return Node()

    @strawberry.field
    def other(self) -> "Node":
        return Node()


@strawberry.input
class Filter:
    values: list[int]


@strawberry.type
class Query:
    @strawberry.field
    def node(self, values: list[int] | None = None, nested: Filter | None = None) -> Node:
        return Node(value=len(values or (nested.values if nested else ())))


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> int:
        return 1


SCHEMA = MaskedSchema(query=Query, mutation=Mutation, extensions=extensions())


async def codes_of(query: str, schema: MaskedSchema = SCHEMA, **rest: Any) -> list[str]:
    result = await schema.execute(query, **rest)
    return [str((error.extensions or {})["code"]) for error in result.errors or ()]


def deep(levels: int) -> str:
    return "{ node" + " { next" * (levels - 2) + " { value" + " }" * (levels - 1) + " }"


def chained(levels: int) -> str:
    """The same depth, a level for each fragment."""
    chain = "".join(f"fragment F{n} on Node {{ next {{ ...F{n + 1} }} }}" for n in range(levels - 2))
    return "{ node { ...F0 } }" + chain + f"fragment F{levels - 2} on Node {{ value }}"


def inlined(levels: int) -> str:
    return "{ node" + " { ... on Node { next" * (levels - 2) + " { value }" + " } }" * (levels - 2) + " }"


def aliased(count: int) -> str:
    return "{ node {" + " ".join(f"x{n}: value" for n in range(count)) + "} }"


def multiplied(count: int) -> str:
    """Aliases in a fragment that is spread in several places."""
    fragments = " fragment F on Node {" + " ".join(f"x{n}: value" for n in range(10)) + "}"
    rest = " ".join(f"y{n}: value" for n in range(count - 20))
    return "{ node { next { ...F } other { ...F } " + rest + "} }" + fragments


def repeated(count: int) -> str:
    return "{ node { value" + " value" * count + " } }"


def directed(count: int) -> str:
    return "{ node {" + " ... @include(if: true) {" * count + " value" + " }" * count + " } }"


def rooted(count: int) -> str:
    return "{" + " ".join(f"{'ab'[n % 2] * (n + 1)}: node {{ value }}" for n in range(count)) + "}"


def mutating(count: int) -> str:
    return "mutation {" + " ".join(f"x{n}: change" for n in range(count)) + "}"


def listed(count: int) -> str:
    return f"{{ node(values: {[1] * count}) {{ value }} }}"


def nested_list(count: int) -> str:
    return f"{{ node(nested: {{values: {[1] * count}}}) {{ value }} }}"


def long(count: int) -> str:
    return "{ node { value } }".ljust(count, ",")


@pytest.mark.parametrize(
    ("document", "most"),
    [
        (deep, 12),
        (chained, 12),
        (inlined, 12),
        (aliased, 30),
        (multiplied, 30),
        (repeated, 30),
        (directed, 50),
        (rooted, 20),
        (mutating, 10),
        (listed, 250),
        (nested_list, 250),
        (long, 100_000),
    ],
)
async def test_the_limit_itself_passes_and_one_more_is_refused(document: Any, most: int) -> None:
    assert await codes_of(document(most)) == []
    assert await codes_of(document(most + 1)) == ["LIMIT_EXCEEDED"]


async def test_a_document_of_too_many_tokens_is_refused_before_it_is_read() -> None:
    assert await codes_of("{" + " value" * 2_000 + "}") == ["LIMIT_EXCEEDED"]
    assert await codes_of("#\n" * 2_000 + "{ node { value } }") == ["LIMIT_EXCEEDED"]
    assert await codes_of("{ node" * 300 + "}" * 300) == ["LIMIT_EXCEEDED"]


@pytest.mark.parametrize("size", [250, 251])
async def test_a_list_in_the_variables_is_limited(size: int) -> None:
    query = "query($v: [Int!], $f: Filter) { node(values: $v, nested: $f) { value } }"
    expected = [] if size == 250 else ["LIMIT_EXCEEDED"]

    assert await codes_of(query, variable_values={"v": [1] * size}) == expected
    assert await codes_of(query, variable_values={"f": {"values": [1] * size}}) == expected


async def test_every_limit_that_is_passed_is_named() -> None:
    result = await SCHEMA.execute("{ x: node { value" + " y: value" * 40 + " } }")

    assert [error.message for error in result.errors or ()] == [
        "The operation has too many aliases: at most 30.",
        "The operation has too many repeated fields: at most 30.",
    ]
    assert [error.locations for error in result.errors or ()] == [[(1, 1)], [(1, 1)]]


async def test_the_limits_can_be_set() -> None:
    schema = MaskedSchema(query=Query, extensions=extensions(replace(DEFAULT_LIMITS, depth=2)))

    assert await codes_of(deep(2), schema) == []
    assert await codes_of(deep(3), schema) == ["LIMIT_EXCEEDED"]


async def test_the_standard_introspection_query_passes() -> None:
    assert await codes_of(get_introspection_query()) == []


@pytest.mark.parametrize(
    "query",
    [
        "{ node { ...F0 } }"
        + "".join(f"fragment F{n} on Node {{ ...F{n + 1} ...F{n + 1} }}" for n in range(22))
        + "fragment F22 on Node { value }",
        "{ node { ...F0 } }"
        + "".join(
            f"fragment F{n} on Node {{ next {{ ...F{n + 1} }} other {{ ...F{n + 1} }} }}" for n in range(60)
        )
        + "fragment F60 on Node { value }",
        "{ node {" + "next { value }" * 490 + "} }",
        "{ node {" + "... { next { value } }" * 240 + "} }",
        "{ node {"
        + "".join(f"...F{n} " for n in range(130))
        + "} }"
        + "".join(f"fragment F{n} on Node {{ next {{ value }} }}" for n in range(130)),
        "{" + " ".join(f"missing{n}" for n in range(1_990)) + "}",
        "query(" + "".join(f"$v{n}: Int " for n in range(450)) + ") { node { value } }",
        '{ node(values: "' + "\\n" * 49_000 + '") { value } }',
    ],
    ids=["bomb", "deep bomb", "repeats", "inline repeats", "fragments", "errors", "variables", "string"],
)
async def test_a_hostile_document_costs_little(query: str) -> None:
    calls = Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: calls.update((event,)))
    try:
        await SCHEMA.execute(query)
    finally:
        sys.setprofile(None)

    # The worst makes a million; without the limits the bombs never end, and the repeats make ten times as many.
    assert calls["call"] + calls["c_call"] < 1_500_000


async def test_a_document_is_parsed_and_validated_once() -> None:
    documents = CheckedDocuments(OperationLimits())
    schema = MaskedSchema(query=Query, extensions=[lambda: OperationGuard(documents)])

    for number in range(20):
        result = await schema.execute(
            "query($v: [Int!]) { node(values: $v) { value } }", variable_values={"v": [number]}
        )
        assert result.errors is None

    # Validation looks at the parsed document once more.
    assert (documents.parsed.cache_info().misses, documents.parsed.cache_info().hits) == (1, 20)
    assert (documents.errors_of.cache_info().misses, documents.errors_of.cache_info().hits) == (1, 19)


async def test_a_refused_document_gets_the_same_answer_from_the_cache() -> None:
    answers = [await SCHEMA.execute("{ node { valeu } }") for _ in range(3)]

    assert [answer.errors[0].formatted for answer in answers if answer.errors] == [
        {
            "message": "Cannot query field 'valeu' on type 'Node'.",
            "locations": [{"line": 1, "column": 10}],
            "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
        }
    ] * 3


async def test_the_caches_are_bounded() -> None:
    documents = CheckedDocuments(OperationLimits())
    schema = MaskedSchema(query=Query, extensions=[lambda: OperationGuard(documents)])

    for number in range(CACHED_DOCUMENTS + 10):
        await schema.execute(f"query Q{number} {{ node {{ value }} }}")

    assert documents.parsed.cache_info().currsize == CACHED_DOCUMENTS
    assert documents.errors_of.cache_info().currsize == CACHED_DOCUMENTS


async def test_rules_that_other_extensions_add_are_kept_apart_in_the_cache() -> None:
    documents = CheckedDocuments(OperationLimits())
    guard = [lambda: OperationGuard(documents)]
    schema_open = MaskedSchema(query=Query, extensions=guard)
    schema_closed = MaskedSchema(query=Query, extensions=[DisableIntrospection, *guard])

    for _ in range(2):
        assert await codes_of("{ __schema { description } }", schema_open) == []
        assert await codes_of("{ __schema { description } }", schema_closed) == ["GRAPHQL_VALIDATION_FAILED"]


async def test_several_operations_need_a_name() -> None:
    query = "query A { node { value } } query B { node { value } }"

    assert await codes_of(query) == ["OPERATION_RESOLUTION_FAILURE"]
    assert await codes_of(query, operation_name="B") == []
    # Neither way of asking is remembered for the other.
    assert await codes_of(query) == ["OPERATION_RESOLUTION_FAILURE"]


async def test_validation_stops_at_the_most_errors_that_are_shown() -> None:
    result = await SCHEMA.execute("{ node {" + " ".join(f"missing{n}" for n in range(500)) + "} }")

    assert result.errors is not None
    assert len(result.errors) == MAX_ERRORS
    assert result.errors[-1].message == (
        "Too many validation errors, error limit reached. Validation aborted."
    )
