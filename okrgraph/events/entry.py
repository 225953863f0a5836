"""The shape of one row of the change log; what it says of OKRs is for the packages above."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

# A transaction that would write more rows than this writes one BULK row instead.
BULK_THRESHOLD = 500
BULK = "Bulk"


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, before it has a position.

    path: ids above the entity in the alignment tree, itself included, for subtree filters.
    teams: ids of the teams that own what changed, for team filters.
    acl: scopes that may see the entity after the change; acl_before: before it, None when the same.
    body: snapshot of the entity after the change, JSON-able; ids stand for relations.
    """

    kind: str
    entity_type: str
    entity_id: UUID
    entity_version: int
    body: Mapping[str, Any]
    acl: frozenset[str]
    acl_before: frozenset[str] | None = None
    path: tuple[UUID, ...] = ()
    teams: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedEntry(Entry):
    """One change as the log holds it. `position`: gapless per organisation; `tx_end`: last of its transaction.

    size: bytes of the row as it is stored, for those who bound what they keep.
    """

    organization_id: UUID = field(kw_only=True)
    position: int = field(kw_only=True)
    tx_end: bool = field(kw_only=True)
    actor_id: UUID | None = field(kw_only=True)
    mutation_id: str | None = field(kw_only=True)
    at: datetime = field(kw_only=True)
    size: int = field(kw_only=True, default=0, compare=False)

    def is_visible_to(self, scopes: frozenset[str]) -> bool:
        return not self.acl.isdisjoint(scopes)

    def was_visible_to(self, scopes: frozenset[str]) -> bool:
        return not (self.acl if self.acl_before is None else self.acl_before).isdisjoint(scopes)
