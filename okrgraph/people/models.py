"""Tables of organisations, teams, persons, memberships and API tokens; no rule, no query."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from okrgraph.kit.ids import new_key
from okrgraph.people.vocabulary import MemberRole, PersonStatus, TeamKind, TokenScope


class Organization(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    version = fields.BigIntField(default=1)
    slug = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    time_zone = fields.CharField(max_length=64, default="UTC")
    cadence_days = fields.IntField(default=7)
    grace_days = fields.IntField(default=3)
    company_objective_cap = fields.IntField(default=5)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "organization"


class Team(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=fields.OnDelete.RESTRICT)
    version = fields.BigIntField(default=1)
    parent_id: UUID | None
    parent: Any = fields.ForeignKeyField("okrgraph.Team", null=True, on_delete=fields.OnDelete.RESTRICT)
    kind = fields.CharEnumField(TeamKind, description="", max_length=16)
    name = fields.CharField(max_length=200)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "team"
        indexes = (Index(fields=("organization_id", "name")), Index(fields=("parent_id",)))


class Person(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=fields.OnDelete.RESTRICT)
    version = fields.BigIntField(default=1)
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=320)
    time_zone = fields.CharField(max_length=64, null=True)
    manager_id: UUID | None
    manager: Any = fields.ForeignKeyField("okrgraph.Person", null=True, on_delete=fields.OnDelete.RESTRICT)
    status = fields.CharEnumField(PersonStatus, description="", max_length=16, default=PersonStatus.ACTIVE)
    is_admin = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "person"
        indexes = (Index(fields=("organization_id", "name")),)


class Membership(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=fields.OnDelete.RESTRICT)
    person_id: UUID
    person: Any = fields.ForeignKeyField("okrgraph.Person", on_delete=fields.OnDelete.RESTRICT)
    team_id: UUID
    team: Any = fields.ForeignKeyField("okrgraph.Team", on_delete=fields.OnDelete.RESTRICT)
    role = fields.CharEnumField(MemberRole, description="", max_length=16, default=MemberRole.MEMBER)
    joined_at = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)

    class Meta:
        table = "membership"
        indexes = (Index(fields=("person_id",)), Index(fields=("team_id",)))


class ApiToken(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=fields.OnDelete.RESTRICT)
    person_id: UUID
    person: Any = fields.ForeignKeyField("okrgraph.Person", on_delete=fields.OnDelete.RESTRICT)
    name = fields.CharField(max_length=200, default="")
    token_hash = fields.CharField(max_length=64, unique=True)
    scope = fields.CharEnumField(TokenScope, description="", max_length=16, default=TokenScope.WRITE)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_token"
        indexes = (Index(fields=("organization_id", "created_at")),)
