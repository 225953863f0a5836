"""Loading by key in batches: whoever asks in one turn of the event loop is answered by one call of the batch."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any

Run = Callable[..., Awaitable[Mapping[Any, Any]]]
"""Calls a batch function: (batch, keys, arguments=) to values by key; what is missing has no value."""

_Call = Callable[[list[Any]], Awaitable[Mapping[Any, Any]]]


class _Shelf:
    """What one batch function with one set of arguments has given, and what it was asked for."""

    __slots__ = ("asked", "found", "next_keys", "next_load")

    def __init__(self) -> None:
        self.found: dict[Any, Any] = {}
        self.asked: dict[Any, asyncio.Future[None]] = {}
        self.next_keys: list[Any] = []
        self.next_load: asyncio.Future[None] | None = None


class Loader:
    """Of one operation: each key is loaded once for a batch function and its arguments.

    How a batch function is called is told each time: kept here, it would hold its owner, which holds the loader,
    and all rows would wait for the garbage collector.
    """

    def __init__(self) -> None:
        self._shelves: dict[Hashable, _Shelf] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def load_many(
        self, run: Run, batch: Any, keys: Iterable[Any], arguments: dict[str, Any]
    ) -> Mapping[Any, Any]:
        """Give values by key, at least of these keys; None where there is nothing."""
        shelf = self._shelf(batch, arguments)
        missing = dict.fromkeys(keys)
        missing.pop(None, None)
        if shelf.found:
            found = shelf.found
            missing = {key: None for key in missing if key not in found}
        if missing:
            await self._await(shelf, missing, partial(run, batch, arguments=arguments))
        return shelf.found

    def forget(self) -> None:
        """Drop what was loaded, for what runs next reads anew."""
        self._shelves = {}

    async def close(self) -> None:
        """Cancel what is being loaded and wait until it is."""
        self.forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _shelf(self, batch: Any, arguments: dict[str, Any]) -> _Shelf:
        name = (batch, tuple(sorted(arguments.items()))) if arguments else batch
        shelf = self._shelves.get(name)
        if shelf is None:
            shelf = self._shelves[name] = _Shelf()
        return shelf

    async def _await(self, shelf: _Shelf, missing: dict[Any, None], call: _Call) -> None:
        loads: dict[asyncio.Future[None], None] = {}
        new = missing
        if shelf.asked:
            new = {key: None for key in missing if key not in shelf.asked}
            loads = dict.fromkeys(shelf.asked[key] for key in missing if key not in new)
        if new:
            load = self._next_load(shelf, call)
            shelf.next_keys += new
            shelf.asked.update(dict.fromkeys(new, load))
            loads[load] = None
        for load in loads:
            # Shielded: whoever is cancelled while waiting leaves the others their answer.
            await asyncio.shield(load)

    def _next_load(self, shelf: _Shelf, call: _Call) -> asyncio.Future[None]:
        if shelf.next_load is None:
            loop = asyncio.get_running_loop()
            shelf.next_load = loop.create_future()
            # Two turns, since resolvers that ask for the same start one turn apart.
            loop.call_soon(self._begin, shelf, call)
        return shelf.next_load

    def _begin(self, shelf: _Shelf, call: _Call) -> None:
        task = asyncio.get_running_loop().create_task(self._load(shelf, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, shelf: _Shelf, call: _Call) -> None:
        keys, load = shelf.next_keys, shelf.next_load
        shelf.next_keys, shelf.next_load = [], None
        assert load is not None
        try:
            found = await call(keys)
        except asyncio.CancelledError:
            load.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - belongs to whoever asked
            load.set_exception(error)
            load.exception()  # which may have been cancelled: then nobody wants to know
        else:
            shelf.found.update(found)
            shelf.found.update(dict.fromkeys(dict.fromkeys(keys).keys() - found.keys()))
            load.set_result(None)
