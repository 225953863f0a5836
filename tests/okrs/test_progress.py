import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.okrs.progress import check_value, clamped, needs_target, progress_of
from okrgraph.okrs.vocabulary import MetricKind

K = MetricKind
DELTA_KINDS = (K.NUMBER, K.PERCENT, K.CURRENCY, K.DURATION, K.RATE)
LINEAR_KINDS = (*DELTA_KINDS, K.MILESTONE)
LARGEST = 1.7976931348623157e308
SMALLEST = 5e-324

kinds = st.sampled_from(MetricKind)
delta_kinds = st.sampled_from(DELTA_KINDS)
finite = st.floats(allow_nan=False, allow_infinity=False)
modest = st.integers(-1_000_000, 1_000_000).map(float)
never_timed = settings(deadline=None)


def progress(
    kind: MetricKind, start: float | None, target: float | None, current: float | None
) -> float | None:
    return progress_of(kind, start=start, target=target, current=current)


@pytest.mark.parametrize("kind", DELTA_KINDS)
@pytest.mark.parametrize(
    ("start", "target", "current", "expected"),
    [
        (38, 55, 38, 0.0),
        (38, 55, 46.5, 0.5),
        (38, 55, 55, 1.0),
        (0, 500, 750, 1.5),
        (0, 500, -50, -0.1),
        (-10, 10, 0, 0.5),
    ],
)
def test_a_rising_metric_is_its_share_of_the_way(
    kind: MetricKind, start: float, target: float, current: float, expected: float
) -> None:
    assert progress(kind, start, target, current) == expected


@pytest.mark.parametrize("kind", DELTA_KINDS)
@pytest.mark.parametrize(
    ("current", "expected"), [(60, 0.0), (37.5, 0.5), (15, 1.0), (7.5, 52.5 / 45), (105, -1.0)]
)
def test_a_falling_metric_takes_its_direction_from_the_sign(
    kind: MetricKind, current: float, expected: float
) -> None:
    assert progress(kind, 60, 15, current) == expected


def test_a_falling_metric_at_its_start_is_plain_zero() -> None:
    assert str(progress(K.NUMBER, 60, 15, 60)) == "0.0"


@pytest.mark.parametrize("kind", DELTA_KINDS)
def test_a_missing_start_is_zero(kind: MetricKind) -> None:
    assert progress(kind, None, 200, 50) == 0.25
    assert progress(kind, None, -200, -50) == 0.25


@pytest.mark.parametrize("kind", DELTA_KINDS)
def test_a_metric_to_be_kept_is_met_at_its_value_only(kind: MetricKind) -> None:
    assert progress(kind, 40, 40, 40) == 1.0
    assert progress(kind, 40, 40, 39) == 0.0
    assert progress(kind, 40, 40, 41) == 0.0


def test_no_incident_is_met_without_a_start_and_missed_by_three() -> None:
    assert progress(K.NUMBER, None, 0, 0) == 1.0
    assert progress(K.NUMBER, None, 0, 3) == 0.0


@pytest.mark.parametrize(("done", "expected"), [(0, 0.0), (1, 0.25), (4, 1.0), (5, 1.25)])
def test_milestones_are_done_over_planned_whatever_the_start(done: float, expected: float) -> None:
    assert progress(K.MILESTONE, None, 4, done) == expected
    assert progress(K.MILESTONE, 3, 4, done) == expected


@pytest.mark.parametrize("planned", [0, -1])
def test_without_a_planned_milestone_nothing_is_left_to_do(planned: float) -> None:
    assert progress(K.MILESTONE, None, planned, 0) == 1.0


@pytest.mark.parametrize(
    ("current", "expected"), [(100, 1.0), (99.5, 1.0), (99, 1.0), (98, 0.75), (97, 0.5), (95, 0.0), (10, 0.0)]
)
def test_a_lower_guardrail_falls_to_zero_at_its_start(current: float, expected: float) -> None:
    assert progress(K.GUARDRAIL_MIN, 95, 99, current) == expected


@pytest.mark.parametrize(
    ("current", "expected"), [(0, 1.0), (14.5, 1.0), (15, 1.0), (20, 0.75), (25, 0.5), (35, 0.0), (99, 0.0)]
)
def test_an_upper_guardrail_falls_to_zero_at_its_start(current: float, expected: float) -> None:
    assert progress(K.GUARDRAIL_MAX, 35, 15, current) == expected


def test_a_guardrail_start_on_the_far_side_gives_the_width_of_the_band() -> None:
    assert progress(K.GUARDRAIL_MIN, 103, 99, 97) == 0.5
    assert progress(K.GUARDRAIL_MAX, 5, 15, 20) == 0.5


