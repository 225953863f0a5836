"""Narrow rows: frozen dataclasses read from SQL and from the log's JSON, the same on both databases.

A batch function marked `narrowable` may be told which attributes are wanted; its rows then have no others.
"""

import dataclasses
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from okrgraph.events.database import fetch_all, is_sqlite

Row = TypeVar("Row")


def _datetime_of(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _plain(annotation: Any) -> tuple[Any, bool]:
    """Take `X | None` and NewTypes apart: (the plain type, whether None is allowed)."""
    optional = False
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        optional, annotation = len(members) < len(get_args(annotation)), members[0]
    while hasattr(annotation, "__supertype__"):
        annotation = annotation.__supertype__
    return annotation, optional


def _converter(annotation: Any, *, from_text: bool) -> Callable[[Any], Any] | None:
    plain, optional = _plain(annotation)
    convert: Callable[[Any], Any] | None = None
    if isinstance(plain, type) and issubclass(plain, Enum):
        convert = {member.value: member for member in plain}.__getitem__
    elif from_text and plain is UUID:
        convert = UUID
    elif from_text and plain is datetime:
        convert = _datetime_of
    elif from_text and plain is date:
        convert = date.fromisoformat
    elif from_text and plain is bool:
        convert = bool
    elif from_text and plain is float:
        convert = float
    if convert is None or not optional:
        return convert
    return lambda value: None if value is None else convert(value)


Attributes = frozenset[str]
Marked = TypeVar("Marked", bound=Callable[..., Any])
# Rows of these types are read with these attributes only.
_WANTED: ContextVar[Mapping[type, Attributes]] = ContextVar("okrgraph.events.rows.wanted", default={})  # noqa: B039 - never changed in place
_NOT_MARKED: tuple[None, Attributes] = (None, frozenset())


def narrowable(row_type: type, *always: str) -> Callable[[Marked], Marked]:
    """Mark a batch function that gives rows of this type and itself reads nothing of them but `always`."""

    def mark(batch: Marked) -> Marked:
        batch.narrowable = (row_type, frozenset(always))  # type: ignore[attr-defined]
        return batch

    return mark


@contextmanager
def narrowed(batch: object, wanted: Mapping[type, Attributes | None]) -> Iterator[None]:
    """Let a batch function, if it is marked, read only what is wanted of its row type; None wants everything."""
    marked: tuple[type | None, Attributes] = getattr(batch, "narrowable", _NOT_MARKED)
    row_type, always = marked
    attributes = wanted.get(row_type) if row_type is not None else None
    if row_type is None or attributes is None:
        yield
        return
    token = _WANTED.set({row_type: attributes | always | {"id"}})
    try:
        yield
    finally:
        _WANTED.reset(token)


@lru_cache(maxsize=256)
def _fields(row_type: Any, wanted: Attributes | None) -> tuple[str, ...]:
    """Names of the fields that are read, in their order."""
    return tuple(
        field.name for field in dataclasses.fields(row_type) if wanted is None or field.name in wanted
    )


@lru_cache(maxsize=256)
def _row_class(row_type: Any, wanted: Attributes) -> type:
    """A class below the row type whose rows are made of some of its attributes; the others raise AttributeError.

    Assigning to the attributes is left open, since a frozen row takes seven times as long to make.
    """
    names = _fields(row_type, wanted)
    lines = "; ".join(f"self.{name} = {name}" for name in names)
    scope: dict[str, Any] = {}
    exec(f"def __init__(self, {', '.join(names)}): {lines}", scope)  # noqa: S102 - made of names of fields only
    # Both, or Python would look one of them up at each assignment.
    open_ = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(row_type.__name__, (row_type,), {"__slots__": (), "__init__": scope["__init__"], **open_})


@lru_cache(maxsize=512)
def _making(
    row_type: Any, from_text: bool, wanted: Attributes | None = None
) -> tuple[str, str, dict[str, Any]]:
    """The parts of a generated function that makes rows: names of the columns, the call, what the call needs."""
    hints = get_type_hints(row_type)
    converters = [_converter(hints[name], from_text=from_text) for name in _fields(row_type, wanted)]
    scope = {f"c{place}": convert for place, convert in enumerate(converters) if convert}
    columns_ = ", ".join(f"v{place}" for place in range(len(converters)))
    arguments = ", ".join(
        f"c{place}(v{place})" if convert else f"v{place}" for place, convert in enumerate(converters)
    )
    made = row_type if wanted is None else _row_class(row_type, wanted)
    return columns_, f"T({arguments})", {"T": made, **scope}


# Generated, since a call a row, and a loop over the columns all the more, would cost more than reading them.
@lru_cache(maxsize=512)
def _rows_maker(row_type: Any, from_text: bool, wanted: Attributes | None) -> Callable[[Iterable[Any]], Any]:
    names, call, scope = _making(row_type, from_text, wanted)
    made: Callable[[Iterable[Any]], Any] = eval(f"lambda rows: [{call} for {names}, in rows]", scope)  # noqa: S307 (made of column numbers only)
    return made


_GROUPS = """def groups(rows):
    groups = {{}}
    for key, {names}, *_ in rows:
        row = {call}
        group = groups.get(key)
        if group is None:
            groups[key] = [row]
        else:
            group.append(row)
    return groups
"""


@lru_cache(maxsize=512)
def _groups_maker(
    row_type: Any, from_text: bool, wanted: Attributes | None, has_rest: bool
) -> Callable[[Iterable[Any]], dict[Any, list[Any]]]:
    names, call, scope = _making(row_type, from_text, wanted)
    text = _GROUPS if has_rest else _GROUPS.replace(", *_", "")
    exec(text.format(names=names, call=call), scope)  # noqa: S102 - made of column numbers only
    made: Callable[[Iterable[Any]], dict[Any, list[Any]]] = scope["groups"]
    return made


@lru_cache(maxsize=256)
def columns(row_type: Any, alias: str) -> str:
    """The select list of a row type whose field names are column names, e.g. `o.id, o.version`."""
    return ", ".join(f"{alias}.{field.name}" for field in dataclasses.fields(row_type))


@lru_cache(maxsize=256)
def _all_columns(row_type: Any) -> re.Pattern[str]:
    first, *others = (field.name for field in dataclasses.fields(row_type))
    return re.compile(rf"\b(\w+)\.{first}" + "".join(rf", \1\.{name}" for name in others) + r"\b")


@lru_cache(maxsize=1_024)
def _narrow_sql(sql: str, row_type: Any, wanted: Attributes) -> str:
    """The statement with what `columns` wrote in it cut down to the columns that are wanted."""
    names = _fields(row_type, wanted)
    text, times = _all_columns(row_type).subn(
        lambda match: ", ".join(f"{match[1]}.{name}" for name in names), sql
    )
    assert times == 1, "a narrowable read selects `columns` of its row type once"
    return text


async def fetch_rows(row_type: type[Row], sql: str, **params: object) -> list[Row]:
    """Run SQL whose columns are the row type's fields, in their order."""
    wanted = _WANTED.get().get(row_type)
    text = sql if wanted is None else _narrow_sql(sql, cast(Any, row_type), wanted)
    make = _rows_maker(cast(Any, row_type), is_sqlite(), wanted)
    found: list[Row] = make(await fetch_all(text, **params))
    return found


async def fetch_groups(row_type: type[Row], sql: str, **params: object) -> dict[UUID, list[Row]]:
    """Run SQL whose first column is the key to group by, followed by the row type's fields; order is kept.

    What follows those is passed over.
    """
    wanted = _WANTED.get().get(row_type)
    text = sql if wanted is None else _narrow_sql(sql, cast(Any, row_type), wanted)
    rows = await fetch_all(text, **params)
    if not rows:
        return {}
    from_text = is_sqlite()
    has_rest = len(rows[0]) > 1 + len(_fields(cast(Any, row_type), wanted))
    groups = _groups_maker(cast(Any, row_type), from_text, wanted, has_rest)(rows)
    return {UUID(key): group for key, group in groups.items()} if from_text else groups


async def fetch_row(row_type: type[Row], sql: str, **params: object) -> Row | None:
    """The first row of `fetch_rows`, None without one."""
    rows = await fetch_rows(row_type, sql, **params)
    return rows[0] if rows else None


async def fetch_counts(sql: str, **params: object) -> dict[UUID, int]:
    """Counts by key: the first column is the key, the second the count."""
    return {UUID(str(key)): count for key, count in await fetch_all(sql, **params)}


def as_json(value: object) -> bytes:
    """Encode rows, and what they are made of, as JSON."""
    # orjson takes no subclass of UUID, and what asyncpg returns is one.
    return orjson.dumps(value, default=_text_of_key)


def _text_of_key(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value)} has no place in JSON")


def row_of(row_type: type[Row], entity: object) -> Row:
    """Take a row from anything with the same attributes (an ORM entity that was just written)."""
    return row_type(*(getattr(entity, field.name) for field in dataclasses.fields(row_type)))  # type: ignore[arg-type]


def row_from_body(row_type: type[Row], body: Mapping[str, Any]) -> Row:
    """Read a row back from the JSON of a log row.

    A field that the log's older writer did not know yet must have a default in the row type.
    """
    values = []
    for field in dataclasses.fields(row_type):  # type: ignore[arg-type]
        if field.name in body or field.default is dataclasses.MISSING:
            values.append(body[field.name])
        else:
            values.append(field.default)
    (row,) = _rows_maker(cast(Any, row_type), True, None)((values,))
    found: Row = row
    return found
