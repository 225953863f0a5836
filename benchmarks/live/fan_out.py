"""Fan-out: how many deliveries a second one worker makes, of a burst and of a lasting stream."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks.live.bench import QUIET, Bench, Delivered, Group, tell
from benchmarks.live.figures import markdown, milliseconds, rate, ratio
from benchmarks.live.sides import PEER, Side

SIZES = (500, 2_000, 10_000)
# Deliveries of one burst at most, and its events at most; distinct documents take many times as long.
BURST_DELIVERIES, BURST_EVENTS, DISTINCT_EVENTS = 200_000, 100, 40
ROUNDS = {500: 3, 2_000: 2}
# Events a second that are tried one after another until the 99th percentile is above the bound.
RATES = (5, 10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400)
RATE_SECONDS = 3.0
BOUND_SECONDS = 0.2


def events_of(size: int, documents: str) -> int:
    """How many events a burst has."""
    most = DISTINCT_EVENTS if documents == "distinct" else BURST_EVENTS
    return max(10, min(most, BURST_DELIVERIES // size))


def cases(sizes: Sequence[int]) -> list[tuple[int, str]]:
    """Sizes and documents that are measured: all three documents up to 500 subscribers, one beyond."""
    return [
        (size, kind) for size in sizes for kind in ("shared", "author", "distinct")[: 3 if size <= 500 else 1]
    ]


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of some events. a_second: deliveries; processor: the server's seconds for one of them."""

    delivered: Delivered
    a_second: float
    processor: float


def burst(bench: Bench, side: Side, group: Group, events: int) -> Burst:
    """Publish events as fast as Redis takes them."""
    first = bench.numbers(events)
    side.hold(first, events)
    used = side.processor()
    times = side.release(first, events)
    delivered = group.delivered(times)
    used = side.processor() - used
    group.reset()
    a_second = rate(delivered.deliveries, times["committed"][0], delivered.last)
    return Burst(delivered, a_second, used / max(1, delivered.deliveries))


def fan_out(bench: Bench) -> Iterator[str]:
    """Bursts at each size, the sides in turns."""
    head = (
        "subscribers",
        "documents",
        "server",
        "deliveries/s",
        "/ peer",
        "frames/s",
        "CPU a delivery",
        "KB an event",
    )
    yield from markdown((*head, "all had all after"), _bursts(bench))


def _bursts(bench: Bench) -> Iterator[list[str]]:
    with bench.sides(**QUIET) as sides:
        for size, documents in cases(bench.sizes(SIZES)):
            found: dict[str, list[Burst]] = {side.name: [] for side in sides}
            rounds = ROUNDS.get(size, 1)
            for turn in range(rounds):
                for side in sides:
                    tell(
                        f"fan-out, {size:,} subscribers, {documents}, {side.name}, round {turn + 1} of {rounds}"
                    )
                    with bench.group(side.port, size, documents=documents) as group:
                        bench.warm_up(side, group)
                        found[side.name].append(burst(bench, side, group, events_of(size, documents)))
            yield from _burst_rows(size, documents, found)


def _burst_rows(size: int, documents: str, found: dict[str, list[Burst]]) -> Iterator[list[str]]:
    peer = [each.a_second for each in found.get(PEER, [])]
    start = [f"{size:,}", documents]
    for name, rounds in found.items():
        failure = next((each.delivered.failure for each in rounds if each.delivered.failure), "")
        middle = median(each.a_second for each in rounds)
        one = rounds[0].delivered
        cells = [
            f"{middle:,.0f}",
            ratio(middle, median(peer) if peer else None),
            f"{middle * one.frames / max(1, one.deliveries):,.0f}",
            f"{median(each.processor for each in rounds) * 1e6:.1f} µs",
            f"{one.bytes / max(1, one.deliveries) / 1000:.2f}",
            milliseconds(one.deliveries / middle if middle else None),
        ]
        yield [*start, name, *([f"FAILED: {failure}", *[""] * 5] if failure else cells)]
        start = ["", ""]


def sustained(bench: Bench) -> Iterator[str]:
    """The highest rate at which the 99th percentile stays within the bound, the sides in turns at each rate."""
    head = (
        "subscribers",
        "documents",
        "server",
        "deliveries/s",
        "/ peer",
        "events/s",
        "p50",
        "p99",
        "CPU a delivery",
    )
    yield from markdown((*head, "events a frame"), _climbs(bench))


def _climbs(bench: Bench) -> Iterator[list[str]]:
    sizes = bench.sizes(SIZES[:1])
    for size, documents in [(size, documents) for size in sizes for documents in ("shared", "distinct")]:
        with bench.sides(**QUIET) as sides:
            reached = _climb(bench, sides, size, documents)
        peer = next((each[0].a_second for name, each in reached.items() if name == PEER), None)
        for side in sides:
            start = [f"{size:,}", documents, side.name]
            if side.name not in reached:
                yield [*start, f"FAILED: never within {BOUND_SECONDS * 1000:g} ms", *[""] * 6]
                continue
            found, events_a_second = reached[side.name]
            spread = found.delivered.spreads["planned"]
            yield [
                *start,
                f"{found.a_second:,.0f}",
                ratio(found.a_second, peer),
                f"{events_a_second}",
                *(milliseconds(each) for each in (spread.p50, spread.p99)),
                f"{found.processor * 1e6:.1f} µs",
                f"{found.delivered.deliveries / max(1, found.delivered.frames):.1f}",
            ]


def _climb(bench: Bench, sides: Sequence[Side], size: int, documents: str) -> dict[str, tuple[Burst, int]]:
    """Raise the rate until nobody keeps up; give what each did at its highest, and that."""
    reached: dict[str, tuple[Burst, int]] = {}
    with ExitStack() as held:
        able = {side: held.enter_context(bench.group(side.port, size, documents=documents)) for side in sides}
        for side, group in able.items():
            bench.warm_up(side, group)
        for events_a_second in RATES[2 if documents == "shared" else 0 :]:
            for side, group in tuple(able.items()):
                found = _at_rate(bench, side, group, events_a_second)
                if not _is_within(found.delivered):
                    # Once more: something else may have had the core.
                    found = _at_rate(bench, side, group, events_a_second)
                if _is_within(found.delivered):
                    reached[side.name] = found, events_a_second
                else:
                    del able[side]
    return reached


def _is_within(delivered: Delivered) -> bool:
    spread = delivered.spreads.get("planned")
    return not delivered.failure and spread is not None and spread.p99 <= BOUND_SECONDS


def _at_rate(bench: Bench, side: Side, group: Group, events_a_second: float) -> Burst:
    tell(f"sustained, {group.size:,} subscribers, {side.name}, {events_a_second:g} events/s")
    group.reset()
    count = int(events_a_second * RATE_SECONDS)
    first = bench.numbers(count)
    side.hold(first, count)
    used = side.processor()
    times = side.release(first, count, events_a_second)
    delivered = group.delivered(times, "planned", seconds=20)
    used = side.processor() - used
    a_second = rate(delivered.deliveries, times["planned"][0], delivered.last)
    return Burst(delivered, a_second, used / max(1, delivered.deliveries))
