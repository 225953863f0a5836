"""Reads of alignment links and of what they tie together, each narrowed by a viewer; relations in batches."""

from collections.abc import Sequence
from uuid import UUID

from okrgraph.events.rows import columns, fetch_groups, fetch_rows, narrowable
from okrgraph.okrs.rows import LinkRow, ObjectiveRow
from okrgraph.okrs.visibility import visible
from okrgraph.okrs.vocabulary import LinkState
from okrgraph.people.viewer import Viewer

# A link is seen by whoever sees its child; what it points to may still be hidden.
_LINKS = f"FROM alignment_link l JOIN objective o ON o.id = l.child_id WHERE {visible('o')}"
_LINK_ORDER = "ORDER BY l.is_primary DESC, l.created_at, l.id"
LIVE = (LinkState.PROPOSED, LinkState.ACCEPTED)


@narrowable(LinkRow)
async def links_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, LinkRow]:
    rows = await fetch_rows(
        LinkRow,
        f"SELECT {columns(LinkRow, 'l')} {_LINKS} AND l.id = ANY(:keys)",
        keys=keys,
        **viewer.params,
    )
    return {row.id: row for row in rows}


async def _links_by(
    viewer: Viewer, end: str, keys: Sequence[UUID], states: tuple[LinkState, ...]
) -> dict[UUID, list[LinkRow]]:
    return await fetch_groups(
        LinkRow,
        f"SELECT l.{end}, {columns(LinkRow, 'l')} {_LINKS} AND l.{end} = ANY(:keys) "
        f"AND l.state = ANY(:states) {_LINK_ORDER}",
        keys=keys,
        states=[str(state) for state in states],
        **viewer.params,
    )


@narrowable(LinkRow)
async def links_of_children(
    viewer: Viewer, keys: Sequence[UUID], *, states: tuple[LinkState, ...] = LIVE
) -> dict[UUID, list[LinkRow]]:
    """Links to what each objective supports."""
    return await _links_by(viewer, "child_id", keys, states)


@narrowable(LinkRow)
async def links_to_objectives(
    viewer: Viewer, keys: Sequence[UUID], *, states: tuple[LinkState, ...] = LIVE
) -> dict[UUID, list[LinkRow]]:
    return await _links_by(viewer, "parent_objective_id", keys, states)


@narrowable(LinkRow)
async def links_to_key_results(
    viewer: Viewer, keys: Sequence[UUID], *, states: tuple[LinkState, ...] = LIVE
) -> dict[UUID, list[LinkRow]]:
    return await _links_by(viewer, "parent_key_result_id", keys, states)


async def _aligned_to(viewer: Viewer, end: str, keys: Sequence[UUID]) -> dict[UUID, list[ObjectiveRow]]:
    return await fetch_groups(
        ObjectiveRow,
        f"SELECT l.{end}, {columns(ObjectiveRow, 'o')} {_LINKS} AND l.{end} = ANY(:keys) "
        "AND l.state = 'ACCEPTED' AND l.kind <> 'RELATES' "
        "ORDER BY l.is_primary DESC, o.created_at, o.id",
        keys=keys,
        **viewer.params,
    )


@narrowable(ObjectiveRow)
async def aligned_to_objectives(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[ObjectiveRow]]:
    """Objectives that an accepted CONTRIBUTES or SUPPORTS link ties to each objective, in any cycle."""
    return await _aligned_to(viewer, "parent_objective_id", keys)


@narrowable(ObjectiveRow)
async def aligned_to_key_results(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[ObjectiveRow]]:
    """Objectives that an accepted CONTRIBUTES or SUPPORTS link ties to each key result, in any cycle."""
    return await _aligned_to(viewer, "parent_key_result_id", keys)
