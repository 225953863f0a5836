"""The long mix: rounds of faults in a new order each until the time is up, and the report as Markdown on stdout.

python -m tests.faults.long_mix --seconds 1800 [--seed 7] [--database postgres|sqlite|both] [--folder DIR]
    [--faults NAME,NAME]: one round with these only
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults import injections
from tests.faults.mix import Crowd, Injection, Round, play
from tests.faults.node_clients import install
from tests.faults.report import NOT_HERE, report
from tests.faults.stage import Sizes, postgres_stage, sqlite_stage

SIZES = Sizes(hold=5.0, burst=400, herd=100)
SHORT = Sizes(hold=1.0, burst=60, herd=12)
# Faults of a lane in one round; after it the history is checked and a new organisation begins.
LANE = 4


def _told(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _rounds(kind: str, rng: random.Random) -> list[Sequence[Sequence[Injection]]]:
    """Every fault once, in a new order, in rounds of two lanes with a few each."""
    others: tuple[Injection, ...] = (*injections.CLIENTS_AND_DATA, *injections.NODE)
    if kind == "postgres":
        others += (*injections.REDIS, *injections.POSTGRES)
    lanes = [rng.sample(lane, len(lane)) for lane in (injections.WORKERS, others)]
    count = max(len(lane) for lane in lanes) // LANE + 1
    rounds: list[Sequence[Sequence[Injection]]] = [
        tuple(lane[number::count] for lane in lanes) for number in range(count)
    ]
    return rounds if kind == "sqlite" else [*rounds, ((injections.FAILOVER,),)]


def _chosen(names: str) -> list[Sequence[Sequence[Injection]]]:
    """One round of these faults, one after another."""
    known = {injection.name: injection for injection in injections.ALL}
    return [([known[name] for name in names.split(",")],)]


async def _run(kind: str, given: argparse.Namespace, seconds: float, folder: Path) -> list[Round]:
    rng = random.Random(given.seed)
    place = folder / kind
    (place / "node").mkdir(parents=True)
    node = None if given.faults else await install(place / "node")
    crowd = Crowd(patience=120, node=node, is_small=bool(given.faults))
    make = postgres_stage if kind == "postgres" else sqlite_stage
    ends = time.monotonic() + seconds
    rounds: list[Round] = []
    async with make(place, rng, SHORT if given.faults else SIZES) as stage:
        while not rounds or time.monotonic() < ends:
            for some in _chosen(given.faults) if given.faults else _rounds(kind, rng):
                if rounds and time.monotonic() >= ends:
                    break
                _told(f"{kind}: {', '.join(each.name for lane in some for each in lane)}")
                rounds.append(await play(stage, some, crowd, folder))
                _told(f"{kind}: {len(rounds[-1].violations)} violations in {rounds[-1].seconds:.0f} s")
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--database", choices=("postgres", "sqlite", "both"), default="both")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--faults", default="")
    given = parser.parse_args()
    folder: Path = given.folder or Path(tempfile.mkdtemp(prefix="okrgraph-faults-"))
    _told(f"seed {given.seed}; logs, and histories of broken rounds, are in {folder}")
    shares = {"postgres": 0.75, "sqlite": 0.25} if given.database == "both" else {given.database: 1.0}
    is_broken = False
    for kind, share in shares.items():
        rounds = asyncio.run(_run(kind, given, given.seconds * share, folder))
        command = f"make faults SECONDS={given.seconds:g}"
        print(report(rounds, command=command, database=kind, seed=given.seed), flush=True)
        is_broken |= any(each.violations for each in rounds)
    print("Not injected on one machine:\n")
    print("\n".join(f"- {each}" for each in NOT_HERE))
    raise SystemExit(1 if is_broken else 0)


if __name__ == "__main__":
    main()
