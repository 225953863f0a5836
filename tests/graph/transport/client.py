"""Clients of the toy schema, and a real server on a free port to serve it."""

import asyncio
import base64
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
import websockets
from prometheus_client import REGISTRY
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


class RawConnection:
    """A client that takes nothing off its connection but when told to."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.connection, data)

    async def read_until(self, end: bytes, at_once: int = 1) -> bytes:
        """What comes up to this end, or to that of the connection."""
        data = bytearray()
        async with asyncio.timeout(5):
            while not data.endswith(end):
                data += await asyncio.get_running_loop().sock_recv(self.connection, at_once) or end
        return bytes(data)

    async def read(self, count: int) -> bytes:
        """So many bytes, or b"" at the end of the connection."""
        data = bytearray()
        async with asyncio.timeout(5):
            while len(data) < count:
                part = await asyncio.get_running_loop().sock_recv(self.connection, count - len(data))
                if not part:
                    return b""
                data += part
        return bytes(data)

    def kill(self) -> None:
        """Leave without a word, with whatever was not read."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class RawSocket(RawConnection):
    """A client of graphql-transport-ws, the same."""

    async def open(self) -> None:
        key = base64.b64encode(bytes(16)).decode()
        await self.write(
            "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
        )
        head = await self.read_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        await self.send({"type": "connection_init", "payload": {"authorization": "Bearer ada"}})
        assert await self.receive() == '{"type":"connection_ack"}'

    async def send(self, message: object) -> None:
        payload = json.dumps(message).encode()
        # With a mask of zeros: what is masked by it stays as it is.
        await self.write(struct.pack("!BBHI", 0x81, 0x80 | 126, len(payload), 0) + payload)

    async def subscribe(self, key: str, query: str) -> None:
        await self.send({"id": key, "type": "subscribe", "payload": {"query": query}})

    async def receive(self) -> str | int:
        """The text of the next frame, or the code of a close frame."""
        opcode, length = await self.read(2)
        if length >= 126:
            length = int.from_bytes(await self.read(2 if length == 126 else 8))
        payload = await self.read(length)
        return int.from_bytes(payload[:2]) if opcode == 0x88 else payload.decode()


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

    @asynccontextmanager
    async def unread(self) -> AsyncIterator[RawConnection]:
        """A connection of a client that reads only when told to, and whose system holds little for it."""
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
            yield RawConnection(connection)

    @asynccontextmanager
    async def raw_socket(self) -> AsyncIterator[RawSocket]:
        """A socket past its connection_init, on such a connection."""
        async with self.unread() as raw:
            client = RawSocket(raw.connection)
            await client.open()
            yield client

    async def settled(self) -> None:
        """Wait until nothing is open any more."""
        live = self.endpoint.live
        async with asyncio.timeout(1):
            while live.sockets.value or live.streams.value or live.operations.value:  # noqa: ASYNC110 - gauges
                await asyncio.sleep(0.005)


def evictions(reason: str) -> float:
    """How many connections this process has ended for this reason."""
    return REGISTRY.get_sample_value("okrgraph_evictions_total", {"reason": reason}) or 0.0


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
