"""What a client keeps of each entity, found in the schema: fields, documents, and an answer made into records.

A field, a type or a member of the feed that is added later is compared without a word here.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_list_type,
)
from graphql.type import GraphQLField

from okrgraph.graph.live.sharing import is_same_for_all
from okrgraph.graph.schema import make_schema
from tests.graph.probing import SCHEMA

# The real types, which know what a feed executes once for all.
_TYPES = make_schema()._schema.type_map
# What the clock alone moves, which no event can tell.
_BY_THE_CLOCK = {("Cycle", "currentWeek"), ("ConfidenceSummary", "stale"), ("Dependency", "overdue")}
# What is counted over dependencies, each of which tells of itself.
_COUNTED = {("Team", "reliability")}
# Lists that say something of the entity itself. All others a client finds by what points back.
_OWN_LISTS = {("Objective", "coOwnerTeams"), ("Person", "teams")}

Record = dict[str, Any]
Records = dict[str, Record]
AT_ONCE = 100
# What lists check-ins, and the name under which a client keeps with each of them what that is.
_CHECKED = {"KeyResult": "keyResult", "Dependency": "dependency"}


def _fields(type_name: str) -> dict[str, GraphQLField]:
    named = SCHEMA.type_map[type_name]
    assert isinstance(named, GraphQLObjectType)
    fields: dict[str, GraphQLField] = named.fields
    return fields


def _is_entity(type_name: str) -> bool:
    """Whether everything that a field may give has an id of its own."""
    named = SCHEMA.type_map[type_name]
    members = named.types if isinstance(named, GraphQLUnionType) else (named,)
    return all("id" in getattr(member, "fields", ()) for member in members)


def _is_kept(type_name: str, name: str, field: GraphQLField) -> bool:
    if name.startswith("viewer") or (type_name, name) in _BY_THE_CLOCK | _COUNTED:
        return False
    if any(isinstance(argument.type, GraphQLNonNull) for argument in field.args.values()):
        return False
    named = get_named_type(field.type)
    if is_leaf_type(named) or not _is_list(field):
        return True
    return (type_name, name) in _OWN_LISTS


def _is_list(field: GraphQLField) -> bool:
    nullable = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return is_list_type(nullable) or get_named_type(field.type).name.endswith("Connection")


@cache
def kept(type_name: str, *, shared: bool = False) -> tuple[str, ...]:
    """The names of the fields that are compared. shared: only those that are the same for all who see them."""
    real: Any = _TYPES[type_name]
    return tuple(
        name
        for name, field in _fields(type_name).items()
        if _is_kept(type_name, name, field) and (not shared or is_same_for_all(real.fields[name]))
    )


def selection(type_name: str, *, shared: bool = False, more: str = "") -> str:
    """What is asked of an entity; of other entities only who they are."""
    asked = (
        _asked(name, field)
        for name, field in _fields(type_name).items()
        if name in kept(type_name, shared=shared)
    )
    return f"{{ __typename {' '.join(asked)} {more} }}"


def check_ins(type_name: str) -> str:
    """The check-ins of an entity, which do not say themselves what they are about."""
    return f"checkIns(first: {AT_ONCE}) {{ nodes {selection(type_name)} }}"


def dependency(more: str = "") -> str:
    """A dependency with what the provider said of it, which comes with no events of its own."""
    return selection("Dependency", more=f"{check_ins('DependencyCheckIn')} {more}")


def _asked(name: str, field: GraphQLField) -> str:
    named = get_named_type(field.type)
    if is_leaf_type(named):
        return name
    if _is_entity(named.name):
        return f"{name} {{ ... on Node {{ id }} }}"
    return f"{name} {{ {' '.join(kept(named.name))} }}"


def entity_fields(member: str) -> dict[str, str]:
    """Of a member of the feed: its fields that hold the changed entity, with the type of that."""
    named = {
        name: get_named_type(field.type).name for name, field in _fields(member).items() if name != "actor"
    }
    return {
        name: type_name
        for name, type_name in named.items()
        if "id" in getattr(SCHEMA.type_map[type_name], "fields", ())
    }


def changes_document(*, shared: bool = False) -> str:
    """What is asked of each change: its own values, and the changed entity."""
    return f"cursor conflated changes {{ {_members(shared)} }}"


def page_document() -> str:
    return f"cursor hasMore changes {{ {_members(False)} }}"


def members() -> list[str]:
    """The types of what a feed may carry."""
    union = SCHEMA.type_map["Change"]
    assert isinstance(union, GraphQLUnionType)
    return [member.name for member in union.types]


def _members(shared: bool) -> str:
    return "__typename " + " ".join(
        f"... on {member} {{ {' '.join(_asked_of_member(member, shared))} }}" for member in members()
    )


def _asked_of_member(member: str, shared: bool) -> Iterator[str]:
    entities = entity_fields(member)
    for name, field in _fields(member).items():
        if entities.get(name) == "Dependency" and not shared:
            yield f"{name} {dependency()}"
        elif name in entities:
            yield f"{name} {selection(entities[name], shared=shared)}"
        elif is_leaf_type(get_named_type(field.type)):
            yield name


def record_of(answer: dict[str, Any]) -> Record:
    """An entity as it is kept: of other entities their ids, of lists of them the ids in order."""
    names = kept(answer["__typename"])
    return {"__typename": answer["__typename"]} | {
        name: _plain(answer[name]) for name in names if name in answer
    }


def records_in(answer: Any) -> Records:
    """Every entity in an answer, and of check-ins what they are about."""
    records: Records = {}
    about: dict[str, tuple[str, str]] = {}
    for node in _entities_in(answer):
        for check_in in node.get("checkIns", {}).get("nodes", ()):
            about[check_in["id"]] = _CHECKED[node["__typename"]], node["id"]
        records[node["id"]] = records.get(node["id"], {}) | record_of(node)
    for check_in_id, (name, key) in about.items():
        records[check_in_id][name] = key
    return records


def _entities_in(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, list):
        for each in answer:
            yield from _entities_in(each)
    elif isinstance(answer, dict):
        if "__typename" in answer:
            yield answer
        for value in answer.values():
            yield from _entities_in(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"id"}:
        return value["id"]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return sorted(each["id"] for each in value)
    return value
