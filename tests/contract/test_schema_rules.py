"""Rules that hold for every element of the schema."""

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
)

from okrgraph.graph.schema import sdl

SCHEMA = build_schema(sdl())
OWN_TYPES = {
    name: named
    for name, named in SCHEMA.type_map.items()
    if not name.startswith("__") and name not in {"Boolean", "Float", "ID", "Int", "String"}
}


def test_schema_graphql_is_what_the_code_says() -> None:
    committed = Path(__file__).parents[2].joinpath("schema.graphql").read_text(encoding="utf-8")
    assert committed == sdl()


def test_every_element_is_described() -> None:
    silent = []
    for name, named in OWN_TYPES.items():
        silent += [name] if not named.description else []
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in named.fields.items():
                silent += [f"{name}.{field_name}"] if not field.description else []
                for argument, definition in getattr(field, "args", {}).items():
                    silent += [f"{name}.{field_name}({argument})"] if not definition.description else []
        if isinstance(named, GraphQLEnumType):
            silent += [f"{name}.{word}" for word, value in named.values.items() if not value.description]
    assert silent == []


def test_members_of_a_union_never_give_one_field_two_shapes() -> None:
    conflicts = []
    for name, union in OWN_TYPES.items():
        if not isinstance(union, GraphQLUnionType):
            continue
        shapes: dict[str, tuple[str, str]] = {}
        for member in union.types:
            for field_name, field in member.fields.items():
                shape = str(field.type).replace("!", "")
                owner, before = shapes.setdefault(field_name, (member.name, shape))
                # Two object types merge; a leaf beside another type cannot be selected together.
                if before != shape:
                    conflicts.append(f"{name}: {owner}.{field_name} and {member.name}.{field_name}")
    assert conflicts == []


def test_mutations_are_nullable_and_answer_with_payloads() -> None:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert isinstance(field.type, GraphQLObjectType), name
        assert field.type.name.endswith("Payload"), name
        assert {"userErrors", "cursor"} <= field.type.fields.keys(), name
        assert set(field.args) in ({"input"}, {"id", "input"}), name
