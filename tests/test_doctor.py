from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from okrgraph.doctor import Finding, Trouble, _compare
from okrgraph.kit import clock

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _clock_at(moment: datetime) -> Callable[[], Awaitable[datetime]]:
    async def read() -> datetime:
        return moment

    return read


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (12.25, "this machine's clock is 12.2 s behind the database's"),
        (-1.5, "this machine's clock is 1.5 s ahead of the database's"),
    ],
)
async def test_a_clock_that_differs_is_named_with_the_direction(ahead: float, text: str) -> None:
    with clock.held_at(NOON), pytest.raises(Trouble) as trouble:
        await _compare("the database's", _clock_at(NOON + timedelta(seconds=ahead)))

    assert str(trouble.value) == text
    assert trouble.value.remedy == "Have both machines follow the same NTP."


@pytest.mark.parametrize("ahead", [-1.0, 0.0, 1.0])
async def test_clocks_may_differ_by_a_second(ahead: float) -> None:
    with clock.held_at(NOON):
        await _compare("the database's", _clock_at(NOON + timedelta(seconds=ahead)))


async def test_the_time_that_asking_takes_is_no_difference() -> None:
    """Theirs was read at some moment between our two looks, whichever."""
    moments = iter([NOON, NOON + timedelta(seconds=30)])
    token = clock._source.set(lambda: next(moments))
    try:
        await _compare("the database's", _clock_at(NOON + timedelta(seconds=15)))
    finally:
        clock._source.reset(token)


def test_a_finding_is_a_line_and_a_remedy_another() -> None:
    assert str(Finding("database", True, "answers")) == "ok       database      answers"
    assert str(Finding("polling", None, "needs migrations")) == "skipped  polling       needs migrations"
    assert str(Finding("redis", False, "is away", "Start it.")) == (
        "WRONG    redis         is away\n                       -> Start it."
    )
