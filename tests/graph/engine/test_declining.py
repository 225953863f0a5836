import gc
import math
from typing import Any

import pytest

from okrgraph.graph.engine import engine as engines
from okrgraph.graph.engine.declined import Reason
from tests.graph.engine.toy import Leaf, ToySchema, answer

GOOD = Leaf(1)

NESTED = "fragment F12 on Number { text }" + "".join(
    f" fragment F{n} on Number {{ next {{ ...F{n + 1} }} x: next {{ ...F{n + 1} }} }}" for n in range(12)
)


def without_number() -> Leaf:
    leaf = Leaf(1)
    del leaf.number
    return leaf


DECLINED: dict[str, tuple[Reason, str, Leaf, dict[str, Any]]] = {
    "mutation": (Reason.OPERATION, "mutation { change }", GOOD, {}),
    "introspection": (Reason.INTROSPECTION, "{ __schema { queryType { name } } }", GOOD, {}),
    "missing variable": (Reason.VARIABLES, "query($n: Int!) { numbers(count: $n) { number } }", GOOD, {}),
    "fragments in fragments": (Reason.SIZE, "{ number { ...F0 } }" + NESTED, Leaf(97), {}),
    "async resolver": (Reason.FIELD, "{ number { slow } }", GOOD, {}),
    "null leaf": (Reason.NULL, "{ number { text } }", Leaf(1, text=None), {}),
    "null object": (Reason.NULL, "{ number { number next { sure { text } } } }", Leaf(98), {}),
    "null in a list": (Reason.NULL, "{ number { items } }", Leaf(1, items=[1, None]), {}),
    "no text": (Reason.VALUE, "{ number { text } }", Leaf(1, text=["a"]), {}),
    "large integer": (Reason.VALUE, "{ number { number } }", Leaf(2**31), {}),
    "large integer in a list": (Reason.VALUE, "{ number { items } }", Leaf(1, items=[1, -(2**31) - 1]), {}),
    "not a number": (Reason.VALUE, "{ number { real } }", Leaf(1, real=math.nan), {}),
    "infinite": (Reason.VALUE, "{ number { real } }", Leaf(1, real=-math.inf), {}),
    "not a list": (Reason.VALUE, "{ number { items } }", Leaf(1, items={1, 2}), {}),
    "strange object": (Reason.EXCEPTION, "{ strange { __typename } }", GOOD, {}),
    "failing read": (Reason.EXCEPTION, "{ number { text failing } }", GOOD, {}),
    "failing read among others": (Reason.EXCEPTION, "{ number { failing next { text } } }", GOOD, {}),
    "wrong type": (Reason.TYPE, "{ number { text } }", object(), {}),  # type: ignore[dict-item]
    "null at the root": (Reason.NULL, "{ things { ... on Word { word } } number { text } }", None, {}),  # type: ignore[dict-item]
    "missing attribute": (Reason.EXCEPTION, "{ number { number } }", without_number(), {}),
}
TAKEN: dict[str, tuple[str, Leaf, dict[str, Any]]] = {
    "number as text": ("{ number { text } }", Leaf(1, text=7), {}),
    "text as number": ("{ number { number } }", Leaf("7"), {}),  # type: ignore[arg-type]
    "integer as float": ("{ number { real } }", Leaf(1, real=3), {}),
    "truth as number": ("{ number { number real } }", Leaf(True, real=False), {}),
    "floats of a large sum": ("{ number { real } }", Leaf(1, real=1.7e308), {}),
    "a tuple for a list": ("{ number { items } }", Leaf(1, items=(3, 4)), {}),
    "nothing selected": ("{ number @skip(if: true) { text } }", GOOD, {}),
    "nothing selected below": ("{ number { text @include(if: false) } }", GOOD, {}),
    "a default variable": ("query($n: Int! = 2) { numbers(count: $n) { number } }", GOOD, {}),
    "null below null": ("{ number { next { next { next { text } } } } }", Leaf(97), {}),
    "aliases": ("{ number { a: next { b: number } c: next { d: said } } }", GOOD, {}),
    "fragments": (
        "{ number { ...F next { ...F } ...F } } fragment F on Number { next { number } next { doubled } }",
        GOOD,
        {},
    ),
    "a union": ("{ things { __typename ... on Number { number } ... on Word { word } } }", GOOD, {}),
    "the name of the root": ("{ __typename n: __typename }", GOOD, {}),
    "one of several operations": ("query A { number { text } } query B { number { said } }", GOOD, {}),
}


