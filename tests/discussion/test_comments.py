import asyncio
import dataclasses

import pytest

from okrgraph.discussion.comments import (
    BODY_LENGTH,
    NewComment,
    create_comment,
    delete_comment,
    resolve_comment,
    update_comment,
)
from okrgraph.discussion.models import Comment
from okrgraph.discussion.vocabulary import CommentKind, SubjectType
from okrgraph.events.log import head_of, read_after
from okrgraph.events.receipts import Done
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.models import Objective
from okrgraph.okrs.objectives import close_objective
from okrgraph.okrs.vocabulary import CloseOutcome, CycleState
from okrgraph.people.viewer import EVERYONE, team_scope
from okrgraph.people.vocabulary import TokenScope
from tests.refusals import refused


@pytest.fixture
async def objective(acme) -> Objective:
    """Of Growth, published."""
    return await acme.org.objective(acme.member, team=acme.growth, published=True)


@pytest.fixture
async def comment(acme, objective) -> Comment:
    """By somebody of another team."""
    return await acme.org.comment(acme.supporter, objective)


async def test_anybody_comments_on_another_teams_objective(acme, objective):
    moment = clock.now()
    with clock.held_at(moment):
        new = NewComment(SubjectType.OBJECTIVE, objective.id, " Why *now*? \n", CommentKind.QUESTION)
        done = await create_comment(acme.supporter, new)

    found = await Comment.get(id=done.entity_id)
    assert (found.body, found.kind, found.version) == ("Why *now*?", CommentKind.QUESTION, 1)
    assert (found.author_id, found.objective_id) == (acme.supporter.person_id, objective.id)
    assert (found.created_at, found.edited_at, found.resolved_at, found.deleted_at) == (
        moment,
        None,
        None,
        None,
    )
    (logged,) = await read_after(acme.org.id, done.position - 1)
    assert (logged.kind, logged.path, logged.teams) == (
        "CommentChanged",
        (found.id, objective.id),
        (acme.growth.id,),
    )
    assert (logged.acl, logged.actor_id, logged.tx_end) == ({EVERYONE}, acme.supporter.person_id, True)


async def test_key_results_check_ins_and_links_are_commented_on_too(acme, objective):
    above = await acme.org.objective(published=True)
    target = await acme.org.key_result(above)
    link = await acme.org.link(objective, target, accepted=True)
    number = await acme.org.key_result(objective)
    found = await acme.org.check_in(number)
    up = (objective.id, target.id, above.id)
    for subject_type, subject, path in (
        (SubjectType.OBJECTIVE, objective, up),
        (SubjectType.KEY_RESULT, number, (number.id, *up)),
        (SubjectType.CHECK_IN, found, (found.id, number.id, *up)),
        (SubjectType.ALIGNMENT_LINK, link, (link.id, *up)),
    ):
        done = await create_comment(acme.supporter, NewComment(subject_type, subject.id, "Why?"))
        (logged,) = await read_after(acme.org.id, done.position - 1)
        assert logged.path == (done.entity_id, *path)
        assert (await Comment.get(id=done.entity_id)).objective_id == objective.id


async def test_what_is_not_there_hidden_or_of_another_type_is_not_found(acme, objective):
    draft = await acme.org.objective(acme.seller, team=acme.sales)
    hidden = await acme.org.key_result(draft)
    for subject_type, key in (
        (SubjectType.OBJECTIVE, new_key()),
        (SubjectType.OBJECTIVE, draft.id),
        (SubjectType.KEY_RESULT, hidden.id),
        (SubjectType.KEY_RESULT, objective.id),
        (SubjectType.CHECK_IN, objective.id),
        (SubjectType.ALIGNMENT_LINK, objective.id),
    ):
        async with refused("NOT_FOUND", "subject_id") as refusal:
            await create_comment(acme.supporter, NewComment(subject_type, key, "Why?"))
        assert refusal.messages == ["There is no subject to comment on with this id."]
    async with refused("NOT_FOUND", "subject_id"):
        await create_comment(acme.stranger, NewComment(SubjectType.OBJECTIVE, objective.id, "Why?"))


@pytest.mark.parametrize("body", ["", " \n\t", "x" * (BODY_LENGTH + 1), "NUL \0", "half \ud800"])
async def test_text_that_cannot_be_kept_is_refused(acme, objective, comment, body):
    async with refused("INVALID", "body"):
        await create_comment(acme.supporter, NewComment(SubjectType.OBJECTIVE, objective.id, body))
    async with refused("INVALID", "body"):
        await update_comment(acme.supporter, comment.id, body)


async def test_the_longest_comment_is_kept_whole(acme, objective):
    body = "\N{SNOWMAN}" * BODY_LENGTH

    assert (await acme.org.comment(acme.supporter, objective, body)).body == body


async def test_a_reply_answers_the_top_of_a_thread_on_the_same_subject(acme, objective, comment):
    other = await acme.org.objective(published=True)
    reply = await acme.org.comment(acme.member, objective, "Because", parent_comment_id=comment.id)
    assert reply.parent_comment_id == comment.id

    for subject, parent, code in (
        (objective, reply.id, "INVALID"),
        (other, comment.id, "INVALID"),
        (objective, new_key(), "NOT_FOUND"),
        (objective, objective.id, "NOT_FOUND"),
    ):
        new = NewComment(SubjectType.OBJECTIVE, subject.id, "Because", parent_comment_id=parent)
        async with refused(code, "parent_comment_id"):
            await create_comment(acme.member, new)


