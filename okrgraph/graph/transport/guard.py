"""Work that ends early when one of its guards does; knows no GraphQL."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Never, TypeVar

from starlette.types import Receive, Scope

from okrgraph.graph.transport.failures import ClientGone

T = TypeVar("T")

ABORT = "okrgraph.graph.transport.abort"
"""What the protocol class of server.py puts into a scope: cuts the connection, and drops what was not read."""


async def guarded(work: Coroutine[Any, Any, T], *guards: Awaitable[Never]) -> T:
    """Run the work; the first guard that raises cancels it, awaits its clean-up and raises in its place."""
    task = asyncio.ensure_future(work)
    watches = [asyncio.ensure_future(guard) for guard in guards]
    try:
        await asyncio.wait([task, *watches], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            for watch in watches:
                if watch.done():
                    watch.result()
        return task.result()
    finally:
        for future in (task, *watches):
            future.cancel()
        await asyncio.gather(task, *watches, return_exceptions=True)


async def until_disconnected(receive: Receive) -> Never:
    """Wait for an HTTP client to leave. Raises ClientGone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    raise ClientGone


def abort_of(scope: Scope) -> Callable[[], None]:
    """Give what cuts the connection; under a server that is not run as told, nothing does."""
    abort: Callable[[], None] = scope.get(ABORT, _leave_alone)
    return abort


def _leave_alone() -> None:
    """The server closes in its own time."""
