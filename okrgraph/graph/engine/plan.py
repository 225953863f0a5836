"""What a plan is made of: for each object type that a selection meets, its fields and where their values come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import FieldNode, GraphQLAbstractType, GraphQLField, GraphQLObjectType
from strawberry.types.field import StrawberryField

from okrgraph.graph.engine.fields import BatchField
from okrgraph.graph.engine.values import Column, Complete

Build = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Leaves:
    """Scalars and enums."""

    complete: Complete


@dataclass(frozen=True, slots=True)
class Items:
    """Lists."""

    item: "Shape"
    nullable: bool


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects with a selection of their own."""

    selection: "Selection"
    nullable: bool


Shape = Leaves | Items | Objects


@dataclass(frozen=True, slots=True)
class Taken:
    """A field whose values are there: an attribute, a rule over the source, the name of the type."""

    column: Callable[[Any, Sequence[Any]], Column]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Awaited:
    """A field that is awaited for a whole layer. batch: None for a root field, which its resolver reads."""

    batch: BatchField | None
    shape: Shape
    name: str
    key: str
    nodes: list[FieldNode]
    definition: GraphQLField
    declared: StrawberryField
    parent: GraphQLObjectType


FieldPlan = Taken | Awaited


@dataclass(slots=True)
class ObjectPlan:
    """One object type in one place of the document.

    build: columns, in the order of the fields, to the objects of the response.
    """

    type: GraphQLObjectType
    fields: list[FieldPlan]
    build: Build


@dataclass(slots=True)
class Selection:
    """A place of the document where objects are selected.

    has_lists: whether a list of objects lies below, so that what is written out there may be more than what
    was read. abstract: the interface or union. by_class: what a source's class has shown to be; None is refused.
    """

    abstract: GraphQLAbstractType | None
    plans: dict[str, ObjectPlan]
    nodes: list[FieldNode]
    parent: GraphQLObjectType
    definition: GraphQLField
    has_lists: bool = False
    by_class: dict[type, ObjectPlan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """needs: for each object type, the attributes that are read of its sources; None for any of them.

    size: fields of all its places together, fragments written out for each type.
    """

    root: ObjectPlan
    needs: dict[str, frozenset[str] | None]
    size: int


@lru_cache(maxsize=1_024)
def builder_of(keys: tuple[str, ...]) -> Build:
    """Generate the function that turns columns into objects: one dict display is twice as fast as dict(zip())."""
    if not keys:
        raise ValueError("an object without fields has no columns to be built from")
    columns = ", ".join(f"c{place}" for place in range(len(keys)))
    values = ", ".join(f"v{place}" for place in range(len(keys)))
    entries = ", ".join(f"{key!r}: v{place}" for place, key in enumerate(keys))
    rows = f"for {values} in zip({columns})" if len(keys) > 1 else "for v0 in c0"
    # Keys are names of the GraphQL grammar, letters, digits and underscores, as the parser has made sure of.
    build: Build = eval(f"lambda {columns}: [{{{entries}}} {rows}]")  # noqa: S307
    return build
