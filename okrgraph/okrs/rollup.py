"""The weighted mean behind an objective's progress; pure arithmetic, it does not know what the items are."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rollup:
    """value: 0..1, None when no item that counts has progress. coverage: share of the weight behind it."""

    value: float | None
    coverage: float


def weighted_progress(items: Iterable[tuple[float | None, float]]) -> Rollup:
    """Average (raw progress, weight) pairs, each progress clamped to 0..1, over the items that have one.

    An item of weight 0 or less does not count. When nothing counts, whether there are no items, none has
    progress, or no weight is left, the value is None and the coverage 0. The result does not depend on the
    order of the items. Progress and weights are finite.
    """
    counting = [(progress, weight) for progress, weight in items if weight > 0]
    with_data = [
        (max(0.0, min(1.0, progress)), weight) for progress, weight in counting if progress is not None
    ]
    if not with_data:
        return Rollup(value=None, coverage=0.0)
    weights = _scaled([weight for _, weight in with_data])
    shares = (weight * progress for weight, (progress, _) in zip(weights, with_data, strict=True))
    value = math.fsum(shares) / math.fsum(weights)
    # Items with data first, so that one scale serves both sums.
    without_data = [weight for progress, weight in counting if progress is None]
    every = _scaled([weight for _, weight in with_data] + without_data)
    coverage = math.fsum(every[: len(with_data)]) / math.fsum(every)
    return Rollup(value=value, coverage=coverage)


def _scaled(weights: list[float]) -> list[float]:
    # By a power of two, hence exactly, and down to at most 1: a sum of huge weights would overflow.
    exponent = math.frexp(max(weights))[1]
    return [math.ldexp(weight, -exponent) for weight in weights]
