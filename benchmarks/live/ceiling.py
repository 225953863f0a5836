"""The load client's own limit: how many deliveries a second it takes from a server that does nothing else."""

import time
from collections.abc import Iterator

from benchmarks.live.bench import Bench, tell
from benchmarks.live.commands import helper
from benchmarks.live.figures import markdown, rate

SUBSCRIBERS, EVENTS = 500, 100
# Events in one write: alone, and as many as a busy server sends together.
TOGETHER = (1, 10)


def ceiling(bench: Bench) -> Iterator[str]:
    """Send ready frames to everybody."""
    rows = []
    with helper("blaster", bench.place.cores.server) as blaster:
        port = blaster.ask("listen")["port"]
        for together in TOGETHER:
            tell(f"ceiling of the load client, {together} events a write")
            with bench.group(port, SUBSCRIBERS) as group:
                first = bench.numbers(EVENTS)
                began = time.perf_counter_ns()
                blaster.ask("blast", first=first, count=EVENTS, together=together)
                times = {"order": list(range(first, first + EVENTS))}
                delivered = group.delivered(times)
            figure = f"{rate(delivered.deliveries, began, delivered.last):,.0f}"
            rows.append(
                [
                    f"{SUBSCRIBERS}",
                    f"{together}",
                    f"FAILED: {delivered.failure}" if delivered.failure else figure,
                ]
            )
    yield from markdown(("subscribers", "events a write", "deliveries/s"), rows)
