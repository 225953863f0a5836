"""Whether links would run in a circle; pure walks over ids, of any depth, that load nothing themselves."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar
from uuid import UUID

NodeT = TypeVar("NodeT", bound=Hashable)


def closes_circle(
    parents_of: Callable[[UUID], Iterable[UUID]] | Mapping[UUID, Collection[UUID]], child: UUID, parent: UUID
) -> bool:
    """Tell whether putting child under parent would close a circle: child is parent, or is met above it.

    parents_of gives what a node stands under: an objective under the parents of its PROPOSED and ACCEPTED
    CONTRIBUTES and SUPPORTS links, a key result under its objective. Each node is asked for once at most;
    a circle that is there already does no harm.
    """
    above: Callable[[UUID], Iterable[UUID]]
    if isinstance(parents_of, Mapping):
        known = parents_of

        def above(node: UUID) -> Iterable[UUID]:
            return known.get(node, ())
    else:
        above = parents_of
    seen, waiting = {parent}, [parent]
    while waiting:
        node = waiting.pop()
        if node == child:
            return True
        for upper in above(node):
            if upper not in seen:
                seen.add(upper)
                waiting.append(upper)
    return False


def find_circle(edges: Iterable[tuple[NodeT, NodeT]]) -> list[NodeT] | None:
    """Name one circle among (child, parent) edges, or None.

    Each node of the list stands under the next and the last under the first; a node under itself is a list
    of one. The same edges in the same order give the same answer.
    """
    return next(find_circles(edges), None)


def find_circles(edges: Iterable[tuple[NodeT, NodeT]]) -> Iterator[list[NodeT]]:
    """Name circles as `find_circle` does, until each that is there shares its closing edge with a named one.

    The closing edge is the one from the last node to the first: without those, no circle is left. One walk
    over all edges finds them, however many there are.
    """
    parents: dict[NodeT, list[NodeT]] = {}
    for child, parent in edges:
        parents.setdefault(child, []).append(parent)
    cleared: set[NodeT] = set()
    for start in parents:
        if start not in cleared:
            yield from _circles_above(start, parents, cleared)


def _circles_above(
    start: NodeT, parents: Mapping[NodeT, list[NodeT]], cleared: set[NodeT]
) -> Iterator[list[NodeT]]:
    """Walk up from start, adding to cleared every node above which all was seen."""
    path = [start]
    depth_of = {start: 0}
    to_try: list[Iterator[NodeT]] = [iter(parents.get(start, ()))]
    while path:
        upper = next((node for node in to_try[-1] if node not in cleared), None)
        if upper is None:
            cleared.add(path[-1])
            del depth_of[path.pop()]
            to_try.pop()
        elif upper in depth_of:
            yield path[depth_of[upper] :]
        else:
            depth_of[upper] = len(path)
            path.append(upper)
            to_try.append(iter(parents.get(upper, ())))
