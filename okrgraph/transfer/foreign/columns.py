"""What kind of value each column of the import format takes, for those who convert other tools' values to it."""

from collections.abc import Iterable
from enum import Enum, auto

from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth, DependencyState
from okrgraph.discussion.vocabulary import CommentKind
from okrgraph.okrs.vocabulary import (
    CloseOutcome,
    CycleKind,
    CycleState,
    LinkKind,
    LinkState,
    LinkTestAnswer,
    MetricKind,
    ObjectiveLevel,
    ObjectiveState,
)
from okrgraph.people.vocabulary import PersonStatus, TeamKind
from okrgraph.transfer.formats.records import RecordType


class ColumnKind(Enum):
    TEXT = auto()
    NUMBER = auto()
    DAY = auto()
    MOMENT = auto()
    RATING = auto()
    CHOICE = auto()


_DAYS = {
    (RecordType.CYCLE, "start"),
    (RecordType.CYCLE, "target"),
    (RecordType.CHECK_IN, "start"),
    (RecordType.DEPENDENCY, "promised_by"),
    (RecordType.DEPENDENCY_CHECK_IN, "promised_by"),
}
_NUMBERS = {
    *("start", "target", "current", "weight", "score", "position"),
    *("cadence_days", "grace_days", "company_objective_cap"),
}
_MOMENTS = {
    *("at", "resolved_at", "published_at", "closed_at", "decided_at", "edited_at", "deleted_at"),
    *("requested_at", "accepted_at", "delivered_at", "confirmed_at", "asked_at"),
}
_RATINGS = {"confidence", "confidence_before", "consumer_confidence"}
_CHOICES: dict[tuple[RecordType, str], Iterable[str]] = {
    (RecordType.TEAM, "kind"): TeamKind,
    (RecordType.PERSON, "kind"): ("ADMIN",),
    (RecordType.PERSON, "state"): PersonStatus,
    (RecordType.CYCLE, "kind"): CycleKind,
    (RecordType.CYCLE, "state"): CycleState,
    (RecordType.OBJECTIVE, "kind"): ObjectiveLevel,
    (RecordType.OBJECTIVE, "state"): ObjectiveState,
    (RecordType.OBJECTIVE, "outcome"): CloseOutcome,
    (RecordType.LINK, "kind"): LinkKind,
    (RecordType.LINK, "state"): LinkState,
    (RecordType.LINK, "answer"): LinkTestAnswer,
    (RecordType.LINK, "parent_answer"): LinkTestAnswer,
    (RecordType.LINK, "primary"): ("TRUE", "FALSE"),
    (RecordType.KEY_RESULT, "metric"): MetricKind,
    (RecordType.DEPENDENCY, "kind"): DependencyCriticality,
    (RecordType.DEPENDENCY, "state"): DependencyState,
    (RecordType.DEPENDENCY, "health"): DependencyHealth,
    (RecordType.DEPENDENCY_CHECK_IN, "health"): DependencyHealth,
    (RecordType.DEPENDENCY_CHECK_IN, "answer"): ("TRUE", "FALSE"),
    (RecordType.COMMENT, "kind"): CommentKind,
}
_LISTS = {
    (RecordType.PERSON, "team"),
    (RecordType.OBJECTIVE, "team"),
    (RecordType.OBJECTIVE, "parent"),
}


def kind_of(record: RecordType, column: str) -> ColumnKind:
    """The kind of value that a column takes in rows of a type."""
    if (record, column) in _DAYS:
        return ColumnKind.DAY
    if (record, column) in _CHOICES:
        return ColumnKind.CHOICE
    if column in _NUMBERS:
        return ColumnKind.NUMBER
    if column in _MOMENTS:
        return ColumnKind.MOMENT
    return ColumnKind.RATING if column in _RATINGS else ColumnKind.TEXT


def words_of(record: RecordType, column: str) -> tuple[str, ...]:
    """The words of a column that takes one of a few."""
    return tuple(str(word) for word in _CHOICES[record, column])


def is_list(record: RecordType, column: str) -> bool:
    return (record, column) in _LISTS
