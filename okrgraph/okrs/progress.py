"""How far a key result has come and which values it takes; pure arithmetic that knows no row and no I/O."""

import math
import sys
from collections.abc import Callable
from fractions import Fraction

from okrgraph.okrs.vocabulary import MetricKind

_WITHOUT_TARGET = frozenset({MetricKind.BINARY, MetricKind.ORDINAL, MetricKind.BASELINE})
_ORDINAL_ANCHORS = (0.0, 0.3, 0.7, 1.0)
# Fixed by the method, for a guardrail whose start does not say where progress is 0.
_GUARDRAIL_BAND_SHARE = 0.1
_GUARDRAIL_BAND_AT_ZERO = 1.0


def needs_target(kind: MetricKind) -> bool:
    """Tell whether a key result of this kind has no progress until its target is given."""
    return kind not in _WITHOUT_TARGET


def progress_of(
    kind: MetricKind, *, start: float | None, target: float | None, current: float | None
) -> float | None:
    """Compute the raw progress, 0 at the start and 1 at the target; None when there is none to tell.

    Inputs are finite, and so is the result. A missing start is 0. Without a current value every kind is None;
    without a target every kind is, except the three that need none.

    - NUMBER, PERCENT, CURRENCY, DURATION, RATE: (current - start) / (target - start), unclamped.
    - MILESTONE: milestones done / target, unclamped; start has no meaning.
    - GUARDRAIL_MIN, GUARDRAIL_MAX: 1 up to the target, then falling to 0 over the band.
    - CORRIDOR: 1 between start and target in either order, falling to 0 one width outside.
    - BINARY: 1 when done, else 0; a missing target is 1, a target of 0 wants it not done.
    - ORDINAL: 0, 1, 2, 3 give 0, 0.3, 0.7, 1, linear between them; start and target have no meaning.
    - BASELINE: 1 once a value is recorded.

    Source: domain.md, section 5.
    """
    if current is None:
        return None
    if kind == MetricKind.BASELINE:
        return 1.0
    if kind == MetricKind.ORDINAL:
        return _ordinal(current)
    if kind == MetricKind.BINARY:
        return _binary(current, 1.0 if target is None else target)
    if target is None:
        return None
    return _AGAINST_TARGET.get(kind, _change)(0.0 if start is None else start, target, current)


def clamped(p: float | None) -> float | None:
    """Hold raw progress to 0..1, as roll-ups and clients take it; None stays None."""
    return None if p is None else max(0.0, min(1.0, p))


def check_value(kind: MetricKind, value: float) -> str | None:
    """Say in one sentence why a check-in of this kind cannot take the value; None when it can."""
    if not math.isfinite(value):
        return "The value must be a finite number."
    if kind == MetricKind.BINARY and value not in (0, 1):
        return "The value of a yes-or-no key result must be 0 (not done) or 1 (done)."
    if kind == MetricKind.ORDINAL and not 0 <= value <= 3:
        return "The value of an ordinal key result must lie between 0 (fail) and 3 (stretch)."
    if kind == MetricKind.MILESTONE and (value < 0 or value != math.floor(value)):
        return "The value of a milestone key result must be the whole number of milestones done, 0 or more."
    return None


def _change(start: float, target: float, current: float) -> float:
    if start == target:
        # No sign, so no better side: "keep at" is met at the value only ("0 incidents" is missed by 3).
        # For "at least" and "at most" there are the guardrails.
        return 1.0 if current == target else 0.0
    return _ratio_of_gaps(current, start, target, start)


def _milestones(_start: float, planned: float, done: float) -> float:
    # Nothing planned leaves nothing to do.
    return _ratio_of_gaps(done, 0.0, planned, 0.0) if planned > 0 else 1.0


def _binary(current: float, target: float) -> float:
    # A target of 0 asks that the thing does not happen; any other target asks that it does.
    done, wanted = current >= 1, target != 0
    return 1.0 if done is wanted else 0.0


def _floor(start: float, threshold: float, current: float) -> float:
    return 1.0 if current >= threshold else _breached(start, threshold, current)


def _ceiling(start: float, threshold: float, current: float) -> float:
    return 1.0 if current <= threshold else _breached(start, threshold, current)


def _breached(start: float, threshold: float, current: float) -> float:
    if start != threshold:
        breach = _ratio_of_gaps(current, threshold, start, threshold)
    else:
        band = abs(threshold) * _GUARDRAIL_BAND_SHARE or _GUARDRAIL_BAND_AT_ZERO
        breach = _ratio_of_gaps(current, threshold, band, 0.0)
    return max(0.0, 1.0 - abs(breach))


def _corridor(start: float, target: float, current: float) -> float:
    low, high = min(start, target), max(start, target)
    if low <= current <= high:
        return 1.0
    if low == high:
        # A corridor of no width is a point: one width outside it is anywhere else.
        return 0.0
    edge = low if current < low else high
    return max(0.0, 1.0 - abs(_ratio_of_gaps(current, edge, high, low)))


def _ordinal(zone: float) -> float:
    last = len(_ORDINAL_ANCHORS) - 1
    held = max(0.0, min(float(last), zone))
    below = math.floor(held)
    if below == last:
        return _ORDINAL_ANCHORS[last]
    lower, upper = _ORDINAL_ANCHORS[below], _ORDINAL_ANCHORS[below + 1]
    return lower + (upper - lower) * (held - below)


def _ratio_of_gaps(a: float, b: float, c: float, d: float) -> float:
    """Compute (a - b) / (c - d) for c other than d, held to the largest float so that it is always finite."""
    upper, lower = a - b, c - d
    if math.isfinite(upper) and math.isfinite(lower):
        quotient = upper / lower
        if math.isfinite(quotient):
            # Adding 0 turns the -0.0 of a falling metric at its start into 0.0.
            return quotient + 0.0
    # Only gaps wider than the largest float, or ratios beyond it, come here: exact integers cannot overflow.
    exact = (Fraction(a) - Fraction(b)) / (Fraction(c) - Fraction(d))
    limit = Fraction(sys.float_info.max)
    return float(max(-limit, min(limit, exact)))


# Every other kind that needs a target counts a change.
_AGAINST_TARGET: dict[MetricKind, Callable[[float, float, float], float]] = {
    MetricKind.MILESTONE: _milestones,
    MetricKind.GUARDRAIL_MIN: _floor,
    MetricKind.GUARDRAIL_MAX: _ceiling,
    MetricKind.CORRIDOR: _corridor,
}
