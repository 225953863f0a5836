"""The client: asks servers and the floor, checks that all say the same, and takes the times."""

import gc
import json
import subprocess
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any, Protocol

from benchmarks.figures import Sample, first_difference, interleaved, repeats
from benchmarks.servers import CannotRun, Serving
from benchmarks.workloads import FIRST_OBJECTIVE, HIDDEN_TITLE, IDS, TEAM

ANSWER_SECONDS = 300.0
# A server closes a connection on which nothing came for five seconds.
IDLE_SECONDS = 4.0
# Of each server and workload, beside the answer that is checked.
WARM_UPS = 20
WARM_UP_SECONDS = 2.0
FEWEST = 5
FEWEST_OF_SLOW = 3
SLOW_SECONDS = 4.0
MOST = 300


class Party(Protocol):
    """Who is asked: gives the seconds that the answer took, and the answer."""

    def ask(self, body: bytes) -> tuple[float, bytes]: ...


class Client:
    """One connection that is kept, one request after another."""

    def __init__(self, serving: Serving) -> None:
        self._connection = HTTPConnection("127.0.0.1", serving.port, timeout=ANSWER_SECONDS)
        self._headers = {"Authorization": f"Bearer {serving.token}", "Content-Type": "application/json"}
        self._used = -IDLE_SECONDS

    def ask(self, body: bytes) -> tuple[float, bytes]:
        """Send a body and read the whole answer. Raises CannotRun when it is none of GraphQL."""
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()
            self._connection.connect()
        start = time.perf_counter()
        self._connection.request("POST", "/graphql", body, self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        seconds = time.perf_counter() - start
        self._used = time.monotonic()
        if not response.getheader("Content-Type", "").startswith("application/"):
            raise CannotRun(f"A server answered {response.status}: {answer[:500]!r}")
        return seconds, answer


class Floor:
    """The process of floor.py, which takes its time itself; whatever it is asked, it makes the tree."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin, process.stdout
        self._answer = b""

    def ask(self, body: bytes) -> tuple[float, bytes]:
        """Let it make the tree; the answer itself is handed over only once."""
        self._input.write(b"time\n" if self._answer else b"answer\n")
        self._input.flush()
        seconds, size = self._output.readline().split()
        if not self._answer:
            self._answer = self._output.readline().rstrip(b"\n")
        if len(self._answer) != int(size):
            raise CannotRun("The floor gave answers of different sizes.")
        return float(seconds), self._answer


def encoded(body: Mapping[str, object]) -> bytes:
    """Write the body of a request."""
    return json.dumps(body).encode()


def ids_of(party: Party, team_name: str) -> dict[str, str]:
    """Find the cycle, the team and the objective that are asked for."""
    found = _data(party, {"query": IDS})["organization"]
    team = next(team["id"] for team in found["teams"] if team["name"] == team_name)
    first = _data(party, {"query": FIRST_OBJECTIVE, "variables": {"team": team}})["objectives"]["nodes"]
    if not first:
        raise CannotRun(f"Team {TEAM} has no objective.")
    return {"cycle": found["cycles"][0]["id"], "team": team, "objective": first[0]["id"]}


def _data(party: Party, body: Mapping[str, object]) -> Any:
    answer = json.loads(party.ask(encoded(body))[1])
    if answer.get("errors"):
        raise CannotRun(f"A server refused a query: {answer['errors'][0]}")
    return answer["data"]


def compare(parties: Mapping[str, Party], body: bytes, budget: float) -> dict[str, Sample]:
    """Check that all give the same data, then time them in turns for about so many seconds.

    Who answers with an error is left out and the refusal kept. Raises CannotRun when two answers differ.
    """
    samples = {name: Sample() for name in parties}
    first = _checked(parties, body, samples)
    able = {name: parties[name] for name in first}
    gc.collect()
    gc.disable()
    try:
        expected = {name: _warmed_up(party, body, first[name]) for name, party in able.items()}
        for name in interleaved(_counts(expected, budget)):
            seconds, answer = able[name].ask(body)
            if len(answer) != samples[name].size:
                raise CannotRun(f"{name} changed its answer: {answer[:500]!r}")
            samples[name].seconds.append(seconds)
    finally:
        gc.enable()
    return samples


def _counts(expected: Mapping[str, float], budget: float) -> dict[str, int]:
    return {
        name: repeats(
            seconds,
            budget / len(expected),
            fewest=FEWEST if seconds < SLOW_SECONDS else FEWEST_OF_SLOW,
            most=MOST,
        )
        for name, seconds in expected.items()
    }


def _checked(parties: Mapping[str, Party], body: bytes, samples: Mapping[str, Sample]) -> dict[str, float]:
    """Give the seconds of those whose answers are equal."""
    agreed: Any = None
    seconds: dict[str, float] = {}
    for name, party in parties.items():
        taken, answer = party.ask(body)
        read = json.loads(answer)
        if read.get("errors"):
            error = read["errors"][0]
            samples[name].refusal = error.get("extensions", {}).get("code") or error["message"]
            continue
        if HIDDEN_TITLE.encode() in answer:
            raise CannotRun(f"{name} shows a draft that the viewer may not see.")
        difference = None if agreed is None else first_difference(agreed[1], read["data"])
        if difference is not None:
            raise CannotRun(f"{agreed[0]} and {name} do not give the same: {difference}")
        agreed = agreed or (name, read["data"])
        samples[name].size = len(answer)
        seconds[name] = taken
    return seconds


def _warmed_up(party: Party, body: bytes, shortest: float) -> float:
    """Ask again a few times, if that does not take long, and give the shortest time."""
    until = time.monotonic() + WARM_UP_SECONDS - shortest
    for _ in range(WARM_UPS):
        if time.monotonic() > until:
            break
        shortest = min(shortest, party.ask(body)[0])
    return shortest
