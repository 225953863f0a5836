"""Reads single values as other tools write them and gives them as the import format does; it knows no file."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from okrgraph.okrs.rating_scales import Colour, rating_of_colour, rating_of_share, rating_of_ten
from okrgraph.transfer.formats.records import quoted

# From a cell of theirs, blanks around it removed, to one of ours; raises Unreadable.
ReadValue = Callable[[str], str]

_SLUG_LENGTH = 100
_DIGEST_LENGTH = 8
_WORDS_NAMED = 12
_CENTURY = 2000
_BLANKS = "\u0020\u00a0\u2009\u202f"
_MINUS = re.compile("[\u2212\u2013]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TOKENS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<year>\d{2})",
    "MMM": rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "hh": r"(?P<hour>\d{1,2})",
    "mm": r"(?P<minute>\d{2})",
    "ss": r"(?P<second>\d{2})",
}
_TOKEN = re.compile("|".join(_TOKENS))
_LITERAL = re.compile(r"[^A-Za-z0-9]|T|Z")
DATE_FORM_SHAPE = "write it with YYYY or YY, MM or MMM, DD, and for a time hh, mm, ss, such as DD/MM/YYYY"
SCALES = ("0-10", "0-1", "red-amber-green")


class Unreadable(ValueError):
    """A value that cannot be read. reason: why, without a full stop; hint: what the map could say about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason}; {hint}." if hint else f"{reason}.")
        self.reason = reason


def named(words: Iterable[str]) -> str:
    """The alternatives as a sentence names them, the first ones when there are many."""
    listed = list(words)
    more = f" and {len(listed) - _WORDS_NAMED} more" if len(listed) > _WORDS_NAMED else ""
    return ", ".join(listed[:_WORDS_NAMED]) + more


def folded(word: str) -> str:
    """A word as words are compared: without regard to case and to the number of blanks."""
    return " ".join(unicodedata.normalize("NFC", word).split()).casefold()


