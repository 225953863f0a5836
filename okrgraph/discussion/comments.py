"""What people do with comments: write, edit, delete, resolve."""

from dataclasses import dataclass
from uuid import UUID

from okrgraph.discussion.events import CommentChanged
from okrgraph.discussion.models import Comment
from okrgraph.discussion.reads import CommentRow, comments_by_id
from okrgraph.discussion.subjects import subject_of
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import conflict, forbidden, invalid, not_found, wrong_state
from okrgraph.kit.ids import new_key
from okrgraph.kit.text import required_text
from okrgraph.people.viewer import Viewer

BODY_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class NewComment:
    """body: Markdown. parent_comment_id: the top-level comment that this answers, on the same subject."""

    subject_type: SubjectType
    subject_id: UUID
    body: str
    kind: CommentKind = CommentKind.COMMENT
    parent_comment_id: UUID | None = None


async def _require_answerable(viewer: Viewer, new: NewComment) -> None:
    if new.parent_comment_id is None:
        return
    parent = (await comments_by_id(viewer, [new.parent_comment_id])).get(new.parent_comment_id)
    if parent is None:
        raise not_found("comment", "parent_comment_id")
    if parent.subject_id != new.subject_id:
        raise invalid("Answer a comment on its own subject.", "parent_comment_id")
    if parent.parent_comment_id is not None:
        raise invalid(
            "Answer the comment at the top of the thread; replies have one level.", "parent_comment_id"
        )


@action
async def create_comment(work: UnitOfWork, viewer: Viewer, new: NewComment) -> UUID:
    """Comment on anything that the viewer may see, other teams' work included.

    Raises DomainError NOT_FOUND, FORBIDDEN (a read-only token), INVALID. Records CommentChanged.
    """
    subject = await subject_of(viewer, new.subject_type, new.subject_id, "subject_id")
    viewer.require_write()
    await _require_answerable(viewer, new)
    comment = await Comment.create(
        id=new_key(),
        organization_id=viewer.organization_id,
        subject_type=new.subject_type,
        subject_id=new.subject_id,
        objective_id=subject.objective_id,
        parent_comment_id=new.parent_comment_id,
        author_id=viewer.person_id,
        kind=new.kind,
        body=required_text(new.body, "body", "The comment", BODY_LENGTH),
        created_at=work.at,
        updated_at=work.at,
    )
    await _record(work, viewer, comment)
    return comment.id


async def _record(work: UnitOfWork, viewer: Viewer, comment: Comment) -> None:
    subject = await subject_of(viewer, comment.subject_type, comment.subject_id, "id")
    work.record(CommentChanged(row_of(CommentRow, comment)).entry(await subject.place_of(comment.id)))


async def _locked(viewer: Viewer, comment_id: UUID) -> Comment:
    """Lock a comment that the viewer may see. Raises DomainError NOT_FOUND, FORBIDDEN for a read-only token."""
    if comment_id not in await comments_by_id(viewer, [comment_id]):
        raise not_found("comment", "id")
    viewer.require_write()
    return await Comment.select_for_update().get(id=comment_id)


def _require_version(comment: Comment, expected: int | None) -> None:
    if expected is not None and comment.version > expected:
        raise conflict(
            f"Somebody changed this after version {expected}; look at version {comment.version} and try again.",
            entity_id=comment.id,
        )


def _require_alive(comment: Comment) -> None:
    if comment.deleted_at is not None:
        raise wrong_state("This comment is deleted.", entity_id=comment.id)


async def _save(work: UnitOfWork, viewer: Viewer, comment: Comment) -> UUID:
    comment.version += 1
    comment.updated_at = work.at
    await comment.save()
    await _record(work, viewer, comment)
    return comment.id


@action
async def update_comment(
    work: UnitOfWork, viewer: Viewer, comment_id: UUID, body: str, expected_version: int | None = None
) -> UUID:
    """Rewrite one's own comment. Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID.

    Records CommentChanged.
    """
    comment = await _locked(viewer, comment_id)
    if comment.author_id != viewer.person_id:
        raise forbidden("Only the author may edit a comment.", "id", entity_id=comment_id)
    _require_version(comment, expected_version)
    _require_alive(comment)
    text = required_text(body, "body", "The comment", BODY_LENGTH)
    if text == comment.body:
        return comment.id
    comment.body = text
    comment.edited_at = work.at
    return await _save(work, viewer, comment)


@action
async def delete_comment(
    work: UnitOfWork, viewer: Viewer, comment_id: UUID, expected_version: int | None = None
) -> UUID:
    """Leave a tombstone in place of a comment; its author and administrators may. Deleting again changes nothing.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT. Records CommentChanged.
    """
    comment = await _locked(viewer, comment_id)
    if comment.author_id != viewer.person_id and not viewer.may_administer:
        raise forbidden(
            "Only the author or an administrator may delete a comment.", "id", entity_id=comment_id
        )
    _require_version(comment, expected_version)
    if comment.deleted_at is not None:
        return comment.id
    comment.body = ""
    comment.deleted_at = work.at
    return await _save(work, viewer, comment)


@action
async def resolve_comment(
    work: UnitOfWork, viewer: Viewer, comment_id: UUID, expected_version: int | None = None
) -> UUID:
    """Mark a comment as settled; its author and whoever may edit the subject may. Again changes nothing.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE. Records CommentChanged.
    """
    comment = await _locked(viewer, comment_id)
    subject = await subject_of(viewer, comment.subject_type, comment.subject_id, "id")
    if comment.author_id != viewer.person_id and not await subject.can_be_edited_by(viewer):
        raise forbidden(
            "Only the author or whoever may edit the subject resolves a comment.", "id", entity_id=comment_id
        )
    _require_version(comment, expected_version)
    _require_alive(comment)
    if comment.resolved_at is not None:
        return comment.id
    comment.resolved_at = work.at
    comment.resolved_by_id = viewer.person_id
    return await _save(work, viewer, comment)