@pytest.mark.parametrize("case", DECLINED)
async def test_what_is_unusual_is_declined_for_its_reason_and_answered_by_graphql_core(case) -> None:
    reason, document, leaf, variables = DECLINED[case]
    schema = ToySchema()
    found, context = await answer(schema, document, leaf, **variables)
    expected, _ = await answer(ToySchema(engine=False), document, leaf, **variables)
    assert found == expected
    assert (schema.engine.counts.taken, dict(schema.engine.counts.declined)) == (0, {reason: 1})
    assert context.starts == 1


@pytest.mark.parametrize("case", TAKEN)
async def test_what_graphql_core_makes_of_unusual_values_the_engine_makes_too(case) -> None:
    document, leaf, variables = TAKEN[case]
    schema = ToySchema()
    found, context = await answer(schema, document, leaf, **variables)
    expected, _ = await answer(ToySchema(engine=False), document, leaf, **variables)
    assert found == expected
    assert (schema.engine.counts.taken, dict(schema.engine.counts.declined)) == (1, {})
    assert context.starts == 0


async def test_a_layer_is_one_call_however_many_fields_ask_for_it() -> None:
    schema = ToySchema()
    document = "{ numbers { next { next { number } } a: next { number } } number { next { text } } }"
    _, context = await answer(schema, document, Leaf(5))
    assert [sorted(call) for call in context.calls] == [[1, 2, 3, 6], [4]]


async def test_a_document_has_one_plan_for_each_value_of_its_conditions() -> None:
    schema = ToySchema()
    document = "query($yes: Boolean!) { number { text @skip(if: $yes) said @include(if: $yes) } }"
    for yes, expected in ((True, b'{"said":"said 1"}'), (False, b'{"text":"text"}'), (True, b"said 1")):
        found, _ = await answer(schema, document, GOOD, yes=yes)
        assert expected in found
    assert schema.engine.counts.taken == 3


async def test_plans_are_kept_for_so_many_documents_and_no_more(monkeypatch) -> None:
    monkeypatch.setattr(engines, "DOCUMENTS", 3)
    schema = ToySchema()
    for place in range(10):
        await answer(schema, f"{{ number {{ x{place}: text }} }}", GOOD)
    assert len(schema.engine._documents) == 3


async def test_large_plans_drop_the_oldest(monkeypatch) -> None:
    monkeypatch.setattr(engines, "FIELDS", 10)
    schema = ToySchema()
    for place in range(10):
        await answer(schema, f"{{ number {{ x{place}: text said doubled }} }}", GOOD)
    assert (len(schema.engine._documents), schema.engine._size) == (2, 8)


async def test_an_operation_leaves_nothing_behind_for_the_garbage_collector() -> None:
    schema = ToySchema()
    await answer(schema, "{ numbers(count: 50) { number next { next { text } } } }", GOOD)
    gc.collect()
    await answer(schema, "{ numbers(count: 50) { number next { next { text } } } }", GOOD)
    kept = [vars(each).get("number") for each in gc.get_objects() if type(each) is Leaf]
    assert 40 not in kept


def test_synchronous_execution_is_graphql_cores() -> None:
    schema = ToySchema()
    result = schema.execute_sync("{ number { text } }", root_value=lambda: GOOD)
    assert (result.data, schema.engine.counts.taken) == ({"number": {"text": "text"}}, 0)
