"""The plain measures of a key result's text: start, target, current value, unit, confidence; pure, and wary."""

import re
from dataclasses import dataclass

from okrgraph.okrs.key_results import UNIT_LENGTH
from okrgraph.okrs.vocabulary import MetricKind

_SIGNS = "€$£¥"
_CODES = frozenset({"eur", "usd", "gbp", "chf", "nok", "sek", "dkk", "jpy"})
_SCALES = frozenset({"", "k", "m", "mio", "mn", "bn"})
# Apostrophe, no-break, narrow and thin blank: none of them can be the end of one number and the start of the next.
_BLANKS = "'\u2019\u00a0\u202f\u2009"
_MINUS = "\u2212"
_DIGITS = rf"[0-9](?:[0-9.,{_BLANKS}]*[0-9])?"
_ARROW = r"\s*(?:-{1,2}>|=>|[→⟶⇒➔➜])\s*"
_UNIT = rf"(?:%|[^\W\d_]{{0,4}}[{_SIGNS}]|[^\W\d_](?:[\w/]*\w)?(?:[{_SIGNS}])?)"


def _quantity(name: str) -> str:
    return (
        rf"(?:(?P<sign_{name}>[{_SIGNS}])\s?)?(?P<number_{name}>[-+{_MINUS}]?{_DIGITS})"
        rf"(?:\s?(?P<unit_{name}>{_UNIT}))?"
    )


_BEGINS = r"(?:^|(?<=[\s:(]))"
_FROM_TO = re.compile(
    rf"{_BEGINS}(?:from\s+{_quantity('a')}\s+to\s+{_quantity('b')}|{_quantity('c')}{_ARROW}{_quantity('d')})$",
    re.IGNORECASE,
)
_OF = re.compile(
    rf"{_BEGINS}(?P<current>{_DIGITS})\s?/\s?(?P<target>{_DIGITS})(?:\s?(?P<unit>{_UNIT}))?$", re.IGNORECASE
)
_SHARE = re.compile(
    rf"{_BEGINS}(?P<value>{_DIGITS})\s?%(?P<done>\s+(?:done|complete|completed))?$", re.IGNORECASE
)
_NOW = re.compile(rf"(?:now|current|currently|today)\s*:?\s*{_quantity('n')}", re.IGNORECASE)
_CONFIDENCE = re.compile(r"confidence\s*:?\s*([0-9]{1,3})(?:\s*/\s*([0-9]{1,3}))?", re.IGNORECASE)
_FIFTHS = re.compile(r"([1-5])\s*/\s*5")

# Before `x/y` these make a date of it; a number or an arrow makes it a part of something longer.
_DATED = re.compile(r"\b(?:by|on|until|till|before|since|from|due|after|at)\s*$", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:(?<![^\W\d_])[0-9]|[-=]>|[→⟶⇒➔➜])\s*$")
# "support 24/7" has no target of 7.
_NO_COUNTS = frozenset({("24", "7"), ("9", "5"), ("50", "50")})

