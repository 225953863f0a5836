"""Resume: a client that was away comes back with its cursor and gets everything that it missed."""

from collections.abc import Iterator

from benchmarks.live.bench import Bench, tell
from benchmarks.live.commands import helper
from benchmarks.live.figures import markdown
from benchmarks.live.setting import CURSOR, query
from benchmarks.live.sides import okrgraph_worker

MISSED = 10_000
CLIENTS = (1, 20)


def resume(bench: Bench) -> Iterator[str]:
    """Write while nobody listens, then come back alone and as many at one moment."""
    place, rows = bench.place, []
    settings = place.settings(TOKENS=str(place.tokens))
    with (
        okrgraph_worker(place, place.cores.server) as (port, _),
        helper("writer", place.cores.others, **settings) as writer,
    ):
        token = place.tokens.read_text().split()[0]
        cursor = query(port, token, CURSOR)["organization"]["cursor"]
        tell(f"resume, writing {MISSED:,} events")
        first = bench.numbers(MISSED)
        writer.ask("hold", first=first, count=MISSED, length=240)
        times = writer.ask("release", first=first, count=MISSED, length=240, rate=0)
        for clients in CLIENTS:
            tell(f"resume, {clients} at one moment")
            with bench.group(port, clients, after=cursor) as group:
                delivered = group.delivered(times, seconds=120)
            seconds = (delivered.last - group.began) / 1e9
            cells = [
                f"{seconds:.2f} s",
                f"{delivered.deliveries / seconds:,.0f}",
                f"{delivered.frames / clients:,.0f}",
            ]
            rows.append([f"{clients}", *([f"FAILED: {delivered.failure}"] if delivered.failure else cells)])
    yield from markdown(("clients", "until all had all", "deliveries/s", "batches each"), rows)
