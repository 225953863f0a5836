from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import permutations
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.okrs.vocabulary import CycleState
from okrgraph.okrs.weeks import current_cycle, today_in, week_count, week_end, week_of

S = CycleState
TODAY = date(2025, 5, 14)
never_timed = settings(deadline=None)
days = st.dates(date(2000, 1, 1), date(2050, 12, 31))


@dataclass(frozen=True)
class Period:
    id: UUID
    starts_on: date | None
    ends_on: date | None
    state: CycleState


def period(number: int, state: CycleState, first: int | None, last: int | None) -> Period:
    """A cycle by the distance of its first and last day from today."""
    return Period(
        id=UUID(int=number),
        starts_on=None if first is None else TODAY + timedelta(days=first),
        ends_on=None if last is None else TODAY + timedelta(days=last),
        state=state,
    )


def chosen(*cycles: Period) -> int | None:
    answers = {current_cycle(order, TODAY) for order in permutations(cycles)}
    assert len(answers) == 1
    cycle = answers.pop()
    return None if cycle is None else cycle.id.int


def test_today_is_the_day_of_the_organisation() -> None:
    now = datetime(2025, 3, 31, 23, 30, tzinfo=UTC)
    assert today_in("UTC", now) == date(2025, 3, 31)
    assert today_in("Europe/Oslo", now) == date(2025, 4, 1)
    assert today_in("America/Los_Angeles", now) == date(2025, 3, 31)
    assert today_in("Pacific/Kiritimati", now) == date(2025, 4, 1)


def test_today_does_not_depend_on_the_zone_the_moment_is_given_in() -> None:
    now = datetime(2025, 3, 31, 23, 30, tzinfo=UTC)
    elsewhere = now.astimezone(timezone(timedelta(hours=-9)))
    assert today_in("Europe/Oslo", elsewhere) == date(2025, 4, 1)


def test_summer_time_moves_midnight() -> None:
    assert today_in("Europe/Oslo", datetime(2025, 1, 10, 22, 30, tzinfo=UTC)) == date(2025, 1, 10)
    assert today_in("Europe/Oslo", datetime(2025, 7, 10, 22, 30, tzinfo=UTC)) == date(2025, 7, 11)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^now must carry a time zone$"):
        today_in("UTC", datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None))


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        today_in("Europe/Atlantis", datetime(2025, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2024, 12, 31), None),
        (date(2025, 1, 1), 1),
        (date(2025, 1, 7), 1),
        (date(2025, 1, 8), 2),
        (date(2025, 2, 11), 6),
        (date(2025, 2, 12), 7),
        (date(2025, 3, 31), 13),
        (date(2025, 4, 1), None),
    ],
)
def test_weeks_are_seven_days_from_the_start_and_both_ends_belong(day: date, week: int | None) -> None:
    assert week_of(date(2025, 1, 1), date(2025, 3, 31), day) == week


def test_an_undated_cycle_has_no_week() -> None:
    assert week_of(None, None, TODAY) is None
    assert week_of(TODAY, None, TODAY) is None
    assert week_of(None, TODAY, TODAY) is None


def test_by_week_six_means_its_last_day() -> None:
    assert week_end(date(2025, 1, 1), 6) == date(2025, 2, 11)
    assert week_end(date(2025, 1, 1), 1) == date(2025, 1, 7)


@pytest.mark.parametrize("week", [0, -1])
def test_there_is_no_week_below_one(week: int) -> None:
    with pytest.raises(ValueError, match=f"^weeks are numbered from 1, not {week}$"):
        week_end(TODAY, week)


@pytest.mark.parametrize(
    ("ends_on", "count"),
    [
        (date(2025, 1, 1), 1),
        (date(2025, 1, 7), 1),
        (date(2025, 1, 8), 2),
        (date(2025, 3, 31), 13),
        (date(2025, 12, 31), 53),
        (date(2024, 12, 31), 0),
        (date(2024, 1, 1), 0),
    ],
)
def test_a_cut_last_week_counts(ends_on: date, count: int) -> None:
    assert week_count(date(2025, 1, 1), ends_on) == count


@never_timed
@given(starts_on=days, length=st.integers(0, 500), offset=st.integers(-50, 550))
def test_a_day_lies_in_its_week_and_in_no_other(starts_on: date, length: int, offset: int) -> None:
    ends_on, day = starts_on + timedelta(days=length), starts_on + timedelta(days=offset)
    week = week_of(starts_on, ends_on, day)
    assert (week is not None) == (0 <= offset <= length)
    if week is not None:
        assert 1 <= week <= week_count(starts_on, ends_on)
        assert timedelta(0) <= week_end(starts_on, week) - day < timedelta(days=7)


