"""The GraphQL endpoint: one ASGI application for HTTP and WebSocket at one path, and its routes."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.http.websocket_origin import is_same_origin, normalize_allowed_origins, normalize_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from okrgraph.graph.transport.ending import UNKNOWN_PROTOCOL
from okrgraph.graph.transport.failures import Refusal
from okrgraph.graph.transport.http import HTTPTransport, refused
from okrgraph.graph.transport.http_request import authorization_of
from okrgraph.graph.transport.limits import DEFAULT_LIMITS, TransportLimits
from okrgraph.graph.transport.schema import TransportSchema
from okrgraph.graph.transport.service import Live, Service
from okrgraph.graph.transport.session import Admit
from okrgraph.graph.transport.socket import GraphQLSocket
from okrgraph.graph.transport.wire import Wire


class GraphQLEndpoint:
    """ASGI application for scope http and websocket."""

    def __init__(
        self,
        schema: TransportSchema,
        admit: Admit[Any],
        *,
        allowed_origins: Sequence[str] = (),
        limits: TransportLimits = DEFAULT_LIMITS,
    ) -> None:
        self._service = Service(schema, admit, limits)
        self._http = HTTPTransport(self._service)
        self._allowed_origins = normalize_allowed_origins(allowed_origins)

    @property
    def live(self) -> Live:
        return self._service.live

    def drain(self, seconds: float) -> None:
        """End every event stream and close every socket with 1012, spread over so many seconds.

        To be called before the server is told to stop: it waits for event streams, which nothing else ends.
        """
        self._service.keeper.drain(seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        try:
            self._require_known_origin(websocket.headers)
            authorization = authorization_of(websocket.headers)
        except Refusal as refusal:
            await websocket.send_denial_response(refused(refusal))
            return
        wire = Wire(receive, send, self._service.limits.send_seconds)
        if GRAPHQL_TRANSPORT_WS_PROTOCOL not in scope["subprotocols"]:
            await websocket.accept()
            await wire.close(UNKNOWN_PROTOCOL)
            return
        await websocket.accept(GRAPHQL_TRANSPORT_WS_PROTOCOL)
        # A socket lives for hours, and what its handshake said has no use in them.
        del websocket
        scope["headers"] = []
        with self._service.live.sockets:
            await GraphQLSocket(self._service, wire, authorization).run()

    def _require_known_origin(self, headers: Headers) -> None:
        """Refuse pages of other sites, since browsers apply no CORS to WebSockets. Raises Refusal."""
        origin = headers.get("origin")
        if origin is None or "*" in self._allowed_origins:
            return
        if not is_same_origin(origin, headers.get("host")) and (
            normalize_origin(origin) not in self._allowed_origins
        ):
            raise Refusal(403, "FORBIDDEN", "Pages of this origin may not connect.")


def graphql_routes(endpoint: GraphQLEndpoint, path: str = "/graphql") -> list[BaseRoute]:
    """Give the routes of the endpoint; a Mount would refuse WebSockets at the path without a slash."""
    return [Route(path, endpoint), WebSocketRoute(path, endpoint)]
