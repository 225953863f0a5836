import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from okrgraph.graph.transport.stepping import Stalled, begin, finish


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loops(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    factory: Callable[[], asyncio.AbstractEventLoop] = request.param
    return factory


class Line:
    """Takes frames while its client reads; waits for it otherwise."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()
        self.sent: list[str] = []
        self.given_up = 0

    async def send(self, frame: str) -> None:
        try:
            await self.writable.wait()
            await asyncio.sleep(0)
        except BaseException:
            self.given_up += 1
            raise
        self.sent.append(frame)

    async def send_at_once(self, frame: str) -> None:
        self.sent.append(frame)


@asynccontextmanager
async def stalled_on(line: Line) -> AsyncIterator[Stalled]:
    stalled = begin(line.send("x"))
    assert stalled is not None
    assert line.sent == []
    yield stalled


def run(loops: Callable[[], asyncio.AbstractEventLoop], scene: Callable[[Line], Any]) -> None:
    async def work() -> None:
        await scene(Line())

    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(work())


def test_what_can_be_sent_at_once_is(loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def scene(line: Line) -> None:
        assert begin(line.send_at_once("x")) is None
        assert line.sent == ["x"]
        await finish(None, 0.0)

    run(loops, scene)


def test_the_rest_is_done_when_the_client_reads(loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def scene(line: Line) -> None:
        async with stalled_on(line) as stalled:
            task = asyncio.ensure_future(finish(stalled, 5))
            await asyncio.sleep(0)
            line.writable.set()
            await task
        assert line.sent == ["x"]

    run(loops, scene)


def test_the_client_may_read_before_anybody_waits(loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def scene(line: Line) -> None:
        async with stalled_on(line) as stalled:
            line.writable.set()
            await asyncio.sleep(0)
            await finish(stalled, 5)
        assert line.sent == ["x"]

    run(loops, scene)


def test_a_client_that_does_not_read_in_time_ends_the_send(
    loops: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def scene(line: Line) -> None:
        async with stalled_on(line) as stalled:
            with pytest.raises(TimeoutError):
                await finish(stalled, 0.01)
        line.writable.set()
        await asyncio.sleep(0)
        assert (line.sent, line.given_up) == ([], 1)

    run(loops, scene)


def test_cancelling_later_ends_the_send_where_it_is(loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def scene(line: Line) -> None:
        async with stalled_on(line) as stalled:
            line.writable.set()
            task = asyncio.ensure_future(finish(stalled, 5))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (line.sent, line.given_up) == ([], 1)

    run(loops, scene)


def test_errors_come_from_the_step_that_raises_them() -> None:
    async def fail() -> None:
        raise ConnectionResetError

    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise ConnectionResetError

    async def scene() -> None:
        with pytest.raises(ConnectionResetError):
            begin(fail())
        stalled = begin(fail_later())
        with pytest.raises(ConnectionResetError):
            await finish(stalled, 5)

    asyncio.run(scene())
