"""Completing a column of leaf values as graphql-core would complete each of them, as a whole where that is safe."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)

from okrgraph.graph.engine.declined import Declined, Reason

NONE = type(None)
_LEAST_INT, _GREATEST_INT = -(2**31), 2**31 - 1

Column = Sequence[Any]
Complete = Callable[[Column], Column]


def kinds_of(column: Column, *, nullable: bool) -> set[type]:
    """The types of the values apart from None, which raises Declined where it may not be."""
    kinds = set(map(type, column))
    if NONE in kinds:
        if not nullable:
            raise Declined(Reason.NULL)
        kinds.discard(NONE)
    return kinds


def completion_of(leaf: GraphQLLeafType, *, nullable: bool) -> Complete:
    """The function that completes a column of this type. It raises Declined."""
    each = _Each(leaf)
    if isinstance(leaf, GraphQLEnumType):
        return _by_table(each, nullable)
    plain = _PLAIN.get(leaf.name) if leaf in _SPECIFIED else None
    if plain is None:
        return _one_by_one(each, nullable)
    kind, is_fit = plain

    def complete(column: Column) -> Column:
        kinds = kinds_of(column, nullable=nullable)
        if kinds == {kind} and is_fit(column):
            return column
        return column if not kinds else each.of(column)

    return complete


class _Each:
    """Values completed by the type's own function, one by one."""

    def __init__(self, leaf: GraphQLLeafType) -> None:
        self._leaf = leaf
        self._coerce = leaf.coerce_output_value

    def one(self, value: Any) -> Any:
        try:
            completed = self._coerce(value)
        except Exception as error:
            raise Declined(Reason.VALUE, self._leaf.name) from error
        if completed is None or completed is Undefined:
            raise Declined(Reason.VALUE, self._leaf.name)
        return completed

    def of(self, column: Column) -> Column:
        one = self.one
        return [None if value is None else one(value) for value in column]


def _one_by_one(each: _Each, nullable: bool) -> Complete:
    def complete(column: Column) -> Column:
        kinds_of(column, nullable=nullable)
        return each.of(column)

    return complete


class _Names(dict[Any, Any]):
    """Names of an enum's values, each looked up once."""

    def __init__(self, each: _Each) -> None:
        super().__init__({None: None})
        self._each = each

    def __missing__(self, value: Any) -> Any:
        name = self._each.one(value)
        if len(self) < 1_000:  # a resolver may make up values without end
            self[value] = name
        return name


def _by_table(each: _Each, nullable: bool) -> Complete:
    # By class, since equal values of two classes need not have one name.
    tables: dict[type, _Names] = {}

    def complete(column: Column) -> Column:
        kinds = kinds_of(column, nullable=nullable)
        if len(kinds) != 1:
            return each.of(column)
        (kind,) = kinds
        names = tables.get(kind)
        if names is None:
            names = tables[kind] = _Names(each)
        try:
            return list(map(names.__getitem__, column))
        except TypeError:  # not hashable
            return each.of(column)

    return complete


def _present(column: Column) -> Column:
    return [value for value in column if value is not None] if None in column else column


def _are_ints(column: Column) -> bool:
    present = _present(column)
    least, greatest = min(present), max(present)
    return bool(least >= _LEAST_INT and greatest <= _GREATEST_INT)


def _are_finite(column: Column) -> bool:
    present = _present(column)
    # The sum of what is finite may be too large, but what is not finite stays so in every sum.
    return isfinite(sum(present)) or all(map(isfinite, present))


def _are_fit(_column: Column) -> bool:
    return True


_SPECIFIED = (GraphQLString, GraphQLID, GraphQLInt, GraphQLFloat, GraphQLBoolean)
# What is its own completion: values of exactly this type, if the column passes.
_PLAIN: dict[str, tuple[type, Callable[[Column], bool]]] = {
    "String": (str, _are_fit),
    "ID": (str, _are_fit),
    "Boolean": (bool, _are_fit),
    "Int": (int, _are_ints),
    "Float": (float, _are_finite),
}
