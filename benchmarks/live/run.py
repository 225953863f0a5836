"""The command `make bench-live`: okrgraph's live feed beside a graphql-ws server on Node, one table a scenario."""

import argparse
import asyncio
import os
import platform
import resource
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks.live.bench import Bench, tell
from benchmarks.live.ceiling import ceiling
from benchmarks.live.commands import helper, on_cores
from benchmarks.live.fan_out import fan_out, sustained
from benchmarks.live.killing import killed
from benchmarks.live.latency import latency
from benchmarks.live.memory import idle, stalled
from benchmarks.live.resuming import resume
from benchmarks.live.revoking import revoked
from benchmarks.live.setting import run_module
from benchmarks.live.sides import Cores, Place, node_versions
from benchmarks.live.writes import writes
from benchmarks.printing import printed
from benchmarks.servers import postgres_database, postgres_version, write_data
from okrgraph import __version__
from tests.servers import SHORT_TMP, PostgresServer, connect, postgres, valkey

PEOPLE = 1_000
LIBRARIES = (
    "strawberry-graphql",
    "graphql-core",
    "asyncpg",
    "redis",
    "orjson",
    "uvicorn",
    "websockets",
    "uvloop",
)


class Scenario(NamedTuple):
    """A part of the run: its name for --only, its heading, what it does."""

    name: str
    title: str
    run: Callable[[Bench], Iterator[str]]


SCENARIOS = (
    Scenario("ceiling", "What the load client can take", ceiling),
    Scenario("fan-out", "Burst: events through Redis as fast as possible", fan_out),
    Scenario("sustained", "Lasting stream: the highest rate with p99 within 200 ms", sustained),
    Scenario("latency", "From the commit to the client", latency),
    Scenario("memory", "Memory of idle subscribers", idle),
    Scenario("stalled", "500 subscribers who stop reading, 500 who read on", stalled),
    Scenario("resume", "Resume: 10,000 events after a cursor", resume),
    Scenario("writes", "Mutations a second: checkInCreate by 16 writers", writes),
    Scenario("killed", "A worker is killed: until every client has caught up", killed),
    Scenario("revoked", "A token is revoked: until its socket is closed", revoked),
)


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    names = ", ".join(each.name for each in SCENARIOS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.live.run",
        description="Measure okrgraph's live feed beside a graphql-ws server on Node, with the same load client, "
        "and print a Markdown table for each scenario.",
        epilog='Example: make bench-live ARGS="--only fan-out --subscribers 500"',
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[each.name for each in SCENARIOS],
        metavar="NAME",
        help=f"only this scenario; may be given again. One of {names}",
    )
    parser.add_argument(
        "--subscribers",
        type=_count,
        action="append",
        metavar="N",
        help="so many subscribers where a scenario lets one choose; may be given again",
    )
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="measure okrgraph alone")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of subscribers")
    return int(text)


def circumstances(arguments: Sequence[str], database: str, redis: str, peer: str) -> Iterator[str]:
    """Say when, where and with what it was measured."""
    command = f'make bench-live ARGS="{shlex.join(arguments)}"' if arguments else "make bench-live"
    yield f"Measured {datetime.now(UTC):%Y-%m-%d} with `{command}` on {machine()}."
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield f"okrgraph {__version__}, Python {platform.python_version()}, {database}, {redis}, {libraries}."
    yield f"Peer: {peer}." if peer else "No peer: okrgraph alone."


def machine() -> str:
    """Name the processor, the kernel and how busy they were."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return (
        f"{os.cpu_count()} cores of {model or platform.machine()}, {platform.system()} {platform.release()}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


async def _durable(server: PostgresServer) -> None:
    """The tests' server does not wait for the disk; what is measured here does."""
    client = await connect(server.url_of("postgres"))
    try:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            await client.execute(f"ALTER SYSTEM SET {setting} = on")
        await client.execute("SELECT pg_reload_conf()")
    finally:
        await client.close()


def raise_limit() -> None:
    """Allow as many open files as the system lets a process ask for; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure(options: argparse.Namespace, arguments: Sequence[str]) -> Iterator[str]:
    """Run the scenarios; give the lines to print, each table as soon as it is known."""
    raise_limit()
    cores = Cores.of_this_machine()
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="okr-live-", dir=SHORT_TMP)))
        held.enter_context(on_cores(cores.others))
        tell("Starting PostgreSQL and Valkey, importing the reference data ...")
        server = held.enter_context(postgres())
        if "OKRGRAPH_TEST_DATABASE_URL" not in os.environ:
            asyncio.run(_durable(server))
        redis_url = held.enter_context(valkey())
        database = held.enter_context(postgres_database(server, folder, write_data(folder, 1)))
        place = Place(folder, cores, database, redis_url)
        run_module(place, "tokens", str(folder), str(PEOPLE))
        peer = node_versions(folder) if options.peer else ""
        yield from circumstances(
            arguments, f"PostgreSQL {postgres_version(server)}", redis_version(redis_url), peer
        )
        bench = Bench(options, place, held.enter_context(helper("crowd", cores.client)))
        for scenario in SCENARIOS:
            if not options.only or scenario.name in options.only:
                yield from ("", f"### {scenario.title}", "")
                yield from scenario.run(bench)
    tell("Done.")


def redis_version(url: str) -> str:
    """Name the Redis or Valkey at an address."""
    from redis import Redis

    with Redis.from_url(url) as client:
        info = client.info("server")
    name = "Valkey" if "valkey_version" in info else "Redis"
    return f"{name} {info.get('valkey_version') or info['redis_version']}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; give the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    return printed(measure(read_options(given), given))


if __name__ == "__main__":
    sys.exit(main())
