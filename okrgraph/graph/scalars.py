"""The scalars of the schema and how opaque ids are read."""

import re
from datetime import UTC, date, datetime
from typing import NewType
from uuid import UUID

import strawberry
from strawberry.schema.config import StrawberryConfig

from okrgraph.kit.ids import read_global_id

CursorText = NewType("CursorText", str)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("A timestamp must say its time zone, as in 2026-11-02T09:30:00Z.")
    return moment.astimezone(UTC)


def _read_day(text: str) -> date:
    if not _DAY.fullmatch(text):  # Python would also take week dates and days without hyphens
        raise ValueError("A date is a calendar day, as in 2026-11-02.")
    return date.fromisoformat(text)


def config() -> StrawberryConfig:
    """How Python types map to the schema's scalars, and what the schema hides."""
    return StrawberryConfig(
        disable_field_suggestions=True,
        scalar_map={
            CursorText: strawberry.scalar(
                name="Cursor",
                description=(
                    "Position in the organisation's change log. Opaque: a client stores it and hands it back, "
                    "and never reads it."
                ),
                serialize=str,
                parse_value=lambda value: CursorText(str(value)),
            ),
            date: strawberry.scalar(
                name="Date",
                description="ISO 8601 calendar date.",
                serialize=lambda value: value.isoformat(),
                parse_value=_read_day,
            ),
            datetime: strawberry.scalar(
                name="DateTime",
                description="ISO 8601 timestamp in UTC.",
                serialize=lambda value: value.isoformat(),
                parse_value=_read_moment,
            ),
        },
    )


def key_of(type_name: str, text: str) -> UUID | None:
    """The key in an id of this type; None for any other text, another type's id included."""
    found = read_global_id(text)
    return found[1] if found is not None and found[0] == type_name else None
