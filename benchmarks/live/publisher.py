"""Writes the peer's events into Redis: the same words and the same size as okrgraph's, at planned times."""

import asyncio
import os
from collections.abc import Mapping
from time import perf_counter_ns
from typing import Any
from uuid import uuid4

import orjson
import uvloop
from redis.asyncio import Redis

from benchmarks.live.commands import serve_commands
from benchmarks.live.documents import body_of
from benchmarks.live.mutating import at_planned_times

CHANNEL = "benchmark"


class Publisher:
    """Obeys: `write` or `release` events at a rate, or all at once."""

    def __init__(self) -> None:
        self._redis = Redis.from_url(os.environ["REDIS_URL"])
        self._subject = uuid4().hex
        self._person = {"id": f"per_{uuid4().hex}", "name": "Ada Lovelace"}

    async def obey(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says."""
        first, count = told["first"], told["count"]
        messages = [self._message(first + index, told["length"]) for index in range(count)]
        if told.get("rate"):
            published = [0] * count
            turn = asyncio.Lock()

            async def write(index: int) -> int:
                # Two at once would take two connections, and might overtake each other.
                async with turn:
                    published[index] = perf_counter_ns()
                    await self._redis.publish(CHANNEL, messages[index])
                return index

            times = await at_planned_times(count, told["rate"], write)
            return times | {
                "order": [first + index for index in times["order"]],
                "committed": [published[index] for index in times["order"]],
            }
        began = perf_counter_ns()
        async with self._redis.pipeline(transaction=False) as pipe:
            for message in messages:
                pipe.publish(CHANNEL, message)
            await pipe.execute()
        return {"order": list(range(first, first + count)), "committed": [began] * count}

    def _message(self, number: int, length: int) -> bytes:
        return orjson.dumps(
            {
                "position": number,
                "kind": "CommentChanged",
                "entityId": f"com_{uuid4().hex}",
                "actorId": self._person["id"],
                "acl": ["org"],
                "path": [f"obj_{uuid4().hex}" for _ in range(4)],
                "teams": [f"team_{uuid4().hex}"],
                "at": "2026-11-22T09:00:00.123456Z",
                "mutationId": None,
                "body": {
                    "subjectId": f"obj_{self._subject}",
                    "comment": {
                        "id": f"com_{uuid4().hex}",
                        "version": 1,
                        "kind": "COMMENT",
                        "body": body_of(number, length),
                        "createdAt": "2026-11-22T09:00:00.123456Z",
                        "author": self._person,
                    },
                },
            }
        )


async def main() -> None:
    """Obey until the input ends."""
    await serve_commands(Publisher().obey)


if __name__ == "__main__":
    uvloop.run(main())
