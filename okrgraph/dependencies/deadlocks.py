"""Blocking dependencies that wait for each other in a circle which no order of their dates resolves; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Waiting:
    """A BLOCKING dependency that is open. needed_for, provided_by: objectives; provided_by None: not said which."""

    id: UUID
    consumer_team_id: UUID
    provider_team_id: UUID
    needed_by: date
    promised_by: date | None
    needed_for: UUID
    provided_by: UUID | None

    @property
    def comes_on(self) -> date:
        return self.promised_by or self.needed_by


def deadlocks(dependencies: Iterable[Waiting]) -> list[tuple[UUID, ...]]:
    """The circles, each as the ids of its dependencies, sorted; every dependency is in one at most.

    One waits for another when its provider needs the other no later than it delivers itself. Two teams that
    need something of each other at different times are in order: the earlier delivery waits for nothing.
    """
    known = {each.id: each for each in dependencies}
    waits = _waits(list(known.values()))
    awaited: dict[UUID, list[UUID]] = {key: [] for key in known}
    for key, others in waits.items():
        for other in others:
            awaited[other].append(key)
    groups, grouped = [], set[UUID]()
    for key in reversed(_finished(waits)):
        group = _reached(key, awaited, grouped)
        if len(group) > 1:
            groups.append(tuple(sorted(group)))
    return sorted(groups)


def _waits(dependencies: Sequence[Waiting]) -> dict[UUID, list[UUID]]:
    needs: dict[UUID, list[Waiting]] = {}
    for each in dependencies:
        needs.setdefault(each.consumer_team_id, []).append(each)
    return {
        each.id: [other.id for other in needs.get(each.provider_team_id, ()) if _waits_for(each, other)]
        for each in dependencies
    }


def _waits_for(one: Waiting, other: Waiting) -> bool:
    is_for_it = one.provided_by is None or one.provided_by == other.needed_for
    return is_for_it and other.needed_by <= one.comes_on


def _finished(edges: Mapping[UUID, Sequence[UUID]]) -> list[UUID]:
    """Nodes in the order in which a walk has seen everything behind them; without recursion."""
    seen, order = set[UUID](), []
    for start in edges:
        if start in seen:
            continue
        seen.add(start)
        path = [(start, iter(edges[start]))]
        while path:
            node, rest = path[-1]
            following = next((each for each in rest if each not in seen), None)
            if following is None:
                order.append(node)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(edges[following])))
    return order


def _reached(start: UUID, edges: Mapping[UUID, Sequence[UUID]], grouped: set[UUID]) -> list[UUID]:
    """What is reached from a node and in no group yet, which it is from then on."""
    if start in grouped:
        return []
    grouped.add(start)
    group, waiting = [start], [start]
    while waiting:
        for each in edges[waiting.pop()]:
            if each not in grouped:
                grouped.add(each)
                group.append(each)
                waiting.append(each)
    return group