def test_a_guardrail_without_a_start_falls_to_zero_at_one_target_from_it() -> None:
    assert progress(K.GUARDRAIL_MIN, None, 80, 60) == 0.75
    assert progress(K.GUARDRAIL_MIN, None, 80, 0) == 0.0
    assert progress(K.GUARDRAIL_MAX, None, 80, 100) == 0.75


def test_a_guardrail_that_starts_at_its_target_has_a_band_of_a_tenth() -> None:
    assert progress(K.GUARDRAIL_MIN, 80, 80, 76) == 0.5
    assert progress(K.GUARDRAIL_MIN, 80, 80, 72) == 0.0
    assert progress(K.GUARDRAIL_MAX, -80, -80, -76) == 0.5


def test_a_guardrail_at_zero_has_a_band_of_one() -> None:
    assert progress(K.GUARDRAIL_MAX, None, 0, 0.25) == 0.75
    assert progress(K.GUARDRAIL_MAX, 0, 0, 1) == 0.0
    assert progress(K.GUARDRAIL_MIN, 0, 0, -0.25) == 0.75


@pytest.mark.parametrize(("start", "target"), [(10, 14), (14, 10)])
@pytest.mark.parametrize(
    ("current", "expected"),
    [(10, 1.0), (12, 1.0), (14, 1.0), (15, 0.75), (18, 0.0), (30, 0.0), (8, 0.5), (6, 0.0), (-9, 0.0)],
)
def test_a_corridor_falls_to_zero_one_width_outside(
    start: float, target: float, current: float, expected: float
) -> None:
    assert progress(K.CORRIDOR, start, target, current) == expected


def test_a_corridor_without_a_start_begins_at_zero() -> None:
    assert progress(K.CORRIDOR, None, 4, 2) == 1.0
    assert progress(K.CORRIDOR, None, 4, 5) == 0.75


def test_a_corridor_of_no_width_is_a_point() -> None:
    assert progress(K.CORRIDOR, 5, 5, 5) == 1.0
    assert progress(K.CORRIDOR, 5, 5, 5.001) == 0.0
    assert progress(K.CORRIDOR, 5, 5, 4.999) == 0.0


@pytest.mark.parametrize(("value", "expected"), [(0, 0.0), (1, 0.3), (2, 0.7), (3, 1.0), (-1, 0.0), (4, 1.0)])
def test_an_ordinal_stands_at_its_anchor(value: float, expected: float) -> None:
    assert progress(K.ORDINAL, None, None, value) == expected
    assert progress(K.ORDINAL, 7, 9, value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.5, 0.15), (1.5, 0.5), (2.5, 0.85)])
def test_an_ordinal_is_linear_between_anchors(value: float, expected: float) -> None:
    assert progress(K.ORDINAL, None, None, value) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("target", [None, 1, 100])
def test_a_binary_is_met_when_done(target: float | None) -> None:
    assert progress(K.BINARY, None, target, 1) == 1.0
    assert progress(K.BINARY, None, target, 0) == 0.0


def test_a_binary_with_target_zero_is_met_when_not_done() -> None:
    assert progress(K.BINARY, 1, 0, 0) == 1.0
    assert progress(K.BINARY, 1, 0, 1) == 0.0


@pytest.mark.parametrize("value", [-3.5, 0, 42])
def test_a_baseline_is_met_once_recorded(value: float) -> None:
    assert progress(K.BASELINE, None, None, value) == 1.0


@pytest.mark.parametrize("kind", MetricKind)
def test_every_kind_is_null_before_its_first_value(kind: MetricKind) -> None:
    assert progress(kind, 0, 1, None) is None
    assert progress(kind, None, None, None) is None


def test_exactly_three_kinds_do_without_a_target() -> None:
    without = {kind for kind in MetricKind if not needs_target(kind)}
    assert without == {K.BINARY, K.ORDINAL, K.BASELINE}
    assert {kind for kind in MetricKind if progress(kind, 0, None, 1) is not None} == without


@pytest.mark.parametrize(
    ("start", "target", "current", "expected"),
    [
        (-LARGEST, LARGEST, 0, 0.5),
        (LARGEST, -LARGEST, LARGEST, 0.0),
        (-LARGEST, LARGEST, LARGEST, 1.0),
        (0, SMALLEST, LARGEST, LARGEST),
        (0, SMALLEST, -LARGEST, -LARGEST),
    ],
)
def test_the_widest_gaps_stay_exact_or_stop_at_the_largest_float(
    start: float, target: float, current: float, expected: float
) -> None:
    assert progress(K.NUMBER, start, target, current) == expected


def test_the_widest_band_and_corridor_stay_exact() -> None:
    assert progress(K.GUARDRAIL_MIN, -LARGEST, LARGEST, 0) == 0.5
    assert progress(K.CORRIDOR, -LARGEST, 0, LARGEST / 2) == 0.5


