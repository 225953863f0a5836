import pytest

from benchmarks.live.figures import Spread, latencies, markdown, quantile, rate


@pytest.mark.parametrize(
    ("count", "per_mille", "expected"),
    [
        (1, 999, 1),
        (1000, 999, 999),
        (1000, 990, 990),
        (999, 999, 999),
        (2, 500, 1),
        (3, 500, 2),
        (2000, 999, 1998),
    ],
)
def test_a_quantile_is_the_nearest_rank(count: int, per_mille: int, expected: int) -> None:
    assert quantile(range(1, count + 1), per_mille) == expected


def test_a_spread_is_in_seconds_whatever_the_order() -> None:
    nanoseconds = [value * 1_000_000 for value in range(1000, 0, -1)]
    assert Spread.of(nanoseconds) == Spread(1000, 0.5, 0.99, 0.999, 1.0)


def test_nothing_has_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


def test_latencies_count_from_the_moment_of_each_event_and_pass_over_others() -> None:
    clients = [([7, 8], [110, 250]), ([8, 9], [260, 999])]
    assert latencies(clients, {7: 100, 8: 200}) == [10, 50, 60]


@pytest.mark.parametrize(
    ("deliveries", "began", "ended", "expected"),
    [(500, 0, 250_000_000, 2000.0), (1, 5, 5, 0.0), (0, 0, 10, 0.0)],
)
def test_a_rate_is_per_second(deliveries: int, began: int, ended: int, expected: float) -> None:
    assert rate(deliveries, began, ended) == expected


def test_a_table_keeps_empty_cells() -> None:
    assert list(markdown(("a", "b"), [["1", ""], ["", "2"]])) == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | |",
        "| | 2 |",
    ]
