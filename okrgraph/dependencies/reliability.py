"""How far a team keeps its promises: confirmed on or before the day, over due; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from okrgraph.dependencies.vocabulary import DependencyState

# Cycles that are looked at unless said otherwise.
CYCLES = 4
MOST_CYCLES = 20


class Promise(Protocol):
    """A dependency that its provider accepted. confirmed_on: in the organisation's time zone."""

    @property
    def state(self) -> DependencyState: ...
    @property
    def needed_by(self) -> date: ...
    @property
    def confirmed_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Reliability:
    """due: accepted and confirmed, or past their day; in_time: of these, confirmed on or before it."""

    due: int
    in_time: int

    @property
    def ratio(self) -> float | None:
        """0 to 1; None while nothing was due."""
        return self.in_time / self.due if self.due else None


def reliability_of(promises: Iterable[Promise], today: date) -> Reliability:
    """Count what was accepted. Cancelled: nobody waits for it any more. Withdrawn: a promise not kept.

    A day counts until it is over: what is needed today and not confirmed is not due yet.
    """
    due = in_time = 0
    for each in promises:
        if each.state is DependencyState.CANCELED:
            continue
        confirmed_on = each.confirmed_on if each.state is DependencyState.CONFIRMED else None
        if confirmed_on is None and each.needed_by >= today:
            continue
        due += 1
        in_time += confirmed_on is not None and confirmed_on <= each.needed_by
    return Reliability(due, in_time)
