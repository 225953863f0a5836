"""A subscription in this process: everything but the protocol, with the lane that events are pushed through."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Self

import orjson

from okrgraph.graph.context import Session
from okrgraph.graph.live.feeds import Feeds
from okrgraph.graph.masking import MaskedSchema
from okrgraph.graph.transport.execution import body_of, results
from okrgraph.graph.transport.payload import OperationRequest
from okrgraph.graph.transport.session import Admission
from okrgraph.people.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Error:
    message: str
    path: list[str | int] | None
    extensions: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One response map, as a client reads it."""

    data: Any
    errors: list[Error] | None

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        errors = [
            Error(error["message"], error.get("path"), error.get("extensions", {}))
            for error in body.get("errors", ())
        ]
        return cls(body.get("data"), errors or None)


class Inbox:
    """A client that reads: takes every push at once, or, while it is held, one and then no more."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[Result | None] = asyncio.Queue()
        self.bodies: list[tuple[str, str | None]] = []
        self._reading = asyncio.Event()
        self._reading.set()

    def hold(self) -> None:
        self._reading.clear()

    def go_on(self) -> None:
        self._reading.set()

    def push(self, body: str, event_id: str | None = None) -> bool:
        self.bodies.append((body, event_id))
        self.received.put_nowait(Result.of(orjson.loads(body)))
        return self._reading.is_set()

    async def drained(self) -> None:
        await self._reading.wait()


class Subscribed:
    """One open subscription of a viewer, as an asynchronous iterator of results; enter it first."""

    def __init__(
        self, schema: MaskedSchema, feeds: Feeds, viewer: Viewer, document: str, variables: dict[str, Any]
    ) -> None:
        self.inbox = Inbox()
        self.admission = Admission(Session(viewer, feeds, time.monotonic()))
        self.last_event_id: str | None = None
        self._schema = schema
        self._request = OperationRequest(document, variables, None, None)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        frames = results(
            self._schema,
            self._request,
            self.admission,
            seconds=30,
            sink=self.inbox,
            last_event_id=self.last_event_id,
        )
        async for result in frames:
            self.inbox.received.put_nowait(Result.of(orjson.loads(orjson.dumps(body_of(result)))))
        self.inbox.received.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Result:
        result = await self.inbox.received.get()
        if result is None:
            raise StopAsyncIteration
        return result
