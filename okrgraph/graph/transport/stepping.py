"""Sending without waiting: an ASGI send is done at once where it can be, and the rest of it is kept for later."""

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any


class Stalled:
    """The rest of a send that has to wait for the client: awaited once, or dropped."""

    __slots__ = ("_steps", "_waits_for")

    def __init__(self, steps: Generator[Any, None, None], waits_for: Any) -> None:
        self._steps = steps
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, None, None]:
        try:
            # The task that awaits takes over what nobody has waited for yet, just as it was given out.
            yield self._waits_for
        except BaseException:
            self._steps.close()
            raise
        yield from self._steps


def begin(sending: Awaitable[None]) -> Stalled | None:
    """Do what can be done of a send at once; None when that was all. Raises what the send raises.

    A task, its context and a timeout cost more than the send itself, which waits for nothing while its client reads.
    """
    steps = sending.__await__()
    try:
        waits_for = next(steps)
    except StopIteration:
        return None
    return Stalled(steps, waits_for)


async def finish(stalled: Stalled | None, seconds: float) -> None:
    """Do the rest. Raises TimeoutError when the client does not read in time, and what the send raises."""
    if stalled is not None:
        async with asyncio.timeout(seconds):
            await stalled
