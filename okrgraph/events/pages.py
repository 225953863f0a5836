"""Keyset pages of a connection, for many parents in one statement; positions in a list are never offsets."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from okrgraph.events.rows import as_json, fetch_groups

Row = TypeVar("Row")

_READERS: dict[type, Any] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    UUID: UUID,
    int: int,
    str: str,
}


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One column of a total order: its SQL, the row's attribute, and its type."""

    sql: str
    attribute: str
    type: type


@dataclass(frozen=True, slots=True)
class Order:
    """A total order, all columns in one direction; the last column is unique."""

    keys: tuple[OrderKey, ...]
    newest_first: bool = False

    @property
    def attributes(self) -> tuple[str, ...]:
        """Of the row, that a cursor is made of."""
        return tuple(key.attribute for key in self.keys)

    def cursor_of(self, row: object) -> str:
        values = [getattr(row, key.attribute) for key in self.keys]
        return base64.urlsafe_b64encode(as_json(values)).rstrip(b"=").decode()

    def read_cursor(self, text: str) -> tuple[Any, ...] | None:
        """Read a cursor of this order; None for any other text."""
        if len(text) > 2_000:
            return None
        try:
            values = orjson.loads(
                base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            )
            if not isinstance(values, list) or len(values) != len(self.keys):
                return None
            return tuple(_read(key, value) for key, value in zip(self.keys, values, strict=True))
        except (binascii.Error, ValueError, TypeError, OverflowError):
            return None


def _read(key: OrderKey, value: object) -> Any:
    if key.type is int:
        if type(value) is not int or not -(2**31) <= value < 2**31:
            raise ValueError("not an integer of the database")
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not text")
    read = _READERS[key.type](value)
    if isinstance(read, datetime):
        if read.tzinfo is None:
            raise ValueError("a naive timestamp")
        return read.astimezone(UTC)  # which the first and the last day of the calendar may not have
    return read


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: `size` rows after (or, backward, before) a position, or from its end."""

    size: int
    position: tuple[Any, ...] | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    has_next: bool
    has_previous: bool


async def fetch_pages(
    row_type: type[Row],
    *,
    select: str,
    source: str,
    parent: str,
    order: Order,
    request: PageRequest,
    params: Mapping[str, object],
) -> dict[UUID, Page[Row]]:
    """Read one page for each parent.

    select: the row type's columns. source: FROM and WHERE, narrowed by the viewer and to the parents
    (`params["parents"]`). parent: the column that holds the parent's id.
    """
    descending = order.newest_first != request.backward
    direction = " DESC" if descending else ""
    ordering = ", ".join(key.sql + direction for key in order.keys)
    values = dict(params)
    beyond = ""
    if request.position is not None:
        places = ", ".join(f":position_{place}" for place in range(len(order.keys)))
        columns = ", ".join(key.sql for key in order.keys)
        beyond = f" AND ({columns}) {'<' if descending else '>'} ({places})"
        values |= {f"position_{place}": value for place, value in enumerate(request.position)}
    parents = params["parents"]
    assert isinstance(parents, Sequence)
    if len(parents) == 1:
        statement = f"SELECT {parent}, {select} {source}{beyond} ORDER BY {ordering} LIMIT {request.size + 1}"
    else:
        statement = (
            f"SELECT * FROM (SELECT {parent} AS page_parent, {select}, "
            f"row_number() OVER (PARTITION BY {parent} ORDER BY {ordering}) AS page_place "
            f"{source}{beyond}) AS ranked WHERE page_place <= {request.size + 1} ORDER BY page_parent, page_place"
        )
    groups = await fetch_groups(row_type, statement, **values)
    return {key: _page(rows, request) for key, rows in groups.items()}


def _page(rows: list[Row], request: PageRequest) -> Page[Row]:
    more = len(rows) > request.size
    rows = rows[: request.size]
    if request.backward:
        return Page(rows[::-1], has_next=request.position is not None, has_previous=more)
    return Page(rows, has_next=more, has_previous=request.position is not None)


def empty_page(request: PageRequest) -> Page[Any]:
    """The page of a parent that has no rows there."""
    beyond = request.position is not None
    return Page([], has_next=beyond and request.backward, has_previous=beyond and not request.backward)
