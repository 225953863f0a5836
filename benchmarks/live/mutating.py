"""Writes through GraphQL over HTTP, as clients do: at planned times, or with so many writers as fast as possible."""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter_ns
from typing import Any
from uuid import uuid4

import orjson
import uvloop

from benchmarks.live.commands import serve_commands
from benchmarks.live.documents import CHECK_IN_CREATE, COMMENT_CREATE, body_of
from benchmarks.live.figures import Spread
from okrgraph.events import cursors

# Connections that wait for the next mutation; when all are taken another one is opened.
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Mutations:
    """Kept connections to one server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: deque[_Connection] = deque()

    async def send(self, token: str, query: str, given: Mapping[str, Any], field: str) -> int:
        """Run a mutation; give the position in the log that it reached. Raises RuntimeError when it is refused."""
        body = orjson.dumps({"query": query, "variables": {"input": given}})
        reader, writer = connection = (
            self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        )
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        head_read = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head_read.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        answer = orjson.loads(await reader.readexactly(length))
        self._free.append(connection)
        payload = (answer.get("data") or {}).get(field)
        if answer.get("errors") or not payload or payload["userErrors"]:
            raise RuntimeError(f"A mutation was refused: {answer}")
        cursor = cursors.decode(payload["cursor"])
        assert cursor is not None
        return cursor.position

    def close(self) -> None:
        for _, writer in self._free:
            writer.close()
        self._free.clear()


async def at_planned_times(
    count: int, rate: float, write: Callable[[int], Awaitable[int]]
) -> dict[str, list[int]]:
    """Start `write` at `rate` a second whether or not the ones before have ended; give times in commit order.

    order: the indexes, reached: their positions in the log, planned: when each was due, sent: when it began, done:
    when it had ended; all clock readings in nanoseconds.
    """
    loop = asyncio.get_running_loop()
    began = perf_counter_ns() + 50_000_000
    planned = [began + int(index * 1e9 / rate) for index in range(count)]
    sent, done, reached = [0] * count, [0] * count, [0] * count

    async def one(index: int) -> None:
        sent[index] = perf_counter_ns()
        reached[index] = await write(index)
        done[index] = perf_counter_ns()

    tasks = []
    for index, due in enumerate(planned):
        await asyncio.sleep(max(0, due - perf_counter_ns()) / 1e9)
        tasks.append(loop.create_task(one(index)))
    await asyncio.gather(*tasks)
    order = sorted(range(count), key=reached.__getitem__)
    return {
        "order": order,
        "reached": [reached[index] for index in order],
        "planned": [planned[index] for index in order],
        "sent": [sent[index] for index in order],
        "done": [done[index] for index in order],
    }


async def as_fast_as_possible(
    seconds: float, writes: Sequence[Callable[[], Awaitable[int]]]
) -> dict[str, Any]:
    """Run each writer again and again for so long, all side by side; give how often and how long each took."""
    until = perf_counter_ns() + int(seconds * 1e9)
    taken: list[int] = []

    async def writer(write: Callable[[], Awaitable[int]]) -> None:
        while (now := perf_counter_ns()) < until:
            await write()
            taken.append(perf_counter_ns() - now)

    began = perf_counter_ns()
    await asyncio.gather(*map(writer, writes))
    elapsed = (perf_counter_ns() - began) / 1e9
    spread = Spread.of(taken)
    return {"a_second": len(taken) / elapsed, "p50": spread.p50, "p99": spread.p99, "count": len(taken)}


class Mutating:
    """Obeys: `write` comments at a rate, `check in` as fast as possible."""

    async def obey(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says."""
        mutations = Mutations(told["port"])
        try:
            if told["do"] == "check in":
                return await self._check_in(mutations, told)
            return await self._comment(mutations, told)
        finally:
            mutations.close()

    async def _comment(self, mutations: Mutations, told: Mapping[str, Any]) -> dict[str, Any]:
        first, token = told["first"], told["token"]

        async def write(index: int) -> int:
            given = {"subjectId": told["subject"], "body": body_of(first + index, told["length"])}
            return await mutations.send(token, COMMENT_CREATE, given, "commentCreate")

        times = await at_planned_times(told["count"], told["rate"], write)
        # When exactly it was committed only the server knows: not before it was sent.
        return times | {"order": [first + index for index in times["order"]], "committed": times["sent"]}

    async def _check_in(self, mutations: Mutations, told: Mapping[str, Any]) -> dict[str, Any]:
        """So many writers take the (token, key result) pairs in turns; the confidence changes each time."""
        places = told["places"]
        writers = [
            self._checking_in(mutations, places[number :: told["writers"]])
            for number in range(told["writers"])
        ]
        return await as_fast_as_possible(told["seconds"], writers)

    def _checking_in(
        self, mutations: Mutations, places: Sequence[tuple[str, str]]
    ) -> Callable[[], Awaitable[int]]:
        turns = itertools.count()

        async def write() -> int:
            turn = next(turns)
            token, key_result = places[turn % len(places)]
            given = {
                "keyResultId": key_result,
                "confidence": 1 + (turn // len(places)) % 5,
                "clientMutationId": uuid4().hex,
            }
            return await mutations.send(token, CHECK_IN_CREATE, given, "checkInCreate")

        return write


if __name__ == "__main__":
    uvloop.run(serve_commands(Mutating().obey))
