"""The rows of cycles, objectives, key results, check-ins and links: what reads return and the log keeps."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from okrgraph.okrs.vocabulary import (
    AlignmentBasis,
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


@dataclass(frozen=True, slots=True)
class CycleRow:
    id: UUID
    version: int
    name: str
    kind: CycleKind
    state: CycleState
    parent_id: UUID | None
    starts_on: date | None
    ends_on: date | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectiveRow:
    """`progress`: 0 to 1. `rated_n`: how many of its key results have the latest rating n."""

    id: UUID
    version: int
    cycle_id: UUID
    team_id: UUID
    owner_id: UUID | None
    reviewer_id: UUID | None
    level: ObjectiveLevel
    state: ObjectiveState
    alignment_basis: AlignmentBasis
    title: str
    description: str | None
    why_now: str | None
    position: int
    progress: float | None
    rated_1: int
    rated_2: int
    rated_3: int
    rated_4: int
    rated_5: int
    unrated: int
    declining: int
    close_outcome: CloseOutcome | None
    score: float | None
    learning: str | None
    published_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class KeyResultRow:
    """`progress`: 0 to 1, clamped. `confidence`: 1 to 5. Both from the newest check-in."""

    id: UUID
    version: int
    objective_id: UUID
    owner_id: UUID | None
    title: str
    description: str | None
    metric_kind: MetricKind
    unit: str | None
    start_value: float | None
    target_value: float | None
    current_value: float | None
    progress: float | None
    confidence: int | None
    is_declining: bool
    checked_in_on: date | None
    weight: float
    position: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CheckInRow:
    id: UUID
    key_result_id: UUID
    author_id: UUID
    value: float | None
    progress: float | None
    confidence: int
    confidence_before: int | None
    note: str | None
    as_of: date
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Exactly one of the two parents is set."""

    id: UUID
    version: int
    child_id: UUID
    parent_objective_id: UUID | None
    parent_key_result_id: UUID | None
    kind: LinkKind
    state: LinkState
    is_primary: bool
    weight: float
    rationale: str | None
    child_answer: LinkTestAnswer
    parent_answer: LinkTestAnswer
    proposed_by_id: UUID | None
    decided_by_id: UUID | None
    decided_at: datetime | None
    decision_note: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def parent_id(self) -> UUID:
        parent = self.parent_key_result_id or self.parent_objective_id
        assert parent is not None, "the database holds exactly one parent"
        return parent
