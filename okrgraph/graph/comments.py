"""Comment in the schema."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import nh3
import strawberry
from markdown_it import MarkdownIt

from okrgraph.dependencies.reads import dependencies_by_id
from okrgraph.discussion import reads
from okrgraph.discussion.reads import CommentRow
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.graph.context import Batch, Context
from okrgraph.graph.engine.fields import NEEDS
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person
from okrgraph.graph.relations import SHARED, loaded, many, one, reference
from okrgraph.okrs import link_reads
from okrgraph.okrs import reads as okr_reads
from okrgraph.people import reads as people_reads

SUBJECT_READS: dict[SubjectType, Batch[Any]] = {
    SubjectType.OBJECTIVE: okr_reads.objectives_by_id,
    SubjectType.KEY_RESULT: okr_reads.key_results_by_id,
    SubjectType.CHECK_IN: okr_reads.check_ins_by_id,
    SubjectType.ALIGNMENT_LINK: link_reads.links_by_id,
    SubjectType.DEPENDENCY: dependencies_by_id,
}
# Raw HTML is shown as text; images are left out, since they would tell a stranger who reads.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")


@lru_cache(maxsize=2_048)
def rendered(body: str) -> str:
    """Markdown to sanitised HTML."""
    return nh3.clean(_MARKDOWN.render(body), url_schemes={"http", "https", "mailto"})


async def _subjects(context: Context, comments: Sequence[CommentRow]) -> list[Any]:
    keys: dict[SubjectType, list[UUID]] = {}
    for comment in comments:
        keys.setdefault(comment.subject_type, []).append(comment.subject_id)
    found = await asyncio.gather(
        *(context.load_many(SUBJECT_READS[kind], of_kind) for kind, of_kind in keys.items())
    )
    subjects = dict(zip(keys, found, strict=True))
    return [subjects[comment.subject_type].get(comment.subject_id) for comment in comments]


@strawberry.type(description="What somebody said about something; replies have one level.")
class Comment(Node):
    version: int = strawberry.field(description="Rises at each change.")
    author: Person = one(people_reads.people_by_id, "author_id", "Who wrote it.", shared=True)
    body: str = strawberry.field(description="Markdown as written; empty once deleted.")
    kind: CommentKind = strawberry.field(description="What it is meant as.")
    parent_comment_id: strawberry.ID | None = reference(
        "Comment", "parent_comment_id", "The comment that this one answers."
    )
    parent_comment: "Comment | None" = one(
        reads.comments_by_id, "parent_comment_id", "The comment that this one answers."
    )
    replies: list["Comment"] = many(reads.replies_of, "id", "Answers, oldest first.")
    created_at: datetime = strawberry.field(description="When it was written.")
    edited_at: datetime | None = strawberry.field(description="When its author last rewrote it.")
    resolved_at: datetime | None = strawberry.field(description="When it was settled.")
    resolved_by: Person | None = one(
        people_reads.people_by_id, "resolved_by_id", "Who settled it.", shared=True
    )
    deleted_at: datetime | None = strawberry.field(
        description="A deleted comment stays as a tombstone, so that its replies keep their place."
    )

    subject: Node | None = loaded(
        _subjects, "Null when the viewer may not see it.", needs=("subject_type", "subject_id")
    )

    @strawberry.field(
        description="The body rendered and sanitised.", metadata={NEEDS: ("body",), SHARED: True}
    )
    @staticmethod
    def body_html(root: strawberry.Parent[CommentRow]) -> str:
        return rendered(root.body)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, CommentRow)
