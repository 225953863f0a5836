import asyncio
from dataclasses import dataclass, field

import pytest

from okrgraph.graph.transport.ending import RESTART, Ending
from okrgraph.graph.transport.keeper import Keeper, Wheel
from tests.graph.transport.virtual_time import pause, run


@dataclass(eq=False)
class Watched:
    """A connection that asks to be woken every so many seconds."""

    every: float
    slot: int = 0
    woken: list[float] = field(default_factory=list)
    ended: list[tuple[float, Ending]] = field(default_factory=list)
    excused: list[float] = field(default_factory=list)

    def excuse(self, seconds: float, now: float) -> None:
        assert now == asyncio.get_running_loop().time()
        self.excused.append(seconds)

    def look_after(self, now: float) -> float:
        self.woken.append(now)
        return now + self.every

    def end(self, ending: Ending) -> None:
        self.ended.append((asyncio.get_running_loop().time(), ending))


class Broken(Watched):
    def look_after(self, now: float) -> float:
        super().look_after(now)
        if len(self.woken) > 1:
            raise ValueError("a bug")
        return now + self.every


def test_a_wheel_gives_what_is_due_at_the_first_tick_that_is_not_too_early() -> None:
    wheel: Wheel[Watched] = Wheel(0.25)
    early, late = Watched(1), Watched(1)
    wheel.put(early, 0.9)
    wheel.put(late, 1.01)

    assert wheel.take(0.99) == []
    assert wheel.take(1.0) == [early]
    assert wheel.take(1.24) == []
    assert wheel.take(99.0) == [late]
    assert not wheel


def test_a_wheel_forgets_what_is_removed_and_gives_the_rest() -> None:
    wheel: Wheel[Watched] = Wheel(0.25)
    stays, goes = Watched(1), Watched(1)
    wheel.put(stays, 1.0)
    wheel.put(goes, 1.0)
    wheel.remove(goes)
    wheel.remove(goes)

    assert list(wheel) == [stays]
    assert wheel.take(1.0) == [stays]
    wheel.remove(stays)
    assert not wheel


def test_each_connection_is_woken_when_it_asks_to_be() -> None:
    async def scene() -> None:
        keeper = Keeper(tick=0.25)
        often, seldom = Watched(1), Watched(10)
        keeper.add(often)
        keeper.add(seldom)
        await asyncio.sleep(30.1)

        assert [round(moment, 6) for moment in often.woken] == [float(second) for second in range(31)]
        assert [round(moment, 6) for moment in seldom.woken] == [0.0, 10.0, 20.0, 30.0]

    run(scene())


def test_a_connection_that_is_moved_is_asked_again_at_once() -> None:
    async def scene() -> None:
        keeper = Keeper(tick=0.25)
        connection = Watched(10)
        keeper.add(connection)
        connection.every = 1
        keeper.move(connection)
        await asyncio.sleep(2.1)

        assert [round(moment, 6) for moment in connection.woken] == [0.0, 0.0, 1.0, 2.0]

    run(scene())


def test_a_keeper_runs_only_while_there_are_connections() -> None:
    async def scene() -> None:
        keeper = Keeper(tick=0.25)
        for _ in range(2):
            one, two = Watched(1), Watched(1)
            keeper.add(one)
            keeper.add(two)
            await asyncio.sleep(1.6)
            assert len(asyncio.all_tasks()) == 2
            keeper.remove(one)
            assert len(asyncio.all_tasks()) == 2
            keeper.remove(two)
            await asyncio.sleep(5)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert len(two.woken) == 2

    run(scene())


def test_a_bug_in_one_connection_leaves_the_others_watched(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        keeper = Keeper(tick=0.25)
        broken, sound = Broken(1), Watched(1)
        keeper.add(broken)
        keeper.add(sound)
        await asyncio.sleep(3.1)

        assert len(sound.woken) == len(broken.woken) == 4

    run(scene())
    assert caplog.text.count("ValueError: a bug") == 3


def test_a_time_in_which_the_process_stood_still_is_excused() -> None:
    async def scene() -> None:
        keeper = Keeper(tick=0.25)
        connection = Watched(1)
        keeper.add(connection)
        await asyncio.sleep(10)
        pause(0.9)
        await asyncio.sleep(1)
        assert connection.excused == []
        pause(60)
        await asyncio.sleep(1)

        (excused,) = connection.excused
        assert 59.7 <= excused <= 60.01

    run(scene())


def test_a_drain_ends_each_connection_once_spread_over_the_time() -> None:
    async def scene() -> None:
        keeper = Keeper(tick=0.25)
        connections = [Watched(15) for _ in range(1_000)]
        for connection in connections:
            keeper.add(connection)
        keeper.drain(20)
        late = Watched(15)
        await asyncio.sleep(5)
        keeper.add(late)
        await asyncio.sleep(15)

        moments = [moment for connection in connections for moment, _ in connection.ended]
        assert {ending for connection in connections for _, ending in connection.ended} == {RESTART}
        assert len(moments) == 1_000
        # Of a thousand uniform ones, each quarter has 250 but for six standard deviations.
        assert all(
            170 < sum(begin <= moment < begin + 5 for moment in moments) < 330 for begin in (0, 5, 10, 15)
        )
        await asyncio.sleep(5)
        assert [ending for _, ending in late.ended] == [RESTART]

    run(scene())
