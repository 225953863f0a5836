"""Tables of cycles, objectives, key results, check-ins and alignment links; no rule, no query."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from okrgraph.kit.ids import new_key
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

RESTRICT = fields.OnDelete.RESTRICT


class Cycle(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    version = fields.BigIntField(default=1)
    name = fields.CharField(max_length=200)
    kind = fields.CharEnumField(CycleKind, description="", max_length=16, default=CycleKind.QUARTER)
    state = fields.CharEnumField(CycleState, description="", max_length=16, default=CycleState.PLANNING)
    parent_id: UUID | None
    parent: Any = fields.ForeignKeyField("okrgraph.Cycle", null=True, on_delete=RESTRICT)
    starts_on = fields.DateField(null=True)
    ends_on = fields.DateField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "cycle"
        indexes = (Index(fields=("organization_id", "starts_on")),)


# `rated_1` to `rated_5`, `unrated`, `declining`: how many of its key results stand so.
class Objective(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    version = fields.BigIntField(default=1)
    edited_version = fields.BigIntField(default=1)
    cycle_id: UUID
    cycle: Any = fields.ForeignKeyField("okrgraph.Cycle", on_delete=RESTRICT)
    team_id: UUID
    team: Any = fields.ForeignKeyField("okrgraph.Team", on_delete=RESTRICT)
    owner_id: UUID | None
    owner: Any = fields.ForeignKeyField(
        "okrgraph.Person", null=True, related_name="owned", on_delete=RESTRICT
    )
    reviewer_id: UUID | None
    reviewer: Any = fields.ForeignKeyField(
        "okrgraph.Person", null=True, related_name="reviewed", on_delete=RESTRICT
    )
    level = fields.CharEnumField(ObjectiveLevel, description="", max_length=16)
    state = fields.CharEnumField(ObjectiveState, description="", max_length=16, default=ObjectiveState.DRAFT)
    alignment_basis = fields.CharEnumField(AlignmentBasis, description="", max_length=16)
    title = fields.CharField(max_length=500)
    description: Any = fields.TextField(null=True)
    why_now: Any = fields.TextField(null=True)
    position = fields.IntField(default=0)
    progress = fields.FloatField(null=True)
    rated_1 = fields.IntField(default=0)
    rated_2 = fields.IntField(default=0)
    rated_3 = fields.IntField(default=0)
    rated_4 = fields.IntField(default=0)
    rated_5 = fields.IntField(default=0)
    unrated = fields.IntField(default=0)
    declining = fields.IntField(default=0)
    close_outcome = fields.CharEnumField(CloseOutcome, description="", max_length=32, null=True)
    score = fields.FloatField(null=True)
    learning: Any = fields.TextField(null=True)
    published_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    created_by_id: UUID | None
    created_by: Any = fields.ForeignKeyField(
        "okrgraph.Person", null=True, related_name="created", on_delete=RESTRICT
    )
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "objective"
        indexes = (
            Index(fields=("cycle_id", "position", "created_at")),
            Index(fields=("organization_id", "created_at")),
            Index(fields=("team_id", "cycle_id")),
            Index(fields=("owner_id", "cycle_id")),
        )


# A team that co-owns an objective; the accountable team is `Objective.team`.
class ObjectiveTeam(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    objective_id: UUID
    objective: Any = fields.ForeignKeyField("okrgraph.Objective", on_delete=RESTRICT)
    team_id: UUID
    team: Any = fields.ForeignKeyField("okrgraph.Team", on_delete=RESTRICT)

    class Meta:
        table = "objective_team"
        indexes = (Index(fields=("team_id",)),)


# `confidence`, `is_declining`, `checked_in_on`, `current_value`, `progress`: from its check-ins.
class KeyResult(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    version = fields.BigIntField(default=1)
    edited_version = fields.BigIntField(default=1)
    objective_id: UUID
    objective: Any = fields.ForeignKeyField("okrgraph.Objective", on_delete=RESTRICT)
    owner_id: UUID | None
    owner: Any = fields.ForeignKeyField("okrgraph.Person", null=True, on_delete=RESTRICT)
    title = fields.CharField(max_length=500)
    description: Any = fields.TextField(null=True)
    metric_kind = fields.CharEnumField(MetricKind, description="", max_length=16, default=MetricKind.NUMBER)
    unit = fields.CharField(max_length=32, null=True)
    start_value = fields.FloatField(null=True)
    target_value = fields.FloatField(null=True)
    current_value = fields.FloatField(null=True)
    progress = fields.FloatField(null=True)
    confidence = fields.IntField(null=True)
    is_declining = fields.BooleanField(default=False)
    checked_in_on = fields.DateField(null=True)
    weight = fields.FloatField(default=1.0)
    position = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "key_result"
        indexes = (Index(fields=("objective_id", "position", "created_at")),)


# Never changed once written. `progress`, `confidence_before`: as they stood at that check-in.
class CheckIn(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    key_result_id: UUID
    key_result: Any = fields.ForeignKeyField("okrgraph.KeyResult", on_delete=RESTRICT)
    author_id: UUID
    author: Any = fields.ForeignKeyField("okrgraph.Person", on_delete=RESTRICT)
    value = fields.FloatField(null=True)
    progress = fields.FloatField(null=True)
    confidence = fields.IntField()
    confidence_before = fields.IntField(null=True)
    note: Any = fields.TextField(null=True)
    as_of = fields.DateField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "check_in"
        indexes = (Index(fields=("key_result_id", "as_of", "created_at")),)


class AlignmentLink(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    version = fields.BigIntField(default=1)
    child_id: UUID
    child: Any = fields.ForeignKeyField("okrgraph.Objective", related_name="links", on_delete=RESTRICT)
    parent_objective_id: UUID | None
    parent_objective: Any = fields.ForeignKeyField(
        "okrgraph.Objective", null=True, related_name="incoming_links", on_delete=RESTRICT
    )
    parent_key_result_id: UUID | None
    parent_key_result: Any = fields.ForeignKeyField(
        "okrgraph.KeyResult", null=True, related_name="incoming_links", on_delete=RESTRICT
    )
    kind = fields.CharEnumField(LinkKind, description="", max_length=16, default=LinkKind.SUPPORTS)
    state = fields.CharEnumField(LinkState, description="", max_length=16, default=LinkState.PROPOSED)
    is_primary = fields.BooleanField(default=False)
    weight = fields.FloatField(default=1.0)
    rationale: Any = fields.TextField(null=True)
    child_answer = fields.CharEnumField(
        LinkTestAnswer, description="", max_length=16, default=LinkTestAnswer.UNANSWERED
    )
    parent_answer = fields.CharEnumField(
        LinkTestAnswer, description="", max_length=16, default=LinkTestAnswer.UNANSWERED
    )
    proposed_by_id: UUID | None
    proposed_by: Any = fields.ForeignKeyField(
        "okrgraph.Person", null=True, related_name="proposed_links", on_delete=RESTRICT
    )
    decided_by_id: UUID | None
    decided_by: Any = fields.ForeignKeyField(
        "okrgraph.Person", null=True, related_name="decided_links", on_delete=RESTRICT
    )
    decided_at = fields.DatetimeField(null=True)
    decision_note: Any = fields.TextField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "alignment_link"
        indexes = (
            Index(fields=("child_id",)),
            Index(fields=("parent_key_result_id",)),
            Index(fields=("parent_objective_id",)),
        )
