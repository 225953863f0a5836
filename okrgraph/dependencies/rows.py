"""The rows of dependencies, their check-ins and liaisons: what reads return and the log keeps."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth, DependencyState


@dataclass(frozen=True, slots=True)
class DependencyRow:
    """Exactly one of `objective_id` and `key_result_id` is set; `confidence`: the provider's, 1 to 5.

    `offered_need`: what the provider would do instead, until the consumer answers. `note`: what was said with
    the last step.
    """

    id: UUID
    version: int
    need: str
    acceptance_criteria: str | None
    consumer_team_id: UUID
    objective_id: UUID | None
    key_result_id: UUID | None
    served_objective_id: UUID
    provider_team_id: UUID
    provider_objective_id: UUID | None
    provider_key_result_id: UUID | None
    provider_owner_id: UUID | None
    criticality: DependencyCriticality
    state: DependencyState
    needed_by: date
    promised_by: date | None
    offered_need: str | None
    health: DependencyHealth | None
    confidence: int | None
    consumer_confidence: int | None
    risk_owner_id: UUID | None
    mitigation: str | None
    note: str | None
    evidence_url: str | None
    asked_by_id: UUID | None
    asked_at: datetime | None
    requested_at: datetime | None
    accepted_at: datetime | None
    delivered_at: datetime | None
    confirmed_at: datetime | None
    created_by_id: UUID | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DependencyCheckInRow:
    id: UUID
    dependency_id: UUID
    author_id: UUID
    health: DependencyHealth
    confidence: int
    confidence_before: int | None
    promised_by: date | None
    note: str | None
    answers_ask: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LiaisonRow:
    """The pair has no direction: `team_a_id` is the smaller id. `cycle_id` None: in every cycle."""

    id: UUID
    version: int
    person_id: UUID
    team_a_id: UUID
    team_b_id: UUID
    cycle_id: UUID | None
    purpose: str | None
    created_by_id: UUID | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
