import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from okrgraph.graph.transport.rechecks import Rechecks
from okrgraph.graph.transport.session import Admission
from tests.graph.transport.toy import ToySession, World
from tests.graph.transport.virtual_time import run

Answer = Callable[[Sequence[ToySession]], Awaitable[Sequence[ToySession | None]]]


async def the_same(sessions: Sequence[ToySession]) -> Sequence[ToySession | None]:
    return sessions


@dataclass
class Desk:
    """Remembers what it was asked, and answers as the test wants."""

    answer: Answer = the_same
    questions: list[tuple[float, list[str]]] = field(default_factory=list)

    async def __call__(self, authorization: str | None) -> ToySession | None:
        raise AssertionError(authorization)

    async def again(self, sessions: Sequence[ToySession]) -> Sequence[ToySession | None]:
        self.questions.append((asyncio.get_running_loop().time(), [session.name for session in sessions]))
        return await self.answer(sessions)


def admissions(count: int) -> list[Admission]:
    world = World()
    return [Admission(ToySession(world, str(number))) for number in range(count)]


def watch(desk: Desk, *watched: Admission) -> Rechecks:
    rechecks = Rechecks(desk, seconds=5.0, patience=10.0)
    for admission in watched:
        rechecks.add(admission)
    return rechecks


def test_each_credential_is_looked_at_within_the_period_and_not_many_at_once() -> None:
    async def scene() -> None:
        desk = Desk()
        watch(desk, *admissions(3_000))
        await asyncio.sleep(60)

        looks: dict[str, list[float]] = defaultdict(lambda: [0.0])
        for moment, names in desk.questions:
            for name in names:
                looks[name].append(moment)
        assert len(looks) == 3_000
        gaps = [
            late - early for each in looks.values() for early, late in zip(each, [*each[1:], 60], strict=True)
        ]
        assert max(gaps) <= 5.0
        assert max(len(names) for _, names in desk.questions) <= 500

    run(scene())


def test_credentials_that_came_at_one_moment_are_not_looked_at_in_one_moment() -> None:
    async def scene() -> None:
        desk = Desk()
        watch(desk, *admissions(3_000))
        await asyncio.sleep(4.9)

        first: dict[str, float] = {}
        for moment, names in desk.questions:
            for name in names:
                first.setdefault(name, moment)
        assert len(first) == 3_000
        for moment in set(first.values()):
            assert sum(each == moment for each in first.values()) < 400

    run(scene())


def test_more_than_one_question_holds_are_asked_one_after_another() -> None:
    async def scene() -> None:
        desk = Desk()
        # All are due at one tick, after a time in which the loop did not run.
        rechecks = watch(desk, *admissions(1_200))
        due = rechecks._wheel.take(99.0)
        for admission in due:
            rechecks._wheel.put(admission, 1.0)
        await asyncio.sleep(1.1)

        assert [len(names) for _, names in desk.questions] == [500, 500, 200]

    run(scene())


def test_a_refused_credential_is_refused_and_the_others_get_their_newer_session() -> None:
    async def answer(sessions: Sequence[ToySession]) -> Sequence[ToySession | None]:
        return [None if s.name == "1" else ToySession(s.world, s.name + "'") for s in sessions]

    async def scene() -> None:
        refused: list[str] = []
        zero, one = admissions(2)
        rechecks = watch(Desk(answer), zero, one)

        def refuse() -> None:
            refused.append("1")
            rechecks.remove(one)

        one.on_refusal = refuse
        zero.on_refusal = lambda: refused.append("0")
        await asyncio.sleep(5)

        assert refused == ["1"]
        assert getattr(zero.session, "name", "").startswith("0'")
        assert getattr(one.session, "name", "") == "1"

    run(scene())


def test_a_session_that_was_renewed_in_the_meantime_stays() -> None:
    async def scene() -> None:
        (admission,) = admissions(1)
        renewed: list[ToySession] = []

        async def answer(sessions: Sequence[ToySession]) -> Sequence[ToySession | None]:
            renewed.append(ToySession(World(), "newer"))
            admission.session = renewed[-1]
            return [ToySession(World(), "older") for _ in sessions]

        watch(Desk(answer), admission)
        await asyncio.sleep(4.9)

        assert admission.session is renewed[-1]

    run(scene())


def test_an_admission_that_left_during_the_question_is_not_asked_for_again() -> None:
    async def scene() -> None:
        stays, goes = admissions(2)

        async def answer(sessions: Sequence[ToySession]) -> Sequence[ToySession | None]:
            if any(session.name == "1" for session in sessions):
                rechecks.remove(goes)
            return [None if session.name == "1" else session for session in sessions]

        desk = Desk(answer)
        goes.on_refusal = lambda: pytest.fail("It was refused after its end.")
        rechecks = watch(desk, stays, goes)
        await asyncio.sleep(50)

        assert sum("1" in names for _, names in desk.questions) == 1
        assert sum("0" in names for _, names in desk.questions) >= 10
        rechecks.remove(stays)
        await asyncio.sleep(10)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(scene())


@pytest.mark.parametrize("kind", ["an error", "no answer"])
def test_a_database_that_is_away_leaves_sessions_on_and_is_logged_once(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(sessions: Sequence[ToySession]) -> Sequence[ToySession | None]:
        if kind == "no answer":
            await asyncio.Future()
        raise ConnectionError("away")

    async def refusing(sessions: Sequence[ToySession]) -> Sequence[ToySession | None]:
        return [None for _ in sessions]

    async def scene() -> None:
        refused: list[float] = []
        desk = Desk(away)
        (admission,) = admissions(1)
        session = admission.session
        admission.on_refusal = lambda: refused.append(asyncio.get_running_loop().time())
        watch(desk, admission)
        await asyncio.sleep(100)
        assert admission.session is session
        assert refused == []
        asked = len(desk.questions)
        assert asked >= 6

        desk.answer = refusing
        await asyncio.sleep(15)
        assert 100 < refused[0] <= 115

    run(scene())
    assert [record.message for record in caplog.records] == [
        "Credentials cannot be looked at again; their sessions go on",
        "Credentials are looked at again",
    ]
