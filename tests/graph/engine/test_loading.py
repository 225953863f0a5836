import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from okrgraph.graph.engine.loading import Loader


class Source:
    """A batch function that notes its calls and gives the square of every even key."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[int], dict[str, Any]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.called = asyncio.Event()

    async def run(self, batch: Any, keys: Sequence[int], arguments: dict[str, Any]) -> dict[int, int]:
        self.calls.append((list(keys), arguments))
        self.called.set()
        await self.gate.wait()
        if 13 in keys:
            raise ValueError("unlucky")
        return {key: key * key for key in keys if key % 2 == 0}


async def test_whoever_asks_at_once_is_answered_by_one_call() -> None:
    source = Source()
    loader = Loader()
    found = await asyncio.gather(*(loader.load_many(source.run, "b", [key, key + 1], {}) for key in range(4)))
    assert source.calls == [([0, 1, 2, 3, 4], {})]
    assert [found[0].get(key) for key in range(6)] == [0, None, 4, None, 16, None]


async def test_a_key_is_asked_for_once_found_or_not() -> None:
    source = Source()
    loader = Loader()
    await loader.load_many(source.run, "b", [1, 2, None], {})
    await loader.load_many(source.run, "b", [2, 1, 3], {})
    assert source.calls == [([1, 2], {}), ([3], {})]


async def test_other_arguments_are_another_load() -> None:
    source = Source()
    loader = Loader()
    await asyncio.gather(
        loader.load_many(source.run, "b", [1], {"n": 1}), loader.load_many(source.run, "b", [1], {"n": 2})
    )
    assert source.calls == [([1], {"n": 1}), ([1], {"n": 2})]


async def test_a_key_that_is_on_its_way_is_waited_for() -> None:
    source = Source()
    source.gate.clear()
    loader = Loader()
    first = asyncio.create_task(loader.load_many(source.run, "b", [2], {}))
    await source.called.wait()
    source.called.clear()
    second = asyncio.create_task(loader.load_many(source.run, "b", [2, 4], {}))
    await source.called.wait()
    source.gate.set()
    assert ((await first)[2], (await second)[2], (await second)[4]) == (4, 4, 16)
    assert source.calls == [([2], {}), ([4], {})]


async def test_everybody_who_asked_meets_the_failure() -> None:
    source, loader = Source(), Loader()
    found = await asyncio.gather(
        loader.load_many(source.run, "b", [13], {}),
        loader.load_many(source.run, "b", [2], {}),
        return_exceptions=True,
    )
    assert [str(error) for error in found] == ["unlucky", "unlucky"]


async def test_what_is_forgotten_is_read_anew() -> None:
    source = Source()
    loader = Loader()
    await loader.load_many(source.run, "b", [2], {})
    loader.forget()
    await loader.load_many(source.run, "b", [2], {})
    assert source.calls == [([2], {}), ([2], {})]


async def test_closing_ends_what_is_being_read() -> None:
    source = Source()
    source.gate.clear()
    loader = Loader()
    waiting = asyncio.create_task(loader.load_many(source.run, "b", [2], {}))
    await source.called.wait()
    await loader.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_one_who_leaves_does_not_take_the_answer_from_the_others() -> None:
    source = Source()
    source.gate.clear()
    loader = Loader()
    leaving = asyncio.create_task(loader.load_many(source.run, "b", [2], {}))
    staying = asyncio.create_task(loader.load_many(source.run, "b", [2], {}))
    await source.called.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    source.gate.set()
    assert (await staying)[2] == 4
