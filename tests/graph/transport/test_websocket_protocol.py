import asyncio
import gc
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from okrgraph.graph.transport.websocket_protocol import Gate, Inbox, LeanWebSocketProtocol, text_frame
from tests.graph.transport.client import Serve, Served


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_text_frame_is_that_of_the_library(length: int) -> None:
    payload = b"x" * length

    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


async def test_an_inbox_gives_what_was_put_in_order_and_waits_for_more() -> None:
    inbox = Inbox()
    inbox.put_nowait(1)
    inbox.put_nowait(2)
    assert not inbox.empty()
    assert [await inbox.get(), await inbox.get()] == [1, 2]
    assert inbox.empty()

    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait(3)
    inbox.put_nowait(4)
    assert await waiting == 3
    assert await inbox.get() == 4


async def test_an_inbox_whose_reader_was_cancelled_loses_nothing() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert await inbox.get() == 1


async def test_a_gate_lets_through_while_it_is_open_and_everybody_when_it_opens() -> None:
    gate = Gate()
    assert gate.is_set()
    assert await gate.wait() is True

    gate.clear()
    gate.clear()
    assert not gate.is_set()
    waiting = [asyncio.create_task(gate.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    gate.set()
    gate.set()
    assert await asyncio.gather(*waiting) == [True, True]
    assert gate.is_set()


async def test_an_open_socket_holds_nothing_of_its_handshake(served: Served) -> None:
    async with served.socket(additional_headers={"X-Marker": "a header of the handshake"}) as client:
        await client.subscribe("1", "subscription { changes { text } }")
        await served.world.started.wait()
        gc.collect()
        lists = [each for each in gc.get_objects() if isinstance(each, list | dict | tuple)]

        servers = [each for each in gc.get_objects() if isinstance(each, LeanWebSocketProtocol)]
        assert len(servers) == 1
        assert servers[0].scope["headers"] == []
        assert not any(b"a header of the handshake" in each for each in lists if isinstance(each, tuple))


async def test_a_client_that_never_answers_the_close_is_cut_off(serve: Serve) -> None:
    lost = asyncio.Event()

    class ImpatientProtocol(LeanWebSocketProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.close_timeout = 0.05

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    served = await serve(websocket=ImpatientProtocol)

    async with served.raw_socket() as client:
        await client.send({"type": "nothing"})
        assert await client.receive() == 4400
        async with asyncio.timeout(5):
            await lost.wait()
