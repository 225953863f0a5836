from collections.abc import Iterable
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.okrs.circles import closes_circle, find_circle, find_circles

never_timed = settings(deadline=None)
A, B, C, D, E = (UUID(int=number) for number in range(1, 6))
edge_lists = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


def parent_map(edges: Iterable[tuple[int, int]]) -> dict[UUID, list[UUID]]:
    parents: dict[UUID, list[UUID]] = {}
    for child, parent in edges:
        parents.setdefault(UUID(int=child), []).append(UUID(int=parent))
    return parents


def above(edges: Iterable[tuple[int, int]], node: int) -> set[int]:
    """Everything met going up from a node, by a fixed point instead of a walk."""
    edges = list(edges)
    met: set[int] = set()
    while True:
        more = {parent for child, parent in edges if child == node or child in met}
        if more <= met:
            return met
        met |= more


def test_a_node_under_itself_closes_a_circle() -> None:
    assert closes_circle({}, A, A)


def test_a_link_into_the_open_closes_none() -> None:
    assert not closes_circle({}, A, B)
    assert not closes_circle({A: [B], B: [C]}, A, C)


def test_a_link_under_something_below_closes_a_circle() -> None:
    assert closes_circle({A: [B]}, B, A)
    assert closes_circle({A: [B], B: [C], C: [D]}, D, A)


def test_a_diamond_is_no_circle() -> None:
    assert not closes_circle({A: [B, C], B: [D], C: []}, C, D)


def test_an_objective_under_its_own_key_result_closes_a_circle() -> None:
    objective, key_result = A, B
    assert closes_circle({key_result: [objective]}, objective, key_result)


def test_a_function_gives_the_same_answer_as_a_mapping() -> None:
    parents = {A: [B], B: [C]}
    assert closes_circle(lambda node: parents.get(node, ()), C, A)
    assert not closes_circle(lambda node: parents.get(node, ()), A, D)


def test_each_node_is_asked_for_once_at_most() -> None:
    asked: list[UUID] = []
    parents = {A: [B, C], B: [D], C: [D], D: [A]}

    def parents_of(node: UUID) -> list[UUID]:
        asked.append(node)
        return parents[node]

    assert not closes_circle(parents_of, E, A)
    assert sorted(asked) == [A, B, C, D]


def test_a_circle_that_is_there_already_does_not_trap_the_walk() -> None:
    assert not closes_circle({A: [B], B: [A]}, C, A)


def test_a_very_deep_chain_needs_no_recursion() -> None:
    depth = 50_000
    edges = [(n, n + 1) for n in range(depth)]
    parents = parent_map(edges)
    assert closes_circle(parents, UUID(int=depth), UUID(int=0))
    assert not closes_circle(parents, UUID(int=0), UUID(int=depth))
    assert find_circle(edges) is None
    circle = find_circle([*edges, (depth, 0)])
    assert circle == list(range(depth + 1))


@never_timed
@given(edges=edge_lists, child=st.integers(0, 9), parent=st.integers(0, 9))
def test_a_link_closes_a_circle_exactly_when_the_child_is_above_the_parent(
    edges: list[tuple[int, int]], child: int, parent: int
) -> None:
    expected = child == parent or child in above(edges, parent)
    assert closes_circle(parent_map(edges), UUID(int=child), UUID(int=parent)) is expected


@never_timed
@given(edges=edge_lists)
def test_links_taken_one_by_one_never_form_a_circle(edges: list[tuple[int, int]]) -> None:
    taken: list[tuple[int, int]] = []
    for child, parent in edges:
        if not closes_circle(parent_map(taken), UUID(int=child), UUID(int=parent)):
            taken.append((child, parent))
    assert find_circle(taken) is None


def test_no_edge_has_no_circle() -> None:
    assert find_circle([]) is None


def test_a_circle_is_named_from_child_to_parent() -> None:
    assert find_circle([(A, B), (B, C), (C, A)]) == [A, B, C]
    assert find_circle([(A, A)]) == [A]


def test_what_only_leads_into_the_circle_is_left_out() -> None:
    assert find_circle([(D, A), (A, B), (B, C), (C, A), (C, E)]) == [A, B, C]


def test_a_diamond_has_no_circle() -> None:
    assert find_circle([(A, B), (A, C), (B, D), (C, D), (A, D), (A, B)]) is None


@never_timed
@given(edges=edge_lists)
def test_a_circle_is_found_exactly_when_there_is_one(edges: list[tuple[int, int]]) -> None:
    circle = find_circle(edges)
    assert (circle is not None) == any(node in above(edges, node) for node, _ in edges)
    if circle is not None:
        assert len(set(circle)) == len(circle)
        steps = zip(circle, circle[1:] + circle[:1], strict=True)
        assert set(steps) <= set(edges)


def test_circles_that_share_nothing_are_all_named() -> None:
    assert list(find_circles([(A, B), (B, A), (C, C), (D, E)])) == [[A, B], [C]]


@never_timed
@given(edge_lists)
def test_without_the_closing_edge_of_each_named_circle_none_is_left(edges: list[tuple[int, int]]) -> None:
    named = list(find_circles(edges))
    assert all((child, parent) in edges for circle in named for child, parent in pairwise(circle))
    closing = [(circle[-1], circle[0]) for circle in named]
    assert set(closing) <= set(edges)
    assert find_circle(edge for edge in edges if edge not in closing) is None
