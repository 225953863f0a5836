"""GraphQL over one WebSocket: the graphql-transport-ws protocol from connection_init to the close code."""

import asyncio
import random
from contextlib import aclosing
from typing import Never

from okrgraph.graph.transport.execution import body_of, is_request_error, results
from okrgraph.graph.transport.failures import errors_of, internal_error
from okrgraph.graph.transport.guard import guarded
from okrgraph.graph.transport.messages import ClientMessage, Complete, ConnectionInit, Ping, Pong, Subscribe
from okrgraph.graph.transport.payload import OperationRequest
from okrgraph.graph.transport.service import Draining, Service
from okrgraph.graph.transport.session import Admission, CredentialRefused
from okrgraph.graph.transport.wire import CloseSocket, PeerGone, Wire


class GraphQLSocket:
    """One connection and the operations that run on it.

    Close codes are the protocol's where it has one, else 1012 (the server stops) or 1013 (slow, silent, bug).
    The reference client connects again after both, and never after 1011.
    """

    def __init__(self, service: Service, wire: Wire, authorization: str | None) -> None:
        self._service = service
        self._limits = service.limits
        self._wire = wire
        self._authorization = authorization
        self._is_initialised = asyncio.Event()
        self._admission: Admission | None = None
        self._is_admitted = asyncio.Event()
        self._broken: asyncio.Future[Never] = asyncio.get_running_loop().create_future()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        closing: CloseSocket | None = None
        try:
            with self._service.live.sockets:
                await guarded(
                    self._listen(),
                    self._stay_alive(),
                    self._watch_credential(),
                    self._service.until_drained(),
                    self._broken,
                )
        except PeerGone:
            pass
        except CloseSocket as wanted:
            closing = wanted
        except CredentialRefused:
            closing = CloseSocket(4403, "Forbidden")
        except Draining:
            closing = CloseSocket(1012, "The server restarts.")
        except Exception as error:  # noqa: BLE001 - a bug must not close with 1011, see above
            internal_error(error)
            closing = CloseSocket(1013, "Try again later.")
        finally:
            for task in self._tasks:
                task.cancel()
        if closing:
            await self._wire.close(closing.code, closing.reason)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        async with aclosing(self._wire.messages()) as messages:
            async for message in messages:
                self._heard_at = asyncio.get_running_loop().time()
                await self._handle(message)

    async def _stay_alive(self) -> Never:
        limits = self._limits
        try:
            async with asyncio.timeout(limits.init_seconds):
                await self._is_initialised.wait()
        except TimeoutError:
            raise CloseSocket(4408, "Connection initialisation timeout") from None
        loop = asyncio.get_running_loop()
        ping_at = loop.time() + limits.ping_seconds * random.random()  # noqa: S311 - spreads load
        while True:
            silent_at = self._heard_at + limits.silence_seconds
            await asyncio.sleep(min(ping_at, silent_at) - loop.time())
            if loop.time() >= self._heard_at + limits.silence_seconds:
                raise CloseSocket(1013, "The client is silent.")
            if loop.time() >= ping_at:
                ping_at = loop.time() + limits.ping_seconds
                await self._wire.send({"type": "ping"})

    async def _watch_credential(self) -> Never:
        await self._is_admitted.wait()
        assert self._admission
        await self._admission.until_refused(self._limits.recheck_seconds)

    async def _handle(self, message: ClientMessage) -> None:
        match message:
            case ConnectionInit():
                await self._initialise(message)
            case Ping():
                await self._wire.send({"type": "pong"})
            case Pong():
                pass
            case Subscribe(key, request):
                await self._subscribe(key, request)
            case Complete(key):
                if task := self._operations.pop(key, None):
                    task.cancel()

    async def _initialise(self, message: ConnectionInit) -> None:
        if self._is_initialised.is_set():
            raise CloseSocket(4429, "Too many initialisation requests")
        self._is_initialised.set()
        authorization = message.authorization or self._authorization
        self._admission = await Admission.of(self._service.admit, authorization)
        if self._admission is None:
            raise CloseSocket(4403, "Forbidden")
        await self._wire.send({"type": "connection_ack"})
        self._is_admitted.set()

    async def _subscribe(self, key: str, request: OperationRequest) -> None:
        if self._admission is None:
            raise CloseSocket(4401, "Unauthorized")
        if key in self._operations:
            raise CloseSocket(4409, f"Subscriber for {key} already exists")
        most = self._limits.operations_per_socket
        if len(self._operations) >= most:
            message = f"At most {most} operations run on one socket at a time."
            await self._wire.send(
                {"id": key, "type": "error", "payload": errors_of("LIMIT_EXCEEDED", message)}
            )
            return
        task = asyncio.create_task(self._operate(key, request, self._admission))
        self._operations[key] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _operate(self, key: str, request: OperationRequest, admission: Admission) -> None:
        try:
            with self._service.live.operations:
                final = await self._send_results(key, request, admission)
            # The client may use the id again as soon as it has read the last message.
            self._forget(key)
            await self._wire.send({"id": key, **final})
        except PeerGone:
            pass
        except CloseSocket as closing:
            if not self._broken.done():
                self._broken.set_exception(closing)
        finally:
            self._forget(key)

    async def _send_results(
        self, key: str, request: OperationRequest, admission: Admission
    ) -> dict[str, object]:
        final: dict[str, object] = {"type": "complete"}
        frames = results(self._service.schema, request, admission, seconds=self._limits.operation_seconds)
        try:
            async with aclosing(frames):
                async for result in frames:
                    body = body_of(result)
                    if is_request_error(result):
                        final = {"type": "error", "payload": body["errors"]}
                    else:
                        await self._wire.send({"id": key, "type": "next", "payload": body})
        except (PeerGone, CloseSocket):
            raise
        except Exception as error:  # noqa: BLE001 - the other operations of the socket go on
            final = {"type": "error", "payload": [internal_error(error).formatted]}
        return final

    def _forget(self, key: str) -> None:
        if self._operations.get(key) is asyncio.current_task():
            del self._operations[key]
