"""Reads the text of one line of an outline: what it is, whose it is, what it measures, and what is unclear."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from okrgraph.kit.text import TITLE_LENGTH
from okrgraph.okrs.vocabulary import ObjectiveLevel
from okrgraph.transfer.formats.records import quoted
from okrgraph.transfer.outline.measures import (
    Measure,
    confidence_of,
    current_of,
    fifths_of,
    measure_at_end,
)
from okrgraph.transfer.outline.names import BETWEEN_NAMES, Names, PersonName, Resolution, TeamName
from okrgraph.transfer.outline.words import DASHES, What, marked

_GROUP = re.compile(r"[(\[]([^()\[\]]*)[)\]][.;,]?$")
_PREFIX = re.compile(r"([^:]{1,80}?)\s*:\s+(?=\S)")
_CONFIDENCE_TAIL = re.compile(rf"(?:^|[\s,;{DASHES}])\s*(confidence\s*:?\s*[0-9][0-9/ ]*)$", re.IGNORECASE)
_AT_TAIL = re.compile(r"(?:^|\s)@([^@]+(?:@[^@\s]+)?)$")
_DASH_TAIL = re.compile(rf"\s[{DASHES}]\s((?:(?!\s[{DASHES}]\s).)+)$")
_OWNER_WORDS = BETWEEN_NAMES | {"owner", "owners", ":"}
_DRAFT_WORDS = frozenset({"draft", "wip"})
_STAYS = "so it stays in the title"
_DIGIT = re.compile(r"[0-9]")
# What is longer stands before a colon as a part of the sentence.
_WORDS_OF_A_NAME = 5


@dataclass(slots=True)
class Phrase:
    """What a line says.

    title: as it is kept, with its measure, without marker, owner and confidence. whole: with the owner.
    stem: the title without the measure, by which the thing is known again.
    """

    what: What | None
    level: ObjectiveLevel | None
    is_draft: bool
    title: str
    whole: str
    stem: str
    teams: list[TeamName] = field(default_factory=list)
    person: PersonName | None = None
    measure: Measure | None = None
    current: str | None = None
    confidence: str | None = None
    has_unread_numbers: bool = False
    why_now: str | None = None
    remarks: list[str] = field(default_factory=list)

    def take_names(self, found: Resolution) -> bool:
        """Take whom the text names; False, with a remark, for one person too many."""
        people = {*found.people, *([] if self.person is None else [self.person])}
        if len(people) > 1:
            named = " and ".join(person.name for person in found.people)
            self.remarks.append(f"One person is the owner, so {quoted(named)} was not taken.")
            return False
        self.teams += [team for team in found.teams if team not in self.teams]
        self.person = next(iter(people), None)
        return True


def phrase_of(text: str, names: Names, *, has_box: bool = False) -> Phrase:
    """Read one line. has_box: it has a checkbox, which measures it."""
    mark = marked(text)
    phrase = Phrase(mark.what, mark.level, mark.is_draft, mark.rest, mark.rest, mark.rest)
    if len(mark.rest) > TITLE_LENGTH:
        return phrase
    reading = _Reading(mark.rest, names, phrase)
    reading.take_tails()
    reading.take_measure(has_box=has_box)
    reading.take_prefix()
    reading.take_titles()
    return phrase


def names_in(text: str, names: Names, remarks: list[str], *, unknown: str | None = None) -> Resolution | None:
    """Whom a text names that holds nothing else; None, with a remark, when that is not plain.

    unknown: what becomes of a name that nobody has, for the remark; None where a name is not expected.
    """
    found = names.resolve(text, _OWNER_WORDS, (TeamName, PersonName))
    if found is not None and found.ambiguous is not None:
        name, candidates = found.ambiguous
        several = " or ".join(candidates)
        remarks.append(f"{quoted(name)} may be {several}; it was not taken as the owner, so say which.")
        return None
    if found is None or found.is_empty:
        if unknown is not None:
            remarks.append(f"No team or person is called {quoted(text.strip())}, {unknown}.")
        return None
    return found


class _Piece(Enum):
    """What a piece behind the title says, by what has to stay in the title: the first of a group counts."""

    KEPT = auto()
    FIFTHS = auto()
    NOW = auto()
    STATE = auto()
    OWNER = auto()


class _Reading:
    """A text from which one part after another is taken. end: what lies behind it is taken already."""

    def __init__(self, text: str, names: Names, phrase: Phrase) -> None:
        self.text = text
        self.end = len(text)
        self.names = names
        self.phrase = phrase
        self._cuts: dict[_Piece, list[tuple[int, int]]] = {kind: [] for kind in _Piece}
        self._beside: list[Measure] = []
        self._fifths: str | None = None
        self._now: tuple[str, str] | None = None
        self._stem_ends = self._stem_begins = 0

    def take_tails(self) -> None:
        """Take what stands behind the title, one piece after another, from the end."""
        while self._take_tail():
            pass

    def _take_tail(self) -> bool:
        body = self.text[: self.end].rstrip()
        self.end = len(body)
        group = _GROUP.search(body)
        if group is not None:
            return group.start() > 0 and self._take_group(group)
        for pattern, take in (
            (_CONFIDENCE_TAIL, self._take_confidence),
            (_AT_TAIL, self._take_person_at),
            (_DASH_TAIL, self._take_person_behind_dash),
        ):
            match = pattern.search(body)
            if match is not None and match.start() > 0 and take(match[1]):
                kind = _Piece.STATE if pattern is _CONFIDENCE_TAIL else _Piece.OWNER
                self._cuts[kind].append((match.start(), self.end))
                self.end = match.start()
                return True
        return False

    def _take_confidence(self, text: str) -> bool:
        rating = confidence_of(text.strip())
        if rating is None:
            reason = "A confidence is a whole number from 1 (will miss) to 5 (certain)"
            self.phrase.remarks.append(f"{reason}; {quoted(text.strip())} was not taken.")
            return False
        self.phrase.confidence = self.phrase.confidence or rating
        return True

    def _take_person_at(self, text: str) -> bool:
        found = names_in(text, self.names, self.phrase.remarks, unknown=_STAYS)
        return found is not None and self.phrase.take_names(found)

    def _take_person_behind_dash(self, text: str) -> bool:
        """A person only: a team's name behind a dash may be a word of the title."""
        found = self.names.resolve(text, (), (PersonName,))
        if found is None or found.ambiguous is not None or len(found.people) != 1:
            return False
        return self.phrase.take_names(found)

    def _take_group(self, group: re.Match[str]) -> bool:
        """Take what stands in brackets, all of it or nothing."""
        inside, span = group[1].strip(), (group.start(), self.end)
        pieces = [piece.strip() for piece in re.split(r"[,;](?:\s|$)", inside) if piece.strip()]
        whole = measure_at_end(inside)
        if whole is not None and whole.begins == 0 and fifths_of(inside) is None:
            self._beside.append(whole)
        elif pieces and all(self._is_sayable(piece) for piece in pieces):
            kinds = {self._take_piece(piece) for piece in pieces}
            # A group leaves the title as a whole; a measure in it, or what was not taken, keeps it there.
            for kind, cuts in self._cuts.items():
                if kind in kinds:
                    cuts.append(span)
                    break
        elif (found := self._named_in(inside)) is not None:
            if self.phrase.take_names(found):
                self._cuts[_Piece.OWNER].append(span)
        else:
            return False
        self.end = group.start()
        return True

    def _named_in(self, inside: str) -> Resolution | None:
        unknown = _STAYS if inside.startswith("@") else None
        return names_in(inside, self.names, self.phrase.remarks, unknown=unknown)

    @staticmethod
    def _is_measure(piece: str) -> bool:
        measure = measure_at_end(piece)
        return (measure is not None and measure.begins == 0) or current_of(piece) is not None

    def _is_sayable(self, piece: str) -> bool:
        if self._is_measure(piece) or fifths_of(piece) or piece.lower().startswith("confidence"):
            return True
        found = self.names.resolve(piece, _OWNER_WORDS, (TeamName, PersonName))
        is_named = found is not None and not found.is_empty and found.ambiguous is None
        return is_named or piece.lower() in _DRAFT_WORDS

    def _take_piece(self, piece: str) -> _Piece:
        if piece.lower().startswith("confidence"):
            return _Piece.STATE if self._take_confidence(piece) else _Piece.KEPT
        if (fifths := fifths_of(piece)) is not None:
            self._fifths = fifths
            return _Piece.FIFTHS
        if (now := current_of(piece)) is not None:
            self._now = now
            return _Piece.NOW
        if (measure := measure_at_end(piece)) is not None and measure.begins == 0:
            self._beside.append(measure)
            return _Piece.KEPT
        if piece.lower() in _DRAFT_WORDS:
            self.phrase.is_draft = True
            return _Piece.STATE
        found = self.names.resolve(piece, _OWNER_WORDS, (TeamName, PersonName)) or Resolution()
        return _Piece.OWNER if self.phrase.take_names(found) else _Piece.KEPT

    def take_measure(self, *, has_box: bool) -> None:
        """Take the measure at the end, else one in brackets, and what brackets say beside it."""
        phrase = self.phrase
        measure = measure_at_end(self.text[: self.end])
        self._stem_ends = self.end if measure is None else measure.begins
        beside = list(reversed(self._beside))
        if measure is None and beside:
            measure = beside.pop(0)
        phrase.measure = measure
        phrase.current = None if measure is None else measure.current
        for other in beside:
            if measure is not None and phrase.current is None and _speaks_of(other, measure):
                phrase.current = other.current
            else:
                phrase.remarks.append("There is more than one measure; the first was taken.")
        self._settle_fifths(is_measured=measure is not None or has_box)
        self._settle_now()
        phrase.has_unread_numbers = measure is None and _DIGIT.search(self.text[: self.end]) is not None

    def _settle_fifths(self, *, is_measured: bool) -> None:
        if self._fifths is None:
            return
        if is_measured:
            self.phrase.confidence = self.phrase.confidence or self._fifths
            self._cuts[_Piece.STATE] += self._cuts[_Piece.FIFTHS]
            return
        fifths = f"{self._fifths}/5"
        self.phrase.remarks.append(
            f"({fifths}) may be a confidence or a measure, so it was not taken; "
            f"write (confidence {self._fifths}), or {fifths} without brackets."
        )

    def _settle_now(self) -> None:
        measure = self.phrase.measure
        if self._now is None:
            return
        value, unit = self._now
        if measure is not None and unit in ("", measure.unit):
            self.phrase.current = value
        else:
            self.phrase.remarks.append("A value of now needs a measure in the same unit; it was not taken.")

    def take_prefix(self) -> None:
        """Take the owner before the first colon."""
        match = _PREFIX.match(self.text[: self.end])
        if match is None:
            return
        is_measured_name = self.phrase.measure is not None and self._stem_ends <= match.end()
        is_name = not is_measured_name and len(match[1].split()) <= _WORDS_OF_A_NAME
        found = names_in(match[1], self.names, self.phrase.remarks, unknown=_STAYS if is_name else None)
        if found is not None and self.phrase.take_names(found):
            self._cuts[_Piece.OWNER].append((0, match.end()))
            self._stem_begins = match.end()

    def take_titles(self) -> None:
        phrase = self.phrase
        if phrase.current is not None and phrase.confidence is not None:
            # It becomes a check-in; in a title it would soon be untrue.
            self._cuts[_Piece.STATE] += self._cuts[_Piece.NOW]
        states, owners = self._cuts[_Piece.STATE], self._cuts[_Piece.OWNER]
        phrase.title = _cut(self.text, states + owners) or self.text
        phrase.whole = _cut(self.text, states) or self.text
        stem = self.text[self._stem_begins : max(self._stem_begins, self._stem_ends)]
        phrase.stem = stem.strip(f" :,;({DASHES}") or phrase.title


def _speaks_of(other: Measure, measure: Measure) -> bool:
    """Whether `(12/50)` tells the current value of `10 -> 50`."""
    return other.current is not None and other.target == measure.target and other.unit in (None, measure.unit)


def _cut(text: str, cuts: Sequence[tuple[int, int]]) -> str:
    if not cuts:
        return text
    for start, end in sorted(cuts, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return " ".join(text.split()).strip(f" ,;{DASHES}")
