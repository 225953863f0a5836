"""Plans comments and their threads from their rows."""

from typing import Any
from uuid import UUID

from okrgraph.dependencies.models import Dependency
from okrgraph.discussion.comments import BODY_LENGTH
from okrgraph.discussion.models import Comment
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.okrs.models import AlignmentLink, CheckIn, KeyResult, Objective
from okrgraph.transfer.plans.cells import Cells
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan

_SUBJECTS = (Objective, KeyResult, CheckIn, AlignmentLink, Dependency)


def plan_comments(plan: Plan) -> None:
    """Take each comment's fields, then check the threads.

    A deleted comment stays a tombstone: a row that does not know of its end is left out.
    """
    drafts = [
        (draft, cells)
        for draft, cells in plan.named_in_file(Comment)
        if draft.entity.deleted_at is None or "deleted_at" in cells
    ]
    for draft, cells in drafts:
        if draft.is_new:
            _require(cells)
            draft.entity.kind = CommentKind.COMMENT
        author = plan.person(cells, "owner")
        draft.take("author_id", author and author.entity.id)
        draft.take("kind", cells.choice("kind", CommentKind))
        draft.take("created_at", cells.moment("at"))
        _take_body(plan, draft, cells)
        _take_resolution(plan, draft, cells)
        _take_subject(plan, draft, cells)
        above = plan.named(cells, "reply_to", Comment)
        if above is not None and not draft.is_new and draft.entity.parent_comment_id != above.entity.id:
            cells.refuse("reply_to", "A comment stays in its thread; give another one another key.")
        else:
            draft.take("parent_comment_id", above and above.entity.id)
    _check_threads(plan, drafts)


def _require(cells: Cells) -> None:
    """Refuse a new comment that nobody wrote, that says nothing or that is about nothing."""
    cells.require("owner")
    if "deleted_at" not in cells:
        cells.require("title")
    if "parent" not in cells and "reply_to" not in cells:
        cells.refuse(
            "parent", "A comment names its subject here, or the comment that it answers in reply_to."
        )


def _take_body(plan: Plan, draft: Draft[Comment], cells: Cells) -> None:
    """Take what it says and when that was edited, or when it was deleted: then it says nothing."""
    comment = draft.entity
    if "deleted_at" in cells:
        if "title" in cells:
            cells.refuse("title", "A deleted comment says nothing; leave this empty, or deleted_at.")
        draft.take("deleted_at", cells.moment("deleted_at"))
        comment.body = ""
    else:
        draft.take("body", cells.line("title", "The comment", BODY_LENGTH))
        if not draft.is_new and draft.was("body") != comment.body:
            comment.edited_at = plan.at
    draft.take("edited_at", cells.moment("edited_at"))


def _take_resolution(plan: Plan, draft: Draft[Comment], cells: Cells) -> None:
    comment = draft.entity
    draft.take("resolved_at", cells.moment("resolved_at"))
    if comment.resolved_at is not None and comment.resolved_at < comment.created_at:
        if draft.is_new and "at" not in cells:
            comment.created_at = comment.resolved_at
        else:
            cells.refuse("resolved_at", "This lies before the comment was written.")
    resolver = plan.person(cells, "resolved_by")
    if "resolved_by" in cells and comment.resolved_at is None and "resolved_at" not in cells:
        cells.refuse(
            "resolved_by", "This comment is not resolved; name resolved_at too, or leave this empty."
        )
        return
    draft.take("resolved_by_id", resolver and resolver.entity.id)


def _take_subject(plan: Plan, draft: Draft[Comment], cells: Cells) -> None:
    key = cells.word("parent")
    subject = None if key is None else plan.find(cells, "parent", key, *_SUBJECTS)
    if subject is None:
        return
    kind, objective_id = _subject(plan, subject)
    if not draft.is_new and draft.entity.subject_id != subject.entity.id:
        cells.refuse("parent", "A comment stays on its subject; give another one another key.")
        return
    draft.entity.subject_type, draft.entity.subject_id = kind, subject.entity.id
    if objective_id is not None:
        draft.entity.objective_id = objective_id


def _subject(plan: Plan, subject: Draft[Any]) -> tuple[SubjectType, UUID | None]:
    """The type of a subject, and the objective that it hangs on; None when that was refused."""
    entity = subject.entity
    if isinstance(entity, Objective):
        return SubjectType.OBJECTIVE, entity.id
    if isinstance(entity, KeyResult):
        return SubjectType.KEY_RESULT, entity.objective_id
    if isinstance(entity, AlignmentLink):
        return SubjectType.ALIGNMENT_LINK, entity.child_id
    if isinstance(entity, Dependency):
        return SubjectType.DEPENDENCY, entity.served_objective_id
    above = plan.key_results.get(entity.key_result_id)
    return SubjectType.CHECK_IN, None if above is None else above.entity.objective_id


def _check_threads(plan: Plan, drafts: list[tuple[Draft[Comment], Cells]]) -> None:
    """A reply answers a comment at the top of a thread, on the same subject."""
    for draft, cells in drafts:
        comment = draft.entity
        above = (
            plan.comments.get(comment.parent_comment_id) if comment.parent_comment_id is not None else None
        )
        if above is None or "reply_to" not in cells:
            continue
        if above.entity.parent_comment_id is not None:
            cells.refuse("reply_to", "Answer the comment at the top of the thread; replies have one level.")
        elif draft.is_new and "parent" not in cells:
            comment.subject_type, comment.subject_id = above.entity.subject_type, above.entity.subject_id
            comment.objective_id = above.entity.objective_id
        elif comment.subject_id != above.entity.subject_id:
            cells.refuse("reply_to", "Answer a comment on its own subject.")
