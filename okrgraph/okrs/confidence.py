"""What a row of confidence ratings says: the summary, the decline, the silence; pure, it reads no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

_LOW = 2
_SLOPE_WINDOW = 3


@dataclass(frozen=True, slots=True)
class Rating:
    """Published ratings of one key result, 1 (will miss) to 5 (certain), oldest first; none when unrated."""

    history: tuple[int, ...]
    last_as_of: date | None


@dataclass(frozen=True, slots=True)
class ConfidenceSummary:
    """Over the latest rating of each rated key result; distribution is five counts, for ratings 1 to 5."""

    min: int | None
    median: float | None
    distribution: tuple[int, int, int, int, int]
    unrated: int
    declining: int


def is_declining(history: Sequence[int]) -> bool:
    """Tell whether confidence falls: latest 2 or less and below the one before, or the last three slope down.

    Fewer than three ratings have no slope. Source: concepts.md, N7.
    """
    if len(history) >= 2 and history[-1] <= _LOW and history[-1] < history[-2]:
        return True
    # Over three evenly spaced points the middle one drops out of the least-squares slope, (last - first) / 2.
    return len(history) >= _SLOPE_WINDOW and history[-1] < history[-_SLOPE_WINDOW]


def is_stale(last_as_of: date | None, today: date, cadence_days: int = 7, grace_days: int = 3) -> bool:
    """Tell whether the next rating is overdue: today is past the last one plus cadence plus grace, in days.

    What was never rated is unrated, not stale.
    """
    return last_as_of is not None and (today - last_as_of).days > cadence_days + grace_days


def stale_count(
    last_as_ofs: Iterable[date | None], today: date, cadence_days: int = 7, grace_days: int = 3
) -> int:
    """Count the stale ones; apart from the summary, because it changes with the clock alone."""
    return sum(is_stale(last, today, cadence_days, grace_days) for last in last_as_ofs)


def summary_of(
    distribution: tuple[int, int, int, int, int], *, unrated: int, declining: int
) -> ConfidenceSummary:
    """Summarise counts of latest ratings, 1 to 5, which is how an objective keeps them."""
    latest = [rating for rating, count in enumerate(distribution, start=1) for _ in range(count)]
    return ConfidenceSummary(
        min=min(latest, default=None),
        median=float(median(latest)) if latest else None,
        distribution=distribution,
        unrated=unrated,
        declining=declining,
    )


def summarise(ratings: Iterable[Rating]) -> ConfidenceSummary:
    """Summarise one Rating for each key result."""
    histories = [rating.history for rating in ratings]
    latest = [history[-1] for history in histories if history]
    one, two, three, four, five = (latest.count(rating) for rating in range(1, 6))
    return summary_of(
        (one, two, three, four, five),
        unrated=len(histories) - len(latest),
        declining=sum(is_declining(history) for history in histories),
    )
