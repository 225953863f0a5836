"""Refusals that a caller can mend: what is wrong, where, and what to do; never a bug."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ErrorCode(StrEnum):
    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    CONFLICT = "CONFLICT"
    STATE = "STATE"
    LIMIT = "LIMIT"
    DUPLICATE = "DUPLICATE"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `field`: the action's parameter it is about, None for the whole."""

    code: ErrorCode
    message: str
    field: str | None = None


class DomainError(Exception):
    """A refused action: nothing was written. `entity_id`: what the caller may be shown beside the refusal."""

    def __init__(self, *problems: Problem, entity_id: UUID | None = None) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems
        self.entity_id = entity_id


def invalid(message: str, field: str | None = None) -> DomainError:
    return DomainError(Problem(ErrorCode.INVALID, message, field))


def not_found(what: str, field: str | None = None) -> DomainError:
    """Refuse an id that is absent or hidden: both get these words, so that neither tells which it is."""
    return DomainError(Problem(ErrorCode.NOT_FOUND, f"There is no {what} with this id.", field))


def forbidden(message: str, field: str | None = None, *, entity_id: UUID | None = None) -> DomainError:
    return DomainError(Problem(ErrorCode.FORBIDDEN, message, field), entity_id=entity_id)


def conflict(message: str, *, entity_id: UUID, field: str | None = "expected_version") -> DomainError:
    return DomainError(Problem(ErrorCode.CONFLICT, message, field), entity_id=entity_id)


def wrong_state(message: str, field: str | None = None, *, entity_id: UUID | None = None) -> DomainError:
    return DomainError(Problem(ErrorCode.STATE, message, field), entity_id=entity_id)


def duplicate(message: str, field: str | None = None, *, entity_id: UUID | None = None) -> DomainError:
    return DomainError(Problem(ErrorCode.DUPLICATE, message, field), entity_id=entity_id)


class BusyError(Exception):
    """What has to be changed was locked by others for too long; the same request may succeed later."""


class OperatorError(Exception):
    """Something the operator must mend (settings, database, files): one sentence that says what to do."""
