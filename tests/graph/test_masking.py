from collections.abc import AsyncIterator, Awaitable, Callable
from enum import Enum
from typing import Any, NewType

import pytest
import strawberry
from graphql import GraphQLError, OperationDefinitionNode, parse
from strawberry.schema.config import StrawberryConfig

from okrgraph.graph.limits import extensions
from okrgraph.graph.masking import (
    MAX_ERRORS,
    MAX_LOCATIONS,
    MAX_MESSAGE_CHARACTERS,
    MaskedSchema,
    presentable,
)

SECRET = "postgres://okr:hunter2@db/okr"
SHARED = RuntimeError(SECRET)

Even = NewType("Even", int)


def _parse_even(value: object) -> int:
    if not isinstance(value, int) or value % 2:
        raise ValueError("Not an even number.")
    return value


@strawberry.enum
class Colour(Enum):
    GREEN = "green"


@strawberry.input
class Shade:
    colour: Colour


@strawberry.type
class Item:
    @strawberry.field
    def shared(self) -> int | None:
        raise SHARED

    @strawberry.field
    def own(self) -> int | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def never(self) -> int:
        return None  # type: ignore[return-value]


@strawberry.type
class Query:
    @strawberry.field
    def items(self, count: int = 1) -> list[Item | None]:
        return [Item()] * count

    @strawberry.field
    def even(self, number: Even) -> int:
        return number

    @strawberry.field
    def paint(self, colour: Colour | None = None, shade: Shade | None = None) -> str:
        return f"{colour} {shade}"

    @strawberry.field
    def refuse(self, message: str) -> int | None:
        raise GraphQLError(message, extensions={"code": "FORBIDDEN", "field": "x"})

    @strawberry.field
    def uncoded(self) -> int | None:
        raise GraphQLError("Deliberate.")

    @strawberry.field
    async def own(self) -> int | None:
        raise RuntimeError(SECRET)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def broken(self) -> AsyncIterator[int]:
        raise RuntimeError(SECRET)
        yield 1

    @strawberry.subscription
    async def breaking(self) -> AsyncIterator[Item]:
        yield Item()
        raise RuntimeError(SECRET)


SCHEMA = MaskedSchema(
    query=Query,
    subscription=Subscription,
    extensions=extensions(),
    config=StrawberryConfig(
        scalar_map={Even: strawberry.scalar(name="Even", serialize=int, parse_value=_parse_even)}
    ),
)


async def executed(query: str, **variables: Any) -> list[dict[str, Any]]:
    result = await SCHEMA.execute(query, variable_values=variables)
    return [dict(error.formatted) for error in result.errors or ()]


async def streamed(query: str, **variables: Any) -> list[dict[str, Any]]:
    stream = await SCHEMA.stream(query, variable_values=variables)
    results = [result async for result in stream]
    return [dict(error.formatted) for result in results for error in result.errors or ()]  # type: ignore[union-attr]


Run = Callable[..., Awaitable[list[dict[str, Any]]]]
BOTH = pytest.mark.parametrize("run", [executed, streamed])