def as_written(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers with thousands separators, a percent sign or a currency sign. decimal: the point or the comma."""

    decimal: str = "."

    def __call__(self, text: str) -> str:
        """A percent sign is left out: 45% is 45."""
        bare = _without_unit(_MINUS.sub("-", text))
        if _NUMBER_SHAPES[self.decimal].fullmatch(bare) is None:
            example = "1.234,5" if self.decimal == "," else "1,234.5"
            hint = (
                "if its comma is decimal, say decimal: comma" if "," in bare and self.decimal == "." else ""
            )
            raise Unreadable(f"{quoted(text)} is not a number such as {example}", hint)
        for separator in (*_BLANKS, *"'\u2019", "." if self.decimal == "," else ","):
            bare = bare.replace(separator, "")
        return bare.replace(self.decimal, ".")


def _without_unit(text: str) -> str:
    """The number without a percent sign behind it and a currency sign on either side of it."""
    bare = text.strip(_BLANKS).removesuffix("%").strip(_BLANKS)
    sign = bare[:1] if bare[:1] in ("+", "-") else ""
    bare = bare.removeprefix(sign).strip(_BLANKS)
    if bare and unicodedata.category(bare[0]) == "Sc":
        bare = bare[1:].lstrip(_BLANKS)
    elif bare and unicodedata.category(bare[-1]) == "Sc":
        bare = bare[:-1].rstrip(_BLANKS)
    return sign + bare


def _number_shape(decimal: str) -> re.Pattern[str]:
    grouping = "." if decimal == "," else ","
    grouped = "|".join(
        rf"\d{{1,3}}(?:{mark}\d{{3}})+" for mark in (re.escape(grouping), f"[{_BLANKS}]", "['\u2019]")
    )
    point = re.escape(decimal)
    number = rf"(?:{grouped}|\d+)(?:{point}\d*)?|{point}\d+"
    return re.compile(rf"[+-]?(?:{number})(?:[eE][+-]?\d+)?", re.ASCII)


_NUMBER_SHAPES = {decimal: _number_shape(decimal) for decimal in (".", ",")}


@dataclass(frozen=True, slots=True)
class DateForm:
    """How a date is written, with or without a time."""

    text: str
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> "DateForm":
        """Raises Unreadable for a form that does not say year, month and day, each once."""
        places = list(_TOKEN.finditer(text))
        kinds = sorted({"YY": "YYYY", "MMM": "MM"}.get(place[0], place[0]) for place in places)
        dated = [kind for kind in kinds if kind in ("YYYY", "MM", "DD")]
        rest = _TOKEN.sub("", text)
        if dated != ["DD", "MM", "YYYY"] or _LITERAL.sub("", rest):
            raise Unreadable(f"{quoted(text)} is no form of a date", DATE_FORM_SHAPE)
        if [kind for kind in kinds if kind in ("hh", "mm", "ss")] not in (
            [],
            ["hh", "mm"],
            ["hh", "mm", "ss"],
        ):
            raise Unreadable(f"{quoted(text)} is no form of a time", DATE_FORM_SHAPE)
        pattern, end, is_dense = "", 0, any(not text[a.end() : b.start()] for a, b in pairwise(places))
        for place in places:
            digits = _TOKENS[place[0]]
            # Where no sign parts them, 1111 could be two dates.
            pattern += re.escape(text[end : place.start()]) + (
                digits.replace("{1,2}", "{2}") if is_dense else digits
            )
            end = place.end()
        return cls(text, re.compile(pattern + re.escape(text[end:]), re.ASCII | re.IGNORECASE))

    def read(self, text: str) -> datetime:
        match = self.pattern.fullmatch(text)
        parts = {} if match is None else match.groupdict()
        name = parts.get("name")
        try:
            year = int(parts["year"])
            return datetime(  # noqa: DTZ001 - the zone is the caller's to add
                year + _CENTURY if len(parts["year"]) == 2 else year,
                int(parts["month"]) if name is None else _MONTHS.index(name.lower()) + 1,
                int(parts["day"]),
                int(parts.get("hour") or 0),
                int(parts.get("minute") or 0),
                int(parts.get("second") or 0),
            )
        except (KeyError, ValueError):
            hint = "say how dates are written, such as date: DD/MM/YYYY" if self is ISO_DAY else ""
            raise Unreadable(f"{quoted(text)} is not a date written {self.text}", hint) from None


ISO_DAY = DateForm.of("YYYY-MM-DD")


@dataclass(frozen=True, slots=True)
class Days:
    """Days in a form."""

    form: DateForm = ISO_DAY

    def __call__(self, text: str) -> str:
        return self.form.read(text).date().isoformat()


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments in a form, of a time zone. form: None for our own; zone: of moments that do not name theirs."""

    form: DateForm | None = None
    zone: ZoneInfo | None = None

    def __call__(self, text: str) -> str:
        try:
            moment = datetime.fromisoformat(text) if self.form is None else self.form.read(text)
        except Unreadable:
            raise
        except ValueError:
            raise Unreadable(
                f"{quoted(text)} is not a moment like 2026-10-05T08:30:00Z",
                "say how it is written, such as date: DD/MM/YYYY hh:mm",
            ) from None
        if moment.utcoffset() is not None:
            return moment.isoformat()
        if self.zone is None:
            raise Unreadable(
                f"{quoted(text)} names no time zone", "say which, such as time_zone: Europe/Oslo"
            )
        return moment.replace(tzinfo=self.zone).isoformat()


def rating(text: str) -> str:
    if len(text) == 1 and text in "12345":
        return text
    raise Unreadable(
        f"{quoted(text)} is not a whole number from 1 to 5",
        f"say by scale ({', '.join(SCALES)}) or by words how it is written",
    )


@dataclass(frozen=True, slots=True)
class Ratings:
    """Confidence on another scale, one of SCALES."""

    scale: str
    numbers: Numbers

    def __call__(self, text: str) -> str:
        if self.scale == "red-amber-green":
            word = folded(text)
            if word not in ("yellow", *Colour):
                raise Unreadable(f"{quoted(text)} is none of red, amber, yellow, green")
            return str(rating_of_colour(Colour.AMBER if word == "yellow" else Colour(word)))
        is_percent, is_share = text.endswith("%"), self.scale == "0-1"
        try:
            value = float(self.numbers(text))
            if is_percent and not is_share:
                raise ValueError
            return str(
                rating_of_share(value / 100 if is_percent else value) if is_share else rating_of_ten(value)
            )
        except ValueError:
            raise Unreadable(
                f"{quoted(text)} is not a confidence from {self.scale.replace('-', ' to ')}"
            ) from None


@dataclass(frozen=True, slots=True)
class Choices:
    """One of our words, in any case and with blanks for underscores."""

    words: tuple[str, ...]

    def __call__(self, text: str) -> str:
        word = "_".join(folded(text).split()).upper()
        if word not in self.words:
            raise Unreadable(
                f"{quoted(text)} is none of {', '.join(self.words)}", "say by words what it stands for"
            )
        return word


@dataclass(frozen=True, slots=True)
class Table:
    """Words of theirs, folded, and what each stands for. listed: their words as the map writes them."""

    meanings: Mapping[str, str]
    listed: tuple[str, ...]

    def __call__(self, text: str) -> str:
        meaning = self.meanings.get(folded(text))
        if meaning is None:
            raise Unreadable(f"The map has no word {quoted(text)} here; it has {named(self.listed)}")
        return meaning


def slug_of(parts: Iterable[str], prefix: str = "") -> str:
    """A key made of titles: the same whatever their case, punctuation and blanks; shortened when it is long."""
    slugs = []
    for part in parts:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", part).casefold())
        # Letters, numbers and the marks upon them, which are vowels in some scripts.
        kept = "".join(each if unicodedata.category(each)[0] in "LNM" else " " for each in text)
        slug = "-".join(kept.split())
        if not slug:
            raise Unreadable(f"{quoted(part)} has no letter and no digit to make a key of")
        slugs.append(slug)
    slug = "/".join(slugs)
    if len(slug) > _SLUG_LENGTH:
        digest = hashlib.sha256(slug.encode()).hexdigest()[:_DIGEST_LENGTH]
        slug = f"{slug[: _SLUG_LENGTH - _DIGEST_LENGTH - 1].rstrip('-/')}-{digest}"
    return prefix + slug
