import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from benchmarks.live.documents import (
    CHECK_IN_CREATE,
    COMMENT_CREATE,
    DIGITS,
    MARK,
    body_of,
    subscription,
)
from benchmarks.live.fan_out import SIZES, cases, events_of
from benchmarks.live.mutating import as_fast_as_possible, at_planned_times
from benchmarks.live.run import SCENARIOS, read_options
from benchmarks.live.setting import COMPANY_OBJECTIVE, CURSOR

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    subscription(),
    subscription(author=True),
    subscription(alias="said7"),
    COMMENT_CREATE,
    CHECK_IN_CREATE,
    COMPANY_OBJECTIVE,
    CURSOR,
]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_document_is_valid(schema: GraphQLSchema, document: str) -> None:
    assert validate(schema, parse(document)) == []


def test_the_peer_has_the_same_slice_of_the_schema() -> None:
    source = (ROOT / "benchmarks/live/peer/server.mjs").read_text(encoding="utf-8")
    peer = build_schema(source.partition("GraphQL */ `")[2].partition("`")[0])
    for document in DOCUMENTS[:3]:
        assert validate(peer, parse(document)) == []


def test_the_locked_packages_name_no_registry() -> None:
    locked = (ROOT / "benchmarks/live/peer/package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in locked
    assert '"integrity"' in locked


@pytest.mark.parametrize("length", [60, 240, 8_000])
def test_an_event_has_its_number_at_a_fixed_place_and_its_length(length: int) -> None:
    body = body_of(1234, length)
    assert len(body) == length == len(body.strip())
    encoded = f'"body":"{body}"'.encode()
    assert encoded.startswith(MARK)
    assert int(encoded[len(MARK) : len(MARK) + DIGITS]) == 1234


async def test_planned_writes_do_not_wait_for_each_other_and_come_in_commit_order() -> None:
    positions = [30, 10, 20]

    async def write(index: int) -> int:
        return positions[index]

    times = await at_planned_times(3, 1_000, write)
    assert times["order"] == [1, 2, 0]
    assert times["reached"] == [10, 20, 30]
    planned = sorted(times["planned"])
    assert [later - before for before, later in pairwise(planned)] == [1_000_000] * 2
    assert all(
        due <= sent <= done
        for due, sent, done in zip(times["planned"], times["sent"], times["done"], strict=True)
    )


async def test_writers_write_until_the_time_is_over() -> None:
    counts = [0, 0]

    def writer(number: int) -> Callable[[], Awaitable[int]]:
        async def write() -> int:
            await asyncio.sleep(0)
            counts[number] += 1
            return counts[number]

        return write

    figures = await as_fast_as_possible(0.01, [writer(0), writer(1)])
    assert figures["count"] == sum(counts)
    assert min(counts) >= 1


def test_bursts_are_bounded() -> None:
    assert [events_of(size, "shared") for size in (500, 2_000, 10_000)] == [100, 100, 20]
    assert events_of(500, "distinct") == 40
    assert cases([500]) == [(500, "shared"), (500, "author"), (500, "distinct")]
    assert cases([2_000]) == [(2_000, "shared")]
    assert [size for size, _ in cases(SIZES)] == [500, 500, 500, 2_000, 10_000]


def test_scenarios_are_chosen_by_name() -> None:
    names = [each.name for each in SCENARIOS]
    assert len(set(names)) == len(names)
    chosen = read_options(["--only", "latency", "--only", "memory", "--subscribers", "500", "--no-peer"])
    assert (chosen.only, chosen.subscribers, chosen.peer) == (["latency", "memory"], [500], False)
    assert (read_options([]).only, read_options([]).subscribers, read_options([]).peer) == (None, None, True)


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--subscribers", "0"], ["--subscribers", "x"]])
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        read_options(arguments)
    assert refused.value.code == 2
    assert arguments[0] in capsys.readouterr().err
