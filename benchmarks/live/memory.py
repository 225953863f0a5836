"""Memory: what an idle subscriber costs, and what those cost who stop reading while events flow."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.live.bench import Bench, Group, tell
from benchmarks.live.figures import Spread, markdown, milliseconds, ratio
from benchmarks.live.sides import PEER, Side

SIZES = (2_000, 10_000)
SETTLE_SECONDS = 2.0

STALLED = READING = 500
STALLED_RATE = 10
ALONE_SECONDS, STALLED_SECONDS = 15, 35
# Long comments fill the buffers of the system, beyond which the server has to wait or to pile up.
STALLED_BODY = 8_000
STALLED_RECEIVE_BYTES = 4_096
LOOKS = 8


def idle(bench: Bench) -> Iterator[str]:
    """Open more and more subscribers of each side and look at its resident memory."""
    rows = []
    sizes = sorted(bench.sizes(SIZES))
    found: dict[tuple[str, int], float] = {}
    starts: dict[str, int] = {}
    with bench.sides() as sides:
        for side in sides:
            with bench.group(side.port, 20) as group:
                bench.warm_up(side, group)
            time.sleep(SETTLE_SECONDS)
            starts[side.name] = side.memory()
            with ExitStack() as held:
                opened = 0
                for size in sizes:
                    tell(f"memory, {size:,} idle subscribers, {side.name}")
                    held.enter_context(bench.group(side.port, size - opened))
                    opened = size
                    time.sleep(SETTLE_SECONDS)
                    found[side.name, size] = (side.memory() - starts[side.name]) / size / 1024
    for size in sizes:
        for side in sides:
            kilobytes = found[side.name, size]
            start = f"{starts[side.name] / 1024**2:.0f} MB"
            quotient = ratio(kilobytes, found.get((PEER, size)))
            rows.append([f"{size:,}", side.name, start, f"{kilobytes:.1f} KB", quotient])
    yield from markdown(("subscribers", "server", "process, idle", "each subscriber", "/ peer"), rows)


def stalled(bench: Bench) -> Iterator[str]:
    """The same stream twice: to readers alone, and with as many beside them who stop reading."""
    rows = []
    with bench.sides() as sides:
        for side in sides:
            with bench.group(side.port, READING) as readers:
                bench.warm_up(side, readers)
                alone, alone_memory = _watched(bench, side, readers, ALONE_SECONDS)
                readers.reset()
                with bench.group(side.port, STALLED, receive_bytes=STALLED_RECEIVE_BYTES) as idlers:
                    bench.crowd.ask("stall", group=idlers.name)
                    beside, memory = _watched(bench, side, readers, STALLED_SECONDS)
            rows.append(
                [
                    side.name,
                    *(
                        milliseconds(each.p99) if isinstance(each, Spread) else each
                        for each in (alone, beside)
                    ),
                    ratio(beside.p99, alone.p99)
                    if isinstance(alone, Spread) and isinstance(beside, Spread)
                    else "",
                    f"{alone_memory[0]:.0f} to {max(alone_memory):.0f} MB",
                    ", ".join(f"{each:.0f}" for each in memory) + " MB",
                ]
            )
    head = (
        "server",
        "p99, all read",
        "p99 with stalled",
        "ratio",
        "memory, all read",
        "memory over time, with stalled",
    )
    yield from markdown(head, rows)


def _watched(bench: Bench, side: Side, readers: Group, seconds: int) -> tuple[Spread | str, list[float]]:
    tell(f"stalled readers, {side.name}")
    count = STALLED_RATE * seconds
    side.start(bench.numbers(count), count, STALLED_RATE, STALLED_BODY)
    memory = []
    for _ in range(LOOKS):
        memory.append(side.memory() / 1024**2)
        time.sleep(seconds / LOOKS)
    times = side.written()
    memory.append(side.memory() / 1024**2)
    delivered = readers.delivered(times, "committed")
    return f"FAILED: {delivered.failure}" if delivered.failure else delivered.spreads["committed"], memory
