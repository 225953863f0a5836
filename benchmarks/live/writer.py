"""A process beside the server that comments through okrgraph's own action, and its Redis broker, at planned times."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter_ns
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.live.commands import serve_commands
from benchmarks.live.documents import body_of
from benchmarks.live.mutating import at_planned_times
from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.broker import Announcement
from okrgraph.events.database import fetch_one, opened
from okrgraph.events.history import read_heads
from okrgraph.events.redis_broker import RedisBroker
from okrgraph.events.unit_of_work import doorbell
from okrgraph.people.tokens import revoke_token, viewer_of_token
from okrgraph.people.viewer import Viewer
from okrgraph.settings import load_settings

# Actions that run side by side while a burst is prepared.
AT_ONCE = 8
SUBJECT = (
    "SELECT id FROM objective WHERE organization_id = :organization AND state = 'PUBLISHED' "
    "AND level = 'COMPANY' ORDER BY created_at, id LIMIT 1"
)


class NotingBroker(RedisBroker):
    """Notes when each commit was published, and holds announcements back while it is told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.published_at: dict[int, int] = {}
        self.held: dict[int, Announcement] | None = None

    def publish(self, announcement: Announcement) -> None:
        if self.held is not None:
            self.held[announcement.head] = announcement
            return
        self.published_at[announcement.head] = perf_counter_ns()
        super().publish(announcement)


class Writer:
    """Obeys: `write` at a rate; `hold` commits without a word, `release` says so, at a rate or all at once."""

    def __init__(self, broker: NotingBroker, viewer: Viewer, subject: UUID) -> None:
        self._broker = broker
        self._viewer = viewer
        self._subject = subject
        # Of each held event its announcement, in commit order.
        self._held: list[tuple[int, Announcement]] = []

    async def obey(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says."""
        if told["do"] == "revoke":
            return await self._revoke(told["tokens"], told["rate"])
        first, count, length = told["first"], told["count"], told["length"]

        async def write(index: int) -> int:
            new = NewComment(SubjectType.OBJECTIVE, self._subject, body_of(first + index, length))
            return (await create_comment(self._viewer, new)).position

        match told["do"]:
            case "write":
                times = await at_planned_times(count, told["rate"], write)
                return self._named(first, times)
            case "hold":
                await self._hold(first, count, write)
                return {}
            case _:
                return await self._release(told["rate"])

    async def _revoke(self, tokens: Sequence[str], rate: float) -> dict[str, Any]:
        """Revoke tokens one after another; give when each was, in their order."""
        found = [await viewer_of_token(token) for token in tokens]
        done = [0] * len(found)

        async def revoke(index: int) -> int:
            viewer = found[index]
            assert viewer is not None
            await revoke_token(viewer.token_id)
            done[index] = perf_counter_ns()
            return index

        await at_planned_times(len(found), rate, revoke)
        return {"done": done}

    def _named(self, first: int, times: dict[str, list[int]]) -> dict[str, Any]:
        committed = [self._broker.published_at[position] for position in times["reached"]]
        return times | {"order": [first + index for index in times["order"]], "committed": committed}

    async def _hold(self, first: int, count: int, write: Callable[[int], Awaitable[int]]) -> None:
        held: dict[int, Announcement] = {}
        self._broker.held = held
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(index: int) -> tuple[int, int]:
            async with gate:
                return await write(index), first + index

        try:
            reached = sorted(await asyncio.gather(*map(one, range(count))))
        finally:
            self._broker.held = None
        self._held = [(number, held[position]) for position, number in reached]

    async def _release(self, rate: float) -> dict[str, Any]:
        held, self._held = self._held, []
        order = [number for number, _ in held]
        if rate:

            async def publish(index: int) -> int:
                self._broker.publish(held[index][1])
                return held[index][1].head

            times = await at_planned_times(len(held), rate, publish)
            return times | {"order": order, "committed": times["sent"]}
        began = perf_counter_ns()
        for _, announcement in held:
            self._broker.publish(announcement)
        return {"order": order, "committed": [began] * len(held)}


async def main(token: str) -> None:
    """Obey until the input ends."""
    settings = load_settings()
    async with AsyncExitStack() as held:
        await held.enter_async_context(opened(settings.database))
        viewer = await viewer_of_token(token)
        assert viewer is not None
        found = await fetch_one(SUBJECT, organization=viewer.organization_id)
        assert found is not None
        broker = NotingBroker(settings.redis_url)
        broker.use_key((await read_heads(())).key)
        connected = asyncio.Event()
        broker.listen(lambda _: None, connected.set)
        running = asyncio.create_task(broker.run())
        held.callback(running.cancel)
        await connected.wait()
        held.enter_context(doorbell(broker))
        await serve_commands(Writer(broker, viewer, found[0]).obey)


if __name__ == "__main__":
    uvloop.run(main(Path(os.environ["TOKENS"]).read_text().split()[0]))
