import asyncio
import socket

import pytest

from okrgraph.graph.transport.limits import TransportLimits
from okrgraph.graph.transport.server import BoundedHTTPProtocol, uvicorn_options
from tests.graph.transport.client import Serve, Served

GET = b"GET /graphql?query=%7Bme%7D HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada\r\n"


class ImpatientProtocol(BoundedHTTPProtocol):
    head_seconds = 0.05
    body_seconds = 0.05
    linger_seconds = 0.05


def test_the_options_follow_the_limits_and_turn_off_what_the_endpoint_does_itself() -> None:
    options = uvicorn_options(TransportLimits(message_bytes=7))

    assert options["ws_max_size"] == 7
    assert options["ws_ping_interval"] is None
    assert options["ws_per_message_deflate"] is False
    assert options["server_header"] is False
    assert options["timeout_graceful_shutdown"] == 10


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET /graphql?query=" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414", b"URI_TOO_LONG"),
        (GET + b"X: " + b"x" * 33_000 + b"\r\n\r\n", b"431", b"HEADERS_TOO_LARGE"),
        (GET + b"X: x\r\n" * 120 + b"\r\n", b"431", b"HEADERS_TOO_LARGE"),
        (GET + b"X: " + b"x" * 1_000_000, b"431", b"HEADERS_TOO_LARGE"),
        (b"HELLO\r\n\r\n", b"400", b"BAD_REQUEST"),
    ],
    ids=["long URL", "large header", "many headers", "endless header", "no HTTP"],
)
async def test_a_head_out_of_bounds_is_refused(
    serve: Serve, request_bytes: bytes, status: bytes, code: bytes
) -> None:
    served = await serve(protocol=ImpatientProtocol)

    async with served.raw(request_bytes) as (reader, _), asyncio.timeout(1):
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 " + status + b" ")
    assert b'"code":"' + code + b'"' in answer


async def test_a_head_within_the_bounds_is_served(served: Served) -> None:
    headers = GET + b"X: " + b"x" * 30_000 + b"\r\n" + b"Y: y\r\n" * 90 + b"Connection: close\r\n\r\n"

    async with served.raw(headers) as (reader, _), asyncio.timeout(1):
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_one_connection_serves_any_number_of_requests(served: Served) -> None:
    for _ in range(3):
        response = await served.post("query($t: String!) { echo(text: $t) }", variables={"t": "x" * 30_000})
        assert response.status_code == 200


@pytest.mark.parametrize(
    "beginning",
    [b"", b"GET /grap", GET, GET + b"X: x", b"\r\n"],
    ids=["nothing", "half a line", "no end", "half a header", "an empty line"],
)
async def test_a_head_that_does_not_arrive_is_cut_off(serve: Serve, beginning: bytes) -> None:
    served = await serve(protocol=ImpatientProtocol)

    async with served.raw(beginning) as (reader, _), asyncio.timeout(1):
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer


async def test_empty_lines_after_a_request_do_not_hold_the_connection(serve: Serve) -> None:
    served = await serve(protocol=ImpatientProtocol)

    async with served.raw(GET + b"\r\n") as (reader, writer), asyncio.timeout(1):
        assert (await reader.readuntil(b'{"data":{"me":"ada"}}')).startswith(b"HTTP/1.1 200 ")
        writer.write(b"\r\n")
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_nobody_reads_does_not_hold_the_connection(serve: Serve) -> None:
    served = await serve(protocol=ImpatientProtocol)

    anonymous = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    async with served.raw(anonymous) as (reader, _), asyncio.timeout(1):
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_client_whose_system_is_gone_is_given_up(serve: Serve) -> None:
    timeouts: list[int] = []

    class Watched(BoundedHTTPProtocol):
        silence_seconds = 1.5

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connection = transport.get_extra_info("socket")
            # Only Linux has it.
            option = getattr(socket, "TCP_USER_TIMEOUT", None)
            timeouts.append(1500 if option is None else connection.getsockopt(socket.IPPROTO_TCP, option))

    served = await serve(protocol=Watched)
    assert (await served.post("{ me }")).status_code == 200

    assert timeouts == [1500]


async def test_a_long_operation_and_a_socket_outlive_the_time_for_a_head(serve: Serve) -> None:
    served = await serve(protocol=ImpatientProtocol)

    async with served.socket() as client:
        request = asyncio.create_task(served.post("{ slow }"))
        async with served.raw(b"GET /grap") as (reader, _):
            await reader.read()
        served.world.released.set()

        assert (await request).json() == {"data": {"slow": "done"}}
        assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}
