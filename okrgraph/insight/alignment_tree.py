"""The whole alignment tree of a cycle as rows in depth-first order, and the walk from a node up to its top."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.events.rows import columns, fetch_rows
from okrgraph.okrs import link_reads, reads
from okrgraph.okrs.places import hops_above
from okrgraph.okrs.reads import BY_POSITION
from okrgraph.okrs.rows import KeyResultRow, ObjectiveRow
from okrgraph.okrs.visibility import visible
from okrgraph.okrs.vocabulary import ObjectiveLevel
from okrgraph.people.viewer import Viewer

Node = ObjectiveRow | KeyResultRow


@dataclass(frozen=True, slots=True)
class TreeRow:
    """parent: the row above; None for a root. child_count: rows directly below it in the whole tree."""

    node: Node
    parent: Node | None
    depth: int
    child_count: int


@dataclass(frozen=True, slots=True)
class _Tree:
    """Nodes by id, in the order of the tree's siblings, and what stands directly below each."""

    nodes: dict[UUID, Node]
    roots: list[UUID]
    below: dict[UUID, list[UUID]]

    def walk(self, starts: Sequence[UUID], max_depth: int | None) -> Iterator[TreeRow]:
        """Depth first and without recursion: a tree may be deeper than Python's stack."""
        waiting: list[tuple[UUID, Node | None, int]] = [(key, None, 0) for key in reversed(starts)]
        while waiting:
            key, parent, depth = waiting.pop()
            node, children = self.nodes[key], self.below.get(key, [])
            yield TreeRow(node, parent, depth, len(children))
            if max_depth is None or depth < max_depth:
                waiting += [(child, node, depth + 1) for child in reversed(children)]


async def alignment_tree(
    viewer: Viewer,
    cycle_id: UUID,
    *,
    root_id: UUID | None = None,
    max_depth: int | None = None,
    at_most: int,
) -> list[TreeRow]:
    """Every objective of the cycle that the viewer may see, exactly once, with its key results.

    Roots: company objectives, then objectives without an accepted primary link or whose parent is hidden or
    in another cycle. With root_id only what stands from that objective or key result down; nothing when it is
    not in the tree. max_depth: 0 is the roots alone. A tree of more than `at_most` rows is given just above
    that, whatever part of it was asked for, so that the caller can refuse. Three SQL statements.
    """
    tree = await _load(viewer, cycle_id, at_most)
    if len(tree.nodes) > at_most:
        return list(islice(tree.walk(tree.roots, None), at_most + 1))
    if root_id is None:
        return list(tree.walk(tree.roots, max_depth))
    return list(tree.walk([root_id], max_depth)) if root_id in tree.nodes else []


async def _load(viewer: Viewer, cycle_id: UUID, at_most: int) -> _Tree:
    source = f"FROM objective o WHERE o.cycle_id = :cycle AND {visible('o')}"
    limit = at_most + 1
    objectives = await fetch_rows(
        ObjectiveRow,
        f"SELECT {columns(ObjectiveRow, 'o')} {source} {BY_POSITION.format('o')} LIMIT {limit}",
        cycle=cycle_id,
        **viewer.params,
    )
    key_results = await fetch_rows(
        KeyResultRow,
        f"SELECT {columns(KeyResultRow, 'k')} FROM key_result k JOIN objective o ON o.id = k.objective_id "
        f"WHERE o.cycle_id = :cycle AND {visible('o')} {BY_POSITION.format('k')} LIMIT {limit}",
        cycle=cycle_id,
        **viewer.params,
    )
    links = await fetch_all(
        "SELECT l.child_id, COALESCE(l.parent_key_result_id, l.parent_objective_id) FROM alignment_link l "
        "JOIN objective o ON o.id = l.child_id WHERE l.is_primary AND l.state = 'ACCEPTED' "
        f"AND o.cycle_id = :cycle AND {visible('o')}",
        cycle=cycle_id,
        **viewer.params,
    )
    parents = {UUID(str(child)): UUID(str(parent)) for child, parent in links}
    return _assemble(objectives, key_results, parents)


def _assemble(
    objectives: Sequence[ObjectiveRow], key_results: Sequence[KeyResultRow], parents: dict[UUID, UUID]
) -> _Tree:
    nodes: dict[UUID, Node] = {row.id: row for row in objectives}
    below: dict[UUID, list[UUID]] = {}
    for key_result in key_results:
        if key_result.objective_id in nodes:
            nodes[key_result.id] = key_result
            below.setdefault(key_result.objective_id, []).append(key_result.id)
    top: list[UUID] = []
    others: list[UUID] = []
    for objective in objectives:
        parent = parents.get(objective.id)
        if objective.level is ObjectiveLevel.COMPANY:
            top.append(objective.id)
        elif parent is None or parent not in nodes:
            others.append(objective.id)
        else:
            below.setdefault(parent, []).append(objective.id)
    return _Tree(nodes, top + others, below)


@dataclass(frozen=True, slots=True)
class SightStep:
    """One step up. rationale: why this node supports the next one; None from a key result to its objective."""

    node: Node
    rationale: str | None
    depth: int


async def line_of_sight(viewer: Viewer, start_id: UUID) -> list[SightStep]:
    """From an objective or key result up its accepted primary links, as far as the viewer sees.

    Empty when the start is absent or hidden. The number of SQL statements does not grow with the way.
    """
    first = (await reads.key_results_by_id(viewer, [start_id])).get(start_id)
    way = await hops_above(first.objective_id if first is not None else start_id)
    objectives = await reads.objectives_by_id(viewer, [hop.objective_id for hop in way])
    key_results = await reads.key_results_by_id(
        viewer, [hop.key_result_id for hop in way if hop.key_result_id]
    )
    links = await link_reads.links_by_id(viewer, [hop.link_id for hop in way if hop.link_id])
    nodes: list[Node] = [first] if first is not None else []
    rationales: list[str | None] = [None] if first is not None else []
    for hop in way:
        objective = objectives.get(hop.objective_id)
        if objective is None:
            break
        link = links.get(hop.link_id) if hop.link_id is not None else None
        if link is not None and rationales:
            rationales[-1] = link.rationale
        if hop.key_result_id is not None:
            nodes.append(key_results[hop.key_result_id])
            rationales.append(None)
        nodes.append(objective)
        rationales.append(None)
    return [
        SightStep(node, why, depth) for depth, (node, why) in enumerate(zip(nodes, rationales, strict=True))
    ]
