"""Drafts: the entities that an import meets, each as it was in the database and as it shall be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from tortoise.models import Model

from okrgraph.okrs.models import CheckIn, KeyResult, Objective
from okrgraph.okrs.rollups import DERIVED
from okrgraph.transfer.formats.records import Record

Entity = TypeVar("Entity", bound=Model)

# Kept by `seal`, beside what an import changes.
_BOOKKEEPING = frozenset({"version", "edited_version", "updated_at"})
# What follows from other rows. A person's edit is a change to anything else.
_DERIVED_COLUMNS: Mapping[type[Model], frozenset[str]] = {
    Objective: frozenset({*DERIVED, "alignment_basis"}),
    KeyResult: frozenset({"current_value", "progress", "confidence", "is_declining", "checked_in_on"}),
    CheckIn: frozenset({"progress", "confidence_before"}),
}


@lru_cache(maxsize=32)
def columns_of(model: type[Model]) -> tuple[str, ...]:
    """The columns of a table, but for its key."""
    return tuple(field["db_column"] for field in model.describe()["data_fields"])


def values_of(entity: Model) -> dict[str, Any]:
    return {column: getattr(entity, column) for column in columns_of(type(entity))}


@dataclass(slots=True, eq=False)
class Draft(Generic[Entity]):
    """An entity as it shall be. `before`: its columns as they were, None when it is new.

    record: the row that names it, None for one that is only met on the way.
    edited_beside: something that belongs to it and stands in another table changed.
    reannounced: others come to see it or no longer do, although nothing in it changed.
    is_ours: an earlier part of the same import made or changed it, so it has its new version; was_made: it
    was not there before the import. earlier_line: the line that made it, in an earlier part.
    """

    entity: Entity
    before: Mapping[str, Any] | None = None
    record: Record | None = None
    edited_beside: bool = False
    reannounced: bool = False
    is_ours: bool = False
    was_made: bool = False
    earlier_line: int | None = None

    @classmethod
    def of(cls, entity: Entity) -> "Draft[Entity]":
        """Take an entity that stands in the database."""
        return cls(entity, values_of(entity))

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_of_import(self) -> bool:
        """Whether it was not there before the import, of which this may be a later part."""
        return self.is_new or self.was_made

    @property
    def line(self) -> int | None:
        """Where the row that names it starts."""
        return self.earlier_line if self.record is None else self.record.line

    def was(self, column: str) -> Any:
        """The value before the import, None for a new entity."""
        return None if self.before is None else self.before[column]

    def take(self, column: str, value: object) -> None:
        """Set a column to what the file names; None leaves it."""
        if value is not None:
            setattr(self.entity, column, value)

    @property
    def changed_columns(self) -> set[str]:
        """Empty for a new entity."""
        if self.before is None:
            return set()
        differs = {column for column, value in self.before.items() if getattr(self.entity, column) != value}
        return differs - _BOOKKEEPING

    @property
    def is_edited(self) -> bool:
        """Whether what the import makes of it is more than what follows from other rows."""
        derived = _DERIVED_COLUMNS.get(type(self.entity), frozenset())
        return self.edited_beside or not self.changed_columns <= derived

    @property
    def is_changed(self) -> bool:
        return self.reannounced or self.edited_beside or bool(self.changed_columns)

    def seal(self, at: datetime) -> None:
        """Give a changed entity its new version; the last thing before it is written."""
        assert self.before is not None, "a new entity has its first version"
        columns = columns_of(type(self.entity))
        if "version" not in columns or self.is_ours:
            return
        raised: dict[str, object] = {"version": self.before["version"] + 1, "updated_at": at}
        if self.is_edited and "edited_version" in columns:
            raised["edited_version"] = raised["version"]
        for column, value in raised.items():
            setattr(self.entity, column, value)
