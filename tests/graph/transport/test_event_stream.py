import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.graph.transport.client import RawConnection, Serve, Served, code_of, evictions
from tests.graph.transport.pushing import PUSHED, call_of, fill
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

    async def text(self) -> str:
        """What is still to come."""
        return "".join([line + "\n" async for line in self._lines])

    async def rest(self) -> list[str]:
        return [line async for line in self._lines]


@asynccontextmanager
async def stream(
    served: Served, query: str, *, headers: Sequence[tuple[str, bytes]] = (), **rest: object
) -> AsyncIterator[Events]:
    body = {"query": query, **rest}
    all_headers = [(b"Accept", b"text/event-stream"), *[(name.encode(), value) for name, value in headers]]
    async with served.http.stream("POST", "/graphql", json=body, headers=all_headers) as response:
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

    assert response.text == 'event: next\ndata: {"data":{"count":0}}\n\nevent: complete\ndata: \n\n'


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


@asynccontextmanager
async def raw_stream(served: Served, query: str) -> AsyncIterator[RawConnection]:
    """A stream of a client that reads only when told to."""
    body = json.dumps({"query": query}).encode()
    async with served.unread() as client:
        await client.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\nAccept: text/event-stream\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        assert (await client.read_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        yield client


async def test_a_client_that_does_not_read_is_given_up(serve: Serve) -> None:
    served = await serve(send_seconds=0.1)

    async with raw_stream(served, "subscription { flood }"), asyncio.timeout(5):
        await served.world.closed.wait()
        await served.settled()


async def test_what_is_pushed_is_an_event_with_the_id_to_resume_by(served: Served) -> None:
    async with stream(served, PUSHED) as events:
        call = await call_of(served)
        assert call.sink is not None
        assert call.sink.push('{"data": {"pushed": "é"}}', "cursor-1") is True
        await call.sink.drained()
        assert call.sink.push('{"data": {"pushed": "2"}}') is True
        served.world.changes.put_nowait("3")
        served.world.changes.put_nowait(None)

        text = await events.text()
    assert text == (
        'event: next\nid: cursor-1\ndata: {"data": {"pushed": "é"}}\n\n'
        'event: next\ndata: {"data": {"pushed": "2"}}\n\n'
        'event: next\ndata: {"data":{"pushed":"3"}}\n\n'
        "event: complete\ndata: \n\n"
    )


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        ("cursor-1", "cursor-1"),
        ("~ " * 99 + "~!", "~ " * 99 + "~!"),
        ("x" * 201, None),
        ("", None),
        ("a\tb", None),
        ("caf\u00e9", None),
        (None, None),
    ],
)
async def test_the_id_of_the_last_event_is_known_to_the_operation_unless_it_is_none_of_ours(
    served: Served, header: str | None, seen: str | None
) -> None:
    headers = [] if header is None else [("Last-Event-ID", header.encode("latin-1"))]
    async with stream(served, PUSHED, headers=headers):
        assert (await call_of(served)).last_event_id == seen


async def test_a_client_that_reads_late_gets_every_event_in_order(served: Served) -> None:
    async with raw_stream(served, PUSHED) as client:
        sink = (await call_of(served)).sink
        assert sink is not None
        sent = fill(sink)
        served.world.changes.put_nowait("77")
        served.world.changes.put_nowait(None)

        text = await client.read_until(b"0\r\n\r\n", 65_536)
    lines = [line for line in text.split(b"\n") if line.startswith(b"data: {")]
    numbers = [int(json.loads(line[6:])["data"]["pushed"].rstrip("x")) for line in lines]
    assert numbers == [*range(sent), 77]


async def test_an_operation_that_ends_while_a_push_waits_completes_behind_it(served: Served) -> None:
    async with raw_stream(served, PUSHED) as client:
        sink = (await call_of(served)).sink
        assert sink is not None
        sent = fill(sink)
        served.world.changes.put_nowait(None)

        text = await client.read_until(b"0\r\n\r\n", 65_536)
    assert text.count(b"event: next") == sent
    assert text.rindex(b"event: complete") > text.rindex(b"event: next")


async def test_a_client_that_does_not_drain_in_time_is_cut_off_and_counted(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = await serve(send_seconds=0.1)
    before = evictions("slow")

    async with raw_stream(served, PUSHED) as client:
        sink = (await call_of(served)).sink
        assert sink is not None
        fill(sink)
        async with asyncio.timeout(5):
            await served.world.closed.wait()
            await served.settled()
        assert sink.push("{}") is True
        assert b"event: complete" not in await client.read_until(b"\0", 65_536)
    assert evictions("slow") == before + 1
    assert caplog.records == []


async def test_streams_and_sockets_with_one_credential_are_counted_together(serve: Serve) -> None:
    served = await serve(sockets_per_session_key=2)
    before = evictions("connections")

    async with served.socket(), stream(served, CHANGES) as events:
        await served.world.started.wait()
        response = await served.post(CHANGES, headers=EVENT_STREAM)
        assert (response.status_code, code_of(response)) == (429, "LIMIT_EXCEEDED")
        assert response.headers["retry-after"] == "10"
        async with served.connect() as client:
            await client.send({"type": "connection_init", "payload": {"authorization": "Bearer ada"}})
            assert await client.closed() == (1013, "Too many connections are open with this credential.")
        async with served.socket("Bearer bob") as other:
            assert await other.execute("1", "{ me }") == {"data": {"me": "bob"}}
        assert (await served.post("{ me }")).json() == {"data": {"me": "ada"}}

        served.world.changes.put_nowait("x")
        assert await events.next() == ("next", {"data": {"changes": {"text": "x"}}})
    assert evictions("connections") == before + 2

    await served.settled()
    async with served.socket(), served.socket():
        pass


async def test_a_refusal_that_the_operation_learns_of_ends_the_stream_at_once(served: Served) -> None:
    async with stream(served, PUSHED) as events:
        (await call_of(served)).admission.refuse()

        name, body = await events.next()
        assert (name, body["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert await events.next() == ("complete", None)
    assert served.world.closed.is_set()


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
