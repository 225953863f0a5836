"""The inputs of mutations of dependencies, and how they are read."""

from datetime import date
from typing import Any, Protocol

import strawberry
from strawberry import UNSET, Maybe

from okrgraph.dependencies.edits import DependencyChange
from okrgraph.dependencies.requests import NewDependency
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth, DependencyState
from okrgraph.graph.errors import MUTATION_ID, key_for, optional_key

EXPECTED_VERSION = "The version that the caller saw; CONFLICT when anything has changed since."
_NOTE = "What there is to say with it; at most 20,000 characters."
_NEEDED_NOTE = "Why; 1 to 20,000 characters."
_WEEK = "The week of the cycle by whose last day it is needed, 1 for the first."


def _mutation_id() -> Any:
    return strawberry.field(description=MUTATION_ID, default=None)


def _version() -> Any:
    return strawberry.field(description=EXPECTED_VERSION, default=None)


def _optional_note() -> Any:
    return strawberry.field(description=_NOTE, default=None)


@strawberry.input(
    description="What one team needs of another. Exactly one of keyResultId and objectiveId, and exactly one of "
    "neededBy and neededByWeek."
)
class DependencyRequestInput:
    need: str = strawberry.field(description="What is needed; 1 to 500 characters.")
    consumer_team_id: strawberry.ID = strawberry.field(
        description="The team that needs it, of which the viewer is a member."
    )
    provider_team_id: strawberry.ID = strawberry.field(description="The team that shall provide it.")
    key_result_id: strawberry.ID | None = strawberry.field(
        description="The key result that needs it.", default=None
    )
    objective_id: strawberry.ID | None = strawberry.field(
        description="The objective that needs it.", default=None
    )
    needed_by: date | None = strawberry.field(description="The day by which it is needed.", default=None)
    needed_by_week: int | None = strawberry.field(description=_WEEK, default=None)
    criticality: DependencyCriticality | None = strawberry.field(
        description="IMPORTANT unless given.", default=None
    )
    acceptance_criteria: str | None = strawberry.field(
        description="When it counts as delivered; at most 20,000 characters.", default=None
    )
    provider_objective_id: strawberry.ID | None = strawberry.field(
        description="The provider's objective that shall deliver it; not together with a key result.",
        default=None,
    )
    provider_key_result_id: strawberry.ID | None = strawberry.field(
        description="The provider's key result that shall deliver it.", default=None
    )
    provider_owner_id: strawberry.ID | None = strawberry.field(
        description="Who answers for it on the provider's side.", default=None
    )
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="What changes when a dependency is sent, for the first time or again.")
class DependencySubmitInput:
    need: str | None = strawberry.field(
        description="What is needed, if not the same; 1 to 500 characters.", default=None
    )
    needed_by: date | None = strawberry.field(
        description="The day by which it is needed, if not the same.", default=None
    )
    needed_by_week: int | None = strawberry.field(
        description=f"{_WEEK} Not together with neededBy.", default=None
    )
    note: str | None = _optional_note()
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="New values of a dependency's plain fields; what is absent stays, null clears.")
class DependencyUpdateInput:
    need: Maybe[str | None] = strawberry.field(
        description="1 to 500 characters, until the provider has answered; null is refused.", default=UNSET
    )
    acceptance_criteria: Maybe[str | None] = strawberry.field(
        description="At most 20,000 characters, until the provider has answered.", default=UNSET
    )
    needed_by: Maybe[date | None] = strawberry.field(
        description="A day, until the provider has answered; null is refused.", default=UNSET
    )
    needed_by_week: Maybe[int | None] = strawberry.field(
        description="A week of the cycle in its place; null is refused.", default=UNSET
    )
    criticality: Maybe[DependencyCriticality | None] = strawberry.field(
        description="How much hangs on it, as the consumer sees it; null is refused.", default=UNSET
    )
    consumer_confidence: Maybe[int | None] = strawberry.field(
        description="The consumer's rating, 1 (will miss) to 5 (certain).", default=UNSET
    )
    risk_owner_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="Who owns what follows should it not come; the consumer names them.", default=UNSET
    )
    mitigation: Maybe[str | None] = strawberry.field(
        description="What the consumer does should it not come; at most 20,000 characters.", default=UNSET
    )
    provider_objective_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The provider's objective that delivers it, as the provider says.", default=UNSET
    )
    provider_key_result_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The provider's key result that delivers it, as the provider says.", default=UNSET
    )
    provider_owner_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="Who answers for it on the provider's side, as the provider says.", default=UNSET
    )
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="How a dependency is accepted.")
class DependencyAcceptInput:
    promised_by: date | None = strawberry.field(
        description="The day that the provider promises, if it says one; not given by the consumer.",
        default=None,
    )
    note: str | None = _optional_note()
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="What the provider offers instead: another date, something else, or both.")
class DependencyCounterInput:
    promised_by: date | None = strawberry.field(description="The day that is offered.", default=None)
    need: str | None = strawberry.field(
        description="What is offered instead; at most 500 characters.", default=None
    )
    note: str | None = _optional_note()
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="Why a dependency is declined.")
class DependencyDeclineInput:
    note: str = strawberry.field(description=_NEEDED_NOTE)
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="The provider's answer to: is it still on track?")
class DependencyCheckInInput:
    health: DependencyHealth = strawberry.field(description="How it goes.")
    confidence: int = strawberry.field(description="1 (will miss) to 5 (certain).")
    promised_by: date | None = strawberry.field(description="Another day than promised so far.", default=None)
    note: str | None = _optional_note()
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="How a dependency was delivered.")
class DependencyDeliverInput:
    evidence_url: str | None = strawberry.field(
        description="Where it can be seen: an http or https address of at most 2,000 characters.",
        default=None,
    )
    note: str | None = _optional_note()
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="What is said with a confirmation.")
class DependencyConfirmInput:
    note: str | None = _optional_note()
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="What is said with a step that needs no more.")
class DependencyStepInput:
    note: str | None = _optional_note()
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="Why a step is taken that the other side has not expected.")
class DependencyReasonInput:
    note: str = strawberry.field(description=_NEEDED_NOTE)
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="Why those above both teams have to decide, and who owns the risk.")
class DependencyEscalateInput:
    note: str = strawberry.field(description=_NEEDED_NOTE)
    risk_owner_id: strawberry.ID | None = strawberry.field(
        description="Who owns what follows; needed unless somebody does already.", default=None
    )
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