async def test_an_author_rewrites_a_comment(acme, comment):
    moment = clock.now()
    with clock.held_at(moment):
        done = await update_comment(acme.supporter, comment.id, " Since when? ", expected_version=1)

    found = await Comment.get(id=comment.id)
    assert (found.body, found.edited_at, found.updated_at, found.version) == (
        "Since when?",
        moment,
        moment,
        2,
    )
    (logged,) = await read_after(acme.org.id, done.position - 1)
    assert (logged.kind, logged.entity_version) == ("CommentChanged", 2)
    assert await update_comment(acme.supporter, comment.id, "Since when?") == Done(comment.id, done.position)


async def test_an_author_deletes_a_comment_and_a_tombstone_stays(acme, objective, comment):
    reply = await acme.org.comment(acme.member, objective, "Because", parent_comment_id=comment.id)
    done = await delete_comment(acme.supporter, comment.id)

    found = await Comment.get(id=comment.id)
    assert (found.body, found.deleted_at is not None, found.version) == ("", True, 2)
    assert (await Comment.get(id=reply.id)).deleted_at is None
    (logged,) = await read_after(acme.org.id, done.position - 1)
    assert logged.body["comment"]["body"] == ""
    assert await delete_comment(acme.supporter, comment.id) == Done(comment.id, done.position)
    async with refused("STATE", entity_id=comment.id):
        await update_comment(acme.supporter, comment.id, "Back")
    async with refused("STATE", entity_id=comment.id):
        await resolve_comment(acme.supporter, comment.id)


async def test_a_comment_is_settled_once(acme, comment):
    moment = clock.now()
    with clock.held_at(moment):
        done = await resolve_comment(acme.member, comment.id)

    found = await Comment.get(id=comment.id)
    assert (found.resolved_at, found.resolved_by_id, found.version) == (moment, acme.member.person_id, 2)
    assert await resolve_comment(acme.lead, comment.id) == Done(comment.id, done.position)
    assert (await Comment.get(id=comment.id)).resolved_by_id == acme.member.person_id


ACTS = {
    "edit": lambda who, key: update_comment(who, key, "Other words"),
    "delete": delete_comment,
    "resolve": resolve_comment,
}


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        ("edit", {"supporter"}),
        ("delete", {"supporter", "administrator"}),
        # Whoever may edit the subject, too.
        ("resolve", {"supporter", "lead", "member"}),
    ],
)
async def test_who_may_do_what_to_a_comment_of_another_team(acme, objective, act, allowed):
    for name, viewer in acme.everybody.items():
        comment = await acme.org.comment(acme.supporter, objective)
        if name in allowed:
            await ACTS[act](viewer, comment.id)
            assert (await Comment.get(id=comment.id)).version == 2
            continue
        hidden, readonly = name == "stranger", name == "reader"
        code, field = ("NOT_FOUND", "id") if hidden else ("FORBIDDEN", None if readonly else "id")
        async with refused(code, field, entity_id=None if hidden or readonly else comment.id):
            await ACTS[act](viewer, comment.id)


async def test_a_token_that_only_reads_changes_nothing_of_ones_own(acme, objective, comment):
    reader = dataclasses.replace(acme.supporter, token_scope=TokenScope.READ)
    async with refused("FORBIDDEN"):
        await create_comment(reader, NewComment(SubjectType.OBJECTIVE, objective.id, "Why?"))
    for act in ACTS.values():
        async with refused("FORBIDDEN"):
            await act(reader, comment.id)


async def test_an_administrators_token_must_say_so(acme, comment):
    plain = dataclasses.replace(acme.administrator, token_scope=TokenScope.WRITE)
    async with refused("FORBIDDEN", "id", entity_id=comment.id):
        await delete_comment(plain, comment.id)


@pytest.mark.parametrize("act", ACTS)
async def test_a_change_conflicts_with_what_changed_meanwhile(acme, comment, act):
    await update_comment(acme.supporter, comment.id, "Since when?")
    calls = {
        "edit": lambda: update_comment(acme.supporter, comment.id, "Other words", 1),
        "delete": lambda: delete_comment(acme.supporter, comment.id, 1),
        "resolve": lambda: resolve_comment(acme.supporter, comment.id, 1),
    }
    async with refused("CONFLICT", "expected_version", entity_id=comment.id):
        await calls[act]()


async def test_a_comment_that_is_not_there_is_refused(acme, objective):
    for act in ACTS.values():
        for key in (new_key(), objective.id):
            async with refused("NOT_FOUND", "id"):
                await act(acme.supporter, key)


async def test_comments_are_written_in_whatever_state(acme, objective):
    await close_objective(acme.member, objective.id, CloseOutcome.ACHIEVED, "Enough")
    for state in CycleState:
        await acme.org.move(acme.cycle, state)
        await acme.org.comment(acme.supporter, objective, f"In {state}")

    assert await Comment.all().count() == len(CycleState)


async def test_a_comment_on_a_draft_is_for_those_who_see_the_draft(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    head = (await head_of(acme.org.id)).position
    comment = await acme.org.comment(acme.observer, draft)

    (logged,) = await read_after(acme.org.id, head)
    assert logged.acl == {team_scope(acme.growth.id)}
    for act in ACTS.values():
        async with refused("NOT_FOUND", "id"):
            await act(acme.supporter, comment.id)


async def test_edits_of_one_comment_at_once_all_count(acme, comment):
    await asyncio.gather(*(update_comment(acme.supporter, comment.id, f"Words {n}") for n in range(16)))

    assert (await Comment.get(id=comment.id)).version == 17