@never_timed
@given(starts_on=days, length=st.integers(0, 500))
def test_the_last_day_lies_in_the_last_week(starts_on: date, length: int) -> None:
    ends_on = starts_on + timedelta(days=length)
    assert week_of(starts_on, ends_on, ends_on) == week_count(starts_on, ends_on)


def test_no_cycle_gives_none() -> None:
    assert chosen() is None


def test_of_the_running_ones_active_comes_before_review_aligning_and_planning() -> None:
    ranked = [period(9 - rank, state, -10, 10) for rank, state in enumerate((S.ACTIVE, S.REVIEW))]
    ranked += [period(3, S.ALIGNING, -5, 5), period(1, S.PLANNING, -1, 1)]
    while ranked:
        assert chosen(*ranked) == ranked.pop(0).id.int


def test_of_one_state_the_shortest_is_current() -> None:
    assert chosen(period(1, S.ACTIVE, -100, 200), period(2, S.ACTIVE, -80, 10)) == 2


def test_of_one_length_the_latest_start_is_current() -> None:
    assert chosen(period(1, S.ACTIVE, -50, 40), period(2, S.ACTIVE, -40, 50)) == 2


def test_of_the_same_dates_the_smallest_id_is_current() -> None:
    assert chosen(period(2, S.ACTIVE, -1, 1), period(1, S.ACTIVE, -1, 1)) == 1


@pytest.mark.parametrize(("first", "last"), [(0, 5), (-5, 0), (0, 0)])
def test_the_first_and_the_last_day_belong_to_the_cycle(first: int, last: int) -> None:
    assert chosen(period(1, S.PLANNING, first, last)) == 1


@pytest.mark.parametrize(("first", "last"), [(1, 5), (-5, -1)])
def test_a_cycle_that_does_not_contain_today_is_not_running(first: int, last: int) -> None:
    assert chosen(period(1, S.PLANNING, first, last)) is None


@pytest.mark.parametrize("state", [S.CLOSED, S.ARCHIVED])
def test_what_is_over_is_never_current(state: CycleState) -> None:
    assert chosen(period(1, state, -5, 5), period(2, state, -9, -1)) is None
    assert chosen(period(1, state, -5, 5), period(2, S.PLANNING, -50, 50)) == 2
    assert chosen(period(1, state, -5, 5), period(2, S.ACTIVE, -50, -40)) == 2


@pytest.mark.parametrize("state", CycleState)
def test_an_undated_cycle_is_never_current(state: CycleState) -> None:
    assert chosen(period(1, state, None, None)) is None
    assert chosen(period(1, state, -5, None), period(2, state, None, 5)) is None


def test_without_a_running_one_the_active_one_that_ended_last_is_current() -> None:
    ended = [period(1, S.ACTIVE, -90, -60), period(2, S.ACTIVE, -59, -20), period(3, S.REVIEW, -19, -1)]
    assert chosen(*ended) == 2
    assert chosen(*ended, period(4, S.PLANNING, -1, 1)) == 4


def test_of_those_that_ended_together_the_smallest_id_is_current() -> None:
    assert chosen(period(2, S.ACTIVE, -30, -1), period(1, S.ACTIVE, -90, -1)) == 1


def test_an_active_cycle_that_has_not_begun_has_not_ended() -> None:
    assert chosen(period(1, S.ACTIVE, 1, 90)) is None
    assert chosen(period(1, S.ACTIVE, 1, 90), period(2, S.ACTIVE, -90, -1)) == 2


cycle_rows = st.builds(
    lambda state, first, length: (state, first, first + length),
    st.sampled_from(CycleState),
    st.integers(-20, 20),
    st.integers(0, 30),
)


@never_timed
@given(rows=st.lists(cycle_rows, max_size=8))
def test_a_running_cycle_is_current_whenever_there_is_one(rows: list[tuple[CycleState, int, int]]) -> None:
    cycles = [period(number, *row) for number, row in enumerate(rows)]
    cycle = current_cycle(cycles, TODAY)
    assert cycle == current_cycle(list(reversed(cycles)), TODAY)
    over = (S.CLOSED, S.ARCHIVED)
    running = [number for number, (state, a, b) in enumerate(rows) if state not in over and a <= 0 <= b]
    ended = [number for number, (state, _, b) in enumerate(rows) if state is S.ACTIVE and b < 0]
    candidates = running or ended
    assert (cycle is None) == (not candidates)
    assert cycle is None or cycle.id.int in candidates
