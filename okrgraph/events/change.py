"""Domain events as log entries and back: a frozen dataclass each, its fields are the entry's body."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar, cast, get_type_hints
from uuid import UUID

from okrgraph.events.entry import Entry
from okrgraph.events.rows import row_from_body

Event = TypeVar("Event", bound="Change")


@lru_cache
def _hints_of(event: type) -> dict[str, Any]:
    return get_type_hints(event)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change is: what it lies under, which teams own it, and who may see it.

    path: the entity and all that is above it in the alignment tree. acl: scopes, see people.viewer.
    acl_before: the scopes before the change, None when they are the same.
    """

    path: tuple[UUID, ...]
    teams: tuple[UUID, ...]
    acl: frozenset[str]
    acl_before: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one entity. Subclasses are named in the past tense; the name is the entry's kind."""

    entity_type: ClassVar[str]

    @property
    def entity(self) -> tuple[UUID, int]:
        """The entity's key and its version after the change."""
        raise NotImplementedError

    def entry(self, place: Place) -> Entry:
        entity_id, version = self.entity
        return Entry(
            kind=type(self).__name__,
            entity_type=self.entity_type,
            entity_id=entity_id,
            entity_version=version,
            body={field.name: getattr(self, field.name) for field in dataclasses.fields(self)},
            acl=place.acl,
            acl_before=place.acl_before,
            path=place.path,
            teams=place.teams,
        )

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Read the event back from the log. A field unknown to the log's older writer takes its default."""
        hints = _hints_of(cast(Any, cls))
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            if field.name not in body:
                continue
            value, hint = body[field.name], hints[field.name]
            if dataclasses.is_dataclass(hint) and isinstance(value, dict):
                value = row_from_body(cast(type[Any], hint), value)
            elif hint is UUID:
                value = UUID(value)
            values[field.name] = value
        return cls(**values)
