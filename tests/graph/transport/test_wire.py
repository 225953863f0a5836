import json
from typing import Any

import pytest

from tests.graph.transport.client import Serve, Served

SUBSCRIBE = {"id": "1", "type": "subscribe", "payload": {"query": "{ me }"}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "7",
        '"x"',
        "true",
        "[]",
        "{}",
        '{"type": null}',
        '{"type": 1}',
        '{"type": {"x": 1}}',
        '{"type": "start"}',
        '{"type": "' + "é" * 600 + '"}',
        '{"type": "ping", "payload": 1}',
        '{"type": "pong", "payload": []}',
        '{"type": "ping", "payload": NaN}',
        '{"type": "ping", "type": "ping"}',
        '{"type": "ping", "payload": {"x": ' + "9" * 10_000 + "}}",
        '{"type": "ping", "payload": ' + '{"x":' * 20_000 + "1" + "}" * 20_000 + "}",
        '{"type": "ping", "payload": {"x": "\\ud800"}}',
        '{"type": "connection_init", "payload": 1}',
        '{"type": "connection_init", "payload": []}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 1}',
        '{"type": "complete", "id": ""}',
        *(
            json.dumps({**SUBSCRIBE, **change})
            for change in (
                {"id": None},
                {"id": ""},
                {"id": 1},
                {"id": ["1"]},
                {"payload": None},
                {"payload": []},
                {"payload": {}},
                {"payload": {"query": None}},
                {"payload": {"query": 1}},
                {"payload": {"query": "{ me }", "variables": []}},
                {"payload": {"query": "{ me }", "variables": "{}"}},
                {"payload": {"query": "{ me }", "operationName": 1}},
                {"payload": {"query": "{ me }", "extensions": 1}},
            )
        ),
    ],
    ids=lambda text: text[:70],
)
async def test_what_is_no_message_closes_the_socket(
    served: Served, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.socket() as client:
        await client.connection.send(text)

        code, reason = await client.closed()
    assert code == 4400
    assert reason
    assert caplog.records == []


async def test_a_binary_frame_closes_the_socket(served: Served) -> None:
    async with served.socket() as client:
        await client.connection.send(json.dumps(SUBSCRIBE).encode())

        assert await client.closed() == (4400, "Messages are text frames.")


async def test_every_frame_sent_is_text(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", '{ echo(text: "é") }')
        frames: list[Any] = [await client.connection.recv() for _ in range(2)]

    assert frames == [
        '{"id":"1","type":"next","payload":{"data":{"echo":"é"}}}',
        '{"id":"1","type":"complete"}',
    ]


async def test_a_message_of_the_largest_size_is_read_and_a_larger_one_closes_the_socket(serve: Serve) -> None:
    served = await serve(message_bytes=1_000)
    ping = {"type": "ping", "payload": {"pad": ""}}
    pad = "x" * (1_000 - len(json.dumps(ping)))

    async with served.socket() as client:
        await client.send({"type": "ping", "payload": {"pad": pad}})
        assert await client.receive() == {"type": "pong"}

        await client.send({"type": "ping", "payload": {"pad": pad + "x"}})
        assert (await client.closed())[0] == 1009
