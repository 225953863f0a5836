"""What is computed from the times and printed: plans, statistics, tables; nothing is run here."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

Cell: TypeAlias = str


@dataclass(slots=True)
class Sample:
    """The times of one server at one workload, in seconds; refusal: why it gives no answer."""

    seconds: list[float] = field(default_factory=list)
    size: int = 0
    refusal: str = ""

    @property
    def median(self) -> float | None:
        """None without a time."""
        return median(self.seconds) if self.seconds else None

    @property
    def p95(self) -> float | None:
        """None without a time."""
        return percentile(self.seconds, 95) if self.seconds else None


@dataclass(frozen=True, slots=True)
class Result:
    """One workload on one database at one scale, with the servers in the order of the table."""

    workload: str
    database: str
    scale: int
    samples: Mapping[str, Sample]


def percentile(values: Sequence[float], percent: int) -> float:
    """Give the smallest value that so many percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def repeats(seconds: float, share: float, *, fewest: int, most: int) -> int:
    """How often something that takes so long fits into a share of the time, within bounds."""
    return max(fewest, min(most, int(share / seconds) if seconds > 0 else most))


def interleaved(counts: Mapping[str, int]) -> list[str]:
    """Order the turns of all servers so that those of each are spread evenly over the whole.

    With equal counts it is a round robin.
    """
    turns = [
        ((turn + 0.5) / count, place, name)
        for place, (name, count) in enumerate(counts.items())
        for turn in range(count)
    ]
    return [name for _, _, name in sorted(turns)]


def ratio(value: float | None, of: float | None) -> Cell:
    """Write how many times `of` the value is; nothing when either is missing."""
    if value is None or not of:
        return ""
    times = value / of
    return f"{times:.3f}" if times < 0.1 else f"{times:.2f}" if times < 10 else f"{times:.0f}"


def milliseconds(seconds: float | None) -> Cell:
    """Write a time with three significant figures or so."""
    if seconds is None:
        return ""
    value = seconds * 1000
    return f"{value:.2f} ms" if value < 10 else f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def first_difference(one: object, other: object, path: str = "data") -> str | None:
    """Say where two JSON values differ first, the order of members included; None when they are equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            return f"{path}: members {list(one)} and {list(other)}"
        pairs = [(f"{path}.{name}", one[name], other[name]) for name in one]
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{path}: {len(one)} and {len(other)} items"
        pairs = [(f"{path}[{place}]", *items) for place, items in enumerate(zip(one, other, strict=True))]
    else:
        return None if _same(one, other) else f"{path}: {json.dumps(one)} and {json.dumps(other)}"
    return next(filter(None, (first_difference(a, b, below) for below, a, b in pairs)), None)


def _same(one: object, other: object) -> bool:
    """Equality, but true is not 1; 1.0 and 1 are the same number of JSON."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def table(results: Sequence[Result], *, baseline: str, floor: str) -> Iterator[str]:
    """Write the results as a Markdown table, a line for each server."""
    yield "| workload | database, scale | server | median | p95 | p95 / median | / stock | / floor | bytes | n |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for result in results:
        stock, ground = (
            result.samples[name].median if name in result.samples else None for name in (baseline, floor)
        )
        start = f"| {result.workload} | {result.database}, {result.scale}x "
        for name, sample in result.samples.items():
            cells = "".join(f" {cell} |" if cell else " |" for cell in _cells(sample, stock, ground))
            yield f"{start}| {name} |{cells}"
            start = "| | "


def _cells(sample: Sample, stock: float | None, ground: float | None) -> list[Cell]:
    if sample.refusal:
        return [sample.refusal, "", "", "", "", "", ""]
    return [
        milliseconds(sample.median),
        milliseconds(sample.p95),
        ratio(sample.p95, sample.median),
        ratio(sample.median, stock),
        ratio(sample.median, ground),
        f"{sample.size:,}",
        str(len(sample.seconds)),
    ]
