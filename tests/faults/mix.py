"""One round of a run: an organisation with writers and subscribers, faults one after another, then the check."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import websockets

from tests.faults.checker import Verdict, check
from tests.faults.history import Fault, History, save
from tests.faults.party import Party
from tests.faults.stage import Stage
from tests.faults.subscribers import PollClient, SocketClient, StreamClient
from tests.faults.world import make_world

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault: breaks something, waits, mends it; the text says what it saw."""

    name: str
    run: Callable[[Stage], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Crowd:
    """pause: seconds between two mutations of one writer. node: folder of the Node clients, None without them."""

    pause: float = 0.3
    patience: float = 60.0
    node: Path | None = None
    is_small: bool = False


@dataclass(repr=False)
class Round:
    """What came of one round."""

    histories: list[History]
    verdicts: list[Verdict]
    seconds: float

    @property
    def violations(self) -> list[str]:
        return [str(violation) for verdict in self.verdicts for violation in verdict.violations]


async def _party(stage: Stage, crowd: Crowd, slug: str) -> Party:
    world = await make_world(stage.database, slug)
    return Party(world, stage.database, stage.urls, random.Random(stage.rng.random()), crowd.patience)


async def main_party(stage: Stage, crowd: Crowd, slug: str) -> Party:
    """Full subscribers with different sight on every transport, filtered ones, and writers of four teams."""
    party = await _party(stage, crowd, slug)
    party.add_for_each(SocketClient, "socket Ada", "Ada")
    party.add(SocketClient, "socket Cy", "Cy")
    party.add(SocketClient, "socket Dan", "Dan")
    party.add(SocketClient, "sleeper", "Bo")
    party.add(StreamClient, "stream Dan", "Dan")
    party.add_for_each(StreamClient, "stream Eve", "Eve")
    party.add(PollClient, "poll Bo", "Bo")
    if not crowd.is_small:
        party.add(SocketClient, "socket Eve", "Eve")
        party.add(PollClient, "poll Cy", "Cy")
    party.add_filtered()
    if crowd.node is not None:
        party.add_node(crowd.node, ("Ada", "Cy", "Eve"))
    party.add_writers(("Ada", "Growth"), ("Bo", "Platform"), ("Cy", "Secret"), ("Max", "Company"))
    return party


async def other_party(stage: Stage, crowd: Crowd, slug: str) -> Party:
    """Another organisation on the same machines, whose every word is secret to the first."""
    party = await _party(stage, crowd, slug)
    party.add(SocketClient, "socket Cy elsewhere", "Cy")
    party.add_writers(("Cy", "Secret"))
    return party


async def play(stage: Stage, lanes: Sequence[Sequence[Injection]], crowd: Crowd, keep: Path) -> Round:
    """Play one round, its lanes side by side. A broken invariant leaves the histories in the folder `keep`."""
    begun = time.monotonic()
    number = next(_numbers)
    main = await main_party(stage, crowd, f"acme{number}")
    other = await other_party(stage, crowd, f"globex{number}")
    stage.parties = [main, other]
    try:
        for party in stage.parties:
            party.start(crowd.pause)
        for party in stage.parties:
            await party.everybody_is_live()
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(_inject_all(stage, lane))
        histories = [await party.finish() for party in stage.parties]
    finally:
        for party in stage.parties:
            await party.stop()
    verdicts = [check(history) for history in histories]
    played = Round(histories, verdicts, time.monotonic() - begun)
    if played.violations:
        for party, history in zip(stage.parties, histories, strict=True):
            save(history, keep / f"{party.world.slug}.json")
    return played


async def _inject_all(stage: Stage, lane: Sequence[Injection]) -> None:
    for injection in lane:
        await _inject(stage, injection)


async def _inject(stage: Stage, injection: Injection) -> None:
    begun = time.time()
    steady = None
    try:
        note = await injection.run(stage)
        ended = time.time()
        steady = await stage.party.steady(injection.name)
    except (AssertionError, OSError, websockets.WebSocketException) as error:
        # What a fault showed to be wrong is a violation like the others, and the round goes on.
        note, ended = f"{type(error).__name__} {error}"[:300], time.time()
    stage.party.history.faults.append(Fault(injection.name, begun, ended, steady, note))
