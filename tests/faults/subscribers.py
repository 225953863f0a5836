"""Clients that follow the changes through every fault and record what they are sent: WebSocket, SSE, polling."""

import asyncio
import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any

import httpx
import websockets

from okrgraph.events import cursors
from tests.e2e.clients import PROTOCOL
from tests.faults.api import Api, Refused
from tests.faults.documents import seen
from tests.faults.history import Frame, Place, Run, Subscriber
from tests.faults.model import Model

CANARY = re.compile(r"canary-[a-z0-9]+-[a-z0-9]+")
# The server's own ping comes every 15 s or so: whoever hears nothing for longer has lost it.
SILENCE_SECONDS = 25.0
RECEIVED_BYTES = 64 * 1024


def place_of(cursor: str) -> Place:
    found = cursors.decode(cursor)
    assert found is not None, f"no cursor: {cursor}"
    return found.epoch, found.position


class Interrupted(Exception):
    """A subscription ended; the message says why."""


class LiveClient:
    """What every transport has in common: the stored cursor, the model that goes with it, and the record."""

    def __init__(
        self,
        record: Subscriber,
        api: Api,
        document: str,
        variables: Mapping[str, Any] | None = None,
        model: Model | None = None,
    ) -> None:
        self.record = record
        self.api = api
        self.document = document
        self.variables = dict(variables or {})
        self.model = model
        self.cursor: str | None = None
        # Cleared by a fault: the client then reads nothing, as a frozen tab does.
        self.is_reading = asyncio.Event()
        self.is_reading.set()

    @property
    def place(self) -> Place | None:
        return place_of(self.cursor) if self.cursor is not None else None

    async def begin(self) -> None:
        """Read everything; what follows its cursor is the tail."""
        if self.model is not None:
            self.cursor = await self.model.refetch(self.api)

    def open_run(self, after: str | None) -> Run:
        run = Run(place_of(after) if after is not None else None, time.time())
        self.record.runs.append(run)
        return run

    async def take(self, run: Run, batch: Mapping[str, Any], text: str) -> None:
        """Apply one batch, then store its cursor: whatever comes in between, both are there or neither."""
        at = time.time()
        epoch, position = place_of(batch["cursor"])
        changes = tuple(seen(change, place_of(change["cursor"])[1]) for change in batch["changes"])
        if self.model is not None:
            for change in batch["changes"]:
                self.record.refetched += change["__typename"] == "Resync"
                await self.model.apply(change, self.api)
        run.frames.append(
            Frame(
                at,
                epoch,
                position,
                changes,
                bool(batch.get("replay")),
                bool(batch.get("conflated")),
                tuple(sorted(set(CANARY.findall(text)))),
            )
        )
        self.cursor = batch["cursor"]


class Follower(LiveClient):
    """A client that goes on after its cursor whenever a subscription ends, each time at the next worker."""

    def __init__(
        self,
        record: Subscriber,
        api: Api,
        document: str,
        urls: Sequence[str],
        rng: random.Random,
        **more: Any,
    ) -> None:
        super().__init__(record, api, document, **more)
        self._urls = urls
        self._rng = rng
        self._turn = rng.randrange(len(urls))

    async def follow(self) -> None:
        """Follow until cancelled, or until the credential is refused."""
        if self.cursor is None:
            await self.begin()
        while True:
            run = self.open_run(self.cursor)
            try:
                await self._follow_once(run, self._urls[self._turn % len(self._urls)])
                run.why = run.why or "complete"
            except Refused:
                run.why = f"{run.why} 401".strip()
            except (
                Interrupted,
                OSError,
                httpx.HTTPError,
                websockets.WebSocketException,
                TimeoutError,
            ) as error:
                run.why = f"{run.why} {_told(error)}".strip()
            except asyncio.CancelledError:
                run.why = run.why or "stopped"
                raise
            finally:
                run.ended = time.time()
            if self.record.is_doomed and ("4403" in run.why or "401" in run.why):
                return
            self._turn += 1
            await asyncio.sleep(self._rng.uniform(0.05, 0.4))

    async def _follow_once(self, run: Run, url: str) -> None:
        raise NotImplementedError


def _told(error: BaseException) -> str:
    if isinstance(error, websockets.ConnectionClosed):
        close = error.rcvd
        return f"{close.code} {close.reason}" if close is not None else "1006"
    return f"{type(error).__name__} {error}"[:200]


