"""The table of comments; no rule, no query."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.kit.ids import new_key

RESTRICT = fields.OnDelete.RESTRICT


# `objective`: whose visibility governs the comment, whatever below it the subject is.
class Comment(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=RESTRICT)
    version = fields.BigIntField(default=1)
    subject_type = fields.CharEnumField(SubjectType, description="", max_length=16)
    subject_id = fields.UUIDField()
    objective_id: UUID
    objective: Any = fields.ForeignKeyField("okrgraph.Objective", on_delete=RESTRICT)
    parent_comment_id: UUID | None
    parent_comment: Any = fields.ForeignKeyField(
        "okrgraph.Comment", null=True, related_name="replies", on_delete=RESTRICT
    )
    author_id: UUID
    author: Any = fields.ForeignKeyField("okrgraph.Person", on_delete=RESTRICT)
    kind = fields.CharEnumField(CommentKind, description="", max_length=16, default=CommentKind.COMMENT)
    body = fields.TextField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    edited_at = fields.DatetimeField(null=True)
    resolved_at = fields.DatetimeField(null=True)
    resolved_by_id: UUID | None
    resolved_by: Any = fields.ForeignKeyField(
        "okrgraph.Person", null=True, related_name="resolved_comments", on_delete=RESTRICT
    )
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "comment"
        indexes = (
            Index(fields=("subject_id", "created_at")),
            Index(fields=("parent_comment_id", "created_at")),
            Index(fields=("objective_id",)),
        )
