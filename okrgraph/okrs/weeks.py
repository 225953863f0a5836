"""Calendar arithmetic of cycles: today, the week, the current cycle; pure, the clock is an argument."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from okrgraph.okrs.vocabulary import CycleState

_DAYS_IN_WEEK = 7
_CURRENT_RANK = {
    CycleState.ACTIVE: 0,
    CycleState.REVIEW: 1,
    CycleState.ALIGNING: 2,
    CycleState.PLANNING: 3,
}


class DatedCycle(Protocol):
    """What the rule of the current cycle reads of a cycle; a BACKLOG has no dates."""

    @property
    def id(self) -> UUID: ...
    @property
    def starts_on(self) -> date | None: ...
    @property
    def ends_on(self) -> date | None: ...
    @property
    def state(self) -> CycleState: ...


CycleT = TypeVar("CycleT", bound=DatedCycle)


def today_in(time_zone: str, now: datetime) -> date:
    """Give the calendar day that a moment falls on in an IANA time zone, such as Europe/Oslo.

    Raises ValueError for a naive moment, ZoneInfoNotFoundError for an unknown zone.
    """
    if now.utcoffset() is None:
        raise ValueError("now must carry a time zone")
    return now.astimezone(ZoneInfo(time_zone)).date()


def week_of(starts_on: date | None, ends_on: date | None, day: date) -> int | None:
    """Number the week of a cycle that a day falls in: 1 for the first seven days; None outside or undated.

    Both dates belong to the cycle.
    """
    if starts_on is None or ends_on is None or not starts_on <= day <= ends_on:
        return None
    return (day - starts_on).days // _DAYS_IN_WEEK + 1


def week_end(starts_on: date, week: int) -> date:
    """Give the last day of a week, from 1 up; of a cut last week it lies after the end of the cycle.

    Raises ValueError for a week below 1, OverflowError for one after the year 9999.
    """
    if week < 1:
        raise ValueError(f"weeks are numbered from 1, not {week}")
    return starts_on + timedelta(days=_DAYS_IN_WEEK * week - 1)


def week_count(starts_on: date, ends_on: date) -> int:
    """Count the weeks of a cycle, a cut last week included; 0 when it ends before it starts."""
    return max(0, (ends_on - starts_on).days // _DAYS_IN_WEEK + 1)


def do_overlap(one: DatedCycle, other: DatedCycle) -> bool:
    """Tell whether two cycles have a day in common; what has no dates overlaps everything."""
    if one.starts_on is None or one.ends_on is None or other.starts_on is None or other.ends_on is None:
        return True
    return one.starts_on <= other.ends_on and other.starts_on <= one.ends_on


def current_cycle(cycles: Iterable[CycleT], today: date) -> CycleT | None:
    """Choose the cycle to show when nobody has chosen one.

    Of the cycles whose dates contain today: ACTIVE before REVIEW before ALIGNING before PLANNING, then the
    shortest, then the latest start, then the smallest id. Otherwise the ACTIVE one that ended last, then the
    smallest id. Source: contract.graphql, Organization.currentCycle.
    """
    running: list[tuple[tuple[int, int, int, UUID], CycleT]] = []
    ended: list[tuple[tuple[int, UUID], CycleT]] = []
    for cycle in cycles:
        starts_on, ends_on = cycle.starts_on, cycle.ends_on
        if starts_on is None or ends_on is None:
            continue
        rank = _CURRENT_RANK.get(cycle.state)
        if rank is not None and starts_on <= today <= ends_on:
            length = (ends_on - starts_on).days
            running.append(((rank, length, -starts_on.toordinal(), cycle.id), cycle))
        elif cycle.state == CycleState.ACTIVE and ends_on < today:
            ended.append(((-ends_on.toordinal(), cycle.id), cycle))
    if running:
        return min(running, key=lambda entry: entry[0])[1]
    if ended:
        return min(ended, key=lambda entry: entry[0])[1]
    return None