class SocketClient(Follower):
    """graphql-transport-ws."""

    async def _follow_once(self, run: Run, url: str) -> None:
        async with websockets.connect(
            f"{url.replace('http', 'ws', 1)}/graphql",
            subprotocols=[PROTOCOL],
            proxy=None,
            ping_interval=None,
            compression=None,
            close_timeout=1,
            open_timeout=15,
            max_queue=4,
            max_size=None,
        ) as socket:
            # What is not read stands with the server, not in the kernel's megabytes.
            plain = socket.transport.get_extra_info("socket")
            plain.setsockopt(SOL_SOCKET, SO_RCVBUF, RECEIVED_BYTES)
            payload = {"authorization": f"Bearer {self.api.token}"}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            variables = {**self.variables, "after": self.cursor}
            while True:
                await self.is_reading.wait()
                async with asyncio.timeout(SILENCE_SECONDS):
                    text = await socket.recv(decode=True)
                message = json.loads(text)
                match message["type"]:
                    case "connection_ack":
                        asked = {"query": self.document, "variables": variables}
                        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
                    case "ping":
                        await socket.send('{"type":"pong"}')
                    case "next":
                        await self._next(run, message["payload"], text)
                    case "error":
                        self._note(run, message["payload"])
                    case "complete":
                        return

    async def _next(self, run: Run, payload: Mapping[str, Any], text: str) -> None:
        if payload.get("errors"):
            self._note(run, payload["errors"])
            return
        (batch,) = payload["data"].values()
        await self.take(run, batch, text)

    def _note(self, run: Run, errors: Sequence[Mapping[str, Any]]) -> None:
        """Keep what a failed subscription said. The socket of a credential that is gone is about to be closed."""
        run.why = " ".join(str(error.get("extensions", {}).get("code", error)) for error in errors)
        if "UNAUTHENTICATED" not in run.why:
            raise Interrupted


class StreamClient(Follower):
    """Server-sent events; goes on by Last-Event-ID, as a browser's EventSource does."""

    last_id: str | None = None

    async def _follow_once(self, run: Run, url: str) -> None:
        headers = {"Authorization": f"Bearer {self.api.token}", "Accept": "text/event-stream"}
        variables = dict(self.variables)
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        elif self.cursor is not None:
            variables["after"] = self.cursor
        timeout = httpx.Timeout(15, read=SILENCE_SECONDS)
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False) as client,
            client.stream(
                "POST",
                f"{url}/graphql",
                json={"query": self.document, "variables": variables},
                headers=headers,
            ) as response,
        ):
            if response.status_code == 401:
                raise Refused
            if response.status_code != 200:
                raise Interrupted(f"status {response.status_code}")
            event: dict[str, str] = {}
            async for line in response.aiter_lines():
                await self.is_reading.wait()
                name, _, value = line.partition(":")
                if name:
                    event[name] = value.removeprefix(" ")
                elif event:
                    await self._event(run, event)
                    event = {}
            raise Interrupted("the stream ended")

    async def _event(self, run: Run, event: Mapping[str, str]) -> None:
        if event.get("event") == "complete":
            return
        if event.get("event") != "next":
            return
        payload = json.loads(event["data"])
        if payload.get("errors"):
            run.why = str(payload["errors"])[:200]
            return
        (batch,) = payload["data"].values()
        if "id" in event:
            assert event["id"] == batch["cursor"], "the id of an event is its cursor"
        await self.take(run, batch, event["data"])
        # Stored with the data, as the cursor is.
        self.last_id = event.get("id")


class PollClient(Follower):
    """changesSince, every half second."""

    async def begin(self) -> None:
        await super().begin()
        if self.cursor is None:
            data = await self.api.run("{ organization { cursor } }")
            self.cursor = data["organization"]["cursor"]

    async def _follow_once(self, run: Run, url: str) -> None:
        while True:
            await self.is_reading.wait()
            body = await self.api.once(self.document, {**self.variables, "after": self.cursor})
            if "errors" in body:
                self.api.move_on()
                raise Interrupted(str(body["errors"])[:200])
            page = body["data"]["changesSince"]
            # An empty page that goes nowhere is no news.
            if page["changes"] or page["cursor"] != self.cursor:
                await self.take(run, page, json.dumps(page))
            if not page["hasMore"]:
                await asyncio.sleep(self._rng.uniform(0.3, 0.7))
