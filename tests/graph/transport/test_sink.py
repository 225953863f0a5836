import asyncio
import json
from typing import Any

import pytest
import uvloop

from okrgraph.graph.transport.websocket_protocol import LeanWebSocketProtocol
from tests.graph.transport.client import RawSocket, Serve, Served, evictions
from tests.graph.transport.pushing import LARGE, PUSHED, body, fill, sink_of
from tests.graph.transport.serving import serving


def numbered(frame: str | int) -> tuple[str, int]:
    """The id of a frame, and what the bodies above say their number is."""
    assert isinstance(frame, str)
    message = json.loads(frame)
    return message["id"], int(message["payload"]["data"]["pushed"].rstrip("x"))


async def test_what_is_pushed_is_sent_as_it_is_behind_the_id(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe('a"é', PUSHED)
        sink = await sink_of(served)

        assert sink.push('{"data": {"pushed": "é"}}', "ignored") is True
        assert await client.connection.recv() == (
            '{"id":"a\\"é","type":"next","payload":{"data": {"pushed": "é"}}}'
        )


@pytest.mark.parametrize("length", [10, 125, 126, 65_535, 65_536, 100_000])
async def test_a_frame_of_any_length_arrives(served: Served, length: int) -> None:
    text = body(1, "x" * (length - len('{"id":"1","type":"next","payload":}') - len(body(1))))
    async with served.socket() as client:
        await client.subscribe("1", PUSHED)
        (await sink_of(served)).push(text)

        assert await client.connection.recv() == f'{{"id":"1","type":"next","payload":{text}}}'


async def test_what_is_pushed_and_what_is_yielded_keep_their_order(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", PUSHED)
        sink = await sink_of(served)
        for number in range(0, 10, 2):
            sink.push(body(number))
            await sink.drained()
            served.world.changes.put_nowait(str(number + 1))
            assert [numbered(await client.connection.recv()) for _ in range(2)] == [  # type: ignore[arg-type]
                ("1", number),
                ("1", number + 1),
            ]
        sink.push(body(10))
        served.world.changes.put_nowait(None)

        assert (await client.receive())["payload"] == {"data": {"pushed": "10"}}
        assert await client.receive() == {"id": "1", "type": "complete"}


async def _a_client_that_reads_late_gets_everything_in_order(served: Served) -> None:
    async with served.raw_socket() as slow, served.socket() as other:
        await slow.subscribe("1", PUSHED)
        sink = await sink_of(served)
        sent = fill(sink)
        served.world.changes.put_nowait("77")
        served.world.changes.put_nowait(None)
        for number in range(20):
            assert await other.execute(str(number), "{ me }") == {"data": {"me": "ada"}}

        assert [numbered(await slow.receive()) for _ in range(sent)] == [("1", n) for n in range(sent)]
        await sink.drained()
        assert numbered(await slow.receive()) == ("1", 77)
        assert await slow.receive() == '{"id":"1","type":"complete"}'


async def test_a_client_that_reads_late_gets_everything_in_order(served: Served) -> None:
    await _a_client_that_reads_late_gets_everything_in_order(served)


async def test_the_next_push_may_come_when_the_last_one_has_drained(served: Served) -> None:
    async with served.raw_socket() as slow:
        await slow.subscribe("1", PUSHED)
        sink = await sink_of(served)
        sent = fill(sink)
        with pytest.raises(AssertionError, match="before the last one had drained"):
            sink.push(body(99))

        reading = asyncio.create_task(_read(slow, sent + 3))
        for number in range(sent, sent + 3):
            await sink.drained()
            sink.push(body(number, LARGE))

        assert await reading == [("1", number) for number in range(sent + 3)]


async def _read(client: RawSocket, count: int) -> list[tuple[str, int]]:
    return [numbered(await client.receive()) for _ in range(count)]


async def test_two_operations_of_one_slow_client_each_keep_their_order(served: Served) -> None:
    async with served.raw_socket() as slow:
        await slow.subscribe("a", PUSHED)
        first = await sink_of(served)
        await slow.subscribe("b", PUSHED)
        second = await sink_of(served)
        sent = fill(first)
        assert second.push(body(0, LARGE)) is False

        reading = asyncio.create_task(_read(slow, sent + 3))
        await first.drained()
        first.push(body(sent))
        await second.drained()
        second.push(body(1))
        frames = await reading

    assert [frame for frame in frames if frame[0] == "a"] == [("a", number) for number in range(sent + 1)]
    assert [frame for frame in frames if frame[0] == "b"] == [("b", 0), ("b", 1)]


async def test_completing_while_a_push_waits_drops_it_and_frees_the_id(served: Served) -> None:
    async with served.raw_socket() as slow:
        await slow.subscribe("1", PUSHED)
        sink = await sink_of(served)
        sent = fill(sink)
        await slow.send({"id": "1", "type": "complete"})
        await slow.subscribe("1", PUSHED)
        new = await sink_of(served)
        assert sink.push(body(98)) is True
        await sink.drained()
        assert new.push(body(99)) is False

        # All but the one that waited.
        assert await _read(slow, sent) == [("1", number) for number in [*range(sent - 1), 99]]


async def test_an_operation_that_the_client_completed_sends_nothing_while_it_cleans_up(
    served: Served,
) -> None:
    served.world.may_end.clear()
    async with served.socket() as client:
        await client.subscribe("1", PUSHED)
        sink = await sink_of(served)
        await client.send({"id": "1", "type": "complete"})
        await client.subscribe("1", "{ me }")
        assert (await client.receive())["payload"] == {"data": {"me": "ada"}}
        assert await client.receive() == {"id": "1", "type": "complete"}
        sink.push(body(1))

        assert await client.execute("1", "{ me }") == {"data": {"me": "ada"}}
        served.world.may_end.set()


async def test_an_operation_that_ends_while_a_push_waits_completes_behind_it(served: Served) -> None:
    async with served.raw_socket() as slow:
        await slow.subscribe("1", PUSHED)
        sent = fill(await sink_of(served))
        served.world.changes.put_nowait(None)

        assert await _read(slow, sent) == [("1", number) for number in range(sent)]
        assert await slow.receive() == '{"id":"1","type":"complete"}'


async def test_a_client_that_is_killed_while_a_push_waits_ends_the_operation(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.raw_socket() as slow:
        await slow.subscribe("1", PUSHED)
        sink = await sink_of(served)
        fill(sink)
        slow.kill()
        async with asyncio.timeout(5):
            await sink.drained()
            await served.world.closed.wait()

        assert sink.push(body(1)) is True
        await sink.drained()
    await served.settled()
    assert caplog.records == []


async def test_a_client_that_does_not_drain_in_time_is_closed_and_counted(serve: Serve) -> None:
    served = await serve(send_seconds=0.2)
    before = evictions("slow")

    async with served.raw_socket() as slow, served.socket() as other:
        await slow.subscribe("1", PUSHED)
        sink = await sink_of(served)
        fill(sink)
        # However long its own end takes.
        served.world.may_end.clear()
        async with asyncio.timeout(5):
            await sink.drained()
            assert sink.push(body(99)) is True
            served.world.may_end.set()
            await served.world.closed.wait()
        assert await other.execute("1", "{ me }") == {"data": {"me": "ada"}}
    assert evictions("slow") == before + 1


async def test_a_client_that_never_reads_again_is_cut_off(serve: Serve) -> None:
    lost = asyncio.Event()

    class ImpatientProtocol(LeanWebSocketProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.close_timeout = 0.05

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    served = await serve(send_seconds=0.05, websocket=ImpatientProtocol)

    async with served.raw_socket() as slow:
        await slow.subscribe("1", PUSHED)
        fill(await sink_of(served))
        await served.settled()
        async with asyncio.timeout(5):
            await lost.wait()


async def test_a_slow_client_costs_the_others_nothing(served: Served) -> None:
    async with served.raw_socket() as slow, served.socket() as one, served.socket() as two:
        sinks = []
        for client in (slow, one, two):
            await client.subscribe("1", PUSHED)
            sinks.append(await sink_of(served))
        fill(sinks[0])
        for number in range(200):
            assert [sink.push(body(number)) for sink in sinks[1:]] == [True, True]

        for client in (one, two):
            frames = [numbered(await client.connection.recv()) for _ in range(200)]  # type: ignore[arg-type]
            assert frames == [("1", number) for number in range(200)]


def test_the_same_holds_under_uvloop() -> None:
    async def run() -> None:
        async with serving() as serve:
            await _a_client_that_reads_late_gets_everything_in_order(await serve())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