_THOUSANDS = re.compile(
    rf"[0-9]{{1,3}}(?:(?P<mark>[,.{_BLANKS}])[0-9]{{3}})(?:(?P=mark)[0-9]{{3}})*([.,][0-9]+)?"
)
_DECIMAL = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as the cells of a record take it. begins: where in the text; what stands before is the title."""

    start: str | None = None
    target: str | None = None
    current: str | None = None
    unit: str | None = None
    metric: MetricKind = MetricKind.NUMBER
    begins: int = 0


def number_of(text: str, *, is_share: bool = False) -> str | None:
    """A number as it is written in a file: `1,200`, `1'200` and `3,5` are 1200, 1200 and 3.5.

    None when it can be read in two ways, as `1.200` can, which is a share of a per cent only as 1.2.
    """
    sign, digits = ("-", text[1:]) if text[0] in f"-{_MINUS}" else ("", text.removeprefix("+"))
    grouped = _THOUSANDS.fullmatch(digits)
    if grouped is not None and not digits.startswith("0"):
        mark, decimals = grouped["mark"], grouped[2]
        if decimals is None and digits.count(".") == 1 and mark == ".":
            return f"{sign}{_plain(digits)}" if is_share else None
        if decimals is not None and decimals[0] == mark:
            return None
        whole = digits[: len(digits) - len(decimals or "")]
        digits = re.sub(r"[^0-9]", "", whole) + (decimals or "")
    if _DECIMAL.fullmatch(digits) is None or len(digits) > _MOST_DIGITS:
        return None
    return f"{sign}{_plain(digits)}"


def _plain(digits: str) -> str:
    whole, _, decimals = digits.replace(",", ".").partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole.lstrip('0') or '0'}{'.' if decimals else ''}{decimals}"


def measure_at_end(text: str) -> Measure | None:
    """The plain measure that a text ends with, or consists of; None when there is none."""
    text = text.rstrip(" .!;,")
    return _from_to(text) or _of(text) or _share(text)


def _from_to(text: str) -> Measure | None:
    match = _FROM_TO.search(text)
    if match is None or _GOES_ON.search(text[: match.start()]):
        return None
    one, two = ("a", "b") if match["number_a"] else ("c", "d")
    units = {_unit(match, name) for name in (one, two)}
    if None in units or len(units := units - {("", MetricKind.NUMBER)}) > 1:
        return None
    unit, metric = next(iter(units), None) or ("", MetricKind.NUMBER)
    is_share = metric is MetricKind.PERCENT
    start = number_of(match[f"number_{one}"], is_share=is_share)
    target = number_of(match[f"number_{two}"], is_share=is_share)
    if start is None or target is None:
        return None
    return Measure(start, target, None, unit or None, metric, match.start())


def _unit(match: re.Match[str], name: str) -> tuple[str, MetricKind] | None:
    """The unit of a quantity and the metric that it tells; None when it is not plain."""
    sign, unit = match[f"sign_{name}"] or "", match[f"unit_{name}"] or ""
    if sign:
        return (unit + sign, MetricKind.CURRENCY) if unit.lower() in _SCALES else None
    return _metric_of(unit)


def _metric_of(unit: str) -> tuple[str, MetricKind] | None:
    if unit == "%":
        return unit, MetricKind.PERCENT
    if unit[-1:] in _SIGNS and unit:
        return (unit, MetricKind.CURRENCY) if unit[:-1].lower() in _SCALES else None
    is_currency = unit.lower() in _CODES
    return (
        (unit, MetricKind.CURRENCY if is_currency else MetricKind.NUMBER)
        if len(unit) <= UNIT_LENGTH
        else None
    )


def _of(text: str) -> Measure | None:
    """`12/20`: 12 of 20."""
    match = _OF.search(text)
    if match is None or (match["current"], match["target"]) in _NO_COUNTS:
        return None
    before = text[: match.start()]
    unit = _metric_of(match["unit"] or "")
    current, target = number_of(match["current"]), number_of(match["target"])
    if unit is None or current is None or target is None or _DATED.search(before) or _GOES_ON.search(before):
        return None
    return Measure("0", target, current, unit[0] or None, unit[1], match.start())


def _share(text: str) -> Measure | None:
    """`40%` that stands for itself, or `40% done`: how much of the whole is done."""
    match = _SHARE.search(text)
    if match is None:
        return None
    before = text[: match.start()].rstrip()
    value = number_of(match["value"], is_share=True)
    if value is None or (before and not before.endswith(":") and match["done"] is None):
        return None
    return Measure("0", "100", value, "%", MetricKind.PERCENT, match.start())


def current_of(text: str) -> tuple[str, str] | None:
    """The value and the unit of `now 23`; None when the text is something else."""
    match = _NOW.fullmatch(text)
    unit = None if match is None else _unit(match, "n")
    if match is None or unit is None:
        return None
    value = number_of(match["number_n"], is_share=unit[1] is MetricKind.PERCENT)
    return None if value is None else (value, unit[0])


def confidence_of(text: str) -> str | None:
    """The rating of `confidence 4` or `confidence: 4/5`; None when the text is something else."""
    match = _CONFIDENCE.fullmatch(text)
    if match is None or match[2] not in (None, "5") or match[1] not in tuple("12345"):
        return None
    return match[1]


def rating_of(text: str) -> str | None:
    """The rating of `4` or `4/5`, where it is known to be a confidence."""
    return confidence_of(f"confidence {text}")


def fifths_of(text: str) -> str | None:
    """The first number of `4/5`, which is a confidence beside a measure, and a measure by itself."""
    match = _FIFTHS.fullmatch(text)
    return None if match is None else match[1]
