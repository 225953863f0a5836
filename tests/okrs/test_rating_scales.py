import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrgraph.okrs.rating_scales import Colour, rating_of_colour, rating_of_share, rating_of_ten

never_timed = settings(deadline=None)


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        (0, 1),
        (0.1, 1),
        (1, 1),
        (2, 1),
        (2.1, 2),
        (3, 2),
        (4, 2),
        (5, 3),
        (6, 3),
        (7, 4),
        (8, 4),
        (9, 5),
        (10, 5),
    ],
)
def test_a_confidence_of_ten_is_halved_and_rounded_up_and_never_below_one(value, rating):
    assert rating_of_ten(value) == rating


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        *((0, 1), (0.1, 1), (0.12499999999999999, 1), (0.125, 2), (0.3, 2), (0.375, 3), (0.5, 3)),
        *((0.6, 3), (0.625, 4), (0.7, 4), (0.87499999999999989, 4), (0.875, 5), (1, 5)),
    ],
)
def test_a_confidence_of_one_is_stretched_and_rounded_half_up(value, rating):
    assert rating_of_share(value) == rating


@given(st.floats(0, 1))
@never_timed
def test_a_share_is_one_and_four_times_it_rounded_half_up_exactly(value):
    assert rating_of_share(value) == math.floor(1 + 4 * Fraction(value) + Fraction(1, 2))


@given(st.floats(0, 10))
@never_timed
def test_a_confidence_of_ten_follows_the_published_formula_exactly(value):
    assert rating_of_ten(value) == max(1, math.ceil(Fraction(value) / 2))


def test_a_colour_proves_neither_certainty_nor_failure():
    assert {colour.value: rating_of_colour(colour) for colour in Colour} == {"red": 2, "amber": 3, "green": 4}


@pytest.mark.parametrize("value", [-0.1, 10.1, math.inf, -math.inf, math.nan])
def test_what_lies_outside_of_ten_is_refused(value):
    with pytest.raises(ValueError, match="outside of 0 to 10"):
        rating_of_ten(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, 70, math.inf, -math.inf, math.nan])
def test_what_lies_outside_of_one_is_refused(value):
    with pytest.raises(ValueError, match="outside of 0 to 1"):
        rating_of_share(value)