@BOTH
async def test_a_bug_is_masked_and_logged_once_with_its_reference(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    (error,) = await run("{ own }")

    reference = error["extensions"]["id"]
    assert error == {
        "message": f"Internal error. Reference: {reference}",
        "locations": [{"line": 1, "column": 3}],
        "path": ["own"],
        "extensions": {"code": "INTERNAL", "id": reference},
    }
    (record,) = caplog.records
    assert record.getMessage() == f"Internal error {reference}"
    assert record.exc_info
    assert f"RuntimeError: {SECRET}" in caplog.text


async def test_one_bug_met_at_many_fields_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    errors = await executed("{ items(count: 5) { shared } }")

    assert [error["path"] for error in errors] == [["items", index, "shared"] for index in range(5)]
    assert len({error["extensions"]["id"] for error in errors}) == 1
    assert len(caplog.records) == 1


async def test_each_bug_has_its_own_reference(caplog: pytest.LogCaptureFixture) -> None:
    errors = await executed("{ items(count: 2) { own } }")

    assert len({error["extensions"]["id"] for error in errors}) == 2
    assert len(caplog.records) == 2


async def test_null_where_the_schema_promises_a_value_is_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    (error,) = await executed("{ items { never } }")

    assert error["extensions"]["code"] == "INTERNAL"
    assert "Item.never" not in error["message"]
    assert "Item.never" in caplog.text


@pytest.mark.parametrize("field", ["broken", "breaking { __typename }"])
async def test_a_bug_in_the_generator_of_a_subscription_is_masked(
    field: str, caplog: pytest.LogCaptureFixture
) -> None:
    (error,) = await streamed(f"subscription {{ {field} }}")

    assert error["extensions"]["code"] == "INTERNAL"
    assert len(caplog.records) == 1


async def test_a_bug_in_an_event_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    in_event, in_generator = await streamed("subscription { breaking { own } }")

    assert in_event["path"] == ["breaking", "own"]
    assert in_event["extensions"]["code"] == in_generator["extensions"]["code"] == "INTERNAL"
    assert len(caplog.records) == 2


@BOTH
@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("{ itms { own } }", "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'itms' on type 'Query'."),
        (
            "{ items(cuont: 1) { own } }",
            "GRAPHQL_VALIDATION_FAILED",
            "Unknown argument 'cuont' on field 'Query.items'.",
        ),
        (
            "query($x: Colou) { paint(colour: $x) }",
            "GRAPHQL_VALIDATION_FAILED",
            "Unknown type 'Colou'.",
        ),
        ("{ items @inclde(if: true) { own } }", "GRAPHQL_VALIDATION_FAILED", "Unknown directive '@inclde'."),
        (
            "{ paint(colour: GREN) }",
            "GRAPHQL_VALIDATION_FAILED",
            "Value 'GREN' does not exist in 'Colour' enum.",
        ),
        (
            "{ items }",
            "GRAPHQL_VALIDATION_FAILED",
            "Field 'items' of type '[Item]!' must have a selection of subfields.",
        ),
        (
            "{ even(number: 3) }",
            "GRAPHQL_VALIDATION_FAILED",
            "Expected value of type 'Even', but encountered error 'Not an even number.'; found: 3.",
        ),
        ("{ uncoded }", "EXECUTION_FAILED", "Deliberate."),
    ],
)
async def test_a_mistake_of_the_client_stays_explained_without_hints(
    run: Run, query: str, code: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    (error,) = await run(query)

    assert (error["extensions"], error["message"]) == ({"code": code}, message)
    assert caplog.records == []


async def test_a_syntax_error_has_its_code(caplog: pytest.LogCaptureFixture) -> None:
    (error,) = await executed("{")

    assert error["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}
    assert error["locations"] == [{"line": 1, "column": 2}]
    assert caplog.records == []


@BOTH
@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        (
            "query($x: Even!) { even(number: $x) }",
            {"x": 3},
            "Expected value of type 'Even', but encountered error 'Not an even number.'; found: 3.",
        ),
        (
            "query($x: Colour) { paint(colour: $x) }",
            {"x": "GREN"},
            "Value 'GREN' does not exist in 'Colour' enum.",
        ),
        (
            "query($x: Shade) { paint(shade: $x) }",
            {"x": {"colour": "GREEN", "color": "GREEN"}},
            "Expected value of type 'Shade' not to include unknown field 'color'.",
        ),
    ],
)
async def test_a_bad_variable_stays_explained_without_hints(
    run: Run, query: str, variables: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    (error,) = await run(query, **variables)

    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["message"] == f"Variable '$x' has invalid value: {message}"
    assert caplog.records == []


async def test_a_deliberate_error_keeps_its_code_and_its_other_extensions() -> None:
    (error,) = await executed('{ refuse(message: "No.") }')

    assert error["message"] == "No."
    assert error["extensions"] == {"code": "FORBIDDEN", "field": "x"}


async def test_a_message_is_cut() -> None:
    (deliberate,) = await executed('{ refuse(message: "' + "é" * 1_000 + '") }')
    (invalid,) = await executed("{ " + "x" * 1_000 + " }")

    assert deliberate["message"] == "é" * MAX_MESSAGE_CHARACTERS
    assert len(invalid["message"]) == MAX_MESSAGE_CHARACTERS


async def test_only_the_first_errors_are_shown_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    errors = await executed("{ items(count: 1000) { own } }")

    assert [error["path"][1] for error in errors] == list(range(MAX_ERRORS))
    assert len(caplog.records) == MAX_ERRORS


def test_only_the_first_places_of_an_error_are_shown() -> None:
    document = parse("{" + " field" * 25 + "}")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    error = GraphQLError("Fields conflict.", nodes=list(operation.selection_set.selections))

    (shown,) = presentable([error])

    assert len(error.nodes or ()) == 25
    assert shown.locations == [(1, 3 + 6 * index) for index in range(MAX_LOCATIONS)]
