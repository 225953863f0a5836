"""Reads of comments, narrowed by a viewer: a comment is seen with what its subject hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from okrgraph.dependencies.visibility import visible_dependency
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.events.pages import Order, OrderKey, Page, PageRequest, fetch_pages
from okrgraph.events.rows import columns, fetch_counts, fetch_groups, fetch_rows, narrowable
from okrgraph.okrs.visibility import visible
from okrgraph.people.viewer import Viewer


@dataclass(frozen=True, slots=True)
class CommentRow:
    """`body`: Markdown as written, empty once deleted."""

    id: UUID
    version: int
    subject_type: SubjectType
    subject_id: UUID
    parent_comment_id: UUID | None
    author_id: UUID
    kind: CommentKind
    body: str
    created_at: datetime
    edited_at: datetime | None
    resolved_at: datetime | None
    resolved_by_id: UUID | None
    deleted_at: datetime | None


_COMMENT = columns(CommentRow, "m")
# An objective governs who sees what hangs on it; a dependency, which serves one, has a rule of its own.
_SEEN = (
    f"CASE WHEN m.subject_type <> 'Dependency' THEN {visible('o')} ELSE EXISTS (SELECT 1 FROM dependency d "
    f"WHERE d.id = m.subject_id AND {visible_dependency('d', 'o')}) END"
)
_COMMENTS = f"FROM comment m JOIN objective o ON o.id = m.objective_id WHERE {_SEEN}"
COMMENT_ORDER = Order(
    (OrderKey("m.created_at", "created_at", datetime), OrderKey("m.id", "id", UUID)),
)


@narrowable(CommentRow)
async def comments_by_id(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, CommentRow]:
    rows = await fetch_rows(
        CommentRow, f"SELECT {_COMMENT} {_COMMENTS} AND m.id = ANY(:keys)", keys=keys, **viewer.params
    )
    return {row.id: row for row in rows}


@narrowable(CommentRow, *COMMENT_ORDER.attributes)
async def comments_on(
    viewer: Viewer, keys: Sequence[UUID], *, page: PageRequest
) -> dict[UUID, Page[CommentRow]]:
    """Top-level comments on each subject itself, oldest first."""
    return await fetch_pages(
        CommentRow,
        select=_COMMENT,
        source=f"{_COMMENTS} AND m.subject_id = ANY(:parents) AND m.parent_comment_id IS NULL",
        parent="m.subject_id",
        order=COMMENT_ORDER,
        request=page,
        params={"parents": keys, **viewer.params},
    )


async def comment_counts(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, int]:
    return await fetch_counts(
        f"SELECT m.subject_id, count(*) {_COMMENTS} AND m.subject_id = ANY(:keys) "
        "AND m.parent_comment_id IS NULL GROUP BY m.subject_id",
        keys=keys,
        **viewer.params,
    )


@narrowable(CommentRow)
async def replies_of(viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[CommentRow]]:
    return await fetch_groups(
        CommentRow,
        f"SELECT m.parent_comment_id, {_COMMENT} {_COMMENTS} AND m.parent_comment_id = ANY(:keys) "
        "ORDER BY m.created_at, m.id",
        keys=keys,
        **viewer.params,
    )
