import pytest
from graphql import build_schema, get_introspection_query, parse, validate

from okrgraph.graph.measuring import Measure, longest_list, measure


def size_of(query: str) -> Measure:
    ((_, size),) = measure(parse(query))
    return size


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ a }", Measure(depth=1, root_fields=1)),
        ("{ a b { c { d } } }", Measure(depth=3, root_fields=2)),
        ("{ a { ... { b } ... on T { c { d } } } }", Measure(depth=3, root_fields=1)),
        ("{ x: a y: b { x: c } }", Measure(depth=2, aliases=3, root_fields=2)),
        ("query @d { a @d b @d(x: [1, 2, 3]) { ... @d { c } } }", Measure(2, 0, 0, 4, 2, 3)),
        ("query($v: [Int!] = [1, 2] @d) { a }", Measure(1, 0, 0, 1, 1, 2)),
        ("{ a(x: {y: [[1, 2, 3], [1]]}) }", Measure(depth=1, root_fields=1, list_items=3)),
        ("{ a { b b c x: b x: c } }", Measure(depth=2, aliases=2, repeats=2, root_fields=1)),
        ("{ a { b ... { b } ... @d { b } } }", Measure(depth=2, repeats=2, directives=1, root_fields=1)),
        ("{ a { ... on T { b } ... on U { b } b } }", Measure(depth=2, root_fields=1)),
        ("{ __schema { types { fields { name } } } a }", Measure(depth=1, root_fields=2)),
        ("{ a { __typename } }", Measure(depth=1, root_fields=1)),
    ],
)
def test_the_size_of_an_operation(query: str, expected: Measure) -> None:
    assert size_of(query) == expected


def test_fragments_count_as_if_they_were_written_out() -> None:
    fragments = """
        fragment F on T { x: a @d b { ...G ...G } }
        fragment G on T { y: a { z: b(l: [1, 2]) } b b }
    """
    written_out = "x: a @d b { y: a { z: b(l: [1, 2]) } b b y: a { z: b(l: [1, 2]) } b b }"

    spread = size_of("{ ...F c { ...F } }" + fragments)
    expected = size_of(f"{{ {written_out} c {{ {written_out} }} }}")

    # Only in one and the same selection set is a field repeated.
    assert expected.repeats == 2 * 4
    expected.repeats = 2 * 2
    assert spread == expected


def test_the_root_fields_of_a_fragment_count_where_it_is_spread_at_the_root() -> None:
    fragment = "fragment F on T { a b c }"

    assert size_of("{ ...F ...F d { ...F } }" + fragment).root_fields == 7


def test_every_operation_of_a_document_is_measured() -> None:
    sizes = measure(parse("query A { a } query B { a { ...F } } fragment F on T { b } type T { a: Int }"))

    assert [(operation.name.value, size.depth) for operation, size in sizes if operation.name] == [
        ("A", 1),
        ("B", 2),
    ]


@pytest.mark.parametrize(
    "fragments",
    [
        "fragment F on T { a { ...F } }",
        "fragment F on T { a { ...G } } fragment G on T { b { ...F } }",
        "fragment F on T { a { ...Missing } }",
    ],
)
def test_circles_and_missing_fragments_end(fragments: str) -> None:
    assert size_of("{ ...F }" + fragments).depth in (1, 2)


def test_the_standard_introspection_query_is_not_deep() -> None:
    query = get_introspection_query(input_value_deprecation=True, specified_by_url=True)

    assert size_of(query).depth == 0
    assert validate(build_schema("type Query { a: Int }"), parse(query)) == []


def test_doubling_fragments_are_each_measured_once() -> None:
    levels = 200
    bomb = "{ ...F0 }" + "".join(
        f"fragment F{level} on T {{ a {{ ...F{level + 1} }} b {{ ...F{level + 1} }} }}"
        for level in range(levels)
    )

    size = size_of(bomb + f"fragment F{levels} on T {{ x: c }}")

    assert size == Measure(depth=levels + 1, aliases=2**levels, root_fields=2)


def test_a_long_chain_of_fragments_needs_no_recursion() -> None:
    chain = "".join(f"fragment F{link} on T {{ ...F{link + 1} }}" for link in range(5_000))

    assert size_of("{ ...F0 }" + chain + "fragment F5000 on T { a }").depth == 1


def test_the_longest_list_of_a_json_value() -> None:
    assert longest_list(None) == 0
    assert longest_list({"a": [[1, 2], {"b": [1, 2, 3]}]}) == 3
