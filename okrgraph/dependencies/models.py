"""Tables of dependencies, their check-ins and liaisons; no rule, no query."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth, DependencyState
from okrgraph.kit.ids import new_key

RESTRICT = fields.OnDelete.RESTRICT


def _person(related_name: str) -> Any:
    return fields.ForeignKeyField("okrgraph.Person", null=True, related_name=related_name, on_delete=RESTRICT)


# `served_objective`: the one that needs it, or whose key result does; it governs who sees the dependency.
# `health`, `confidence`: from its newest check-in. `requested_at`: of the newest request.
class Dependency(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    version = fields.BigIntField(default=1)
    need = fields.CharField(max_length=500)
    acceptance_criteria: Any = fields.TextField(null=True)
    consumer_team_id: UUID
    consumer_team: Any = fields.ForeignKeyField(
        "okrgraph.Team", related_name="consumed_dependencies", on_delete=RESTRICT
    )
    objective_id: UUID | None
    objective: Any = fields.ForeignKeyField(
        "okrgraph.Objective", null=True, related_name="dependencies", on_delete=RESTRICT
    )
    key_result_id: UUID | None
    key_result: Any = fields.ForeignKeyField(
        "okrgraph.KeyResult", null=True, related_name="dependencies", on_delete=RESTRICT
    )
    served_objective_id: UUID
    served_objective: Any = fields.ForeignKeyField(
        "okrgraph.Objective", related_name="all_dependencies", on_delete=RESTRICT
    )
    provider_team_id: UUID
    provider_team: Any = fields.ForeignKeyField(
        "okrgraph.Team", related_name="provided_dependencies", on_delete=RESTRICT
    )
    provider_objective_id: UUID | None
    provider_objective: Any = fields.ForeignKeyField(
        "okrgraph.Objective", null=True, related_name="provided_dependencies", on_delete=RESTRICT
    )
    provider_key_result_id: UUID | None
    provider_key_result: Any = fields.ForeignKeyField(
        "okrgraph.KeyResult", null=True, related_name="provided_dependencies", on_delete=RESTRICT
    )
    provider_owner_id: UUID | None
    provider_owner: Any = _person("provided_dependencies")
    criticality = fields.CharEnumField(
        DependencyCriticality, description="", max_length=16, default=DependencyCriticality.IMPORTANT
    )
    state = fields.CharEnumField(
        DependencyState, description="", max_length=16, default=DependencyState.DRAFT
    )
    needed_by = fields.DateField()
    promised_by = fields.DateField(null=True)
    offered_need = fields.CharField(max_length=500, null=True)
    health: Any = fields.CharEnumField(DependencyHealth, description="", max_length=16, null=True)
    confidence = fields.IntField(null=True)
    consumer_confidence = fields.IntField(null=True)
    risk_owner_id: UUID | None
    risk_owner: Any = _person("owned_dependency_risks")
    mitigation: Any = fields.TextField(null=True)
    note: Any = fields.TextField(null=True)
    evidence_url = fields.CharField(max_length=2000, null=True)
    asked_by_id: UUID | None
    asked_by: Any = _person("dependency_asks")
    asked_at = fields.DatetimeField(null=True)
    requested_at = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    confirmed_at = fields.DatetimeField(null=True)
    created_by_id: UUID | None
    created_by: Any = _person("created_dependencies")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "dependency"
        indexes = (
            Index(fields=("organization_id", "needed_by")),
            Index(fields=("key_result_id",)),
            Index(fields=("served_objective_id", "needed_by")),
            Index(fields=("consumer_team_id", "needed_by")),
            Index(fields=("provider_team_id", "needed_by")),
        )


# Never changed once written. `confidence_before`, `promised_by`: as they stood then.
class DependencyCheckIn(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    dependency_id: UUID
    dependency: Any = fields.ForeignKeyField("okrgraph.Dependency", on_delete=RESTRICT)
    author_id: UUID
    author: Any = fields.ForeignKeyField("okrgraph.Person", on_delete=RESTRICT)
    health = fields.CharEnumField(DependencyHealth, description="", max_length=16)
    confidence = fields.IntField()
    confidence_before = fields.IntField(null=True)
    promised_by = fields.DateField(null=True)
    note: Any = fields.TextField(null=True)
    answers_ask = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "dependency_check_in"
        indexes = (Index(fields=("dependency_id", "created_at")),)


# The pair has no direction: `team_a` is the one with the smaller id.
class Liaison(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    version = fields.BigIntField(default=1)
    person_id: UUID
    person: Any = fields.ForeignKeyField("okrgraph.Person", related_name="liaisons", on_delete=RESTRICT)
    team_a_id: UUID
    team_a: Any = fields.ForeignKeyField("okrgraph.Team", related_name="liaisons_a", on_delete=RESTRICT)
    team_b_id: UUID
    team_b: Any = fields.ForeignKeyField("okrgraph.Team", related_name="liaisons_b", on_delete=RESTRICT)
    cycle_id: UUID | None
    cycle: Any = fields.ForeignKeyField("okrgraph.Cycle", null=True, on_delete=RESTRICT)
    purpose = fields.CharField(max_length=500, null=True)
    created_by_id: UUID | None
    created_by: Any = _person("appointed_liaisons")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "liaison"
        indexes = (Index(fields=("team_a_id", "team_b_id")), Index(fields=("team_b_id",)))
