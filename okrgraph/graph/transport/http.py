"""GraphQL over HTTP: one request in, one JSON answer or one event stream out."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from okrgraph.graph.transport.ending import CROWDED
from okrgraph.graph.transport.event_stream import EventStream
from okrgraph.graph.transport.execution import body_of, code_of, is_request_error, results
from okrgraph.graph.transport.failures import ClientGone, Refusal, errors_of, internal_error
from okrgraph.graph.transport.guard import guarded, until_disconnected
from okrgraph.graph.transport.http_request import BodyRefusal, authorization_of, read_request
from okrgraph.graph.transport.negotiation import EVENT_STREAM, JSON, RESPONSE_JSON, acceptable
from okrgraph.graph.transport.payload import OperationRequest, encode
from okrgraph.graph.transport.service import Service
from okrgraph.graph.transport.session import Admission

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_ALLOWED = {
    # A link or an image on another site can make a browser GET: it must change nothing.
    "GET": (OperationType.QUERY,),
    "POST": (OperationType.QUERY, OperationType.MUTATION),
}
# Of answers that no data entry comes with; anything else is the client's mistake, 400.
_STATUS = {"INTERNAL": 500, "TIMEOUT": 504}


class HTTPTransport:
    """ASGI application for scope http."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(scope, receive, send)
        except ClientGone:
            return
        except BodyRefusal as refusal:
            await self._refuse_body(refused(refusal), receive, send)
            return
        except Refusal as refusal:
            response = refused(refusal)
        except Exception as error:  # noqa: BLE001 - the last stop of a bug before the client
            response = _response(500, {"errors": [internal_error(error).formatted]})
        if response is not None:
            await response(scope, receive, send)

    async def _refuse_body(self, response: Response, receive: Receive, send: Send) -> None:
        """Answer, and read on for a while: closing on data that nobody has read destroys the answer."""
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        try:
            async with asyncio.timeout(self._service.limits.linger_seconds):
                await until_disconnected(receive)
        except (ClientGone, TimeoutError):
            pass
        await send({"type": "http.response.body", "body": b""})

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        if scope["method"] not in _ALLOWED:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "Use POST, or GET for a query.", {"Allow": "GET, POST"})
        headers = Headers(scope=scope)
        media_type = acceptable(headers.getlist("accept"))
        if media_type is None:
            offered = f"{RESPONSE_JSON}, {JSON}, {EVENT_STREAM}"
            raise Refusal(406, "NOT_ACCEPTABLE", f"The answer can be one of {offered}.")
        admission = await self._admit(headers)
        request = await read_request(scope, receive, self._service.limits)
        allowed = _ALLOWED[scope["method"]]
        if media_type == EVENT_STREAM:
            if not self._service.has_room(admission):
                raise Refusal(429, "LIMIT_EXCEEDED", CROWDED.reason, {"Retry-After": "10"})
            stream = EventStream(self._service, scope, receive, send)
            await stream.run(request, admission, (*allowed, OperationType.SUBSCRIPTION))
            return None
        answer = self._answer(request, admission, allowed)
        result = await guarded(answer, until_disconnected(receive))
        _refuse_forbidden_type(result, scope["method"])
        is_refused = media_type == RESPONSE_JSON and is_request_error(result)
        status = _STATUS.get(code_of(result), 400) if is_refused else 200
        return _response(status, body_of(result), media_type)

    async def _admit(self, headers: Headers) -> Admission:
        authorization = authorization_of(headers)
        async with asyncio.timeout(self._service.limits.operation_seconds):
            admission = await Admission.of(self._service.admit, authorization)
        if admission is None:
            message = "Send a valid credential: `Authorization: Bearer TOKEN`."
            raise Refusal(401, "UNAUTHENTICATED", message, {"WWW-Authenticate": "Bearer"})
        return admission

    async def _answer(
        self, request: OperationRequest, admission: Admission, allowed: tuple[OperationType, ...]
    ) -> ExecutionResult:
        service = self._service
        seconds = service.limits.operation_seconds
        with service.live.operations:
            frames = results(service.schema, request, admission, seconds=seconds, allowed=allowed)
            (result,) = [result async for result in frames]
        return result


def _refuse_forbidden_type(result: ExecutionResult, method: str) -> None:
    cause = result.errors[0].original_error if result.errors else None
    if not isinstance(cause, InvalidOperationTypeError):
        return
    if cause.operation_type is OperationType.SUBSCRIPTION:
        message = "A subscription needs a WebSocket, or `Accept: text/event-stream`."
        raise Refusal(400, "BAD_REQUEST", message)
    raise Refusal(405, "METHOD_NOT_ALLOWED", f"A mutation is never run by {method}.", {"Allow": "POST"})


def refused(refusal: Refusal) -> Response:
    body: dict[str, object] = {"errors": errors_of(refusal.code, refusal.message)}
    return _response(refusal.status, body, headers=refusal.headers)


def _response(
    status: int,
    body: dict[str, object],
    media_type: str = JSON,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    content_type = f"{media_type}; charset=utf-8"
    return Response(encode(body), status, {**_HEADERS, **headers, "Content-Type": content_type})
