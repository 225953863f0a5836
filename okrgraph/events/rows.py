"""Narrow rows: frozen dataclasses read from SQL and from the log's JSON, the same on both databases."""

import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping
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


@lru_cache(maxsize=256)
def _builder(row_type: Any, from_text: bool) -> Callable[[Iterable[Any]], Any]:
    hints = get_type_hints(row_type)
    converters = [
        _converter(hints[field.name], from_text=from_text) for field in dataclasses.fields(row_type)
    ]
    names = {f"c{place}": convert for place, convert in enumerate(converters) if convert}
    arguments = ", ".join(
        f"c{place}(v[{place}])" if convert else f"v[{place}]" for place, convert in enumerate(converters)
    )
    # One generated call a row: a loop over the columns would cost more than reading them.
    built: Callable[[Iterable[Any]], Any] = eval(f"lambda v: T({arguments})", {"T": row_type, **names})  # noqa: S307 (made of column numbers only)
    return built


@lru_cache(maxsize=256)
def columns(row_type: Any, alias: str) -> str:
    """The select list of a row type whose field names are column names, e.g. `o.id, o.version`."""
    return ", ".join(f"{alias}.{field.name}" for field in dataclasses.fields(row_type))


async def fetch_rows(row_type: type[Row], sql: str, **params: object) -> list[Row]:
    """Run SQL whose columns are the row type's fields, in their order."""
    build = _builder(cast(Any, row_type), is_sqlite())
    return [build(values) for values in await fetch_all(sql, **params)]


async def fetch_groups(row_type: type[Row], sql: str, **params: object) -> dict[UUID, list[Row]]:
    """Run SQL whose first column is the key to group by, followed by the row type's fields; order is kept."""
    build = _builder(cast(Any, row_type), is_sqlite())
    groups: dict[UUID, list[Row]] = {}
    for values in await fetch_all(sql, **params):
        key = values[0] if isinstance(values[0], UUID) else UUID(values[0])
        groups.setdefault(key, []).append(
            build(values[1:] if isinstance(values, tuple) else tuple(values)[1:])
        )
    return groups


async def fetch_row(row_type: type[Row], sql: str, **params: object) -> Row | None:
    """The first row of `fetch_rows`, None without one."""
    rows = await fetch_rows(row_type, sql, **params)
    return rows[0] if rows else None


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
    build = _builder(cast(Any, row_type), True)
    values = []
    for field in dataclasses.fields(row_type):  # type: ignore[arg-type]
        if field.name in body or field.default is dataclasses.MISSING:
            values.append(body[field.name])
        else:
            values.append(field.default)
    result: Row = build(values)
    return result
