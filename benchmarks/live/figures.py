"""Percentiles and rates of deliveries, and the cells of the tables; nothing is run here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from benchmarks.figures import milliseconds, ratio


def quantile(ordered: Sequence[int], per_mille: int) -> int:
    """Give the smallest of the sorted values that so many thousandths of them do not exceed (nearest rank)."""
    return ordered[max(0, -(-per_mille * len(ordered) // 1000) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """Latencies in seconds; `count` of them."""

    count: int
    p50: float
    p99: float
    p999: float
    longest: float

    @classmethod
    def of(cls, nanoseconds: Sequence[int]) -> "Spread":
        """Summarise latencies. Raises ValueError when there are none."""
        if not nanoseconds:
            raise ValueError("There is nothing to summarise.")
        ordered = sorted(nanoseconds)
        p50, p99, p999 = (quantile(ordered, share) / 1e9 for share in (500, 990, 999))
        return cls(len(ordered), p50, p99, p999, ordered[-1] / 1e9)


def latencies(clients: Sequence[tuple[Sequence[int], Sequence[int]]], since: Mapping[int, int]) -> list[int]:
    """Give how long after `since` each event came, over all clients: (numbers, times of arrival) each."""
    return [
        at - since[number]
        for numbers, times in clients
        for number, at in zip(numbers, times, strict=True)
        if number in since
    ]


def rate(deliveries: int, began: int, ended: int) -> float:
    """Deliveries a second between two clock readings in nanoseconds."""
    return deliveries * 1e9 / (ended - began) if ended > began else 0.0


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table, each line as soon as its row is known; an empty cell stays empty."""
    for cells in chain((head, ["---"] * len(head)), rows):
        yield "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


__all__ = ["Spread", "latencies", "markdown", "milliseconds", "quantile", "rate", "ratio"]
