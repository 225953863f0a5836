import pytest

from benchmarks.figures import (
    Result,
    Sample,
    first_difference,
    interleaved,
    milliseconds,
    percentile,
    ratio,
    repeats,
    table,
)


@pytest.mark.parametrize(
    ("count", "percent", "expected"), [(1, 95, 1), (19, 95, 19), (20, 95, 19), (100, 95, 95), (4, 50, 2)]
)
def test_percentile_is_the_nearest_rank(count: int, percent: int, expected: int) -> None:
    assert percentile([float(value) for value in range(count, 0, -1)], percent) == expected


@pytest.mark.parametrize(
    ("seconds", "share", "expected"),
    [(0.1, 1.05, 10), (4.0, 1.0, 3), (0.001, 10.0, 50), (0.0, 1.0, 50)],
)
def test_repeats_fill_the_share_within_bounds(seconds: float, share: float, expected: int) -> None:
    assert repeats(seconds, share, fewest=3, most=50) == expected


def test_equal_counts_take_turns() -> None:
    assert interleaved({"a": 3, "b": 3, "c": 3}) == ["a", "b", "c"] * 3


def test_unequal_counts_are_spread_over_the_whole() -> None:
    assert interleaved({"a": 6, "b": 2, "c": 1}) == ["a", "a", "b", "a", "c", "a", "a", "b", "a"]
    assert interleaved({}) == []


@pytest.mark.parametrize(
    ("value", "of", "expected"),
    [(1.0, 20.0, "0.050"), (1.0, 4.0, "0.25"), (30.0, 20.0, "1.50"), (50.0, 2.0, "25"), (None, 1.0, "")],
)
def test_a_ratio_shows_what_matters_at_its_size(value: float | None, of: float, expected: str) -> None:
    assert ratio(value, of) == expected


def test_a_ratio_to_nothing_is_empty() -> None:
    assert (ratio(1.0, None), ratio(1.0, 0.0)) == ("", "")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.001234, "1.23 ms"), (0.04567, "45.7 ms"), (0.7421, "742 ms"), (12.3456, "12,346 ms"), (None, "")],
)
def test_times_are_written_in_milliseconds(seconds: float | None, expected: str) -> None:
    assert milliseconds(seconds) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, None),
        ({"a": 1.0}, {"a": 1}, None),
        ({"a": True}, {"a": 1}, "data.a: true and 1"),
        ({"a": [{"b": 1}]}, {"a": [{"b": "1"}]}, 'data.a[0].b: 1 and "1"'),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "data: members ['a', 'b'] and ['b', 'a']"),
        ([1, 2], [1], "data: 2 and 1 items"),
        ([2, 1], [1, 2], "data[0]: 2 and 1"),
        (None, [], "data: null and []"),
    ],
)
def test_the_first_difference_is_named(one: object, other: object, expected: str | None) -> None:
    assert first_difference(one, other) == expected


def test_the_table_sets_each_server_beside_stock_and_floor() -> None:
    samples = {
        "engine": Sample([0.1, 0.2, 0.3], 1_234),
        "plain": Sample(refusal="TIMEOUT"),
        "stock": Sample([2.0], 1_300),
        "floor": Sample([0.125], 1_234),
    }
    lines = list(
        table([Result("tree", "PostgreSQL", 10, samples)], baseline="stock", floor="floor"),
    )
    assert lines[2:] == [
        "| tree | PostgreSQL, 10x | engine | 200 ms | 300 ms | 1.50 | 0.10 | 1.60 | 1,234 | 3 |",
        "| | | plain | TIMEOUT | | | | | | |",
        "| | | stock | 2,000 ms | 2,000 ms | 1.00 | 1.00 | 16 | 1,300 | 1 |",
        "| | | floor | 125 ms | 125 ms | 1.00 | 0.062 | 1.00 | 1,234 | 1 |",
    ]
    assert {line.count("|") for line in lines} == {11}


def test_a_table_without_stock_has_no_ratio_to_it() -> None:
    samples = {"engine": Sample([0.1], 5)}
    lines = list(table([Result("small", "SQLite", 1, samples)], baseline="stock", floor="floor"))
    assert lines[2:] == ["| small | SQLite, 1x | engine | 100 ms | 100 ms | 1.00 | | | 5 | 1 |"]
