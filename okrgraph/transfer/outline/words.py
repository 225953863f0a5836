"""The words that say what a line of an outline is: markers, labels, fields; it knows no names and no numbers."""

import re
from dataclasses import dataclass
from enum import StrEnum

from okrgraph.okrs.vocabulary import ObjectiveLevel


class What(StrEnum):
    """What a line of an outline can be."""

    OBJECTIVE = "objective"
    KEY_RESULT = "key result"


@dataclass(frozen=True, slots=True)
class Marked:
    """A line without its marker. what: None when nothing marks it."""

    rest: str
    what: What | None = None
    level: ObjectiveLevel | None = None
    is_draft: bool = False


_LEVELS = {
    "company": ObjectiveLevel.COMPANY,
    "department": ObjectiveLevel.DEPARTMENT,
    "team": ObjectiveLevel.TEAM,
    "individual": ObjectiveLevel.INDIVIDUAL,
    "personal": ObjectiveLevel.INDIVIDUAL,
}
# The hyphen, the en dash and the em dash, as a class of a pattern takes them.
DASHES = "\u2013\u2014-"
_NUMBER = r"(?:\s*[#-]?\s*(?P<number>[0-9]{1,3}(?:[.-][0-9]{1,3}){0,3}))?"
_MARKER = re.compile(
    r"(?:(?P<draft>draft)\s+)?"
    rf"(?:(?P<level>{'|'.join(_LEVELS)})\s+)?"
    r"(?:(?P<objective>objective|obj|okr|goal|o)|(?P<key_result>key\s+results?|krs?))"
    rf"{_NUMBER}(?P<mark>\s*:|[.)](?=\s)|\s+[{DASHES}](?=\s))?(?=\s|$|(?<=:))\s*",
    re.IGNORECASE,
)
_DRAFT = re.compile(rf"draft\s*(?::|\s[{DASHES}])\s+", re.IGNORECASE)
_EMPHASIS = re.compile(r"[*_]")
# As far as the beginning of a line has to be looked at to know what it is.
_BEGINNING = 80

LABELS = frozenset(
    {
        *(
            "key results",
            "key result",
            "krs",
            "kr",
            "objectives",
            "objective",
            "okrs",
            "okr",
            "goals",
            "goal",
        ),
        *("objectives and key results", "objectives & key results", "supported by", "supporting objectives"),
    }
)
# With a text below them, which is then the title.
TITLE_LABELS = frozenset({"objective", "goal"})
KEY_RESULT_LABELS = frozenset({"key results", "key result", "krs", "kr"})
# What people keep beside key results and an organisation of OKRs does not hold.
OTHER_LABELS = frozenset(
    {
        *("initiatives", "tasks", "actions", "action items", "to do", "todo", "to-do", "todos", "notes"),
        *("projects", "next steps", "parking lot", "not doing", "links", "references"),
    }
)

_FIELD = re.compile(r"(?P<name>owners?|teams?|why now|confidence)\s*:\s*(?P<value>\S.*)", re.IGNORECASE)
_FIELDS = {"owner": "owner", "owners": "owner", "team": "team", "teams": "team"}


def marked(text: str) -> Marked:
    """Take the marker off a line: `O1:`, `Objective 2 -`, `KR 1.1`, `Key result:`, `Draft:`.

    Without a number a marker ends with a colon or a dash; with one, blanks are enough.
    """
    is_draft, rest = _without_draft(text)
    match = _MARKER.match(rest)
    if match is None or not _is_marker(match):
        return Marked(rest, is_draft=is_draft)
    what = What.OBJECTIVE if match["objective"] else What.KEY_RESULT
    level = _LEVELS[match["level"].lower()] if match["level"] and what is What.OBJECTIVE else None
    is_draft_below, rest = _without_draft(rest[match.end() :])
    return Marked(rest, what, level, is_draft or is_draft_below or match["draft"] is not None)


def _is_marker(match: re.Match[str]) -> bool:
    mark = (match["mark"] or "").strip()
    if match["number"] is None:
        return mark not in ("", ".", ")")
    # "Goal 10 customers" counts customers.
    return bool(mark) or (match["objective"] or "").lower() != "goal"


def _without_draft(text: str) -> tuple[bool, str]:
    match = _DRAFT.match(text)
    return (False, text) if match is None else (True, text[match.end() :])


def label_of(text: str) -> str:
    """A line as labels are compared: `**Key results:**` is `key results`."""
    return text.strip().removesuffix(":").strip().casefold()


def field_of(text: str) -> tuple[str, str] | None:
    """The name and the value of a line that says something about what it stands below, such as `Owner: Ada`."""
    match = _FIELD.fullmatch(text)
    if match is None:
        return None
    name = match["name"].lower()
    return _FIELDS.get(name, name), match["value"].strip()


def begins_anew(line: str) -> bool:
    """Whether a line of a paragraph is a thing of its own, not the rest of the line above it."""
    beginning = _EMPHASIS.sub("", line[:_BEGINNING]).strip()
    return (
        marked(beginning).what is not None or field_of(beginning) is not None or label_of(beginning) in LABELS
    )
