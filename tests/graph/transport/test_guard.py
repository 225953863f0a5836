import asyncio
from typing import Never

import pytest

from okrgraph.graph.transport.failures import ClientGone
from okrgraph.graph.transport.guard import guarded, until_disconnected


class Work:
    """Waits until it is released or cancelled, and cleans up in both cases."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.released = asyncio.Event()
        self.is_clean = False

    async def run(self) -> str:
        try:
            self.started.set()
            await self.released.wait()
        finally:
            await asyncio.shield(asyncio.sleep(0))
            self.is_clean = True
        return "done"


async def never() -> Never:
    await asyncio.Future()
    raise AssertionError


async def test_the_result_of_the_work_ends_its_guards() -> None:
    work, guard = Work(), asyncio.ensure_future(never())
    work.released.set()

    assert await guarded(work.run(), guard) == "done"
    assert guard.cancelled()


async def test_an_error_of_the_work_is_raised() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await guarded(fail(), never())


async def test_a_guard_that_raises_ends_the_work_and_waits_for_its_clean_up() -> None:
    work = Work()

    async def raise_later() -> Never:
        await work.started.wait()
        raise ClientGone

    with pytest.raises(ClientGone):
        await guarded(work.run(), never(), raise_later())
    assert work.is_clean


async def test_cancelling_ends_the_work_and_its_guards() -> None:
    work, guard = Work(), asyncio.ensure_future(never())
    task = asyncio.create_task(guarded(work.run(), guard))
    await work.started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.is_clean
    assert guard.cancelled()


async def test_an_http_client_is_waited_for_until_it_leaves() -> None:
    events = iter(["http.request", "http.request", "http.disconnect"])

    async def receive() -> dict[str, str]:
        return {"type": next(events)}

    with pytest.raises(ClientGone):
        await until_disconnected(receive)
    assert list(events) == []
