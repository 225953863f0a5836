"""Converts confidence from the scales of other tools to ratings from 1 to 5; pure arithmetic, it reads no text."""

import math
from enum import StrEnum

# The middles between neighbouring ratings on 1 + 4x; a value on an edge rounds up. All exact in binary.
_EDGES_OF_SHARE = (0.125, 0.375, 0.625, 0.875)


class Colour(StrEnum):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


# A colour never proves certainty or failure.
_RATING_OF_COLOUR = {Colour.GREEN: 4, Colour.AMBER: 3, Colour.RED: 2}


def rating_of_ten(value: float) -> int:
    """Convert a confidence from 0 to 10: half of it, rounded up, at least 1.

    Raises ValueError outside of the range. Source: domain.md, section 8.
    """
    if not 0 <= value <= 10:
        raise ValueError(f"{value} lies outside of 0 to 10")
    return max(1, math.ceil(value / 2))


def rating_of_share(value: float) -> int:
    """Convert a confidence from 0 to 1: 1 + 4x, rounded half up.

    Raises ValueError outside of the range. Source: domain.md, section 8.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{value} lies outside of 0 to 1")
    return 1 + sum(value >= edge for edge in _EDGES_OF_SHARE)


def rating_of_colour(colour: Colour) -> int:
    """Convert a traffic light: green 4, amber 3, red 2. Source: domain.md, section 8."""
    return _RATING_OF_COLOUR[colour]
