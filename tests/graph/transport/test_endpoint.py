import asyncio
import json

import pytest
import websockets

from tests.graph.transport.client import Serve, Served


async def test_an_absent_or_equal_origin_may_connect(served: Served) -> None:
    for origin in (None, f"http://127.0.0.1:{served.port}"):
        async with served.socket(origin=origin) as client:
            assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:{port}.evil.example",
        "http://evil.example/127.0.0.1:{port}",
        "http://127.0.0.1:{port}@evil.example",
        "http://okr.example.evil.example",
        "https://notokr.example",
        "http://okr.example",
        "https://okr.example:8443",
    ],
)
async def test_any_other_origin_is_refused_at_the_handshake(serve: Serve, origin: str) -> None:
    served = await serve(allowed_origins=("https://okr.example",))

    with pytest.raises(websockets.InvalidStatus) as refusal:
        async with served.connect(origin=origin.format(port=served.port)):
            pass

    response = refusal.value.response
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(response.body)["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert served.world.contexts == 0


@pytest.mark.parametrize("origin", ["https://okr.example", "https://OKR.example:443"])
async def test_an_allowed_origin_may_connect(serve: Serve, origin: str) -> None:
    served = await serve(allowed_origins=("https://okr.example",))

    async with served.socket(origin=origin) as client:
        assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}


async def test_two_credentials_in_one_handshake_are_refused(served: Served) -> None:
    headers = [("Authorization", "Bearer ada"), ("Authorization", "Bearer bob")]

    with pytest.raises(websockets.InvalidStatus) as refusal:
        async with served.connect(additional_headers=headers):
            pass

    assert refusal.value.response.status_code == 400


async def test_both_protocols_are_served_at_the_path_without_a_slash(served: Served) -> None:
    assert (await served.post("{ me }")).status_code == 200
    async with served.socket() as client:
        assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}


async def test_live_counts_what_is_open(served: Served) -> None:
    live = served.endpoint.live

    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text } }")
        await served.world.started.wait()
        assert (live.sockets.value, live.streams.value, live.operations.value) == (1, 0, 1)

    await served.settled()


async def test_draining_closes_every_socket_so_that_clients_come_back(served: Served) -> None:
    async with served.socket() as one, served.socket() as two:
        await one.subscribe("1", "subscription { changes { text } }")
        await served.world.started.wait()
        served.endpoint.drain(0.05)

        assert await one.closed() == (1012, "The server restarts.")
        assert await two.closed() == (1012, "The server restarts.")
    async with asyncio.timeout(1):
        await served.world.closed.wait()
    await served.settled()
