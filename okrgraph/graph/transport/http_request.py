"""Reading one HTTP request for GraphQL: what it may look like and how large it may be."""

import asyncio
import re
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from okrgraph.graph.transport.failures import ClientGone, Refusal
from okrgraph.graph.transport.limits import TransportLimits
from okrgraph.graph.transport.negotiation import is_json
from okrgraph.graph.transport.payload import Malformed, OperationRequest, decode

# More than a GraphQL request has; parsing stops there.
_MAX_PARAMETERS = 20
_EVENT_ID = re.compile(r"[ -~]{1,200}")
_PARAMETERS = ("query", "variables", "operationName", "extensions")


class BodyRefusal(Refusal):
    """The rest of the body is still on its way."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message, {"Connection": "close"})


async def read_request(scope: Scope, receive: Receive, limits: TransportLimits) -> OperationRequest:
    """Read the operation from the query string of a GET or the JSON body of a POST. Raises Refusal."""
    try:
        if scope["method"] == "GET":
            return OperationRequest.read(_parameters(scope["query_string"]))
        headers = Headers(scope=scope)
        _require_json(headers)
        return OperationRequest.read(decode(await _body(headers, receive, limits)))
    except Malformed as malformed:
        raise Refusal(400, "BAD_REQUEST", str(malformed)) from None


def authorization_of(headers: Headers) -> str | None:
    """Give the Authorization value, None without one. Raises Refusal when there are several."""
    values = headers.getlist("authorization")
    if len(values) > 1:
        raise Refusal(400, "BAD_REQUEST", "The request has more than one Authorization header.")
    return values[0] if values else None


def last_event_id_of(headers: Headers) -> str | None:
    """Give what a client that comes back says it has seen last; None when that cannot be an id of ours."""
    value = headers.get("last-event-id", "")
    return value if _EVENT_ID.fullmatch(value) else None


def _require_json(headers: Headers) -> None:
    types = headers.getlist("content-type")
    if len(types) != 1 or not is_json(types[0]):
        message = "The body must be JSON in UTF-8, with `Content-Type: application/json`."
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", message)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.")


async def _body(headers: Headers, receive: Receive, limits: TransportLimits) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limits.body_bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            more = True
            while more:
                event = await receive()
                if event["type"] == "http.disconnect":
                    raise ClientGone
                body += event.get("body", b"")
                more = event.get("more_body", False)
                if len(body) > limits.body_bytes:
                    raise _too_large(limits)
    except TimeoutError:
        message = f"The body did not arrive within {limits.body_seconds:g} seconds."
        raise BodyRefusal(408, "REQUEST_TIMEOUT", message) from None
    return bytes(body)


def _too_large(limits: TransportLimits) -> Refusal:
    return BodyRefusal(413, "PAYLOAD_TOO_LARGE", f"The body is larger than {limits.body_bytes} bytes.")


def _parameters(query_string: bytes) -> dict[str, object]:
    try:
        pairs = parse_qsl(
            query_string.decode("latin-1"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:
        raise Malformed("The query string cannot be read.") from None
    parameters: dict[str, object] = {}
    for name, text in pairs:
        if name not in _PARAMETERS:
            continue
        if name in parameters:
            raise Malformed(f"`{name}` occurs twice in the query string.")
        is_blank = not text and name != "query"
        parameters[name] = None if is_blank else decode(text) if name in ("variables", "extensions") else text
    return parameters
