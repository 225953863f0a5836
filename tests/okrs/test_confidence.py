from datetime import date, timedelta
from statistics import linear_regression

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.okrs.confidence import (
    ConfidenceSummary,
    Rating,
    is_declining,
    is_stale,
    stale_count,
    summarise,
)

TODAY = date(2025, 3, 20)
histories = st.lists(st.integers(1, 5), max_size=8).map(tuple)
never_timed = settings(deadline=None)


def rated(*history: int) -> Rating:
    return Rating(history=history, last_as_of=TODAY if history else None)


@pytest.mark.parametrize(
    "history",
    [
        (3, 2),
        (2, 1),
        (5, 1),
        (1, 3, 2),
        (5, 4, 4),
        (5, 5, 4),
        (5, 1, 4),
        (3, 2, 2),
        (1, 1, 5, 4, 3),
    ],
)
def test_a_drop_to_two_or_less_or_a_falling_slope_is_a_decline(history: tuple[int, ...]) -> None:
    assert is_declining(history)


@pytest.mark.parametrize(
    "history",
    [
        (),
        (1,),
        (2, 2),
        (1, 2),
        (5, 4),
        (4, 3),
        (2, 2, 2),
        (3, 5, 3),
        (4, 5, 4),
        (2, 1, 2),
        (5, 1, 1, 1),
        (5, 3, 4, 5),
    ],
)
def test_a_level_rising_or_too_short_history_is_no_decline(history: tuple[int, ...]) -> None:
    assert not is_declining(history)


@never_timed
@given(history=histories)
def test_a_decline_is_the_rule_as_written(history: tuple[int, ...]) -> None:
    dropped = len(history) > 1 and history[-1] <= 2 and history[-1] < history[-2]
    sloping = len(history) >= 3 and linear_regression(range(3), history[-3:]).slope < 0
    assert is_declining(history) is (dropped or sloping)


@never_timed
@given(earlier=histories, last=st.tuples(*[st.integers(1, 5)] * 3))
def test_only_the_last_three_ratings_matter(earlier: tuple[int, ...], last: tuple[int, int, int]) -> None:
    assert is_declining(earlier + last) is is_declining(last)


@pytest.mark.parametrize(("days", "stale"), [(-5, False), (0, False), (7, False), (10, False), (11, True)])
def test_a_rating_is_stale_after_cadence_and_grace(days: int, stale: bool) -> None:
    assert is_stale(TODAY - timedelta(days=days), TODAY) is stale


def test_cadence_and_grace_are_settings() -> None:
    last = TODAY - timedelta(days=15)
    assert not is_stale(last, TODAY, cadence_days=14, grace_days=1)
    assert is_stale(last, TODAY, cadence_days=14, grace_days=0)


def test_what_was_never_rated_is_not_stale() -> None:
    assert not is_stale(None, TODAY)


def test_the_first_and_last_day_of_the_calendar_do_not_overflow() -> None:
    assert is_stale(date.min, date.max)
    assert not is_stale(date.max, date.max)


def test_stale_ones_are_counted_with_the_same_settings() -> None:
    last = [TODAY - timedelta(days=days) for days in (0, 10, 11, 15)]
    assert stale_count([*last, None], TODAY) == 2
    assert stale_count([*last, None], TODAY, cadence_days=14, grace_days=0) == 1
    assert stale_count([], TODAY) == 0


def test_a_summary_counts_the_latest_ratings() -> None:
    ratings = [rated(4, 5), rated(5, 4), rated(4, 2), rated(3, 4, 4), rated()]
    assert summarise(ratings) == ConfidenceSummary(
        min=2, median=4.0, distribution=(0, 1, 0, 2, 1), unrated=1, declining=1
    )


def test_an_even_number_of_ratings_has_the_median_between_the_middle_two() -> None:
    assert summarise([rated(1), rated(2), rated(3), rated(5)]) == ConfidenceSummary(
        min=1, median=2.5, distribution=(1, 1, 1, 0, 1), unrated=0, declining=0
    )


@pytest.mark.parametrize("unrated", [0, 3])
def test_without_a_rating_there_is_neither_min_nor_median(unrated: int) -> None:
    assert summarise([rated()] * unrated) == ConfidenceSummary(
        min=None, median=None, distribution=(0, 0, 0, 0, 0), unrated=unrated, declining=0
    )


@never_timed
@given(rows=st.lists(histories))
def test_every_key_result_is_counted_once(rows: list[tuple[int, ...]]) -> None:
    summary = summarise(rated(*history) for history in rows)
    assert sum(summary.distribution) + summary.unrated == len(rows)
    assert summary.declining == sum(is_declining(history) for history in rows)
    assert (summary.min is None) == (summary.median is None) == (not any(rows))
    if summary.min is not None and summary.median is not None:
        assert summary.min == 1 + next(i for i, count in enumerate(summary.distribution) if count)
        assert summary.min <= summary.median <= 5