@never_timed
@given(kind=kinds, start=st.none() | finite, target=st.none() | finite, current=finite)
def test_progress_is_always_finite_or_null(
    kind: MetricKind, start: float | None, target: float | None, current: float
) -> None:
    p = progress(kind, start, target, current)
    assert (p is None) == (needs_target(kind) and target is None)
    if p is not None:
        assert math.isfinite(p)
        assert kind in LINEAR_KINDS or 0.0 <= p <= 1.0


@never_timed
@given(kind=delta_kinds, start=finite, target=finite)
def test_a_delta_kind_is_exactly_one_at_its_target_and_zero_at_its_start(
    kind: MetricKind, start: float, target: float
) -> None:
    assert progress(kind, start, target, target) == 1.0
    if start != target:
        assert progress(kind, start, target, start) == 0.0


@never_timed
@given(start=modest, target=modest, currents=st.lists(modest, min_size=2))
def test_a_delta_kind_rises_towards_its_target(start: float, target: float, currents: list[float]) -> None:
    ordered = sorted(currents, reverse=target < start)
    values = [progress(K.NUMBER, start, target, current) or 0.0 for current in ordered]
    if start != target:
        assert values == sorted(values)


@never_timed
@given(kind=delta_kinds, start=modest, target=modest, current=modest)
def test_a_delta_kind_is_the_same_mirrored(
    kind: MetricKind, start: float, target: float, current: float
) -> None:
    assert progress(kind, start, target, current) == progress(kind, -start, -target, -current)


@never_timed
@given(start=st.none() | finite, target=finite, current=finite)
def test_the_guardrails_mirror_each_other(start: float | None, target: float, current: float) -> None:
    mirrored = None if start is None else -start
    lower = progress(K.GUARDRAIL_MIN, start, target, current)
    assert lower == progress(K.GUARDRAIL_MAX, mirrored, -target, -current)


@never_timed
@given(target=modest, start=modest, steps=st.lists(modest, min_size=2))
def test_a_lower_guardrail_never_falls_while_the_value_rises(
    target: float, start: float, steps: list[float]
) -> None:
    values = [progress(K.GUARDRAIL_MIN, start, target, value) or 0.0 for value in sorted(steps)]
    assert values == sorted(values)


@never_timed
@given(start=finite, target=finite, current=finite)
def test_a_corridor_takes_its_bounds_in_either_order(start: float, target: float, current: float) -> None:
    p = progress(K.CORRIDOR, start, target, current)
    assert p == progress(K.CORRIDOR, target, start, current)
    assert (p == 1.0) or not min(start, target) <= current <= max(start, target)


@never_timed
@given(zones=st.lists(st.floats(0, 3), min_size=2))
def test_an_ordinal_never_falls_while_the_zone_rises(zones: list[float]) -> None:
    values = [progress(K.ORDINAL, None, None, zone) or 0.0 for zone in sorted(zones)]
    assert all(lower <= upper for lower, upper in pairwise(values))


@pytest.mark.parametrize(
    ("raw", "held"),
    [(None, None), (-0.1, 0.0), (0.0, 0.0), (0.4, 0.4), (1.0, 1.0), (1.5, 1.0), (LARGEST, 1.0)],
)
def test_clamped_holds_progress_to_zero_and_one(raw: float | None, held: float | None) -> None:
    assert clamped(raw) == held


@pytest.mark.parametrize("kind", MetricKind)
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_no_kind_takes_a_value_that_is_not_finite(kind: MetricKind, value: float) -> None:
    assert check_value(kind, value) == "The value must be a finite number."


@pytest.mark.parametrize(
    ("kind", "accepted", "refused", "sentence"),
    [
        (
            K.BINARY,
            (0, 1),
            (-1, 0.5, 2),
            "The value of a yes-or-no key result must be 0 (not done) or 1 (done).",
        ),
        (
            K.ORDINAL,
            (0, 1, 2.5, 3),
            (-0.1, 3.1),
            "The value of an ordinal key result must lie between 0 (fail) and 3 (stretch).",
        ),
        (
            K.MILESTONE,
            (0, 1, 12, 1e300),
            (-1, 0.5, 2.999),
            "The value of a milestone key result must be the whole number of milestones done, 0 or more.",
        ),
    ],
)
def test_a_restricted_kind_refuses_in_one_sentence(
    kind: MetricKind, accepted: tuple[float, ...], refused: tuple[float, ...], sentence: str
) -> None:
    assert [check_value(kind, value) for value in accepted] == [None] * len(accepted)
    assert [check_value(kind, value) for value in refused] == [sentence] * len(refused)


@never_timed
@given(value=finite)
def test_every_other_kind_takes_any_finite_number(value: float) -> None:
    for kind in set(MetricKind) - {K.BINARY, K.ORDINAL, K.MILESTONE}:
        assert check_value(kind, value) is None
