"""Weeks of cycles and working days, over every kind of calendar accident."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.dependencies.dates import day_of_week, working_days_after
from okrgraph.dependencies.flags import is_unanswered
from okrgraph.dependencies.rows import DependencyRow
from okrgraph.dependencies.vocabulary import DependencyState
from okrgraph.okrs.weeks import today_in, week_count, week_of

DAYS = st.dates(date(1970, 1, 1), date(2199, 6, 1))


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "week", "day"),
    [
        # A quarter that begins on a Thursday: its weeks begin on Thursdays.
        (date(2026, 1, 1), date(2026, 3, 31), 1, date(2026, 1, 7)),
        (date(2026, 1, 1), date(2026, 3, 31), 6, date(2026, 2, 11)),
        # The cut last week ends with the cycle.
        (date(2026, 1, 1), date(2026, 3, 31), 13, date(2026, 3, 31)),
        # In the middle of a week, over the end of a year.
        (date(2025, 12, 17), date(2026, 3, 17), 2, date(2025, 12, 30)),
        (date(2025, 12, 17), date(2026, 3, 17), 3, date(2026, 1, 6)),
        # Over the changes of the clock in Europe, 29 March and 25 October 2026.
        (date(2026, 3, 23), date(2026, 6, 21), 1, date(2026, 3, 29)),
        (date(2026, 3, 23), date(2026, 6, 21), 2, date(2026, 4, 5)),
        (date(2026, 10, 19), date(2027, 1, 17), 1, date(2026, 10, 25)),
        (date(2026, 10, 19), date(2027, 1, 17), 2, date(2026, 11, 1)),
        # A leap day.
        (date(2028, 2, 25), date(2028, 5, 25), 1, date(2028, 3, 2)),
        # A cycle of a day.
        (date(2026, 5, 5), date(2026, 5, 5), 1, date(2026, 5, 5)),
    ],
)
def test_by_week_n_is_the_last_day_of_that_week(starts_on, ends_on, week, day) -> None:
    assert day_of_week(starts_on, ends_on, week) == day
    assert week_of(starts_on, ends_on, day) == week


@pytest.mark.parametrize("week", [-1, 0, 14, 10**12])
def test_a_week_that_the_cycle_lacks_is_no_day(week) -> None:
    assert day_of_week(date(2026, 1, 1), date(2026, 3, 31), week) is None


def test_a_cycle_without_dates_has_no_weeks() -> None:
    assert day_of_week(None, None, 1) is None


@given(starts_on=DAYS, length=st.integers(0, 400), data=st.data())
def test_every_week_ends_in_itself_and_the_next_begins_the_day_after(starts_on, length, data) -> None:
    ends_on = starts_on + timedelta(days=length)
    week = data.draw(st.integers(1, week_count(starts_on, ends_on)))
    day = day_of_week(starts_on, ends_on, week)
    assert day is not None
    assert week_of(starts_on, ends_on, day) == week
    following = day + timedelta(days=1)
    assert week_of(starts_on, ends_on, following) == (week + 1 if following <= ends_on else None)


@pytest.mark.parametrize(
    ("day", "today", "count"),
    [
        (date(2026, 3, 6), date(2026, 3, 6), 0),
        (date(2026, 3, 6), date(2026, 3, 8), 0),  # Friday to Sunday
        (date(2026, 3, 6), date(2026, 3, 9), 1),
        (date(2026, 3, 7), date(2026, 3, 9), 1),  # asked on a Saturday
        (date(2026, 3, 6), date(2026, 3, 13), 5),
        (date(2026, 3, 6), date(2026, 3, 14), 5),
        (date(2026, 3, 6), date(2026, 3, 16), 6),
        (date(2025, 12, 31), date(2026, 1, 2), 2),
        (date(2026, 3, 9), date(2026, 3, 6), 0),
    ],
)
def test_working_days_pass_over_weekends(day, today, count) -> None:
    assert working_days_after(day, today) == count


@given(day=DAYS, length=st.integers(0, 60))
def test_working_days_are_those_that_a_calendar_counts(day, length) -> None:
    days = (day + timedelta(days=number) for number in range(1, length + 1))
    counted = sum(each.weekday() < 5 for each in days)
    assert working_days_after(day, day + timedelta(days=length)) == counted


def _requested(at: datetime) -> DependencyRow:
    values = dict.fromkeys(DependencyRow.__dataclass_fields__)
    return DependencyRow(**{**values, "state": DependencyState.REQUESTED, "requested_at": at})  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
def test_an_answer_is_waited_for_by_the_days_of_the_organisation(zone) -> None:
    # Half past eleven in the evening of Friday 27 March in Oslo, hours before the clock changes.
    asked = _requested(datetime(2026, 3, 27, 22, 30, tzinfo=UTC))
    moment = datetime(2026, 3, 28, 0, 0, tzinfo=UTC)
    first = None
    while first is None:
        today = today_in(zone, moment)
        first = today if is_unanswered(asked, today, zone) else None
        moment += timedelta(hours=1)
    # In Kiritimati the request came on a Saturday, so its five working days are those of the next week as well.
    assert first == date(2026, 4, 6)
