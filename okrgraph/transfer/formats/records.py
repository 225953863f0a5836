"""The rows of an import, whatever file they come from: their types, their columns, their faults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class RecordType(StrEnum):
    """What a row says something about."""

    ORGANIZATION = "organization"
    TEAM = "team"
    PERSON = "person"
    CYCLE = "cycle"
    OBJECTIVE = "objective"
    LINK = "link"
    KEY_RESULT = "key_result"
    CHECK_IN = "check_in"
    DEPENDENCY = "dependency"
    DEPENDENCY_CHECK_IN = "dependency_check"
    COMMENT = "comment"
    LIAISON = "liaison"


LIST_SEPARATOR = ";"
# Between the team that needs and the team that provides.
TEAM_SEPARATOR = ">"
_QUOTED_LENGTH = 60

COLUMNS = (
    *("type", "key", "parent", "title", "team", "owner", "cycle", "metric", "unit", "start", "target"),
    *("current", "confidence", "why_now", "kind", "state", "needed_by", "promised_by"),
    *("description", "weight", "role", "time_zone", "at", "reply_to", "resolved_at"),
    *("child", "answer", "parent_answer"),
    *("primary", "reviewer", "created_by", "outcome", "score", "learning", "position"),
    *("published_at", "closed_at", "decided_by", "decided_at", "decision_note"),
    *("resolved_by", "edited_at", "deleted_at", "cadence_days", "grace_days", "company_objective_cap"),
    *("health", "confidence_before", "consumer_confidence", "provider", "offer", "risk_owner", "mitigation"),
    *("evidence_url", "requested_at", "accepted_at", "delivered_at", "confirmed_at", "asked_by", "asked_at"),
)
_USED = {
    RecordType.ORGANIZATION: "title time_zone cadence_days grace_days company_objective_cap",
    RecordType.TEAM: "title parent kind",
    RecordType.PERSON: "title parent kind state team time_zone",
    RecordType.CYCLE: "title start target state kind parent",
    RecordType.OBJECTIVE: "title description team owner cycle why_now state kind parent at reviewer created_by "
    "outcome score learning position published_at closed_at",
    RecordType.LINK: "child parent kind state weight title answer parent_answer at primary owner decided_by "
    "decided_at decision_note",
    RecordType.KEY_RESULT: "parent title description owner metric unit start target weight "
    "current confidence at position",
    RecordType.CHECK_IN: "parent owner start current confidence title at",
    RecordType.DEPENDENCY: "parent title description team owner kind state needed_by promised_by confidence at "
    "created_by decision_note health consumer_confidence provider offer risk_owner mitigation evidence_url "
    "requested_at accepted_at delivered_at confirmed_at asked_by asked_at",
    RecordType.DEPENDENCY_CHECK_IN: "parent owner health confidence confidence_before promised_by title answer at",
    RecordType.LIAISON: "team owner cycle title created_by at closed_at",
    RecordType.COMMENT: "parent owner title kind at reply_to resolved_at resolved_by edited_at deleted_at",
}
USED_COLUMNS = {kind: frozenset(("type", "key", *names.split())) for kind, names in _USED.items()}

_WORDS = {
    RecordType.ORGANIZATION: "organisation",
    RecordType.KEY_RESULT: "key result",
    RecordType.CHECK_IN: "check-in",
    RecordType.DEPENDENCY_CHECK_IN: "check-in on a dependency",
}


def quoted(text: str) -> str:
    """A piece of the file as a sentence quotes it, cut when it is long."""
    return repr(text if len(text) <= _QUOTED_LENGTH else f"{text[:_QUOTED_LENGTH]}...")


def word_for(kind: RecordType) -> str:
    """The type as a sentence names it, without an article."""
    return _WORDS.get(kind, kind.value)


def with_article(kind: RecordType) -> str:
    word = word_for(kind)
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


@dataclass(frozen=True, slots=True, order=True)
class FileProblem:
    """One thing that is wrong with a file. `line`: where the row starts; `column`: None for the whole row."""

    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.column is None else f"line {self.line}, column {self.column}"
        return f"{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Record:
    """One row. `cells`: its columns that say something, by name, `type` among them; blank ones are absent.

    lines: where single cells stand, in formats that give each its own line.
    """

    line: int
    type: RecordType
    cells: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> str | None:
        key = self.cells.get("key")
        return None if key is None else key.strip()

    @property
    def idle_columns(self) -> Iterator[str]:
        """Columns that are filled although the type does not use them."""
        return (name for name in self.cells if name not in USED_COLUMNS[self.type])


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a file that could not be read. key: of the row that is lost; nobody shall miss it."""

    problem: FileProblem
    key: str | None = None


# What a reader of any format gives, one row at a time; it holds no more of the file than that.
Reading: TypeAlias = Iterator[Record | Unread]
