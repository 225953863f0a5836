"""Clients of a running server, as anybody would write them: GraphQL over HTTP and over one WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets

from tests.e2e.program import PATIENCE_SECONDS, Server

PROTOCOL = websockets.Subprotocol("graphql-transport-ws")


class Client:
    """One person's HTTP client."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def answer(self, document: str, **variables: Any) -> Any:
        """The whole body of the answer, which has status 200."""
        response = await self.http.post("/graphql", json={"query": document, "variables": variables})
        assert response.status_code == 200, response.text
        return response.json()

    async def run(self, document: str, **variables: Any) -> Any:
        """The data of an operation that must succeed."""
        body = await self.answer(document, **variables)
        assert "errors" not in body, body
        return body["data"]

    async def change(self, mutation: str, **variables: Any) -> Any:
        """The payload of a document's one mutation, which must be done."""
        ((_, payload),) = (await self.run(mutation, **variables)).items()
        assert payload["userErrors"] == [], payload
        return payload


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token is not None else {}


@asynccontextmanager
async def client(server: Server, token: str | None) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(
        base_url=server.url, headers=bearer(token), timeout=PATIENCE_SECONDS, trust_env=False
    ) as http:
        yield Client(http)


class Socket:
    """A client of graphql-transport-ws; answers pings, and keeps what is for another operation."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.kept: list[dict[str, Any]] = []

    async def send(self, message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        """The next message that is no ping."""
        while True:
            async with asyncio.timeout(PATIENCE_SECONDS):
                message: dict[str, Any] = json.loads(await self.connection.recv())
            if message["type"] != "ping":
                return message
            await self.send({"type": "pong"})

    async def message(self, key: str) -> dict[str, Any]:
        """The next message of one operation."""
        for message in self.kept:
            if message["id"] == key:
                self.kept.remove(message)
                return message
        while (message := await self.receive())["id"] != key:
            self.kept.append(message)
        return message

    async def init(self, token: str | None) -> None:
        payload = {"authorization": f"Bearer {token}"} if token is not None else None
        await self.send({"type": "connection_init", "payload": payload})

    async def subscribe(self, key: str, document: str, **variables: Any) -> None:
        payload = {"query": document, "variables": variables}
        await self.send({"id": key, "type": "subscribe", "payload": payload})

    async def data(self, key: str) -> Any:
        """The value of the one root field in the next result of an operation."""
        message = await self.message(key)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (value,) = message["payload"]["data"].values()
        return value

    async def follow(self, key: str, document: str, **variables: Any) -> str:
        """Subscribe to a feed and give the cursor of its first batch: from then on it is live."""
        await self.subscribe(key, document, **variables)
        first = await self.data(key)
        assert [change["__typename"] for change in first["changes"]] == ["Checkpoint"], first
        cursor: str = first["cursor"]
        return cursor

    async def rest(self) -> list[dict[str, Any]]:
        """What still comes until the server closes."""
        messages = list(self.kept)
        try:
            while True:
                messages.append(await self.receive())
        except websockets.ConnectionClosed:
            return messages

    async def closed(self) -> tuple[int | None, str | None]:
        """Code and reason of the close that the server is expected to make."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.connection.wait_closed()
        return self.connection.close_code, self.connection.close_reason


@asynccontextmanager
async def connected(server: Server, **options: Any) -> AsyncIterator[Socket]:
    """A socket before its connection_init."""
    url = f"ws://127.0.0.1:{server.port}/graphql"
    async with websockets.connect(url, subprotocols=[PROTOCOL], proxy=None, **options) as connection:
        yield Socket(connection)


@asynccontextmanager
async def socket(server: Server, token: str) -> AsyncIterator[Socket]:
    """A socket past its connection_init."""
    async with connected(server) as opened:
        await opened.init(token)
        assert await opened.receive() == {"type": "connection_ack"}
        yield opened
