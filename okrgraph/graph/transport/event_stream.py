"""GraphQL over server-sent events: one operation, in the distinct connections mode of graphql-sse."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import aclosing
from typing import Never

from starlette.types import Message, Receive, Send
from strawberry.http.streaming import SSETransport
from strawberry.types.graphql import OperationType

from okrgraph.graph.transport.execution import body_of, results
from okrgraph.graph.transport.failures import ClientGone, errors_of, internal_error
from okrgraph.graph.transport.guard import guarded, until_disconnected
from okrgraph.graph.transport.payload import OperationRequest, encode
from okrgraph.graph.transport.service import Draining, Service
from okrgraph.graph.transport.session import Admission, CredentialRefused

_HEADERS = {
    **SSETransport.headers,
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Content-Type-Options": "nosniff",
}


class EventStream:
    """The answer to one request. It ends without a complete event when the client should ask again."""

    def __init__(self, service: Service, admission: Admission, receive: Receive, send: Send) -> None:
        self._service = service
        self._limits = service.limits
        self._admission = admission
        self._receive = receive
        self._transmit = send
        self._format = SSETransport()

    async def run(self, request: OperationRequest, allowed: Collection[OperationType]) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
        with self._service.live.streams:
            try:
                await self._send({"type": "http.response.start", "status": 200, "headers": headers})
                await self._run(request, allowed)
                await self._send({"type": "http.response.body", "body": b""})
            except ClientGone:
                pass

    async def _run(self, request: OperationRequest, allowed: Collection[OperationType]) -> None:
        try:
            await guarded(
                self._pump(request, allowed),
                self._keep_alive(),
                until_disconnected(self._receive),
                self._admission.until_refused(self._limits.recheck_seconds),
                self._service.until_drained(),
            )
            await self._write(self._format.encode_complete())
        except Draining:
            pass
        except CredentialRefused:
            await self._give_up(errors_of("UNAUTHENTICATED", "The credential is no longer valid."))
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - the last stop of a bug before the client
            await self._give_up([internal_error(error).formatted])

    async def _pump(self, request: OperationRequest, allowed: Collection[OperationType]) -> None:
        frames = results(
            self._service.schema,
            request,
            self._admission,
            seconds=self._limits.operation_seconds,
            allowed=allowed,
        )
        with self._service.live.operations:
            async with aclosing(frames):
                async for result in frames:
                    await self._next(body_of(result))

    async def _keep_alive(self) -> Never:
        while True:
            await asyncio.sleep(self._limits.keep_alive_seconds)
            await self._write(self._format.encode_comment("ping"))

    async def _next(self, body: dict[str, object]) -> None:
        await self._write(self._format.encode_event("next", encode(body).decode()))

    async def _give_up(self, errors: Sequence[object]) -> None:
        await self._next({"errors": errors})
        await self._write(self._format.encode_complete())

    async def _write(self, text: str) -> None:
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _send(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._transmit(message)
        except (TimeoutError, OSError):
            raise ClientGone from None
