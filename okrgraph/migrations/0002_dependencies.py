from enum import Enum
from typing import Any, TypeAlias

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index

from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth, DependencyState
from okrgraph.kit.ids import new_key
from okrgraph.migrations._operations import CreateTable, sql

Named: TypeAlias = tuple[str, fields.Field[Any]]

UNIQUES = (
    "CREATE UNIQUE INDEX liaison_open_once ON liaison (person_id, team_a_id, team_b_id, cycle_id) "
    "WHERE ended_at IS NULL AND cycle_id IS NOT NULL",
    "CREATE UNIQUE INDEX liaison_open_once_for_all_cycles ON liaison (person_id, team_a_id, team_b_id) "
    "WHERE ended_at IS NULL AND cycle_id IS NULL",
)


def reference(model: str, name: str, related_name: str | None = None, *, null: bool = False) -> Named:
    options: dict[str, Any] = {"null": null, "db_constraint": True, "on_delete": OnDelete.RESTRICT}
    if related_name is not None:
        options["related_name"] = related_name
    made: Any = fields.ForeignKeyField(
        f"okrgraph.{model}", source_field=f"{name}_id", to_field="id", **options
    )
    return name, made


def moment(name: str, *, null: bool = False) -> Named:
    options: dict[str, Any] = {"null": null, "auto_now": False, "auto_now_add": False}
    return name, fields.DatetimeField(**options)


def key() -> Named:
    return "id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)


def text(name: str) -> Named:
    return name, fields.TextField(null=True, unique=False)


def word(name: str, enum_type: type[Enum], **more: Any) -> Named:
    return name, fields.CharEnumField(description="", enum_type=enum_type, max_length=16, **more)