@strawberry.input(description="What those above both teams decide.")
class DependencySettleInput:
    state: DependencyState = strawberry.field(
        description="Where it goes on: REQUESTED, COUNTERED, ACCEPTED, IN_PROGRESS, DECLINED or WITHDRAWN."
    )
    promised_by: date | None = strawberry.field(
        description="The day that was settled, for COUNTERED, ACCEPTED and IN_PROGRESS.", default=None
    )
    note: str = strawberry.field(description=_NEEDED_NOTE)
    expected_version: int | None = _version()
    client_mutation_id: strawberry.ID | None = _mutation_id()


class _Saying(Protocol):
    @property
    def note(self) -> str | None: ...
    @property
    def expected_version(self) -> int | None: ...


def said(given: _Saying) -> Said:
    return Said(given.note, given.expected_version)


def new_dependency(given: DependencyRequestInput) -> NewDependency:
    return NewDependency(
        need=given.need,
        consumer_team_id=key_for("Team", given.consumer_team_id, "consumer_team_id", "team"),
        provider_team_id=key_for("Team", given.provider_team_id, "provider_team_id", "team"),
        key_result_id=optional_key("KeyResult", given.key_result_id, "key_result_id", "key result"),
        objective_id=optional_key("Objective", given.objective_id, "objective_id", "objective"),
        needed_by=given.needed_by,
        needed_by_week=given.needed_by_week,
        criticality=given.criticality or DependencyCriticality.IMPORTANT,
        acceptance_criteria=given.acceptance_criteria,
        provider_objective_id=optional_key(
            "Objective", given.provider_objective_id, "provider_objective_id", "objective"
        ),
        provider_key_result_id=optional_key(
            "KeyResult", given.provider_key_result_id, "provider_key_result_id", "key result"
        ),
        provider_owner_id=optional_key("Person", given.provider_owner_id, "provider_owner_id", "person"),
    )


_REFERENCES = {
    "risk_owner_id": ("Person", "person"),
    "provider_objective_id": ("Objective", "objective"),
    "provider_key_result_id": ("KeyResult", "key result"),
    "provider_owner_id": ("Person", "person"),
}
_PLAIN = (
    *("need", "acceptance_criteria", "needed_by", "needed_by_week"),
    *("criticality", "consumer_confidence", "mitigation"),
)


def dependency_change(given: DependencyUpdateInput) -> DependencyChange:
    values = {name: some.value for name in (*_PLAIN, *_REFERENCES) if (some := getattr(given, name))}
    for name, (type_name, what) in _REFERENCES.items():
        if name in values:
            values[name] = optional_key(type_name, values[name], name, what)
    return DependencyChange(given=frozenset(values), **values)
