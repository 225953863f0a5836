"""GraphQL over server-sent events: one operation, in the distinct connections mode of graphql-sse."""

import asyncio
import random
from collections.abc import Collection, Mapping
from contextlib import aclosing

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send
from strawberry.http.streaming import SSETransport
from strawberry.types.graphql import OperationType

from okrgraph.graph.transport.connection import Connection
from okrgraph.graph.transport.ending import FINISHED, REFUSED, SLOW, Ending
from okrgraph.graph.transport.execution import body_of, results
from okrgraph.graph.transport.failures import ClientGone, errors_of, internal_error
from okrgraph.graph.transport.guard import abort_of, until_disconnected
from okrgraph.graph.transport.http_request import last_event_id_of
from okrgraph.graph.transport.lane import Lane, PeerGone
from okrgraph.graph.transport.payload import OperationRequest, encode
from okrgraph.graph.transport.service import Service
from okrgraph.graph.transport.session import Admission
from okrgraph.graph.transport.stepping import Stalled, begin, finish

_HEADERS = {
    **SSETransport.headers,
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Content-Type-Options": "nosniff",
}
_START = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_COMPLETE = "event: complete\ndata: \n\n"
_PING = ": ping\n\n"


class EventLane(Lane):
    """What is sent for the operation; the Sink of it."""

    __slots__ = ()

    def push(self, body: str, event_id: str | None = None) -> bool:
        return self.put(_event(body, event_id))

    async def send_next(self, body: Mapping[str, object]) -> None:
        """Send one result, behind what was pushed before. Raises PeerGone."""
        await self.drained()
        await self.send(_event(encode(body).decode()))

    async def send_complete(self) -> None:
        """Raises PeerGone."""
        await self.drained()
        await self.send(_COMPLETE)


def _event(body: str, event_id: str | None = None) -> str:
    if event_id is None:
        return f"event: next\ndata: {body}\n\n"
    return f"event: next\nid: {event_id}\ndata: {body}\n\n"


def _body(text: str) -> Message:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}


class EventStream(Connection):
    """The answer to one request. It ends without a complete event when the client should ask again."""

    __slots__ = (
        "_abort",
        "_beat_at",
        "_is_gone",
        "_lane",
        "_last_event_id",
        "_operation",
        "_receive",
        "_send",
    )

    def __init__(self, service: Service, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(service)
        self._abort = abort_of(scope)
        self._last_event_id = last_event_id_of(Headers(scope=scope))
        self._receive = receive
        self._send = send
        self._lane = EventLane(self)
        self._operation: asyncio.Task[None] | None = None
        self._beat_at = 0.0
        self._is_gone = False

    async def run(
        self, request: OperationRequest, admission: Admission, allowed: Collection[OperationType]
    ) -> None:
        with self._service.live.streams:
            self._enter(admission)
            try:
                await self._transmit({"type": "http.response.start", "status": 200, "headers": _START})
                self._operation = asyncio.create_task(self._operate(request, admission, allowed))
                self._operation.add_done_callback(self._finish)
                self._service.keeper.add(self)
                await until_disconnected(self._receive)
            except ClientGone:
                self._is_gone = True
            except asyncio.CancelledError:
                if not self._is_ended():
                    raise
            finally:
                self._leave(self._ending)
                self._lane.close()
            await self._end_operation()
            if self._ending is not None and not self._is_gone:
                await self._close(self._ending)

    @property
    def is_gone(self) -> bool:
        return self._is_gone

    def begin(self, frame: str) -> Stalled | None:
        if self._is_gone:
            return None
        try:
            return begin(self._send(_body(frame)))
        except OSError:
            self._is_gone = True
            return None

    def look_after(self, now: float) -> float:
        seconds = self._service.limits.keep_alive_seconds
        if self._beat_at == 0.0:
            self._beat_at = now + seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load
        elif now >= self._beat_at:
            self._beat_at = now + seconds * random.uniform(0.8, 1.0)  # noqa: S311 - spreads load
            self._beat(_PING)
        return self._beat_at

    def excuse(self, seconds: float, now: float) -> None:
        """Nothing is asked of a client that only listens."""

    async def _operate(
        self, request: OperationRequest, admission: Admission, allowed: Collection[OperationType]
    ) -> None:
        try:
            with self._service.live.operations:
                await self._send_results(request, admission, allowed)
            await self._lane.send_complete()
        except PeerGone:
            pass

    async def _send_results(
        self, request: OperationRequest, admission: Admission, allowed: Collection[OperationType]
    ) -> None:
        frames = results(
            self._service.schema,
            request,
            admission,
            seconds=self._service.limits.operation_seconds,
            sink=self._lane,
            last_event_id=self._last_event_id,
            allowed=allowed,
        )
        try:
            async with aclosing(frames):
                async for result in frames:
                    await self._lane.send_next(body_of(result))
        except PeerGone:
            raise
        except Exception as error:  # noqa: BLE001 - the last stop of a bug before the client
            await self._lane.send_next({"errors": [internal_error(error).formatted]})

    async def _end_operation(self) -> None:
        if self._operation is not None:
            self._operation.cancel()
            await asyncio.gather(self._operation, return_exceptions=True)

    def _finish(self, _: asyncio.Task[None]) -> None:
        self.end(FINISHED)

    async def _close(self, ending: Ending) -> None:
        try:
            if ending is SLOW:
                await self._cut()
                return
            if ending is REFUSED:
                errors = errors_of("UNAUTHENTICATED", "The credential is no longer valid.")
                await self._transmit(_body(_event(encode({"errors": errors}).decode()) + _COMPLETE))
            await self._transmit({"type": "http.response.body", "body": b""})
        except ClientGone:
            await self._cut()

    async def _cut(self) -> None:
        """Drop what the client has not read, which the server would keep until it does."""
        self._abort()
        try:
            async with asyncio.timeout(self.send_seconds):
                await until_disconnected(self._receive)
        except (ClientGone, TimeoutError):
            pass

    async def _transmit(self, message: Message) -> None:
        """Raises ClientGone, also when the client does not read."""
        try:
            await finish(begin(self._send(message)), self.send_seconds)
        except OSError:
            raise ClientGone from None
