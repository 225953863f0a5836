"""The first tables of okrgraph."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.kit.ids import new_key
from okrgraph.migrations._operations import CreateTable, sql
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
from okrgraph.people.vocabulary import MemberRole, PersonStatus, TeamKind, TokenScope

# Partial uniques are SQL because the ORM writes none on SQLite; the text is the same on both databases.
UNIQUES = (
    "CREATE UNIQUE INDEX team_one_company ON team (organization_id) WHERE parent_id IS NULL",
    "CREATE UNIQUE INDEX person_email_once ON person (organization_id, email)",
    "CREATE UNIQUE INDEX membership_open_once ON membership (person_id, team_id) WHERE left_at IS NULL",
    "CREATE UNIQUE INDEX objective_team_once ON objective_team (objective_id, team_id)",
    "CREATE UNIQUE INDEX alignment_link_live_objective_once ON alignment_link (child_id, parent_objective_id) "
    "WHERE state IN ('PROPOSED', 'ACCEPTED') AND parent_objective_id IS NOT NULL",
    "CREATE UNIQUE INDEX alignment_link_live_key_result_once ON alignment_link (child_id, parent_key_result_id) "
    "WHERE state IN ('PROPOSED', 'ACCEPTED') AND parent_key_result_id IS NOT NULL",
    "CREATE UNIQUE INDEX alignment_link_one_primary ON alignment_link (child_id) "
    "WHERE is_primary AND state IN ('PROPOSED', 'ACCEPTED')",
    "CREATE UNIQUE INDEX import_key_once ON import_key (organization_id, entity_type, entity_key)",
    "CREATE UNIQUE INDEX import_key_entity_once ON import_key (organization_id, entity_type, entity_id)",
)

# The tables of the event spine have composite keys, which the ORM has not; only okrgraph.events reads them.
SPINE = (
    "CREATE TABLE log_epoch (one smallint NOT NULL PRIMARY KEY CHECK (one = 1), epoch uuid NOT NULL)",
    "CREATE TABLE log_head (organization_id uuid NOT NULL PRIMARY KEY, "
    "pos bigint NOT NULL DEFAULT 0, floor bigint NOT NULL DEFAULT 0, "
    "CONSTRAINT log_head_in_order CHECK (floor >= 0 AND pos >= floor)) WITH (fillfactor = 50)",
    "CREATE TABLE change_log (organization_id uuid NOT NULL, pos bigint NOT NULL, tx_end boolean NOT NULL, "
    "kind text NOT NULL, entity_type text NOT NULL, entity_id uuid NOT NULL, entity_version bigint NOT NULL, "
    "path text NOT NULL, teams text NOT NULL, acl text NOT NULL, acl_before text, "
    "actor_id uuid, mutation_id text, body text NOT NULL, at timestamptz NOT NULL, "
    "PRIMARY KEY (organization_id, pos), CONSTRAINT change_log_pos_positive CHECK (pos >= 1))",
    "CREATE TABLE mutation_receipt (organization_id uuid NOT NULL, actor_id uuid NOT NULL, "
    "mutation_id text NOT NULL, mutation text NOT NULL, request_hash text NOT NULL, "
    "entity_id uuid, pos bigint, at timestamptz NOT NULL, "
    "PRIMARY KEY (organization_id, actor_id, mutation_id), "
    "CONSTRAINT mutation_receipt_id_length CHECK (length(mutation_id) BETWEEN 1 AND 128))",
    "CREATE INDEX mutation_receipt_age ON mutation_receipt (at)",
)
SQLITE_TYPES = {" WITH (fillfactor = 50)": "", "timestamptz": "timestamp", " uuid": " char(36)"}


async def store_epoch(apps: object, editor: BaseSchemaEditor) -> None:
    """Name this log: cursors of another log, or of this one restored from a backup, are told apart by it."""
    await editor.client.execute_query(f"INSERT INTO log_epoch (one, epoch) VALUES (1, '{uuid4()}')")


class Migration(migrations.Migration):
    initial = True

    operations = [
        CreateTable(
            name="Organization",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                ("version", fields.BigIntField(default=1)),
                ("slug", fields.CharField(unique=True, max_length=64)),
                ("name", fields.CharField(max_length=200)),
                ("time_zone", fields.CharField(default="UTC", max_length=64)),
                ("cadence_days", fields.IntField(default=7)),
                ("grace_days", fields.IntField(default=3)),
                ("company_objective_cap", fields.IntField(default=5)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "organization", "app": "okrgraph", "pk_attr": "id"},
            bases=["Model"],
            checks={
                "organization_slug_shape": "slug <> ''",
                "organization_version_positive": "version >= 1",
                "organization_cadence_positive": "cadence_days >= 1 AND grace_days >= 0 AND company_objective_cap >= 1",
            },
        ),
        CreateTable(
            name="Cycle",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.BigIntField(default=1)),
                ("name", fields.CharField(max_length=200)),
                (
                    "kind",
                    fields.CharEnumField(
                        default=CycleKind.QUARTER, description="", enum_type=CycleKind, max_length=16
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=CycleState.PLANNING, description="", enum_type=CycleState, max_length=16
                    ),
                ),
                (
                    "parent",
                    fields.ForeignKeyField(
                        "okrgraph.Cycle",
                        source_field="parent_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("starts_on", fields.DateField(null=True)),
                ("ends_on", fields.DateField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "cycle",
                "app": "okrgraph",
                "indexes": [Index(fields=["organization_id", "starts_on"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "cycle_version_positive": "version >= 1",
                "cycle_dates_in_order": "ends_on IS NULL OR starts_on <= ends_on",
                "cycle_dates_with_kind": "(kind = 'BACKLOG' AND starts_on IS NULL AND ends_on IS NULL) OR (kind <> 'BACKLOG' AND starts_on IS NOT NULL AND ends_on IS NOT NULL)",
                "cycle_not_own_parent": "parent_id IS NULL OR parent_id <> id",
            },
        ),
        CreateTable(
            name="ImportKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("entity_type", fields.CharField(max_length=16)),
                ("entity_key", fields.CharField(max_length=320)),
                ("entity_id", fields.UUIDField()),
            ],
            options={"table": "import_key", "app": "okrgraph", "pk_attr": "id"},
            bases=["Model"],
        ),
        CreateTable(
            name="Person",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.BigIntField(default=1)),
                ("name", fields.CharField(max_length=200)),
                ("email", fields.CharField(max_length=320)),
                ("time_zone", fields.CharField(null=True, max_length=64)),
                (
                    "manager",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="manager_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "status",
                    fields.CharEnumField(
                        default=PersonStatus.ACTIVE, description="", enum_type=PersonStatus, max_length=16
                    ),
                ),
                ("is_admin", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "person",
                "app": "okrgraph",
                "indexes": [Index(fields=["organization_id", "name"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "person_version_positive": "version >= 1",
                "person_email_lower": "email = lower(email)",
                "person_not_own_manager": "manager_id IS NULL OR manager_id <> id",
            },
        ),
        CreateTable(
            name="ApiToken",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(default="", max_length=200)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "scope",
                    fields.CharEnumField(
                        default=TokenScope.WRITE, description="", enum_type=TokenScope, max_length=16
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "api_token",
                "app": "okrgraph",
                "indexes": [Index(fields=["organization_id", "created_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "api_token_in_order": "expires_at IS NULL OR expires_at > created_at",
            },
        ),
        CreateTable(
            name="Team",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.BigIntField(default=1)),
                (
                    "parent",
                    fields.ForeignKeyField(
                        "okrgraph.Team",
                        source_field="parent_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharEnumField(description="", enum_type=TeamKind, max_length=16)),
                ("name", fields.CharField(max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "team",
                "app": "okrgraph",
                "indexes": [Index(fields=["organization_id", "name"]), Index(fields=["parent_id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "team_version_positive": "version >= 1",
                "team_not_own_parent": "parent_id IS NULL OR parent_id <> id",
                "team_root_is_company": "(parent_id IS NULL) = (kind = 'COMPANY')",
            },
        ),
        CreateTable(
            name="Membership",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "team",
                    fields.ForeignKeyField(
                        "okrgraph.Team",
                        source_field="team_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "role",
                    fields.CharEnumField(
                        default=MemberRole.MEMBER, description="", enum_type=MemberRole, max_length=16
                    ),
                ),
                ("joined_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("left_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "membership",
                "app": "okrgraph",
                "indexes": [Index(fields=["person_id"]), Index(fields=["team_id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "membership_in_order": "left_at IS NULL OR left_at >= joined_at",
            },
        ),
        CreateTable(
            name="Objective",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.BigIntField(default=1)),
                ("edited_version", fields.BigIntField(default=1)),
                (
                    "cycle",
                    fields.ForeignKeyField(
                        "okrgraph.Cycle",
                        source_field="cycle_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "team",
                    fields.ForeignKeyField(
                        "okrgraph.Team",
                        source_field="team_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="owner_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="owned",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "reviewer",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="reviewer_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="reviewed",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("level", fields.CharEnumField(description="", enum_type=ObjectiveLevel, max_length=16)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ObjectiveState.DRAFT, description="", enum_type=ObjectiveState, max_length=16
                    ),
                ),
                (
                    "alignment_basis",
                    fields.CharEnumField(description="", enum_type=AlignmentBasis, max_length=16),
                ),
                ("title", fields.CharField(max_length=500)),
                ("description", fields.TextField(null=True, unique=False)),
                ("why_now", fields.TextField(null=True, unique=False)),
                ("position", fields.IntField(default=0)),
                ("progress", fields.FloatField(null=True)),
                ("rated_1", fields.IntField(default=0)),
                ("rated_2", fields.IntField(default=0)),
                ("rated_3", fields.IntField(default=0)),
                ("rated_4", fields.IntField(default=0)),
                ("rated_5", fields.IntField(default=0)),
                ("unrated", fields.IntField(default=0)),
                ("declining", fields.IntField(default=0)),
                (
                    "close_outcome",
                    fields.CharEnumField(null=True, description="", enum_type=CloseOutcome, max_length=32),
                ),
                ("score", fields.FloatField(null=True)),
                ("learning", fields.TextField(null=True, unique=False)),
                ("published_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "created_by",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="created_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="created",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "objective",
                "app": "okrgraph",
                "indexes": [
                    Index(fields=["cycle_id", "position", "created_at"]),
                    Index(fields=["organization_id", "created_at"]),
                    Index(fields=["team_id", "cycle_id"]),
                    Index(fields=["owner_id", "cycle_id"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "objective_versions": "version >= 1 AND edited_version >= 1 AND edited_version <= version",
                "objective_title_given": "title <> ''",
                "objective_progress_range": "progress IS NULL OR (progress >= 0 AND progress <= 1)",
                "objective_score_range": "score IS NULL OR (score >= 0 AND score <= 1)",
                "objective_counts_positive": "rated_1 >= 0 AND rated_2 >= 0 AND rated_3 >= 0 AND rated_4 >= 0 AND rated_5 >= 0 AND unrated >= 0 AND declining >= 0",
            },
        ),
        CreateTable(
            name="Comment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.BigIntField(default=1)),
                ("subject_type", fields.CharEnumField(description="", enum_type=SubjectType, max_length=16)),
                ("subject_id", fields.UUIDField()),
                (
                    "objective",
                    fields.ForeignKeyField(
                        "okrgraph.Objective",
                        source_field="objective_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "parent_comment",
                    fields.ForeignKeyField(
                        "okrgraph.Comment",
                        source_field="parent_comment_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="replies",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "author",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="author_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        default=CommentKind.COMMENT, description="", enum_type=CommentKind, max_length=16
                    ),
                ),
                ("body", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("edited_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("resolved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "resolved_by",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="resolved_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="resolved_comments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "comment",
                "app": "okrgraph",
                "indexes": [
                    Index(fields=["subject_id", "created_at"]),
                    Index(fields=["parent_comment_id", "created_at"]),
                    Index(fields=["objective_id"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "comment_version_positive": "version >= 1",
                "comment_body_with_life": "(deleted_at IS NULL) = (body <> '')",
                "comment_not_own_parent": "parent_comment_id IS NULL OR parent_comment_id <> id",
            },
        ),
        CreateTable(
            name="KeyResult",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.BigIntField(default=1)),
                ("edited_version", fields.BigIntField(default=1)),
                (
                    "objective",
                    fields.ForeignKeyField(
                        "okrgraph.Objective",
                        source_field="objective_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="owner_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("title", fields.CharField(max_length=500)),
                ("description", fields.TextField(null=True, unique=False)),
                (
                    "metric_kind",
                    fields.CharEnumField(
                        default=MetricKind.NUMBER, description="", enum_type=MetricKind, max_length=16
                    ),
                ),
                ("unit", fields.CharField(null=True, max_length=32)),
                ("start_value", fields.FloatField(null=True)),
                ("target_value", fields.FloatField(null=True)),
                ("current_value", fields.FloatField(null=True)),
                ("progress", fields.FloatField(null=True)),
                ("confidence", fields.IntField(null=True)),
                ("is_declining", fields.BooleanField(default=False)),
                ("checked_in_on", fields.DateField(null=True)),
                ("weight", fields.FloatField(default=1.0)),
                ("position", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "key_result",
                "app": "okrgraph",
                "indexes": [Index(fields=["objective_id", "position", "created_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "key_result_versions": "version >= 1 AND edited_version >= 1 AND edited_version <= version",
                "key_result_title_given": "title <> ''",
                "key_result_weight_range": "weight >= 0",
                "key_result_progress_range": "progress IS NULL OR (progress >= 0 AND progress <= 1)",
                "key_result_confidence_range": "confidence IS NULL OR (confidence >= 1 AND confidence <= 5)",
            },
        ),
        CreateTable(
            name="AlignmentLink",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("version", fields.BigIntField(default=1)),
                (
                    "child",
                    fields.ForeignKeyField(
                        "okrgraph.Objective",
                        source_field="child_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "parent_objective",
                    fields.ForeignKeyField(
                        "okrgraph.Objective",
                        source_field="parent_objective_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="incoming_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "parent_key_result",
                    fields.ForeignKeyField(
                        "okrgraph.KeyResult",
                        source_field="parent_key_result_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="incoming_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        default=LinkKind.SUPPORTS, description="", enum_type=LinkKind, max_length=16
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=LinkState.PROPOSED, description="", enum_type=LinkState, max_length=16
                    ),
                ),
                ("is_primary", fields.BooleanField(default=False)),
                ("weight", fields.FloatField(default=1.0)),
                ("rationale", fields.TextField(null=True, unique=False)),
                (
                    "child_answer",
                    fields.CharEnumField(
                        default=LinkTestAnswer.UNANSWERED,
                        description="",
                        enum_type=LinkTestAnswer,
                        max_length=16,
                    ),
                ),
                (
                    "parent_answer",
                    fields.CharEnumField(
                        default=LinkTestAnswer.UNANSWERED,
                        description="",
                        enum_type=LinkTestAnswer,
                        max_length=16,
                    ),
                ),
                (
                    "proposed_by",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="proposed_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="proposed_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "decided_by",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="decided_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="decided_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decision_note", fields.TextField(null=True, unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "alignment_link",
                "app": "okrgraph",
                "indexes": [
                    Index(fields=["child_id"]),
                    Index(fields=["parent_key_result_id"]),
                    Index(fields=["parent_objective_id"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "alignment_link_version_positive": "version >= 1",
                "alignment_link_one_parent": "(parent_objective_id IS NULL) <> (parent_key_result_id IS NULL)",
                "alignment_link_not_to_itself": "parent_objective_id IS NULL OR parent_objective_id <> child_id",
                "alignment_link_relates_not_primary": "NOT (is_primary AND kind = 'RELATES')",
                "alignment_link_weight_range": "weight >= 0",
            },
        ),
        CreateTable(
            name="CheckIn",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "okrgraph.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "key_result",
                    fields.ForeignKeyField(
                        "okrgraph.KeyResult",
                        source_field="key_result_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "author",
                    fields.ForeignKeyField(
                        "okrgraph.Person",
                        source_field="author_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("value", fields.FloatField(null=True)),
                ("progress", fields.FloatField(null=True)),
                ("confidence", fields.IntField()),
                ("confidence_before", fields.IntField(null=True)),
                ("note", fields.TextField(null=True, unique=False)),
                ("as_of", fields.DateField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "check_in",
                "app": "okrgraph",
                "indexes": [Index(fields=["key_result_id", "as_of", "created_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
            checks={
                "check_in_confidence_range": "confidence >= 1 AND confidence <= 5 AND (confidence_before IS NULL OR (confidence_before >= 1 AND confidence_before <= 5))",
                "check_in_progress_range": "progress IS NULL OR (progress >= 0 AND progress <= 1)",
            },
        ),
        CreateTable(
            name="ObjectiveTeam",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_key, unique=True, db_index=True)),
                (
                    "objective",
                    fields.ForeignKeyField(
                        "okrgraph.Objective",
                        source_field="objective_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "team",
                    fields.ForeignKeyField(
                        "okrgraph.Team",
                        source_field="team_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "objective_team",
                "app": "okrgraph",
                "indexes": [Index(fields=["team_id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        sql(UNIQUES),
        sql(SPINE, sqlite=SQLITE_TYPES),
        ops.RunPython(store_epoch),
    ]
