"""Operations made from the schema itself: a field, argument or input that is added later is probed too."""

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from okrgraph.graph.schema import sdl

SCHEMA = build_schema(sdl())
Path = tuple[str, ...]
# In a path: the first item of a list.
FIRST = "0"
# Ids that name nothing of an organisation.
_NO_ENTITY = {"clientMutationId"}


def root_fields(root: str) -> dict[str, GraphQLField]:
    """The fields of Query, Mutation or Subscription."""
    named = SCHEMA.type_map[root]
    assert isinstance(named, GraphQLObjectType)
    fields: dict[str, GraphQLField] = named.fields
    return fields


def id_paths(field: GraphQLField) -> list[Path]:
    """Where an id of an entity can stand in the variables of a root field, nested inputs included."""
    return [
        path
        for name, argument in field.args.items()
        for path in _ids_below((name,), argument.type, frozenset())
    ]


def _ids_below(path: Path, given: Any, above: frozenset[str]) -> Iterator[Path]:
    given = get_nullable_type(given)
    if is_list_type(given):
        yield from _ids_below((*path, FIRST), given.of_type, above)
    elif isinstance(given, GraphQLInputObjectType):
        assert given.name not in above, "an input that holds itself needs a probe of its own"
        for name, field in given.fields.items():
            yield from _ids_below((*path, name), field.type, above | {given.name})
    elif given.name == "ID" and path[-1] not in _NO_ENTITY:
        yield path


def with_value(variables: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The variables with another value at a path; what the path runs through is made where it is missing."""
    changed = copy.deepcopy(variables)
    place: Any = changed
    for step, following in pairwise(path):
        empty: Any = [None] if following == FIRST else {}
        if step == FIRST:
            place[0] = place[0] or empty
            place = place[0]
        else:
            place[step] = place.get(step) or empty
            place = place[step]
    place[0 if path[-1] == FIRST else path[-1]] = value
    return changed


def operation(root: str, name: str, *, depth: int = 1) -> str:
    """A document that runs one root field with every argument as a variable and selects all that it gives.

    depth: how many levels of entities below what the field gives are read.
    """
    field = root_fields(root)[name]
    declared = ", ".join(f"${key}: {argument.type}" for key, argument in field.args.items())
    passed = ", ".join(f"{key}: ${key}" for key in field.args)
    arguments = (f"({declared})", f"({passed})") if field.args else ("", "")
    return f"{root.lower()}{arguments[0]} {{ {name}{arguments[1]} {selection(field.type, depth)} }}"


def selection(given: Any, depth: int) -> str:
    """All fields of a type that need no argument, down to a depth; `$cycleId` is not at hand."""
    named = get_named_type(given)
    if isinstance(named, GraphQLUnionType):
        members = (f"... on {member.name} {selection(member, depth)}" for member in named.types)
        return f"{{ __typename {' '.join(members)} }}"
    if isinstance(named, GraphQLInterfaceType):
        # Fields of its types clash: a comment's kind is none of a link's.
        return "{ __typename id }"
    assert isinstance(named, GraphQLObjectType)
    parts = ["__typename"]
    for name, field in named.fields.items():
        if any(isinstance(argument.type, GraphQLNonNull) for argument in field.args.values()):
            continue
        if is_leaf_type(get_named_type(field.type)):
            parts.append(name)
        elif (below := depth - _cost_of(field)) >= 0:
            parts.append(f"{name} {selection(field.type, below)}")
    return f"{{ {' '.join(parts)} }}"


def values_of(type_name: str) -> str:
    """The fields of a type that are values, without the lists and entities around it."""
    named = SCHEMA.type_map[type_name]
    assert isinstance(named, GraphQLObjectType)
    names = [name for name, field in named.fields.items() if is_leaf_type(get_named_type(field.type))]
    return f"{{ {' '.join(names)} }}"


def _cost_of(field: GraphQLField) -> int:
    """What only wraps entities or holds values of its own does not count as a level."""
    named = get_named_type(field.type)
    members = named.types if isinstance(named, GraphQLUnionType) else (named,)
    return int(any("id" in getattr(member, "fields", ()) for member in members))
