"""A worker is killed while events flow: its clients go to the other one, with the cursor that they hold."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.live.bench import Bench, tell
from benchmarks.live.commands import helper
from benchmarks.live.documents import BODY_LENGTH
from benchmarks.live.figures import Spread, markdown, milliseconds
from benchmarks.live.sides import okrgraph_worker

SUBSCRIBERS = 500
RATE, SECONDS, KILLED_AFTER = 20, 10, 3.0
# A delivery that comes later than this after its commit belongs to the time in which somebody caught up.
LATE_NS = 200_000_000


def killed(bench: Bench) -> Iterator[str]:
    """Two workers with half of the subscribers each; the first is killed by SIGKILL."""
    place = bench.place
    size = (bench.options.subscribers or [SUBSCRIBERS])[0] // 2
    with ExitStack() as held:
        port, pid = held.enter_context(okrgraph_worker(place, place.cores.server))
        other, _ = held.enter_context(okrgraph_worker(place, place.cores.server))
        settings = place.settings(TOKENS=str(place.tokens))
        writer = held.enter_context(helper("writer", place.cores.others, **settings))
        lost = held.enter_context(bench.group(port, size, fallback=other))
        kept = held.enter_context(bench.group(other, size))
        tell(f"killing a worker with {size} of {2 * size} subscribers")
        count = RATE * SECONDS
        writer.start("write", first=bench.numbers(count), count=count, rate=RATE, length=BODY_LENGTH)
        time.sleep(KILLED_AFTER)
        os.kill(pid, signal.SIGKILL)
        killed_at = time.perf_counter_ns()
        times = writer.answer()
        delivered = {group.name: group.delivered(times, "committed") for group in (lost, kept)}
        moments = {"order": times["order"], "moments": times["committed"]}
        late = bench.crowd.ask("late", group=lost.name, bound=LATE_NS, **moments)["last"]
        back = bench.crowd.ask("ended", group=lost.name)["back_at"]
    failures = [each.failure for each in delivered.values() if each.failure]
    failures += [] if len(back) == size else [f"{size - len(back)} never came back"]
    if failures:
        yield f"FAILED: {'; '.join(failures)}"
        return
    returned = Spread.of([at - killed_at for at in back])
    moments_of = (returned.p50, returned.longest, (max(late, killed_at) - killed_at) / 1e9)
    others = delivered[kept.name].spreads["committed"].p99
    deliveries = sum(each.deliveries for each in delivered.values())
    yield from _table(size, [*moments_of, others], deliveries)


def _table(size: int, seconds: list[float], deliveries: int) -> Iterator[str]:
    head = (
        "lost their worker",
        "back, median",
        "back, last",
        "all caught up",
        "p99 of the others",
        "deliveries",
    )
    row = [f"{size:,} of {2 * size:,}", *map(milliseconds, seconds)]
    yield from markdown(head, [[*row, f"{deliveries:,}; none lost, doubled or out of order"]])
