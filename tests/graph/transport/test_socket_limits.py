import asyncio

import pytest
from prometheus_client import REGISTRY

from tests.graph.transport.client import Serve, Served, evictions
from tests.graph.transport.pushing import PUSHED, call_of

CHANGES = "subscription { changes { text } }"
INIT = {"type": "connection_init", "payload": {"authorization": "Bearer ada"}}


async def test_a_refusal_that_the_operation_learns_of_closes_the_socket_at_once(served: Served) -> None:
    before = evictions("credential")

    async with served.socket() as client, served.socket() as other:
        await client.subscribe("1", PUSHED)
        call = await call_of(served)
        call.admission.refuse()
        call.admission.refuse()

        assert await client.closed() == (4403, "Forbidden")
        assert await other.execute("1", "{ me }") == {"data": {"me": "ada"}}
    assert evictions("credential") == before + 1
    async with asyncio.timeout(5):
        await served.world.closed.wait()
    call.admission.refuse()


async def test_a_credential_that_is_refused_later_is_counted(serve: Serve) -> None:
    served = await serve(recheck_seconds=0.05)
    before = evictions("credential")

    async with served.socket() as client:
        served.world.tokens.clear()
        assert await client.closed() == (4403, "Forbidden")
    async with served.connect() as client:
        await client.send(INIT)
        assert await client.closed() == (4403, "Forbidden")
    # The second one was never let in.
    assert evictions("credential") == before + 1


async def test_messages_within_the_burst_are_answered_and_more_close_the_socket(serve: Serve) -> None:
    served = await serve(messages_per_second=0.001, messages_burst=10)
    before = evictions("messages")

    async with served.socket() as client, served.socket() as other:
        for _ in range(9):
            await client.send({"type": "ping"})
            assert await client.receive() == {"type": "pong"}
        await client.send({"type": "ping"})

        assert await client.closed() == (1013, "The client sends too many messages.")
        assert await other.execute("1", "{ me }") == {"data": {"me": "ada"}}
    assert evictions("messages") == before + 1


async def test_what_was_sent_is_earned_back_up_to_the_burst(serve: Serve) -> None:
    served = await serve(messages_per_second=1_000_000.0, messages_burst=2)

    async with served.socket() as client:
        for _ in range(100):
            await client.send({"type": "ping"})
            assert await client.receive() == {"type": "pong"}


async def test_a_socket_that_is_turned_away_leaves_its_place_free(serve: Serve) -> None:
    served = await serve(sockets_per_session_key=1)

    async with served.socket() as first:
        for _ in range(3):
            async with served.connect() as client:
                await client.send(INIT)
                assert await client.closed() == (
                    1013,
                    "Too many connections are open with this credential.",
                )
        assert await first.execute("1", "{ me }") == {"data": {"me": "ada"}}
    await served.settled()
    async with served.socket() as next_one:
        assert await next_one.execute("1", "{ me }") == {"data": {"me": "ada"}}


@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_open_connections_are_in_the_metrics(served: Served, transport: str) -> None:
    def value() -> float:
        return REGISTRY.get_sample_value("okrgraph_connections", {"transport": transport}) or 0.0

    before = value()
    if transport == "ws":
        async with served.socket():
            assert value() == before + 1
    else:
        request = served.http.build_request(
            "POST", "/graphql", json={"query": CHANGES}, headers={"Accept": "text/event-stream"}
        )
        response = await served.http.send(request, stream=True)
        assert value() == before + 1
        await response.aclose()
    await served.settled()
    assert value() == before


async def test_a_socket_has_one_task_and_one_more_for_each_operation(served: Served) -> None:
    before = len(asyncio.all_tasks())

    async with served.socket() as one, served.socket() as two:
        connected = len(asyncio.all_tasks())
        await one.subscribe("1", PUSHED)
        await call_of(served)
        await two.subscribe("1", PUSHED)
        await call_of(served)
        assert len(asyncio.all_tasks()) == connected + 2
        # Each client has its own task in this process, and the keeper and the rechecks have one for all.
        clients = 2
        assert connected == before + clients + 2 + 2


async def test_a_generator_that_never_waits_lets_everything_else_run(served: Served) -> None:
    async with served.socket() as client, served.socket() as other:
        await client.subscribe("1", "subscription { count(to: 1000000) }")
        for number in range(20):
            assert await other.execute(str(number), "{ me }") == {"data": {"me": "ada"}}
        client.connection.transport.abort()
    await served.settled()
