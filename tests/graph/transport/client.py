"""Clients of the toy schema, and a real server on a free port to serve it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
import websockets
from starlette.applications import Starlette

from okrgraph.graph.transport.endpoint import GraphQLEndpoint
from tests.graph.transport.toy import World

PROTOCOL = websockets.Subprotocol("graphql-transport-ws")


class Socket:
    """A client of graphql-transport-ws that hides nothing."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> Any:
        async with asyncio.timeout(5):
            frame = await self.connection.recv()
        assert isinstance(frame, str)
        return json.loads(frame)

    async def subscribe(self, key: str, query: str, **payload: object) -> None:
        await self.send({"id": key, "type": "subscribe", "payload": {"query": query, **payload}})

    async def execute(self, key: str, query: str, **payload: object) -> Any:
        """Run an operation with one result and give that."""
        await self.subscribe(key, query, **payload)
        result = await self.receive()
        if result["type"] == "next":
            assert await self.receive() == {"id": key, "type": "complete"}
        assert result["id"] == key
        return result["payload"]

    async def closed(self) -> tuple[int, str]:
        async with asyncio.timeout(5):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


@dataclass
class Served:
    world: World
    endpoint: GraphQLEndpoint
    port: int
    http: httpx.AsyncClient

    async def post(self, query: str, headers: dict[str, str] | None = None, **rest: object) -> httpx.Response:
        return await self.http.post("/graphql", json={"query": query, **rest}, headers=headers)

    @asynccontextmanager
    async def connect(self, *, protocols: Any = (PROTOCOL,), **options: Any) -> AsyncIterator[Socket]:
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with websockets.connect(url, subprotocols=protocols, **options) as connection:
            yield Socket(connection)

    @asynccontextmanager
    async def socket(self, authorization: str = "Bearer ada", **options: Any) -> AsyncIterator[Socket]:
        """A socket that is past its connection_init."""
        async with self.connect(**options) as client:
            await client.send({"type": "connection_init", "payload": {"authorization": authorization}})
            assert await client.receive() == {"type": "connection_ack"}
            yield client

    @asynccontextmanager
    async def raw(self, data: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection on which these bytes were sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def settled(self) -> None:
        """Wait until nothing is open any more."""
        live = self.endpoint.live
        async with asyncio.timeout(1):
            while live.sockets.value or live.streams.value or live.operations.value:  # noqa: ASYNC110 - gauges
                await asyncio.sleep(0.005)


Serve = Callable[..., Awaitable[Served]]


@asynccontextmanager
async def running(app: Starlette, options: dict[str, Any]) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_config=None, **options)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield listener.getsockname()[1]
    finally:
        server.force_exit = True
        await server.shutdown(sockets=[listener])


def code_of(response: httpx.Response) -> str:
    """The code of the one error in a JSON answer that carries nothing else."""
    body = response.json()
    assert list(body) == ["errors"]
    (error,) = body["errors"]
    return str(error["extensions"]["code"])
