"""Reads the cells of one record as values; what cannot be read becomes a problem and counts as not named."""

import math
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from okrgraph.kit.clock import EARLIEST_YEAR, LATEST_YEAR
from okrgraph.kit.errors import DomainError
from okrgraph.kit.text import TEXT_LENGTH, TITLE_LENGTH, optional_text, required_text
from okrgraph.transfer.formats.records import LIST_SEPARATOR, FileProblem, Record, quoted, word_for

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# A whole number that a machine reads at once; what is longer lies outside of every range anyway.
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:inf|infinity|nan)", re.ASCII | re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TRUTHS = {"TRUE": True, "FALSE": False}

Word = TypeVar("Word", bound=StrEnum)


class Cells:
    """The cells of one record. Each reading method gives None for a column that is not named."""

    def __init__(self, record: Record, problems: list[FileProblem]) -> None:
        self.record = record
        self._problems = problems

    def __contains__(self, column: str) -> bool:
        return column in self.record.cells

    def refuse(self, column: str | None, reason: str) -> None:
        line = self.record.lines.get(column or "", self.record.line)
        self._problems.append(FileProblem(line, column, reason))

    def require(self, *columns: str) -> None:
        """Refuse a new thing that lacks one of these columns."""
        for column in columns:
            if column not in self:
                self.refuse(column, f"A new {word_for(self.record.type)} needs this column.")

    def word(self, column: str) -> str | None:
        """A cell without surrounding blanks: a key, an address, one of a few words."""
        cell = self.record.cells.get(column)
        return None if cell is None else cell.strip()

    def line(self, column: str, what: str, longest: int = TITLE_LENGTH) -> str | None:
        """A title or a name. `what`: how a refusal calls it, at the start of a sentence."""
        return self._text(column, what, longest, strip=True)

    def text(self, column: str, what: str, longest: int = TEXT_LENGTH) -> str | None:
        """Text as written, with its blanks and line breaks."""
        return self._text(column, what, longest, strip=False)

    def _text(self, column: str, what: str, longest: int, *, strip: bool) -> str | None:
        cell = self.record.cells.get(column)
        if cell is None:
            return None
        check = required_text if strip else optional_text
        try:
            return check(cell, column, what, longest)
        except DomainError as error:
            self.refuse(column, error.problems[0].message)
            return None

    def number(self, column: str) -> float | None:
        cell = self.word(column)
        if cell is None:
            return None
        if _NOT_FINITE.fullmatch(cell) is None and _NUMBER.fullmatch(cell) is None:
            self.refuse(column, f"{quoted(cell)} is not a number; write it like 1234.5.")
            return None
        if not math.isfinite(value := float(cell)):
            self.refuse(column, "This must be a finite number.")
            return None
        return value

    def whole(self, column: str, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`."""
        cell = self.word(column)
        if cell is None:
            return None
        if _WHOLE.fullmatch(cell) is None or not low <= int(cell) <= high:
            self.refuse(column, f"This is a whole number from {low:,} to {high:,}, not {quoted(cell)}.")
            return None
        return int(cell)

    def truth(self, column: str) -> bool | None:
        """TRUE or FALSE, in capitals or not."""
        cell = self.word(column)
        if cell is None:
            return None
        if cell.upper() not in _TRUTHS:
            self.refuse(column, f"Write TRUE or FALSE here, not {quoted(cell)}.")
            return None
        return _TRUTHS[cell.upper()]

    def rating(self, column: str) -> int | None:
        """A confidence from 1 to 5."""
        cell = self.word(column)
        if cell is None or (len(cell) == 1 and cell in "12345"):
            return None if cell is None else int(cell)
        self.refuse(
            column, f"Confidence is a whole number from 1 (will miss) to 5 (certain), not {quoted(cell)}."
        )
        return None

    def day(self, column: str) -> date | None:
        cell = self.word(column)
        if cell is None:
            return None
        try:
            day = date.fromisoformat(cell) if _DAY.fullmatch(cell) else None
        except ValueError:
            day = None
        if day is None:
            self.refuse(column, f"{quoted(cell)} is not a date; write it like 2026-10-05.")
            return None
        return day if self._is_in_range(column, day.year) else None

    def moment(self, column: str) -> datetime | None:
        """A moment in UTC; one without a time zone is refused."""
        cell = self.word(column)
        if cell is None:
            return None
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            self.refuse(column, f"{quoted(cell)} is not a timestamp; write it like 2026-10-05T08:30:00Z.")
            return None
        if moment.utcoffset() is None:
            self.refuse(
                column, f"{quoted(cell)} has no time zone; end it with Z or an offset such as +02:00."
            )
            return None
        if not self._is_in_range(column, moment.year):
            return None
        moment = moment.astimezone(UTC)
        return moment if self._is_in_range(column, moment.year) else None

    def _is_in_range(self, column: str, year: int) -> bool:
        if EARLIEST_YEAR <= year <= LATEST_YEAR:
            return True
        self.refuse(column, f"The year must lie between {EARLIEST_YEAR} and {LATEST_YEAR}.")
        return False

    def choice(self, column: str, words: type[Word]) -> Word | None:
        cell = self.word(column)
        if cell is None:
            return None
        if cell not in tuple(words):
            self.refuse(column, f"{quoted(cell)} is none of {', '.join(words)}.")
            return None
        return words(cell)

    def time_zone(self, column: str) -> str | None:
        cell = self.word(column)
        if cell is None:
            return None
        try:
            return ZoneInfo(cell).key
        except (ValueError, OSError, KeyError):
            self.refuse(column, f"{quoted(cell)} is not a time zone; write it like Europe/Oslo.")
            return None

    def items(self, column: str) -> list[str]:
        """The parts of a list, in order; an empty list when the column is not named."""
        cell = self.record.cells.get(column)
        return [] if cell is None else [part.strip() for part in cell.split(LIST_SEPARATOR) if part.strip()]
