from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from okrgraph.dependencies.explanations import explanation_of
from okrgraph.dependencies.flags import flags_of, is_overdue, is_slipping, is_unanswered
from okrgraph.dependencies.vocabulary import DependencyFlag as F
from okrgraph.dependencies.vocabulary import DependencyState as S

TODAY = date(2026, 3, 20)
YESTERDAY = TODAY - timedelta(days=1)
REQUESTED_AT = datetime(2026, 3, 12, 9, tzinfo=UTC)
ZONE = "Europe/Oslo"


@dataclass(frozen=True)
class Given:
    state: S = S.REQUESTED
    needed_by: date = TODAY
    promised_by: date | None = None
    requested_at: datetime | None = REQUESTED_AT
    asked_at: datetime | None = None
    risk_owner_id: object | None = None


def flags(given: Any, **values: Any) -> set[F]:
    return set(flags_of(replace(given, **values), TODAY, ZONE, is_deadlocked=False))


@pytest.mark.parametrize("state", S)
def test_overdue_is_what_is_waited_for_after_its_day(state) -> None:
    late = state in (S.REQUESTED, S.COUNTERED, S.ACCEPTED, S.IN_PROGRESS, S.ESCALATED)
    assert is_overdue(Given(state, YESTERDAY), TODAY) is late
    assert not is_overdue(Given(state, TODAY), TODAY)


@pytest.mark.parametrize("state", S)
def test_only_a_request_waits_for_an_answer(state) -> None:
    assert is_unanswered(Given(state), TODAY, ZONE) is (state is S.REQUESTED)


def test_an_answer_has_five_working_days() -> None:
    asked = Given(requested_at=datetime(2026, 3, 13, 9, tzinfo=UTC))
    assert not is_unanswered(asked, TODAY, ZONE)
    assert is_unanswered(asked, TODAY, ZONE, answer_days=4)
    assert is_unanswered(Given(), TODAY, ZONE)


@pytest.mark.parametrize("state", S)
def test_slipping_is_what_is_promised_for_later_than_needed(state) -> None:
    later = Given(state, TODAY, TODAY + timedelta(days=1))
    assert is_slipping(later) is (state in (S.ACCEPTED, S.IN_PROGRESS))
    assert not is_slipping(replace(later, promised_by=TODAY))
    assert not is_slipping(replace(later, promised_by=None))


@pytest.mark.parametrize("state", S)
def test_a_risk_without_owner_follows_a_refusal(state) -> None:
    at_risk = state in (S.DECLINED, S.WITHDRAWN, S.ESCALATED)
    assert (F.UNOWNED_RISK in flags(Given(state))) is at_risk
    assert F.UNOWNED_RISK not in flags(Given(state), risk_owner_id="ada")


def test_all_flags_that_hold_come_in_their_order() -> None:
    given = Given(S.ACCEPTED, YESTERDAY, TODAY, asked_at=REQUESTED_AT)
    assert flags_of(given, TODAY, ZONE, is_deadlocked=True) == (F.OVERDUE, F.ASK_OPEN, F.SLIP, F.DEADLOCK)
    assert flags_of(Given(S.CONFIRMED), TODAY, ZONE, is_deadlocked=False) == ()


@pytest.mark.parametrize(
    ("flag", "given", "sentence"),
    [
        (F.OVERDUE, Given(needed_by=YESTERDAY), "Needed by 2026-03-19, 1 day ago, and not delivered."),
        (
            F.OVERDUE,
            Given(needed_by=date(2026, 3, 10)),
            "Needed by 2026-03-10, 10 days ago, and not delivered.",
        ),
        (F.UNANSWERED, Given(), "Requested on 2026-03-12 and not answered for 6 working days."),
        (
            F.ASK_OPEN,
            Given(asked_at=datetime(2026, 3, 19, 23, 30, tzinfo=UTC)),
            "Asked on 2026-03-20 whether it is on track, and not answered.",
        ),
        (
            F.SLIP,
            Given(promised_by=date(2026, 3, 27)),
            "Promised by 2026-03-27, 7 days after it is needed on 2026-03-20.",
        ),
        (F.UNOWNED_RISK, Given(S.DECLINED), "It is DECLINED and nobody owns the risk."),
        (
            F.DEADLOCK,
            Given(),
            "It blocks, and waits for others that wait for it: no order of their dates delivers them all.",
        ),
    ],
)
def test_each_flag_is_explained_with_its_figures(flag, given, sentence) -> None:
    assert explanation_of(flag, given, TODAY, ZONE) == sentence
