"""What every scenario works with: the sides, the load client, numbers for events, and the check before any figure."""

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.live.commands import Helper
from benchmarks.live.figures import Spread
from benchmarks.live.sides import Place, Side, okrgraph_side, peer_side
from benchmarks.servers import CannotRun

# Announcements are held back while a burst is prepared; polling would find out.
QUIET = {"OKRGRAPH_POLL_SECONDS": "60"}
SETTLE_SECONDS = 0.5
# Files of a process besides its subscribers.
SPARE_FILES = 200
_BEGAN = time.perf_counter()


def tell(text: str) -> None:
    """Say on stderr what is going on; stdout is for the tables."""
    print(f"[{time.perf_counter() - _BEGAN:6.1f} s] {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a group of subscribers got of some events; `failure` says why its figures do not count."""

    failure: str
    deliveries: int
    frames: int
    bytes: int
    last: int
    spreads: Mapping[str, Spread]


@dataclass(slots=True)
class Group:
    """Subscribers of one server in the load client."""

    crowd: Helper
    name: str
    size: int
    began: int = 0

    def reset(self) -> None:
        """Forget the events that have come so far."""
        self.crowd.ask("reset", group=self.name)

    def delivered(self, times: Mapping[str, list[int]], *since: str, seconds: float = 60.0) -> Delivered:
        """Wait until everybody has all events, check that each got each once and in order, and summarise.

        `since` names the moments of `times` that latencies are counted from.
        """
        order = times["order"]
        done = self.crowd.ask("wait", group=self.name, events=len(order), seconds=seconds)
        moments = {name: times[name] for name in since}
        report = self.crowd.ask("report", group=self.name, order=order, since=moments)
        failures = [] if done["is_complete"] else [f"not all events after {seconds:g} s"]
        failures += [] if report["is_clean"] else [report["faults"]]
        failures += report["troubles"]
        return Delivered(
            failure="; ".join(failures),
            deliveries=report["deliveries"],
            frames=report["frames"],
            bytes=report["bytes"],
            last=report["last"],
            spreads={name: Spread(**spread) for name, spread in report["spreads"].items()},
        )


@dataclass(slots=True)
class Bench:
    """One run of the command."""

    options: argparse.Namespace
    place: Place
    crowd: Helper
    _next: int = field(default=0)
    _groups: int = field(default=0)

    def sizes(self, default: Sequence[int]) -> list[int]:
        """Give the numbers of subscribers asked for, as far as a process may have so many files open."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES
        wanted = self.options.subscribers or default
        if max(wanted) > most:
            tell(
                f"Only {most + SPARE_FILES:,} files may be open (ulimit -n): more than {most:,} are left out"
            )
        return [size for size in wanted if size <= most]

    def numbers(self, count: int) -> int:
        """Set numbers aside for events; give the first."""
        first = self._next
        self._next += count
        return first

    @contextmanager
    def sides(self, **settings: str) -> Iterator[list[Side]]:
        """Start both sides, or okrgraph alone where there is no peer."""
        with ExitStack() as held:
            found = [held.enter_context(okrgraph_side(self.place, **settings))]
            if self.options.peer:
                found.append(held.enter_context(peer_side(self.place)))
            yield found

    @contextmanager
    def group(self, port: int, size: int, **told: Any) -> Iterator[Group]:
        """Open subscribers. Raises CannotRun when one of them could not subscribe."""
        self._groups += 1
        group = Group(self.crowd, f"group {self._groups}", size)
        tokens = told.pop("tokens", str(self.place.tokens))
        opened = self.crowd.ask("open", group=group.name, port=port, count=size, tokens=tokens, **told)
        try:
            if opened["troubles"]:
                raise CannotRun(f"Subscribers were refused: {opened['troubles'][:3]}")
            group.began = opened["began"]
            time.sleep(SETTLE_SECONDS)
            yield group
        finally:
            self.crowd.ask("close", group=group.name)

    def warm_up(self, side: Side, group: Group, events: int = 5) -> None:
        """Let every code path run once."""
        first = self.numbers(events)
        group.delivered(side.write(first, events, rate=20))
        group.reset()
