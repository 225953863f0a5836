from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from okrgraph.graph.transport.endpoint import GraphQLEndpoint, graphql_routes
from okrgraph.graph.transport.limits import TransportLimits
from okrgraph.graph.transport.server import BoundedHTTPProtocol, uvicorn_options
from tests.graph.transport.client import Serve, Served, running
from tests.graph.transport.toy import World, make_schema


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve the toy schema by a real server on a free port, with limits of the test's choice."""
    async with AsyncExitStack() as stack:

        async def start(
            *,
            allowed_origins: tuple[str, ...] = (),
            protocol: type[BoundedHTTPProtocol] = BoundedHTTPProtocol,
            **limits: Any,
        ) -> Served:
            world = World()
            chosen = replace(TransportLimits(), **limits)
            endpoint = GraphQLEndpoint(
                make_schema(), world.admit, allowed_origins=allowed_origins, limits=chosen
            )
            app = Starlette(routes=graphql_routes(endpoint))
            port = await stack.enter_async_context(
                running(app, {**uvicorn_options(chosen), "http": protocol})
            )
            http = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer ada"}, timeout=5
                )
            )
            return Served(world, endpoint, port, http)

        yield start


@pytest.fixture
async def served(serve: Serve) -> Served:
    return await serve()
