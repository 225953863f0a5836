import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.graph.transport.client import Serve, Served, code_of
from tests.graph.transport.toy import SECRET

EVENT_STREAM = {"Accept": "text/event-stream"}
CHANGES = "subscription { changes { text } }"


class Events:
    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Any:
        """The next event: its name and its data; a comment has the name ""."""
        async with asyncio.timeout(5):
            line = await anext(self._lines)
            if line.startswith(":"):
                assert await anext(self._lines) == ""
                return "", line
            name = line.removeprefix("event: ")
            data = (await anext(self._lines)).removeprefix("data: ")
            assert await anext(self._lines) == ""
        return name, json.loads(data) if data else None

    async def rest(self) -> list[str]:
        return [line async for line in self._lines]


@asynccontextmanager
async def stream(served: Served, query: str, **rest: object) -> AsyncIterator[Events]:
    body = {"query": query, **rest}
    async with served.http.stream("POST", "/graphql", json=body, headers=EVENT_STREAM) as response:
        yield Events(response)


async def test_a_subscription_is_streamed(served: Served) -> None:
    async with stream(served, "subscription($n: Int!) { count(to: $n) }", variables={"n": 2}) as events:
        assert events.response.status_code == 200
        assert events.response.headers["content-type"] == "text/event-stream"
        assert events.response.headers["cache-control"] == "no-cache, no-store, no-transform"
        assert events.response.headers["x-content-type-options"] == "nosniff"
        assert await events.next() == ("next", {"data": {"count": 0}})
        assert await events.next() == ("next", {"data": {"count": 1}})
        assert await events.next() == ("complete", None)
        assert await events.rest() == []


async def test_a_query_is_one_event(served: Served) -> None:
    async with stream(served, "{ me }") as events:
        assert await events.next() == ("next", {"data": {"me": "ada"}})
        assert await events.next() == ("complete", None)


async def test_a_subscription_by_get_is_streamed(served: Served) -> None:
    parameters = {"query": "subscription { count(to: 1) }"}
    response = await served.http.get("/graphql", params=parameters, headers=EVENT_STREAM)

    assert (
        response.text == 'event: next\r\ndata: {"data":{"count":0}}\r\n\r\nevent: complete\r\ndata: \r\n\r\n'
    )


async def test_a_mutation_by_get_is_not_run(served: Served) -> None:
    parameters = {"query": "mutation { add }"}
    response = await served.http.get("/graphql", params=parameters, headers=EVENT_STREAM)

    assert '"code":"METHOD_NOT_ALLOWED"' in response.text
    assert served.world.mutations == 0


async def test_an_operation_that_cannot_run_is_one_event_of_an_accepted_stream(served: Served) -> None:
    async with stream(served, "{ nothing }") as events:
        name, body = await events.next()
        assert (name, list(body)) == ("next", ["errors"])
        assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert await events.next() == ("complete", None)


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        ({"Authorization": "Bearer nobody"}, b'{"query": "{ me }"}', 401, "UNAUTHENTICATED"),
        ({}, b"{", 400, "BAD_REQUEST"),
        ({"Content-Type": "text/plain"}, b'{"query": "{ me }"}', 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_a_request_that_cannot_be_read_is_refused_in_json(
    served: Served, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    all_headers = {"Content-Type": "application/json", **EVENT_STREAM, **headers}
    response = await served.http.post("/graphql", content=content, headers=all_headers)

    assert (response.status_code, code_of(response)) == (status, code)


async def test_a_quiet_stream_is_kept_alive_by_comments(serve: Serve) -> None:
    served = await serve(keep_alive_seconds=0.05)

    async with stream(served, CHANGES) as events:
        assert await events.next() == ("", ": ping")
        assert await events.next() == ("", ": ping")
        served.world.changes.put_nowait("x")
        assert ("next", {"data": {"changes": {"text": "x"}}}) in [await events.next() for _ in range(3)]


async def test_a_client_that_leaves_ends_its_generator_at_once(served: Served) -> None:
    async with stream(served, CHANGES):
        await served.world.started.wait()

    async with asyncio.timeout(1):
        await served.world.closed.wait()
    await served.settled()


async def test_a_client_that_does_not_read_is_given_up(serve: Serve) -> None:
    served = await serve(send_seconds=0.1)
    body = b'{"query":"subscription{flood}"}'
    request = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\nAccept: text/event-stream\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    )

    async with served.raw(request + body) as (reader, writer), asyncio.timeout(5):
        await reader.readline()
        await served.world.closed.wait()
        await served.settled()
        writer.transport.abort()


async def test_a_credential_that_is_revoked_ends_the_stream(serve: Serve) -> None:
    served = await serve(recheck_seconds=0.05)

    async with stream(served, CHANGES) as events:
        await served.world.started.wait()
        served.world.tokens.clear()

        name, body = await events.next()
        assert (name, body["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert await events.next() == ("complete", None)
    assert served.world.closed.is_set()


async def test_a_query_that_takes_too_long_is_cancelled(serve: Serve) -> None:
    served = await serve(operation_seconds=0.05)

    async with stream(served, "{ slow }") as events:
        name, body = await events.next()
        assert (name, body["errors"][0]["extensions"]["code"]) == ("next", "TIMEOUT")
        assert await events.next() == ("complete", None)


@pytest.mark.parametrize("query", ["{ huge }", "subscription { changes { text } }"])
async def test_a_bug_is_masked(served: Served, query: str) -> None:
    served.world.changes.put_nowait(ValueError(SECRET))

    async with stream(served, query) as events:
        name, body = await events.next()
        assert (name, body["errors"][0]["extensions"]["code"]) == ("next", "INTERNAL")
        assert SECRET not in str(body)
        assert await events.next() == ("complete", None)


async def test_draining_ends_the_stream_without_completing_it(served: Served) -> None:
    async with stream(served, CHANGES) as events:
        await served.world.started.wait()
        served.endpoint.drain(0)

        assert await events.rest() == []
    assert served.world.closed.is_set()
