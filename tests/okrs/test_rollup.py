import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.okrs.rollup import Rollup, weighted_progress

Items = list[tuple[float | None, float]]

progresses = st.none() | st.floats(allow_nan=False, allow_infinity=False)
any_weights = st.floats(allow_nan=False, allow_infinity=False)
item_lists = st.lists(st.tuples(progresses, any_weights))
never_timed = settings(deadline=None)


@pytest.mark.parametrize(
    ("items", "value", "coverage"),
    [
        ([(0.5, 1)], 0.5, 1.0),
        ([(1, 1), (0, 1)], 0.5, 1.0),
        ([(1, 3), (0, 1)], 0.75, 1.0),
        ([(1, 1), (None, 3)], 1.0, 0.25),
        ([(0.25, 2), (0.75, 2), (None, 4)], 0.5, 0.5),
    ],
)
def test_the_mean_is_by_weight_over_the_items_that_have_progress(
    items: Items, value: float, coverage: float
) -> None:
    assert weighted_progress(items) == Rollup(value=value, coverage=coverage)


def test_each_item_is_clamped_before_the_mean() -> None:
    assert weighted_progress([(3.0, 1), (0.0, 1)]) == Rollup(0.5, 1.0)
    assert weighted_progress([(-3.0, 1), (1.0, 1)]) == Rollup(0.5, 1.0)


def test_no_item_has_no_value_and_no_coverage() -> None:
    assert weighted_progress([]) == Rollup(None, 0.0)


def test_silent_items_have_no_value_and_no_coverage() -> None:
    assert weighted_progress([(None, 1), (None, 2)]) == Rollup(None, 0.0)


def test_zero_is_a_value_and_not_silence() -> None:
    assert weighted_progress([(0.0, 1)]) == Rollup(0.0, 1.0)


@pytest.mark.parametrize("weight", [0.0, -0.0, -1.0])
def test_an_item_without_weight_does_not_count(weight: float) -> None:
    assert weighted_progress([(0.5, weight)]) == Rollup(None, 0.0)
    assert weighted_progress([(0.5, weight), (None, 1)]) == Rollup(None, 0.0)
    assert weighted_progress([(0.5, weight), (1.0, 1), (None, weight)]) == Rollup(1.0, 1.0)


def test_huge_and_tiny_weights_neither_overflow_nor_vanish() -> None:
    assert weighted_progress([(1.0, 1e308), (0.0, 1e308), (None, 1e308)]) == Rollup(0.5, 2 / 3)
    assert weighted_progress([(1.0, 5e-324), (0.0, 5e-324)]) == Rollup(0.5, 1.0)
    assert weighted_progress([(0.5, 5e-324), (None, 1e308)]) == Rollup(0.5, 0.0)


def test_any_iterable_is_read_once() -> None:
    assert weighted_progress((p, 1.0) for p in (0.0, 0.5, None, 1.0)) == Rollup(0.5, 0.75)


@never_timed
@given(items=item_lists)
def test_value_and_coverage_lie_in_their_range(items: Items) -> None:
    rollup = weighted_progress(items)
    counts = any(progress is not None and weight > 0 for progress, weight in items)
    assert (rollup.value is not None) == counts
    assert 0.0 <= rollup.coverage <= 1.0
    assert rollup.value is None or 0.0 <= rollup.value <= 1.0


@never_timed
@given(items=item_lists, random=st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(items: Items, random: Random) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert weighted_progress(shuffled) == weighted_progress(items)


@never_timed
@given(parts=st.lists(st.tuples(st.floats(0, 1), st.floats(0.001, 1000)), min_size=1))
def test_the_mean_lies_between_the_least_and_the_most(parts: list[tuple[float, float]]) -> None:
    rollup = weighted_progress(parts)
    assert rollup.value is not None
    assert min(p for p, _ in parts) - 1e-12 <= rollup.value <= max(p for p, _ in parts) + 1e-12
    expected = sum(p * w for p, w in parts) / sum(w for _, w in parts)
    assert math.isclose(rollup.value, expected, rel_tol=1e-9, abs_tol=1e-12)
    assert rollup.coverage == 1.0


@never_timed
@given(
    items=st.lists(st.tuples(st.none() | st.floats(0, 1), st.integers(1, 100).map(float))),
    scale=st.sampled_from([0.25, 2.0, 1024.0]),
)
def test_only_the_proportion_of_the_weights_matters(items: Items, scale: float) -> None:
    assert weighted_progress([(p, w * scale) for p, w in items]) == weighted_progress(items)
