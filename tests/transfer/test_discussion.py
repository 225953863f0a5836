from datetime import UTC, datetime

from okrgraph.discussion.comments import delete_comment
from okrgraph.discussion.models import Comment
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.okrs.models import CheckIn, KeyResult, Objective
from okrgraph.people.tokens import create_token, viewer_of_token
from tests.transfer.files import changed, kinds_in_log, load, okrs, organization, row

ADA, BO = "ada@acme.example", "bo@acme.example"
ROWS = [
    *organization(),
    *okrs(),
    row("check_in", "i", parent="leads", owner=BO, confidence="3", start="2026-11-01"),
    row(
        "comment",
        "top",
        parent="i",
        owner=ADA,
        title="Why 3?",
        kind="QUESTION",
        at="2026-11-02T08:00:00Z",
        resolved_at="2026-11-03T08:00:00Z",
    ),
    row("comment", "reply", owner=BO, title="Because.", reply_to="top", at="2026-11-02T09:00:00Z"),
    row("comment", "other", parent="win", owner=BO, title="Good."),
]


async def test_comments_stand_on_their_subjects_and_in_their_threads(database):
    assert (await load(ROWS)).created["comment"] == 3
    top, reply = await Comment.get(body="Why 3?"), await Comment.get(body="Because.")
    grow, check_in = await Objective.get(title="Grow"), await CheckIn.all().get()
    assert (top.subject_type, top.subject_id) == (SubjectType.CHECK_IN, check_in.id)
    assert (top.objective_id, top.kind) == (grow.id, CommentKind.QUESTION)
    assert (top.created_at, top.resolved_at) == (
        datetime(2026, 11, 2, 8, tzinfo=UTC),
        datetime(2026, 11, 3, 8, tzinfo=UTC),
    )
    assert (reply.parent_comment_id, reply.subject_id, reply.objective_id) == (top.id, check_in.id, grow.id)
    assert (await Comment.get(body="Good.")).subject_type is SubjectType.OBJECTIVE


async def test_a_rewritten_comment_is_marked_as_edited(database):
    await load(ROWS)
    assert (await load(changed(ROWS, "top", title="Why only 3?"))).changed == {"comment": 1}
    top = await Comment.get(body="Why only 3?")
    assert (top.version, top.edited_at) == (2, top.updated_at)
    assert await kinds_in_log("acme", after=1) == ["CommentChanged"]


async def test_a_deleted_comment_stays_a_tombstone(database):
    await load(ROWS)
    other = await Comment.get(body="Good.")
    await delete_comment(await viewer_of_token(await create_token("acme", BO)), other.id)
    again = await load(changed(ROWS, "other", title="Very good."))
    assert (again.created, again.changed) == ({}, {})
    assert (await Comment.get(id=other.id)).body == ""


async def test_a_comment_on_a_key_result_hangs_on_its_objective(database):
    await load([*ROWS, row("comment", "k", parent="deals", owner=BO, title="Hm")])
    comment, deals = await Comment.get(body="Hm"), await KeyResult.get(title="Deals")
    assert (comment.subject_type, comment.subject_id) == (SubjectType.KEY_RESULT, deals.id)
    assert comment.objective_id == deals.objective_id
