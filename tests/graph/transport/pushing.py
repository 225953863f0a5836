"""Pushing into the sink of a subscription that the toy schema leaves to the test."""

import asyncio

from okrgraph.graph.transport.session import Call, Sink
from tests.graph.transport.client import Served

PUSHED = "subscription { pushed }"
# More than the buffers of a connection on this machine take together.
LARGE = "x" * 1_000_000
MANY = 40


async def call_of(served: Served) -> Call:
    async with asyncio.timeout(5):
        return await served.world.calls.get()


async def sink_of(served: Served) -> Sink:
    sink = (await call_of(served)).sink
    assert sink is not None
    return sink


def body(number: int, filling: str = "") -> str:
    return f'{{"data":{{"pushed":"{number}{filling}"}}}}'


def fill(sink: Sink) -> int:
    """Push until the client must be waited for; give how many were taken."""
    for number in range(MANY):
        if not sink.push(body(number, LARGE)):
            return number + 1
    raise AssertionError("The client takes everything.")
