from dataclasses import dataclass
from datetime import date, timedelta

from okrgraph.dependencies.reliability import reliability_of
from okrgraph.dependencies.vocabulary import DependencyState as S

TODAY = date(2026, 3, 20)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Given:
    state: S
    needed_by: date
    confirmed_on: date | None = None


def test_a_promise_is_kept_when_it_is_confirmed_by_its_day() -> None:
    kept = reliability_of([Given(S.CONFIRMED, TODAY, TODAY), Given(S.CONFIRMED, TODAY, TODAY + DAY)], TODAY)
    assert (kept.due, kept.in_time, kept.ratio) == (2, 1, 0.5)


def test_what_is_not_due_yet_does_not_count() -> None:
    assert reliability_of([Given(S.ACCEPTED, TODAY), Given(S.DELIVERED, TODAY + DAY)], TODAY).ratio is None


def test_what_is_past_its_day_counts_against() -> None:
    states = [S.ACCEPTED, S.IN_PROGRESS, S.DELIVERED, S.WITHDRAWN, S.ESCALATED]
    found = reliability_of([Given(state, TODAY - DAY) for state in states], TODAY)
    assert (found.due, found.in_time, found.ratio) == (5, 0, 0.0)


def test_what_nobody_needs_any_more_does_not_count() -> None:
    assert reliability_of([Given(S.CANCELED, TODAY - DAY)], TODAY).due == 0


def test_what_was_confirmed_before_its_day_counts_already() -> None:
    found = reliability_of([Given(S.CONFIRMED, TODAY + 9 * DAY, TODAY)], TODAY)
    assert (found.due, found.in_time, found.ratio) == (1, 1, 1.0)
