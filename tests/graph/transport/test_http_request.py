import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.graph.transport.client import Serve, Served, code_of

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"x"',
        b"true",
        b"[]",
        b'[{"query": "{ me }"}]',
        b"{",
        b'{"query": "{ me }"',
        b'{"query": "{ me }"} x',
        b'{"query": "{ me }", "variables": {"x": NaN}}',
        b'{"query": "{ me }", "variables": {"x": Infinity}}',
        b'{"query": "{ me }", "variables": {"x": 1e999}}',
        b'{"query": "{ me }", "variables": {"x": ' + b"9" * 10_000 + b"}}",
        b'{"query": "{ me }", "variables": ' + b'{"x":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"query": "{ me }", "variables": {"x": ' + b"[" * 1_100 + b"]" * 1_100 + b"}}",
        b'{"query": "{ me }", "operationName": "\\ud800"}',
        b'{"query": "{ me }", "query": "{ context }"}',
        b'{"query": "{ me }", "variables": {"x": {"y": 1, "y": 2}}}',
        b'{"query": "\xff"}',
        b"\x1f\x8b\x08\x00",
        '{"query": "{ me }"}'.encode("utf-16"),
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ me }"]}',
        b'{"query": "{ me }", "variables": []}',
        b'{"query": "{ me }", "variables": "{}"}',
        b'{"query": "{ me }", "operationName": 1}',
        b'{"query": "{ me }", "operationName": {}}',
        b'{"query": "{ me }", "extensions": 1}',
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
async def test_a_malformed_body_is_refused(
    served: Served, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    response = await served.http.post("/graphql", content=body, headers=JSON)

    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert served.world.contexts == 0
    assert caplog.records == []


async def test_null_members_and_unknown_members_are_accepted(served: Served) -> None:
    body = {"query": "{ me }", "variables": None, "operationName": None, "extensions": None, "more": 1}
    response = await served.http.post("/graphql", json=body)

    assert response.json() == {"data": {"me": "ada"}}


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=%7Bme%7D&query=%7Bme%7D",
        "query=%7Bme%7D&variables=%7B",
        "query=%7Bme%7D&variables=1",
        "query=%7Bme%7D&extensions=%5B%5D",
        "query=%FF",
        "query=%7Bme%7D" + "&x=1" * 20,
    ],
)
async def test_a_malformed_query_string_is_refused(served: Served, query_string: str) -> None:
    response = await served.http.get(f"/graphql?{query_string}")

    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "text/plain")],
        [("Content-Type", "application/x-www-form-urlencoded")],
        [("Content-Type", "multipart/form-data; boundary=x")],
        [("Content-Type", "application/jsonx")],
        [("Content-Type", "application/graphql")],
        [("Content-Type", "text/plain, application/json")],
        [("Content-Type", "text/plain; application/json")],
        [("Content-Type", "application/json; charset=utf-16")],
        [("Content-Type", "application/json; boundary=x")],
        [("Content-Type", "application/json"), ("Content-Type", "text/plain")],
        [("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
    ],
    ids=str,
)
async def test_a_body_that_is_not_declared_as_json_is_refused(
    served: Served, headers: list[tuple[str, str]]
) -> None:
    response = await served.http.post("/graphql", content=b'{"query": "mutation { add }"}', headers=headers)

    assert (response.status_code, code_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert served.world.mutations == 0


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
async def test_a_body_declared_as_utf8_is_read(served: Served, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    response = await served.http.post("/graphql", content=b'{"query": "{ me }"}', headers=headers)

    assert response.json() == {"data": {"me": "ada"}}


def body_of(size: int) -> bytes:
    body = json.dumps({"query": "{ me }", "variables": {"pad": ""}}).encode()
    return body.replace(b'""', b'"' + b"x" * (size - len(body)) + b'"')


async def test_a_body_of_the_largest_size_is_read(serve: Serve) -> None:
    served = await serve(body_bytes=200_000)

    response = await served.http.post("/graphql", content=body_of(200_000), headers=JSON)

    assert response.json() == {"data": {"me": "ada"}}


POST = b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\nContent-Type: application/json\r\n"


async def test_a_declared_body_that_is_too_large_is_refused_unread(serve: Serve) -> None:
    served = await serve(body_bytes=200_000, linger_seconds=0.05)

    async with served.raw(POST + b"Content-Length: 200001\r\n\r\n") as (reader, _), asyncio.timeout(1):
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"PAYLOAD_TOO_LARGE"' in answer


async def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(serve: Serve) -> None:
    served = await serve(body_bytes=200_000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 50_000

    response = await served.http.post("/graphql", content=chunks(), headers=JSON)

    assert (response.status_code, code_of(response)) == (413, "PAYLOAD_TOO_LARGE")
    assert response.headers["connection"] == "close"


async def test_a_client_that_never_stops_sending_is_cut_off(serve: Serve) -> None:
    served = await serve(body_bytes=200_000, linger_seconds=0.05)
    chunk = b"c350\r\n" + b"x" * 50_000 + b"\r\n"

    async def send_for_ever(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(chunk)
            await writer.drain()

    async with served.raw(POST + b"Transfer-Encoding: chunked\r\n\r\n") as (_, writer), asyncio.timeout(2):
        with pytest.raises(ConnectionError):
            await send_for_ever(writer)


async def test_a_body_that_does_not_arrive_is_refused(serve: Serve) -> None:
    served = await serve(body_seconds=0.05, linger_seconds=0.05)

    half = POST + b'Content-Length: 100\r\n\r\n{"query":'
    async with served.raw(half) as (reader, _), asyncio.timeout(1):
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer
