"""The exported schema contains the contract of its clients; what is not built yet is named here."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from okrgraph.graph.schema import sdl

CONTRACT = build_schema(Path(__file__).with_name("contract.graphql").read_text(encoding="utf-8"))
SCHEMA = build_schema(sdl())

# Types, fields, enum values and union members of the contract that an issue of its own will build.
NOT_BUILT_YET: dict[str, frozenset[str]] = {
    "Alignment that can be seen": frozenset(
        {
            "AlignmentView",
            "AlignmentViewRow",
            "OnTrackVerdict",
            "Signal",
            "SignalKind",
            "SignalConnection",
            "SignalEdge",
            "SignalChanged",
            "Query.alignmentView",
            "Query.signals",
            "ChangeKind.SIGNAL",
            "Change.SignalChanged",
        }
    ),
}
UNBUILT = frozenset().union(*NOT_BUILT_YET.values())


def elements_of(named: GraphQLNamedType) -> list[str]:
    """The names below a type: fields, input fields, enum values, union members."""
    match named:
        case GraphQLObjectType() | GraphQLInterfaceType() | GraphQLInputObjectType():
            return list(named.fields)
        case GraphQLEnumType():
            return list(named.values)
        case GraphQLUnionType():
            return [member.name for member in named.types]
        case _:
            return []


def _differences_of_type(expected: GraphQLNamedType, found: GraphQLNamedType | None) -> list[str]:
    name = expected.name
    if found is None:
        return [] if name in UNBUILT else [f"{name} is missing"]
    if type(expected).__name__ != type(found).__name__:
        return [f"{name} is another kind of type"]
    differences = [
        f"{name}.{element} is missing"
        for element in elements_of(expected)
        if element not in elements_of(found) and f"{name}.{element}" not in UNBUILT
    ]
    if isinstance(expected, GraphQLObjectType | GraphQLInterfaceType):
        assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
        missing = {each.name for each in expected.interfaces} - {each.name for each in found.interfaces}
        differences += [f"{name} does not implement {interface}" for interface in sorted(missing)]
        for field in expected.fields.keys() & found.fields.keys():
            differences += _differences_of_field(
                f"{name}.{field}", expected.fields[field], found.fields[field]
            )
    if isinstance(expected, GraphQLInputObjectType):
        assert isinstance(found, GraphQLInputObjectType)
        differences += _differences_of_inputs(name, expected.fields, found.fields)
    return differences


def _differences_of_field(name, expected, found) -> list[str]:
    differences = []
    if str(expected.type) != str(found.type):
        differences.append(f"{name} is {found.type}, not {expected.type}")
    return differences + _differences_of_inputs(f"{name}(", expected.args, found.args)


def _differences_of_inputs(name, expected, found) -> list[str]:
    differences = [
        f"{name}.{key} is {found[key].type if key in found else 'missing'}, not {expected[key].type}"
        for key in expected
        if key not in found or str(expected[key].type) != str(found[key].type)
    ]
    differences += [
        f"{name}.{key} is required and not in the contract"
        for key in found.keys() - expected.keys()
        if isinstance(found[key].type, GraphQLNonNull)
    ]
    return differences


def differences(contract: GraphQLSchema, schema: GraphQLSchema) -> list[str]:
    return sorted(
        difference
        for name, expected in contract.type_map.items()
        if not name.startswith("__")
        for difference in _differences_of_type(expected, schema.type_map.get(name))
    )


def test_the_schema_contains_the_contract() -> None:
    assert differences(CONTRACT, SCHEMA) == []


def test_nothing_that_is_built_is_listed_as_not_built() -> None:
    built = {name for name in UNBUILT if name in SCHEMA.type_map}
    for name in UNBUILT:
        owner, _, element = name.partition(".")
        if element and owner in SCHEMA.type_map and element in elements_of(SCHEMA.type_map[owner]):
            built.add(name)
    assert built == set()


def test_everything_listed_as_not_built_is_in_the_contract() -> None:
    known = set(CONTRACT.type_map) | {
        f"{name}.{element}" for name, named in CONTRACT.type_map.items() for element in elements_of(named)
    }
    assert UNBUILT - known == set()


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (("title: String!\n", "title: String\n"), "Objective.title is String, not String!"),
        (
            ("union LinkParent = KeyResult | Objective", "union LinkParent = KeyResult"),
            "LinkParent.Objective is missing",
        ),
        (("Query {\n", "Query {\n  own: Int\n"), None),
    ],
)
def test_the_comparison_notices_a_difference(change: tuple[str, str], difference: str | None) -> None:
    before, after = change
    changed = build_schema(sdl().replace(before, after))
    found = differences(CONTRACT, changed)
    assert (found == []) if difference is None else any(line.startswith(difference) for line in found)
