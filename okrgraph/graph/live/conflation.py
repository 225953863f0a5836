"""Leaving out intermediate states for a subscriber that reads more slowly than things change."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from okrgraph.events.entry import LoggedEntry
from okrgraph.graph.change_types import ACCESS_KIND


def conflated(entries: Sequence[LoggedEntry]) -> list[LoggedEntry]:
    """Keep the last entry of each kind for each entity, in the order of the log.

    Comments and check-ins are entities of their own, so none of them goes. What somebody saw at any moment in
    between and no longer sees at the end must be taken from them: acl_before of what is kept is all scopes
    that saw the entity before the last entry. Changes of access all stay as they are: who gained sight, lost
    it and gained it again has to ask again, and no two sets of scopes say so.
    """
    last: dict[tuple[str, str, UUID], LoggedEntry] = {}
    saw: dict[tuple[str, str, UUID], frozenset[str]] = {}
    for entry in entries:
        key = (entry.kind, entry.entity_type, entry.entity_id)
        if entry.kind == ACCESS_KIND:
            key = (entry.kind, str(entry.position), entry.entity_id)
        before = entry.acl if entry.acl_before is None else entry.acl_before
        earlier = last.pop(key, None)
        saw[key] = before if earlier is None else saw[key] | earlier.acl | before
        last[key] = entry
    return [
        entry if entry.kind == ACCESS_KIND else replace(entry, acl_before=saw[key])
        for key, entry in last.items()
    ]
