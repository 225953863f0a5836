"""One topic on a model of the log: how often the database is asked, and what is waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from prometheus_client import REGISTRY

from okrgraph.events.broker import InProcessBroker
from okrgraph.events.hub import DEGRADED_POLL_SECONDS, Hub
from okrgraph.events.topic import HOLD_SECONDS, Topic
from tests.events.model_log import ModelLog
from tests.events.virtual_time import VirtualLoop

ORGANIZATION = UUID(int=1)


class Stage:
    """A hub that never polls by itself, on a model log, with one topic."""

    def __init__(self, **limits: int) -> None:
        self.log, self.broker = ModelLog(page=1_000), InProcessBroker()
        self.hub = Hub(self.broker, poll_seconds=3_600, followed=self.log, **limits)

    @asynccontextmanager
    async def topic(self) -> AsyncIterator[Topic]:
        ready = asyncio.Event()
        running = asyncio.create_task(self.hub.run(ready))
        await ready.wait()
        async with self.hub.following(ORGANIZATION) as topic:
            self.log.reads.clear()
            yield topic
        running.cancel()
        await asyncio.wait([running])


def on_virtual_time(test):
    def run() -> None:
        loop = VirtualLoop()
        try:
            loop.run(test())
        finally:
            loop.finish()

    run.__name__ = test.__name__
    return run


def repairs() -> float:
    return REGISTRY.get_sample_value("okrgraph_gap_repairs_total") or 0.0


def positions(entries) -> list[int]:
    return [entry.position for entry in entries]


def test_the_times_are_those_of_the_design() -> None:
    assert (HOLD_SECONDS, DEGRADED_POLL_SECONDS) == (0.01, 0.2)


@on_virtual_time
async def test_what_is_announced_in_order_costs_no_query() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        for head in range(1, 50):
            stage.broker.publish(stage.log.commit(ORGANIZATION))
            assert (topic.head, positions(topic.ready_after(head - 1))) == (head, [head])
        assert positions(await topic.read_after(0)) == list(range(1, 50))
        assert stage.log.reads == []


@on_virtual_time
async def test_announcements_that_overtake_each_other_cost_no_query_either() -> None:
    stage, before = Stage(), repairs()
    async with stage.topic() as topic:
        first, second, third = (stage.log.commit(ORGANIZATION) for _ in range(3))
        stage.broker.publish(third)
        stage.broker.publish(second)
        assert topic.head == 0
        await asyncio.sleep(HOLD_SECONDS * 0.9)
        stage.broker.publish(first)
        assert topic.head == 3
        await asyncio.sleep(1)
        assert (stage.log.reads, repairs()) == ([], before)


@on_virtual_time
async def test_one_that_does_not_come_in_time_is_read_once() -> None:
    stage, before = Stage(), repairs()
    async with stage.topic() as topic:
        lost, *others = (stage.log.commit(ORGANIZATION) for _ in range(5))
        for announcement in others:
            stage.broker.publish(announcement)
        waiting = asyncio.create_task(topic.wait_beyond(0, 60))
        await asyncio.sleep(HOLD_SECONDS * 0.9)
        assert (waiting.done(), stage.log.reads) == (False, [])
        await asyncio.sleep(HOLD_SECONDS * 0.2)
        assert (await waiting, topic.head, stage.log.reads) == (True, 5, [(ORGANIZATION, 0)])
        assert repairs() == before + 1
        stage.broker.publish(lost)
        assert positions(await topic.read_after(0)) == [1, 2, 3, 4, 5]


@on_virtual_time
async def test_a_head_without_entries_is_read_at_once_and_is_no_repair() -> None:
    stage, before = Stage(), repairs()
    async with stage.topic() as topic:
        stage.broker.publish(stage.log.commit(ORGANIZATION, 3).without_entries())
        assert await topic.wait_beyond(0, HOLD_SECONDS / 2)
        assert (positions(topic.ready_after(0)), len(stage.log.reads), repairs()) == ([1, 2, 3], 1, before)


@on_virtual_time
async def test_a_head_that_is_not_true_wakes_nobody_and_is_looked_up_once() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        stage.broker.publish(stage.log.commit(ORGANIZATION))
        forged = stage.log.commit(ORGANIZATION, 1).without_entries()
        stage.log.begin_epoch(lost=1)
        stage.log.epoch = "epoch-0"
        stage.log.log_of(ORGANIZATION).pop(2)
        stage.broker.publish(forged)
        assert await topic.wait_beyond(1, 60) is False
        assert (topic.head, len(stage.log.reads)) == (1, 1)
        stage.broker.publish(stage.log.commit(ORGANIZATION))
        assert positions(await topic.read_after(0)) == [1, 2]


@on_virtual_time
async def test_all_who_ask_for_the_same_are_answered_by_one_read() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        stage.log.commit(ORGANIZATION, 3)
        stage.log.delay = 0.01
        await stage.hub._poll()
        answers = await asyncio.gather(*(topic.read_after(0) for _ in range(500)))
        assert len(stage.log.reads) == 1
        assert all(positions(answer) == [1, 2, 3] for answer in answers)


@on_virtual_time
async def test_a_crowd_that_comes_back_costs_a_few_reads() -> None:
    stage = Stage()
    for _ in range(500):
        stage.log.commit(ORGANIZATION)
    stage.log.delay = 0.01
    async with stage.topic() as topic:
        starts = [300 + (number * 7) % 200 for number in range(5_000)]
        answers = await asyncio.gather(*(topic.read_after(start) for start in starts))
        for start, answer in zip(starts, answers, strict=True):
            assert positions(answer) == list(range(start + 1, 501))
        assert len(stage.log.reads) == 1, "the first is the furthest behind"
        await asyncio.gather(*(topic.read_after(start) for start in range(290, 300)))
        assert len(stage.log.reads) == 2


@on_virtual_time
async def test_those_too_far_behind_for_the_ring_share_a_read_as_well() -> None:
    stage = Stage(ring_size=10)
    for _ in range(500):
        stage.log.commit(ORGANIZATION)
    stage.log.delay = 0.01
    async with stage.topic() as topic:
        answers = await asyncio.gather(*(topic.read_after(100 * (number % 3)) for number in range(300)))
        assert sorted(stage.log.reads) == [(ORGANIZATION, 0), (ORGANIZATION, 100), (ORGANIZATION, 200)]
        assert positions(answers[4]) == list(range(101, 501))
        assert topic._pages == {}


@on_virtual_time
async def test_reading_waits_for_a_database_that_is_away() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        stage.log.commit(ORGANIZATION)
        await stage.hub._poll()
        stage.log.is_away = True
        reading = asyncio.create_task(topic.read_after(0))
        await asyncio.sleep(30)
        assert not reading.done()
        assert len(stage.log.reads) < 400, "not as fast as it can"
        stage.log.is_away = False
        assert positions(await reading) == [1]


@on_virtual_time
async def test_another_epoch_wakes_everybody_and_empties_the_ring() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        for _ in range(3):
            stage.broker.publish(stage.log.commit(ORGANIZATION))
        waiting = [asyncio.create_task(topic.wait_beyond(3, 60)) for _ in range(3)]
        await asyncio.sleep(0)
        stage.log.begin_epoch(lost=2)
        await stage.hub._poll()
        assert await asyncio.gather(*waiting) == [False, False, False]
        assert (topic.epoch, stage.hub.epoch, topic.head) == ("epoch-1", "epoch-1", 1)
        stage.broker.publish(stage.log.commit(ORGANIZATION))
        assert [entry.body["number"] for entry in await topic.read_after(1)] == [4]


@on_virtual_time
async def test_waking_ends_a_wait_without_anything_new() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        waiting = asyncio.create_task(topic.wait_beyond(0, 60))
        await asyncio.sleep(1)
        topic.wake()
        assert await waiting is False
        assert asyncio.get_running_loop().time() < 60


@on_virtual_time
async def test_a_head_that_is_known_to_be_short_of_the_position_wakes_nobody() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        waiting = asyncio.create_task(topic.wait_beyond(1, 60))
        await asyncio.sleep(0)
        stage.broker.publish(stage.log.commit(ORGANIZATION))
        await asyncio.sleep(1)
        assert not waiting.done()
        stage.broker.publish(stage.log.commit(ORGANIZATION))
        assert await waiting is True


@on_virtual_time
async def test_the_heads_are_polled_often_while_nobody_is_heard_and_rarely_while_nobody_follows() -> None:
    class Deaf(InProcessBroker):
        is_degraded = True

    stage = Stage()
    stage.broker = Deaf()
    stage.hub = Hub(stage.broker, poll_seconds=1.0, followed=stage.log)
    async with stage.topic():
        await asyncio.sleep(0)
        before = stage.log.heads_read
        await asyncio.sleep(10.1)
        assert 50 <= stage.log.heads_read - before <= 52
        Deaf.is_degraded = False
        await asyncio.sleep(1)
        before = stage.log.heads_read
        await asyncio.sleep(10)
        assert 9 <= stage.log.heads_read - before <= 11


@on_virtual_time
async def test_the_end_of_a_log_that_is_gone_is_not_asked_for_without_pause() -> None:
    """As after a failover that lost the last changes, before the hub knows of it."""
    stage = Stage(ring_size=1)
    async with stage.topic() as topic:
        stage.broker.publish(stage.log.commit(ORGANIZATION, 2))
        stage.log.begin_epoch(lost=2)
        assert (topic.head, await topic.read_after(0)) == (2, [])
        assert (topic.epoch, topic.head) == ("epoch-1", 0), "the hub looked at once"
        assert len(stage.log.reads) == 1


@on_virtual_time
async def test_what_is_announced_while_the_head_is_being_read_is_not_missed() -> None:
    stage = Stage()
    async with stage.topic():
        pass
    ready, stage.log.delay = asyncio.Event(), 0.05
    running = asyncio.create_task(stage.hub.run(ready))
    await ready.wait()
    following = stage.hub.following(ORGANIZATION)
    opening = asyncio.create_task(following.__aenter__())
    await asyncio.sleep(0.02)
    stage.broker.publish(stage.log.commit(ORGANIZATION))
    topic = await opening
    assert (topic.head, positions(topic.ready_after(0)), stage.log.reads) == (1, [1], [])
    await following.__aexit__(None, None, None)
    running.cancel()
    await asyncio.wait([running])


@on_virtual_time
async def test_what_was_read_of_a_history_that_is_over_is_not_kept() -> None:
    stage = Stage()
    async with stage.topic() as topic:
        for _ in range(3):
            stage.broker.publish(stage.log.commit(ORGANIZATION))
        stage.log.commit(ORGANIZATION, 2)
        stage.log.reading_delay = 1.0
        reading = asyncio.create_task(topic.read_after(3))
        await asyncio.sleep(0.5)
        stage.log.begin_epoch(lost=4)
        await stage.hub._poll()
        assert await reading == []
        stage.log.reading_delay = 0.0
        assert (topic.head, topic.ready_after(1)) == (1, None)
        stage.broker.publish(stage.log.commit(ORGANIZATION))
        assert [entry.body["number"] for entry in await topic.read_after(1)] == [6]
