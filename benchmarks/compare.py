"""The command `make bench`: okrgraph with and without its engine beside a stock Strawberry server."""

import argparse
import os
import platform
import shlex
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.asking import Client, Floor, Party, compare, encoded, ids_of
from benchmarks.figures import Result, table
from benchmarks.printing import printed
from benchmarks.reference_data import scale_of
from benchmarks.reference_shape import team_name
from benchmarks.servers import (
    Serving,
    floor_process,
    okrgraph_server,
    postgres_database,
    postgres_version,
    sqlite_databases,
    stock_server,
    write_data,
)
from benchmarks.workloads import TEAM, WORKLOADS, Workload
from okrgraph import __version__
from okrgraph.settings import Settings
from tests.servers import SHORT_TMP, PostgresServer, postgres

ENGINE, PLAIN, STOCK, FLOOR = "okrgraph", "okrgraph, engine off", "stock Strawberry", "floor, no HTTP"
DEFAULT_SCALES = (1, 10)
# Above it only what does not grow with the organisation is asked for.
LARGEST_WHOLE_SCALE = 10
DEFAULT_SECONDS = 12.0
# A bounded answer comes in milliseconds, so a part of the time gives enough of them.
BOUNDED_SHARE = 0.25
LIBRARIES = ("strawberry-graphql", "graphql-core", "asyncpg", "orjson", "uvicorn", "uvloop")


class Run:
    """What one call of the command measures, and where it puts its files."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.memory: list[str] = []

    def workloads(self, scale: int) -> list[Workload]:
        """Choose what is asked for at a scale."""
        wanted = [each for each in WORKLOADS if self.options.only in each.name]
        return [each for each in wanted if each.bounded or scale <= LARGEST_WHOLE_SCALE]

    def on_postgres(self, server: PostgresServer, scale: int, data: Path) -> Iterator[Result]:
        """Compare everybody on one database."""
        with ExitStack() as held:
            tell(f"PostgreSQL, {scale}x: importing ...")
            database = held.enter_context(postgres_database(server, self.folder, data))
            servings = {
                ENGINE: held.enter_context(okrgraph_server(self.folder, database, engine=True)),
                PLAIN: held.enter_context(okrgraph_server(self.folder, database, engine=False)),
                STOCK: held.enter_context(stock_server(self.folder, database)),
            }
            floor = Floor(held.enter_context(floor_process(self.folder, database)))
            yield from self._compared("PostgreSQL", scale, servings, floor)

    def on_sqlite(self, scale: int, data: Path) -> Iterator[Result]:
        """Compare okrgraph with itself on copies of one file."""
        with ExitStack() as held:
            tell(f"SQLite, {scale}x: importing ...")
            first, second = sqlite_databases(self.folder, data, copies=2)
            servings = {
                ENGINE: held.enter_context(okrgraph_server(self.folder, first, engine=True)),
                PLAIN: held.enter_context(okrgraph_server(self.folder, second, engine=False)),
            }
            yield from self._compared("SQLite", scale, servings, None)

    def _compared(
        self, database: str, scale: int, servings: Mapping[str, Serving], floor: Floor | None
    ) -> Iterator[Result]:
        clients: dict[str, Party] = {name: Client(serving) for name, serving in servings.items()}
        ids = ids_of(clients[PLAIN], team_name(TEAM))
        self._note_memory(database, scale, "at the start", servings)
        for workload in self.workloads(scale):
            tell(f"{database}, {scale}x: {workload.name} ...")
            parties = clients | ({FLOOR: floor} if floor is not None and workload.has_floor else {})
            budget = self.options.seconds * (BOUNDED_SHARE if workload.bounded else 1)
            samples = compare(parties, encoded(workload.body(ids)), budget)
            yield Result(workload.name, database, scale, samples)
            if not workload.bounded:
                self._note_memory(database, scale, f"at most, up to {workload.name}", servings)

    def _note_memory(self, database: str, scale: int, when: str, servings: Mapping[str, Serving]) -> None:
        figures = {name: serving.memory() for name, serving in servings.items()}
        told = [f"{name} {memory[1]:,} MB" for name, memory in figures.items() if memory is not None]
        if told:
            self.memory.append(f"{database}, {scale}x, {when}: {'; '.join(told)}")


def tell(text: str) -> None:
    """Say on stderr what is going on; stdout is for the table."""
    print(f"[{time.perf_counter() - _BEGAN:6.1f} s] {text}", file=sys.stderr, flush=True)


_BEGAN = time.perf_counter()


def circumstances(arguments: Sequence[str], database: str) -> Iterator[str]:
    """Say when, where and with what it was measured."""
    yield f"Measured {datetime.now(UTC):%Y-%m-%d} with `{_command(arguments)}` on {_machine()}."
    libraries = ", ".join([f"okrgraph {__version__}", *(f"{name} {version(name)}" for name in LIBRARIES)])
    yield f"Python {platform.python_version()}, {database}, SQLite {sqlite3.sqlite_version}, {libraries}."
    yield (
        "One worker each, asked in turns by one client over one kept connection; the same answer of all was "
        "checked first. Garbage collection: okrgraph as `okrgraph serve` sets it, stock Strawberry with Python's "
        "defaults, floor and client without."
    )
    if "engine" not in Settings.model_fields:
        yield "This version has no setting OKRGRAPH_ENGINE: both okrgraph servers are the same."


def _command(arguments: Sequence[str]) -> str:
    return f'make bench ARGS="{shlex.join(arguments)}"' if arguments else "make bench"


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    name = model or platform.processor() or platform.machine()
    return (
        f"{os.cpu_count()} cores of {name}, {platform.system()}, load {os.getloadavg()[0]:.1f} at the start"
    )


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Time okrgraph with its engine, okrgraph without it and a stock Strawberry server, side by "
        "side on the same PostgreSQL, and print a Markdown table. The first two also on SQLite.",
        epilog='Example: make bench ARGS="--scale 1 --only tree --seconds 60"',
    )
    parser.add_argument(
        "--scale",
        type=scale_of,
        action="append",
        metavar="N",
        help="N times the reference data; may be given again (default 1 and 10). Above 10 only what does not "
        "grow with the organisation is asked for; the import of 100 takes minutes",
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only workloads whose name holds this text"
    )
    parser.add_argument(
        "--seconds",
        type=_positive,
        default=DEFAULT_SECONDS,
        metavar="S",
        help=f"about so long for each tree, a quarter for the others (default {DEFAULT_SECONDS:g})",
    )
    parser.add_argument(
        "--no-sqlite", action="store_true", help="leave SQLite out; it is measured at scale 1"
    )
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace, arguments: Sequence[str]) -> Iterator[str]:
    """Run everything; give the lines to print, the table as soon as it is known."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="okr-bench-", dir=SHORT_TMP)))
        tell("Starting PostgreSQL ...")
        server = held.enter_context(postgres())
        told = list(circumstances(arguments, f"PostgreSQL {postgres_version(server)}"))
        run = Run(options, folder)
        results: list[Result] = []
        for scale in dict.fromkeys(options.scale or DEFAULT_SCALES):
            data = write_data(folder, scale)
            results += run.on_postgres(server, scale, data)
            if scale == 1 and not options.no_sqlite:
                results += run.on_sqlite(scale, data)
        yield from told
        yield ""
        yield from table(results, baseline=STOCK, floor=FLOOR)
        yield ""
        yield "Resident memory of a server:"
        yield ""
        yield from (f"- {line}" for line in run.memory)
    tell("Done.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; give the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    return printed(measure(read_options(given), given))


if __name__ == "__main__":
    sys.exit(main())
