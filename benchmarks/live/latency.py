"""From the commit to the client: how long an event takes at a steady rate, by an open-loop writer."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from benchmarks.live.bench import Bench, Delivered, Group, tell
from benchmarks.live.commands import helper
from benchmarks.live.figures import Spread, markdown, milliseconds, ratio
from benchmarks.live.setting import company_objective
from benchmarks.live.sides import PEER, Side
from benchmarks.servers import CannotRun

# Subscribers, and events a second with the seconds that they go on.
CASES = ((500, ((1, 8.0), (10, 5.0), (20, 5.0), (100, 4.0))), (2_000, ((1, 8.0), (10, 5.0), (20, 5.0))))
# What is still being written when a server has refused one of many.
SETTLE_SECONDS = 10.0
OVER_HTTP = "okrgraph, mutations over HTTP to the same worker"


@contextmanager
def over_http(bench: Bench, side: Side) -> Iterator[Side]:
    """The same server with GraphQL mutations as its events."""
    token = bench.place.tokens.read_text().split()[0]
    told = {"port": side.port, "token": token, "subject": company_objective(side.port, token)}
    with helper("mutating", bench.place.cores.others) as writer:
        yield replace(side, name=OVER_HTTP, writer=writer, told=told, can_hold=False)


def latency(bench: Bench) -> Iterator[str]:
    """Each rate at each size, the sides in turns."""
    head = (
        "subscribers",
        "events/s",
        "server",
        "p50",
        "p99",
        "p99.9",
        "p99 / peer",
        "p99 since it was due",
        "n",
    )
    yield from markdown(head, _rows(bench))


def _rows(bench: Bench) -> Iterator[list[str]]:
    sizes = bench.options.subscribers
    chosen = [(size, CASES[0][1]) for size in bench.sizes(sizes)] if sizes else CASES
    for size, rates in chosen:
        with ExitStack() as held:
            sides = held.enter_context(bench.sides())
            groups = {side.port: held.enter_context(bench.group(side.port, size)) for side in sides}
            sides.insert(1, held.enter_context(over_http(bench, sides[0])))
            for side in sides:
                bench.warm_up(side, groups[side.port])
            for a_second, seconds in rates:
                yield from _at_rate(bench, sides, groups, a_second, seconds)


def _at_rate(
    bench: Bench, sides: list[Side], groups: Mapping[int, Group], a_second: int, seconds: float
) -> list[list[str]]:
    found: dict[str, Delivered] = {}
    refused: dict[str, str] = {}
    size = groups[sides[0].port].size
    for side in sides:
        tell(f"latency, {size:,} subscribers, {a_second} events/s, {side.name}")
        group = groups[side.port]
        group.reset()
        count = int(a_second * seconds)
        try:
            times = side.write(bench.numbers(count), count, a_second)
        except CannotRun as error:
            # A server that cannot take so many mutations a second says so, and the others are still measured.
            refused[side.name] = str(error)
            time.sleep(SETTLE_SECONDS)
            continue
        found[side.name] = group.delivered(times, "committed", "planned")
    peer = found[PEER].spreads.get("committed") if PEER in found else None
    start = [f"{size:,}", str(a_second)]
    rows = [[*start, name, *_cells(delivered, peer)] for name, delivered in found.items()]
    return rows + [[*start, name, f"FAILED: {error[:200]}", *[""] * 5] for name, error in refused.items()]


def _cells(delivered: Delivered, peer: Spread | None) -> list[str]:
    if delivered.failure:
        return [f"FAILED: {delivered.failure}", *[""] * 5]
    spread = delivered.spreads["committed"]
    return [
        *(milliseconds(value) for value in (spread.p50, spread.p99, spread.p999)),
        ratio(spread.p99, peer.p99) if peer else "",
        milliseconds(delivered.spreads["planned"].p99),
        f"{spread.count:,}",
    ]
