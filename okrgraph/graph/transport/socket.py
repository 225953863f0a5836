"""GraphQL over one WebSocket: the graphql-transport-ws protocol from connection_init to the close code."""

import asyncio
import random
from contextlib import aclosing

from okrgraph.graph.transport.connection import Connection
from okrgraph.graph.transport.ending import (
    BROKEN,
    CROWDED,
    REINITIALISED,
    SILENT,
    TALKATIVE,
    UNAUTHORIZED,
    UNINITIALISED,
    UNKNOWN,
    Ending,
)
from okrgraph.graph.transport.execution import body_of, is_request_error, results
from okrgraph.graph.transport.failures import errors_of, internal_error
from okrgraph.graph.transport.lane import Lane, PeerGone
from okrgraph.graph.transport.messages import ClientMessage, Complete, ConnectionInit, Ping, Pong, Subscribe
from okrgraph.graph.transport.payload import OperationRequest, encode
from okrgraph.graph.transport.service import Service
from okrgraph.graph.transport.session import Admission
from okrgraph.graph.transport.stepping import Stalled
from okrgraph.graph.transport.wire import CloseSocket, Wire, text_of

_ACK = text_of({"type": "connection_ack"})
_PING = text_of({"type": "ping"})
_PONG = text_of({"type": "pong"})


class OperationLane(Lane):
    """What is sent for one operation id; the Sink of it."""

    __slots__ = ("_head", "key", "task")

    def __init__(self, connection: Connection, key: str) -> None:
        super().__init__(connection)
        self.key = key
        # All that differs between two subscribers of one event.
        self._head = f'{{"id":{encode(key).decode()},"type":"next","payload":'
        self.task: asyncio.Task[None] | None = None

    def push(self, body: str, event_id: str | None = None) -> bool:
        return self.put(f"{self._head}{body}}}")

    async def send_next(self, body: dict[str, object]) -> None:
        """Send one result, behind what was pushed before. Raises PeerGone."""
        await self.drained()
        await self.send(self._head + encode(body).decode() + "}")

    async def send_last(self, message: dict[str, object]) -> None:
        """Send what ends the operation. Raises PeerGone."""
        await self.drained()
        await self.send(text_of({"id": self.key, **message}))


