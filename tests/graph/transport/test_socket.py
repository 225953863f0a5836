import asyncio
from typing import Any

import pytest
import websockets

from tests.graph.transport.client import Serve, Served
from tests.graph.transport.toy import SECRET

INIT = {"type": "connection_init"}


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
async def test_a_credential_in_the_payload_is_admitted(served: Served, name: str) -> None:
    async with served.connect() as client:
        await client.send({**INIT, "payload": {name: "Bearer bob"}})

        assert await client.receive() == {"type": "connection_ack"}
        assert await client.execute("1", "{ me }") == {"data": {"me": "bob"}}


@pytest.mark.parametrize("init", [INIT, {**INIT, "payload": None}, {**INIT, "payload": {}}], ids=str)
async def test_a_credential_in_the_handshake_is_admitted(served: Served, init: object) -> None:
    async with served.connect(additional_headers={"Authorization": "Bearer bob"}) as client:
        await client.send(init)

        assert await client.receive() == {"type": "connection_ack"}
        assert await client.execute("1", "{ me }") == {"data": {"me": "bob"}}


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": "Bearer nobody"}, {"authorization": 1}, {"token": "ada"}], ids=str
)
async def test_a_missing_or_unknown_credential_is_forbidden(served: Served, payload: object) -> None:
    async with served.connect() as client:
        await client.send({**INIT, "payload": payload})

        assert await client.closed() == (4403, "Forbidden")


async def test_a_failing_credential_check_asks_to_try_again(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.connect() as client:
        await client.send({**INIT, "payload": {"authorization": "Bearer broken"}})

        assert await client.closed() == (1013, "Try again later.")
    assert "Internal error" in caplog.text


async def test_a_socket_without_connection_init_is_closed(serve: Serve) -> None:
    served = await serve(init_seconds=0.05)

    async with served.connect() as client:
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}

        assert await client.closed() == (4408, "Connection initialisation timeout")


async def test_a_second_connection_init_is_too_many(served: Served) -> None:
    async with served.socket() as client:
        await client.send(INIT)

        assert await client.closed() == (4429, "Too many initialisation requests")


async def test_subscribing_before_connection_init_is_unauthorized(served: Served) -> None:
    async with served.connect(additional_headers={"Authorization": "Bearer ada"}) as client:
        await client.subscribe("1", "{ me }")

        assert await client.closed() == (4401, "Unauthorized")


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"]])
async def test_another_subprotocol_is_not_acceptable(served: Served, protocols: Any) -> None:
    async with served.connect(protocols=protocols) as client:
        assert await client.closed() == (4406, "Subprotocol not acceptable")


async def test_all_kinds_of_operations_run_over_one_socket(served: Served) -> None:
    async with served.socket() as client:
        assert await client.execute("1", "mutation { add }") == {"data": {"add": 1}}
        assert await client.execute(
            "1", "query($t: String!) { echo(text: $t) }", variables={"t": "x"}, operationName=None
        ) == {"data": {"echo": "x"}}
        await client.subscribe("1", "subscription { count(to: 2) }")
        assert [await client.receive() for _ in range(3)] == [
            {"id": "1", "type": "next", "payload": {"data": {"count": 0}}},
            {"id": "1", "type": "next", "payload": {"data": {"count": 1}}},
            {"id": "1", "type": "complete"},
        ]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { count(to: 1) me: count(to: 2) }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { me } query B { me }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { me }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query($t: String!) { echo(text: $t) }"}, "BAD_USER_INPUT"),
        ({"query": "subscription($n: Int!) { count(to: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "{" + "thing { child {" * 7 + "name" + "} }" * 7 + "}"}, "LIMIT_EXCEEDED"),
        ({"query": "{ me #" + "x" * 200_000 + "\n}"}, "LIMIT_EXCEEDED"),
        ({"query": "{ huge }"}, "INTERNAL"),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_a_bad_operation_ends_alone(served: Served, payload: dict[str, Any], code: str) -> None:
    async with served.socket() as client:
        await client.subscribe("live", "subscription { changes { text } }")
        await client.send({"id": "bad", "type": "subscribe", "payload": payload})

        answer = await client.receive()
        assert (answer["id"], answer["type"]) == ("bad", "error")
        (error,) = answer["payload"]
        assert error["extensions"]["code"] == code

        served.world.changes.put_nowait("still here")
        assert await client.receive() == {
            "id": "live",
            "type": "next",
            "payload": {"data": {"changes": {"text": "still here"}}},
        }


async def test_an_id_in_use_closes_the_socket_with_a_reason_cut_to_fit(served: Served) -> None:
    key = "é" * 500
    async with served.socket() as client:
        await client.subscribe(key, "subscription { changes { text } }")
        await client.subscribe(key, "{ me }")

        code, reason = await client.closed()
    assert code == 4409
    assert reason == "Subscriber for " + "é" * 54


async def test_complete_ends_the_generator_and_frees_the_id(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text } }")
        await served.world.started.wait()
        await client.send({"id": "1", "type": "complete"})
        async with asyncio.timeout(1):
            await served.world.closed.wait()

        assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}


async def test_complete_for_an_unknown_id_is_ignored(served: Served) -> None:
    async with served.socket() as client:
        await client.send({"id": "nobody", "type": "complete"})

        assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}


async def test_complete_cancels_a_query(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "{ slow }")
        await served.world.started.wait()
        await client.send({"id": "1", "type": "complete"})

        async with asyncio.timeout(1):
            await served.world.cancelled.wait()


