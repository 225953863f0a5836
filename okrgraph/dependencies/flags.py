"""What of a dependency wants attention on a day, as follows from its own row; pure."""

from datetime import date, datetime
from typing import Protocol

from okrgraph.dependencies.dates import working_days_after
from okrgraph.dependencies.states import AT_RISK, OPEN, UNDER_WAY
from okrgraph.dependencies.vocabulary import DependencyFlag, DependencyState
from okrgraph.okrs.weeks import today_in

# Working days that a provider has for its answer.
ANSWER_DAYS = 5
_LATE = frozenset({*OPEN, DependencyState.ESCALATED})
FLAG_COLUMNS = ("state", "needed_by", "promised_by", "requested_at", "asked_at", "risk_owner_id")


class Flagged(Protocol):
    """What the flags are read from; its attributes are FLAG_COLUMNS."""

    @property
    def state(self) -> DependencyState: ...
    @property
    def needed_by(self) -> date: ...
    @property
    def promised_by(self) -> date | None: ...
    @property
    def requested_at(self) -> datetime | None: ...
    @property
    def asked_at(self) -> datetime | None: ...
    @property
    def risk_owner_id(self) -> object | None: ...


def is_overdue(dependency: Flagged, today: date) -> bool:
    """Whether its day has passed without a delivery. What was declined or withdrawn is no longer waited for."""
    return dependency.state in _LATE and today > dependency.needed_by


def is_unanswered(dependency: Flagged, today: date, time_zone: str, answer_days: int = ANSWER_DAYS) -> bool:
    """Whether the provider has left a request without answer for more than so many working days."""
    if dependency.state is not DependencyState.REQUESTED or dependency.requested_at is None:
        return False
    return working_days_after(today_in(time_zone, dependency.requested_at), today) > answer_days


def is_slipping(dependency: Flagged) -> bool:
    """Whether the provider has promised it for later than it is needed; an offer is no promise yet."""
    return (
        dependency.state in UNDER_WAY
        and dependency.promised_by is not None
        and dependency.promised_by > dependency.needed_by
    )


def is_risk_unowned(dependency: Flagged) -> bool:
    """Whether it was declined or withdrawn and nobody owns what follows from that."""
    return dependency.state in AT_RISK and dependency.risk_owner_id is None


def flags_of(
    dependency: Flagged, today: date, time_zone: str, *, is_deadlocked: bool, answer_days: int = ANSWER_DAYS
) -> tuple[DependencyFlag, ...]:
    """All flags that hold, in the order of DependencyFlag."""
    holds: dict[DependencyFlag, bool] = {
        DependencyFlag.OVERDUE: is_overdue(dependency, today),
        DependencyFlag.UNANSWERED: is_unanswered(dependency, today, time_zone, answer_days),
        DependencyFlag.ASK_OPEN: dependency.asked_at is not None,
        DependencyFlag.SLIP: is_slipping(dependency),
        DependencyFlag.UNOWNED_RISK: is_risk_unowned(dependency),
        DependencyFlag.DEADLOCK: is_deadlocked,
    }
    return tuple(flag for flag in DependencyFlag if holds[flag])
