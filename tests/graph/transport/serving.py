"""The toy schema behind a real server on a free port, with limits of the test's choice."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
from starlette.applications import Starlette

from okrgraph.graph.transport.endpoint import GraphQLEndpoint, graphql_routes
from okrgraph.graph.transport.limits import TransportLimits
from okrgraph.graph.transport.server import BoundedHTTPProtocol, uvicorn_options
from okrgraph.graph.transport.websocket_protocol import LeanWebSocketProtocol
from tests.graph.transport.client import Serve, Served, running
from tests.graph.transport.toy import ToyAdmit, World, make_schema


@asynccontextmanager
async def serving() -> AsyncIterator[Serve]:
    """Give what starts servers; they stop together."""
    async with AsyncExitStack() as stack:

        async def start(
            *,
            allowed_origins: tuple[str, ...] = (),
            protocol: type[BoundedHTTPProtocol] = BoundedHTTPProtocol,
            websocket: type[LeanWebSocketProtocol] = LeanWebSocketProtocol,
            **limits: Any,
        ) -> Served:
            world = World()
            chosen = replace(TransportLimits(), **limits)
            endpoint = GraphQLEndpoint(
                make_schema(), ToyAdmit(world), allowed_origins=allowed_origins, limits=chosen
            )
            app = Starlette(routes=graphql_routes(endpoint))
            options = {**uvicorn_options(chosen), "http": protocol, "ws": websocket}
            port = await stack.enter_async_context(running(app, options))
            http = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer ada"}, timeout=5
                )
            )
            return Served(world, endpoint, port, http)

        yield start