@pytest.mark.parametrize("abort", [False, True], ids=["closed", "lost"])
async def test_a_client_that_leaves_ends_its_generators_at_once(served: Served, *, abort: bool) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text } }")
        await served.world.started.wait()
        if abort:
            client.connection.transport.abort()
        else:
            await client.connection.close()
        async with asyncio.timeout(1):
            await served.world.closed.wait()

    await served.settled()


async def test_more_operations_than_the_limit_are_refused_one_by_one(serve: Serve) -> None:
    served = await serve(operations_per_socket=2)

    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text } }")
        await client.subscribe("2", "subscription { changes { text } }")
        await client.subscribe("3", "{ me }")
        answer = await client.receive()
        assert (answer["id"], answer["type"]) == ("3", "error")
        assert answer["payload"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}

        await client.send({"id": "1", "type": "complete"})
        assert await client.execute("3", "{ me }") == {"data": {"me": "ada"}}


async def test_a_query_that_takes_too_long_is_cancelled_and_a_subscription_is_not(serve: Serve) -> None:
    served = await serve(operation_seconds=0.05)

    async with served.socket() as client:
        await client.subscribe("live", "subscription { changes { text } }")
        (error,) = await client.execute("1", "{ slow }")
        assert error["extensions"] == {"code": "TIMEOUT"}
        assert served.world.cancelled.is_set()

        served.world.changes.put_nowait("x")
        assert (await client.receive())["payload"] == {"data": {"changes": {"text": "x"}}}


async def test_a_bug_in_an_event_is_masked_and_the_next_event_comes(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text boom } }")
        for text in "ab":
            served.world.changes.put_nowait(text)
            payload = (await client.receive())["payload"]
            assert payload["data"] == {"changes": {"text": text, "boom": None}}
            (error,) = payload["errors"]
            assert error["message"] == f"Internal error. Reference: {error['extensions']['id']}"
            assert error["path"] == ["changes", "boom"]
    assert caplog.text.count(f"ValueError: {SECRET}") == 2


async def test_a_bug_in_the_generator_is_masked_and_ends_the_subscription(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text } }")
        served.world.changes.put_nowait(ValueError(SECRET))

        answer = await client.receive()
        assert (answer["id"], answer["type"]) == ("1", "error")
        (error,) = answer["payload"]
        assert error["extensions"]["code"] == "INTERNAL"
        assert SECRET not in error["message"]
        assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}
    assert f"Internal error {error['extensions']['id']}" in caplog.text


async def test_pings_are_answered(served: Served) -> None:
    async with served.socket() as client:
        await client.send({"type": "ping", "payload": {"at": 1}})

        assert await client.receive() == {"type": "pong"}


async def test_a_silent_client_is_pinged_and_then_closed(serve: Serve) -> None:
    served = await serve(ping_seconds=0.05, silence_seconds=0.2)

    async with served.socket() as client:
        assert await client.receive() == {"type": "ping"}

        assert await client.closed() == (1013, "The client is silent.")


async def test_a_client_that_answers_pings_stays(serve: Serve) -> None:
    served = await serve(ping_seconds=0.05, silence_seconds=0.5)

    async with served.socket() as client:
        for _ in range(15):
            assert await client.receive() == {"type": "ping"}
            await client.send({"type": "pong"})

        await client.connection.ping()


async def test_a_credential_that_is_revoked_closes_the_socket(serve: Serve) -> None:
    served = await serve(recheck_seconds=0.05)

    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text } }")
        await served.world.started.wait()
        served.world.tokens.clear()

        assert await client.closed() == (4403, "Forbidden")
    async with asyncio.timeout(1):
        await served.world.closed.wait()


async def test_a_client_that_does_not_read_is_closed_and_its_generator_ended(serve: Serve) -> None:
    served = await serve(send_seconds=0.5)

    async with served.socket(max_queue=1) as client:
        await client.subscribe("1", "subscription { flood }")
        async with asyncio.timeout(5):
            await served.world.closed.wait()
            # It reads again in time to see why.
            with pytest.raises(websockets.ConnectionClosed):
                await read_for_ever(client.connection)

        assert await client.closed() == (1013, "The client reads too slowly.")
    await served.settled()


async def read_for_ever(connection: websockets.ClientConnection) -> None:
    while True:
        await connection.recv()


async def test_a_client_that_never_reads_again_is_given_up(serve: Serve) -> None:
    served = await serve(send_seconds=0.2)

    async with served.socket(max_queue=1) as client:
        await client.subscribe("1", "subscription { flood }")
        async with asyncio.timeout(5):
            await served.world.closed.wait()
        await served.settled()
        client.connection.transport.abort()


async def test_a_slow_client_holds_up_nobody_else(serve: Serve) -> None:
    served = await serve()

    async with served.socket(max_queue=1) as slow, served.socket() as other:
        await slow.subscribe("1", "subscription { flood }")
        await slow.receive()

        for number in range(50):
            assert await other.execute(str(number), "{ me }") == {"data": {"me": "ada"}}
        slow.connection.transport.abort()


async def test_a_thousand_connections_leave_nothing_behind(served: Served) -> None:
    for _ in range(50):
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(_come_and_go(served))

    await served.settled()


async def _come_and_go(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "subscription { changes { text } }")
        client.connection.transport.abort()
