"""What happens to live connections over minutes, with a clock that jumps and a client in memory."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from strawberry.types.graphql import OperationType

from okrgraph.graph.transport.event_stream import EventStream
from okrgraph.graph.transport.limits import TransportLimits
from okrgraph.graph.transport.payload import OperationRequest
from okrgraph.graph.transport.service import Service
from okrgraph.graph.transport.session import Admission
from okrgraph.graph.transport.socket import GraphQLSocket
from okrgraph.graph.transport.wire import Wire
from tests.graph.transport.client import evictions
from tests.graph.transport.toy import ToyAdmit, ToySession, World, make_schema
from tests.graph.transport.virtual_time import pause, run

INIT = {"type": "connection_init", "payload": {"authorization": "Bearer ada"}}


class Client:
    """The other end of a connection in memory: remembers what was sent to it and when."""

    def __init__(self, on_ping: Callable[["Client"], None] = lambda _: None) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[tuple[float, Any]] = []
        self._on_ping = on_ping

    def say(self, message: object) -> None:
        self.inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def receive(self) -> dict[str, Any]:
        return await self.inbox.get()

    async def send(self, message: Any) -> None:
        self.sent.append((asyncio.get_running_loop().time(), message))
        if message.get("text") == '{"type":"ping"}':
            self._on_ping(self)

    def moments(self, text: str) -> list[float]:
        return [
            moment
            for moment, message in self.sent
            if text in (message.get("text"), message.get("body", b"").decode())
        ]


def service() -> Service:
    return Service(make_schema(), ToyAdmit(World()), TransportLimits(sockets_per_session_key=300))


def serve(client: Client) -> Awaitable[None]:
    wire = Wire(client.receive, client.send, 20.0)

    async def work() -> None:
        await GraphQLSocket(service(), wire, None).run()

    return asyncio.ensure_future(work())


def test_a_socket_that_says_nothing_is_closed_after_the_time_for_its_init() -> None:
    async def scene() -> None:
        client = Client()
        await serve(client)

        ((moment, message),) = client.sent
        assert message == {
            "type": "websocket.close",
            "code": 4408,
            "reason": "Connection initialisation timeout",
        }
        assert 5.0 <= moment <= 5.25

    run(scene())


def test_a_client_that_answers_is_pinged_at_the_pace_and_stays() -> None:
    async def scene() -> None:
        client = Client(on_ping=lambda client: client.say({"type": "pong"}))
        client.say(INIT)
        serving = serve(client)
        await asyncio.sleep(600)

        pings = client.moments('{"type":"ping"}')
        assert pings[0] <= 15.25
        gaps = [late - early for early, late in zip(pings, [*pings[1:], 600], strict=True)]
        assert max(gaps) <= 16.75
        assert min(gaps[:-1]) >= 13.5
        assert len(set(gaps)) > 2
        assert len(client.sent) == 1 + len(pings)
        client.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await serving
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(scene())


def test_a_client_that_falls_silent_is_closed_after_the_time_for_an_answer() -> None:
    before = evictions("silent")

    async def scene() -> None:
        client = Client()
        client.say(INIT)
        serving = serve(client)
        await asyncio.sleep(20)
        client.say({"type": "pong"})
        await serving

        moment, message = client.sent[-1]
        assert (message["code"], message["reason"]) == (1013, "The client is silent.")
        assert 55.0 <= moment <= 55.25

    run(scene())
    assert evictions("silent") == before + 1


def test_a_client_that_could_not_be_pinged_while_the_process_stood_still_is_not_silent() -> None:
    async def scene() -> None:
        client = Client(on_ping=lambda client: client.say({"type": "pong"}))
        client.say(INIT)
        serving = serve(client)
        await asyncio.sleep(100)
        pause(300)
        await asyncio.sleep(100)

        assert not any(message["type"] == "websocket.close" for _, message in client.sent)
        client.inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await serving

    run(scene())


def test_a_client_that_was_quiet_for_long_may_send_no_more_than_the_burst() -> None:
    async def scene() -> None:
        client = Client()
        client.say(INIT)
        serving = serve(client)
        await asyncio.sleep(30)
        for _ in range(250):
            client.say({"type": "ping"})
        await serving

        assert len(client.moments('{"type":"pong"}')) == 200
        assert client.sent[-1][1]["reason"] == "The client sends too many messages."

    run(scene())


def test_first_pings_are_spread() -> None:
    async def scene() -> None:
        shared = service()
        clients = [Client() for _ in range(300)]
        for client in clients:
            client.say(INIT)
        tasks = [asyncio.create_task(_run_socket(shared, client)) for client in clients]
        await asyncio.sleep(16)

        first = [client.moments('{"type":"ping"}')[0] for client in clients]
        # Of three hundred uniform ones, each third of the time has 100 but for six standard deviations.
        thirds = [sum(begin < moment <= begin + 2.5 for moment in first) for begin in (7.5, 10, 12.5)]
        assert all(50 < count < 160 for count in thirds)
        assert sum(7.5 <= moment <= 15.25 for moment in first) == 300
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert shared.live.operations.value == 0

    run(scene())


def test_a_socket_that_ends_while_its_server_cancels_it_is_cancelled() -> None:
    async def scene() -> None:
        world = World()
        client = Client()
        client.say(INIT)
        client.say({"id": "1", "type": "subscribe", "payload": {"query": "subscription { pushed }"}})
        task = asyncio.create_task(
            _run_socket(Service(make_schema(), ToyAdmit(world), TransportLimits()), client)
        )
        call = await world.calls.get()
        call.admission.refuse()
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    run(scene())


async def _run_socket(shared: Service, client: Client) -> None:
    await GraphQLSocket(shared, Wire(client.receive, client.send, 20.0), None).run()


def test_a_quiet_stream_has_a_comment_at_least_every_fifteen_seconds() -> None:
    async def scene() -> None:
        client = Client()
        shared = service()
        admission = Admission(ToySession(World(), "ada"))
        request = OperationRequest("subscription { changes { text } }", None, None, None)

        async def work() -> None:
            stream = EventStream(shared, {"type": "http", "headers": []}, client.receive, client.send)
            await stream.run(request, admission, tuple(OperationType))

        serving = asyncio.create_task(work())
        await asyncio.sleep(300)
        comments = client.moments(": ping\n\n")
        gaps = [late - early for early, late in zip([0.0, *comments], [*comments, 300], strict=True)]
        assert max(gaps) <= 15.25
        assert len(comments) <= 26
        client.inbox.put_nowait({"type": "http.disconnect"})
        await serving
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(scene())
