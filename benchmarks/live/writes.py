"""Mutations a second through GraphQL on one worker, in one organisation and over many, beside the database's floor."""

from collections.abc import Iterator
from typing import Any

import orjson

from benchmarks.live.bench import Bench, tell
from benchmarks.live.commands import helper, processor_seconds
from benchmarks.live.figures import markdown, milliseconds, ratio
from benchmarks.live.setting import run_module
from benchmarks.live.sides import OKRGRAPH, okrgraph_worker

WRITERS, ORGANIZATIONS = 16, 100
SECONDS, WARM_UP_SECONDS = 5.0, 1.0
FLOOR = "floor: asyncpg, no GraphQL, no rules"


def writes(bench: Bench) -> Iterator[str]:
    """Check in as fast as possible, then the same statements without okrgraph."""
    tell(f"writes, making {ORGANIZATIONS} organisations")
    target = bench.place.folder / "workplaces.json"
    run_module(bench.place, "workplaces", str(target), str(WRITERS), str(ORGANIZATIONS))
    places = orjson.loads(target.read_bytes())
    found: dict[tuple[str, str], dict[str, Any]] = {}
    cores = bench.place.cores
    with (
        okrgraph_worker(bench.place, cores.server) as (port, pid),
        helper("mutating", cores.client) as writer,
    ):
        for name in ("one", "many"):
            tell(f"writes, {name}, {OKRGRAPH}")
            told = {"port": port, "writers": WRITERS, "places": places[name]}
            writer.ask("check in", seconds=WARM_UP_SECONDS, **told)
            used = processor_seconds(pid)
            figures = writer.ask("check in", seconds=SECONDS, **told)
            found[OKRGRAPH, name] = figures | {
                "processor": (processor_seconds(pid) - used) / figures["count"]
            }
    with helper("write_floor", cores.server, FLOOR_DSN=bench.place.database.dsn) as floor:
        for name, organizations in (("one", 1), ("many", ORGANIZATIONS)):
            tell(f"writes, {name}, {FLOOR}")
            told = {"writers": WRITERS, "organizations": organizations}
            floor.ask("write", seconds=WARM_UP_SECONDS, **told)
            found[FLOOR, name] = floor.ask("write", seconds=SECONDS, **told)
    rows = []
    for (who, name), figures in found.items():
        floor_figure = found[FLOOR, name]["a_second"]
        cells = [f"{figures['a_second']:,.0f}", ratio(figures["a_second"], floor_figure)]
        times = [milliseconds(figures.get(each)) for each in ("p50", "p99", "processor")]
        rows.append([who, "one" if name == "one" else f"{ORGANIZATIONS}", *cells, *times])
    yield from markdown(
        ("server", "organisations", "mutations/s", "/ floor", "p50", "p99", "CPU of the server"), rows
    )
