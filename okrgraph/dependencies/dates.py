"""Days of dependencies: the day that a cycle's week stands for, and working days that have passed; pure."""

from datetime import date, timedelta

from okrgraph.okrs.weeks import week_count, week_end

_WORKING_DAYS = 5
_DAYS_IN_WEEK = 7


def day_of_week(starts_on: date | None, ends_on: date | None, week: int) -> date | None:
    """The last day of a cycle's week, from 1 up, at most the cycle's last day; None for a week that it has not.

    "By week 6" is the end of the week, and the cut last week of a cycle ends with the cycle.
    Source: domain.md, section 3.
    """
    if starts_on is None or ends_on is None or not 1 <= week <= week_count(starts_on, ends_on):
        return None
    return min(week_end(starts_on, week), ends_on)


def working_days_after(day: date, today: date) -> int:
    """Count the days from Monday to Friday that came after a day, today included; 0 when none did."""
    if today <= day:
        return 0
    return _working_days_before(today + timedelta(days=1)) - _working_days_before(day + timedelta(days=1))


def _working_days_before(day: date) -> int:
    """Working days from Monday, 1 January of the year 1, to the day before."""
    weeks, rest = divmod(day.toordinal() - 1, _DAYS_IN_WEEK)
    return weeks * _WORKING_DAYS + min(rest, _WORKING_DAYS)