class Migration(migrations.Migration):
    dependencies = [("okrgraph", "0001_tables")]

    initial = False

    operations = [
        CreateTable(
            name="Dependency",
            fields=[
                key(),
                reference("Organization", "organization"),
                ("version", fields.BigIntField(default=1)),
                ("need", fields.CharField(max_length=500)),
                text("acceptance_criteria"),
                reference("Team", "consumer_team", "consumed_dependencies"),
                reference("Objective", "objective", "dependencies", null=True),
                reference("KeyResult", "key_result", "dependencies", null=True),
                reference("Objective", "served_objective", "all_dependencies"),
                reference("Team", "provider_team", "provided_dependencies"),
                reference("Objective", "provider_objective", "provided_dependencies", null=True),
                reference("KeyResult", "provider_key_result", "provided_dependencies", null=True),
                reference("Person", "provider_owner", "provided_dependencies", null=True),
                word("criticality", DependencyCriticality, default=DependencyCriticality.IMPORTANT),
                word("state", DependencyState, default=DependencyState.DRAFT),
                ("needed_by", fields.DateField()),
                ("promised_by", fields.DateField(null=True)),
                ("offered_need", fields.CharField(null=True, max_length=500)),
                word("health", DependencyHealth, null=True),
                ("confidence", fields.IntField(null=True)),
                ("consumer_confidence", fields.IntField(null=True)),
                reference("Person", "risk_owner", "owned_dependency_risks", null=True),
                text("mitigation"),
                text("note"),
                ("evidence_url", fields.CharField(null=True, max_length=2000)),
                reference("Person", "asked_by", "dependency_asks", null=True),
                moment("asked_at", null=True),
                moment("requested_at", null=True),
                moment("accepted_at", null=True),
                moment("delivered_at", null=True),
                moment("confirmed_at", null=True),
                reference("Person", "created_by", "created_dependencies", null=True),
                moment("created_at"),
                moment("updated_at"),
            ],
            options={
                "table": "dependency",
                "app": "okrgraph",
                "indexes": [
                    Index(fields=["organization_id", "needed_by"]),
                    Index(fields=["key_result_id"]),
                    Index(fields=["served_objective_id", "needed_by"]),
                    Index(fields=["consumer_team_id", "needed_by"]),
                    Index(fields=["provider_team_id", "needed_by"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "dependency_version_positive": "version >= 1",
                "dependency_need_given": "need <> '' AND (offered_need IS NULL OR offered_need <> '')",
                "dependency_one_consumer": "(objective_id IS NULL) <> (key_result_id IS NULL)",
                "dependency_served_is_consumer": "objective_id IS NULL OR objective_id = served_objective_id",
                "dependency_one_provider": "provider_objective_id IS NULL OR provider_key_result_id IS NULL",
                "dependency_two_teams": "consumer_team_id <> provider_team_id",
                "dependency_state_known": "state IN ('DRAFT', 'REQUESTED', 'COUNTERED', 'ACCEPTED', 'IN_PROGRESS', "
                "'DELIVERED', 'CONFIRMED', 'DECLINED', 'WITHDRAWN', 'ESCALATED', 'CANCELED')",
                "dependency_words_known": "criticality IN ('BLOCKING', 'IMPORTANT', 'NICE_TO_HAVE') "
                "AND (health IS NULL OR health IN ('ON_TRACK', 'AT_RISK', 'OFF_TRACK', 'BLOCKED'))",
                "dependency_confidence_range": "(confidence IS NULL OR (confidence >= 1 AND confidence <= 5)) "
                "AND (consumer_confidence IS NULL OR (consumer_confidence >= 1 AND consumer_confidence <= 5))",
                "dependency_requested_with_state": "CASE state WHEN 'DRAFT' THEN requested_at IS NULL "
                "WHEN 'CANCELED' THEN 1 = 1 ELSE requested_at IS NOT NULL END",
                "dependency_accepted_with_state": "accepted_at IS NOT NULL "
                "OR state NOT IN ('ACCEPTED', 'IN_PROGRESS', 'DELIVERED', 'CONFIRMED')",
                "dependency_delivered_with_state": "(delivered_at IS NOT NULL) = (state IN ('DELIVERED', 'CONFIRMED'))",
                "dependency_confirmed_with_state": "(confirmed_at IS NOT NULL) = (state = 'CONFIRMED')",
                "dependency_asked_with_state": "(asked_at IS NULL OR state IN ('ACCEPTED', 'IN_PROGRESS')) "
                "AND (asked_by_id IS NULL OR asked_at IS NOT NULL)",
                "dependency_offer_with_state": "offered_need IS NULL OR state = 'COUNTERED'",
            },
        ),
        CreateTable(
            name="DependencyCheckIn",
            fields=[
                key(),
                reference("Organization", "organization"),
                reference("Dependency", "dependency"),
                reference("Person", "author"),
                word("health", DependencyHealth),
                ("confidence", fields.IntField()),
                ("confidence_before", fields.IntField(null=True)),
                ("promised_by", fields.DateField(null=True)),
                text("note"),
                ("answers_ask", fields.BooleanField(default=False)),
                moment("created_at"),
            ],
            options={
                "table": "dependency_check_in",
                "app": "okrgraph",
                "indexes": [Index(fields=["dependency_id", "created_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "dependency_check_in_confidence_range": "confidence >= 1 AND confidence <= 5 AND "
                "(confidence_before IS NULL OR (confidence_before >= 1 AND confidence_before <= 5))",
                "dependency_check_in_health_known": "health IN ('ON_TRACK', 'AT_RISK', 'OFF_TRACK', 'BLOCKED')",
            },
        ),
        CreateTable(
            name="Liaison",
            fields=[
                key(),
                reference("Organization", "organization"),
                ("version", fields.BigIntField(default=1)),
                reference("Person", "person", "liaisons"),
                reference("Team", "team_a", "liaisons_a"),
                reference("Team", "team_b", "liaisons_b"),
                reference("Cycle", "cycle", null=True),
                ("purpose", fields.CharField(null=True, max_length=500)),
                reference("Person", "created_by", "appointed_liaisons", null=True),
                moment("created_at"),
                moment("updated_at"),
                moment("ended_at", null=True),
            ],
            options={
                "table": "liaison",
                "app": "okrgraph",
                "indexes": [
                    Index(fields=["team_a_id", "team_b_id"]),
                    Index(fields=["team_b_id"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "liaison_version_positive": "version >= 1",
                "liaison_teams_in_order": "team_a_id < team_b_id",
                "liaison_ends_after_it_began": "ended_at IS NULL OR ended_at >= created_at",
            },
        ),
        sql(UNIQUES),
    ]