class GraphQLSocket(Connection):
    """One connection and the operations that run on it."""

    __slots__ = (
        "_allowance",
        "_authorization",
        "_heard_at",
        "_is_initialised",
        "_lanes",
        "_opened_at",
        "_ping_at",
        "_tasks",
        "_wire",
    )

    def __init__(self, service: Service, wire: Wire, authorization: str | None) -> None:
        super().__init__(service)
        now = asyncio.get_running_loop().time()
        self._wire = wire
        self._authorization = authorization
        self._is_initialised = False
        self._lanes: dict[str, OperationLane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened_at = self._heard_at = now
        self._allowance = float(service.limits.messages_burst)
        self._ping_at = now + service.limits.ping_seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load

    async def run(self) -> None:
        ending: Ending | None = None
        try:
            self._service.keeper.add(self)
            await self._listen()
        except asyncio.CancelledError:
            if not self._is_ended():
                raise
        except PeerGone:
            pass
        except CloseSocket as closing:
            ending = closing.ending
        except Exception as error:  # noqa: BLE001 - a bug must not close with 1011, see ending
            internal_error(error)
            ending = BROKEN
        finally:
            ending = ending or self._ending
            self._leave(ending)
            for task in self._tasks:
                task.cancel()
        if ending is not None:
            await self._wire.close(ending)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_gone(self) -> bool:
        return self._wire.is_gone

    def begin(self, frame: str) -> Stalled | None:
        return self._wire.begin(frame)

    def look_after(self, now: float) -> float:
        limits = self._service.limits
        if not self._is_initialised:
            if now >= self._opened_at + limits.init_seconds:
                self.end(UNINITIALISED)
            return self._opened_at + limits.init_seconds
        silent_at = self._heard_at + limits.silence_seconds
        if now >= silent_at:
            self.end(SILENT)
            return now + limits.silence_seconds
        if now >= self._ping_at:
            self._ping_at = now + limits.ping_seconds * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load
            self._beat(_PING)
        return min(self._ping_at, silent_at)

    def excuse(self, seconds: float, now: float) -> None:
        self._opened_at = min(now, self._opened_at + seconds)
        self._heard_at = min(now, self._heard_at + seconds)

    async def _listen(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._ending is None and (message := await self._wire.receive()) is not None:
            now = clock()
            self._spend(now - self._heard_at)
            self._heard_at = now
            await self._handle(message)

    def _spend(self, seconds: float) -> None:
        """Take one message off what the client may send, after so many seconds. Raises CloseSocket."""
        limits = self._service.limits
        earned = self._allowance + seconds * limits.messages_per_second
        self._allowance = min(earned, limits.messages_burst) - 1
        if self._allowance < 0:
            raise CloseSocket(TALKATIVE)

    async def _handle(self, message: ClientMessage) -> None:
        match message:
            case ConnectionInit():
                await self._initialise(message)
            case Ping():
                await self._wire.send(_PONG)
            case Pong():
                pass
            case Subscribe(key, request):
                await self._subscribe(key, request)
            case Complete(key):
                self._complete(key)

    async def _initialise(self, message: ConnectionInit) -> None:
        if self._is_initialised:
            raise CloseSocket(REINITIALISED)
        self._is_initialised = True
        admission = await Admission.of(self._service.admit, message.authorization or self._authorization)
        # Whoever reads the memory of the process finds no credential that is not in use.
        self._authorization = None
        if admission is None:
            raise CloseSocket(UNKNOWN)
        if not self._service.has_room(admission):
            raise CloseSocket(CROWDED)
        self._enter(admission)
        await self._wire.send(_ACK)
        self._service.keeper.move(self)

    async def _subscribe(self, key: str, request: OperationRequest) -> None:
        if self._admission is None:
            raise CloseSocket(UNAUTHORIZED)
        if key in self._lanes:
            raise CloseSocket(Ending(4409, f"Subscriber for {key} already exists"))
        most = self._service.limits.operations_per_socket
        if len(self._lanes) >= most:
            errors = errors_of("LIMIT_EXCEEDED", f"At most {most} operations run on one socket at a time.")
            await self._wire.send(text_of({"id": key, "type": "error", "payload": errors}))
            return
        lane = self._lanes[key] = OperationLane(self, key)
        lane.task = asyncio.create_task(self._operate(lane, request, self._admission))
        self._tasks.add(lane.task)
        lane.task.add_done_callback(self._tasks.discard)

    def _complete(self, key: str) -> None:
        lane = self._lanes.pop(key, None)
        if lane is not None and lane.task is not None:
            # The client may use the id again at once, for something else.
            lane.close()
            lane.task.cancel()

    async def _operate(self, lane: OperationLane, request: OperationRequest, admission: Admission) -> None:
        try:
            with self._service.live.operations:
                last = await self._send_results(lane, request, admission)
            # The client may use the id again as soon as it has read the last message.
            self._forget(lane)
            await lane.send_last(last)
        except PeerGone:
            pass
        finally:
            self._forget(lane)
            lane.close()

    async def _send_results(
        self, lane: OperationLane, request: OperationRequest, admission: Admission
    ) -> dict[str, object]:
        """Send the events; give the message that ends the operation. Raises PeerGone."""
        last: dict[str, object] = {"type": "complete"}
        seconds = self._service.limits.operation_seconds
        frames = results(self._service.schema, request, admission, seconds=seconds, sink=lane)
        try:
            async with aclosing(frames):
                async for result in frames:
                    body = body_of(result)
                    if is_request_error(result):
                        last = {"type": "error", "payload": body["errors"]}
                    else:
                        await lane.send_next(body)
        except PeerGone:
            raise
        except Exception as error:  # noqa: BLE001 - the other operations of the socket go on
            last = {"type": "error", "payload": [internal_error(error).formatted]}
        return last

    def _forget(self, lane: OperationLane) -> None:
        if self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]
