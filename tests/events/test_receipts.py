import asyncio
import dataclasses
from datetime import timedelta

import pytest

from okrgraph.discussion.comments import NewComment, create_comment, update_comment
from okrgraph.discussion.models import Comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events import receipts
from okrgraph.events.database import fetch_all
from okrgraph.events.log import head_of, read_after
from okrgraph.events.receipts import Done, Receipt
from okrgraph.kit import clock
from okrgraph.okrs.objectives import ObjectiveChange, update_objective
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole, TokenScope
from tests.building import make_organization
from tests.refusals import refused

ONCE = Receipt("once", "commentCreate", "hash of the input")


@pytest.fixture
async def org(database):
    return await make_organization()


@pytest.fixture
async def ada(org):
    return await org.person("Ada", {org.company: MemberRole.MEMBER})


@pytest.fixture
async def objective(org, ada):
    return await org.objective(ada, published=True)


async def say(viewer: Viewer, objective, receipt: Receipt = ONCE, body: str = "Why now?") -> Done:
    return await create_comment(viewer.under(receipt), NewComment(SubjectType.OBJECTIVE, objective.id, body))


async def test_sixteen_concurrent_retries_are_one_effect_and_sixteen_equal_answers(org, ada, objective):
    before = (await head_of(org.id)).position

    answers = await asyncio.gather(*(say(ada, objective) for _ in range(16)))

    (comment,) = await Comment.all()
    assert answers == [Done(comment.id, before + 1)] * 16
    (logged,) = await read_after(org.id, before)
    assert (logged.entity_id, logged.mutation_id, logged.actor_id) == (comment.id, "once", ada.person_id)


async def test_the_id_comes_back_in_every_entry_of_its_mutation(org, ada, objective):
    before = (await head_of(org.id)).position
    change = ObjectiveChange(frozenset({"owner_id"}), owner_id=ada.person_id, reason="hers now")
    await update_objective(ada.under(Receipt("m-1", "objectiveUpdate", "h")), objective.id, change)
    await update_objective(ada, objective.id, dataclasses.replace(change, owner_id=None))

    assert [row.mutation_id for row in await read_after(org.id, before)] == ["m-1", None]


@pytest.mark.parametrize(
    "other",
    [Receipt("once", "commentCreate", "another hash"), Receipt("once", "commentUpdate", ONCE.request_hash)],
)
async def test_the_same_id_for_another_mutation_or_input_is_refused(ada, objective, other):
    await say(ada, objective)

    async with refused("INVALID", "client_mutation_id"):
        await say(ada, objective, other)


async def test_the_same_id_of_somebody_else_is_another_id(org, ada, objective):
    ben = await org.person("Ben")
    first, second = await say(ada, objective), await say(ben, objective)

    assert second.entity_id != first.entity_id
    assert await say(ben, objective) == second


async def test_the_same_id_in_another_organization_is_another_id(ada, objective):
    other = await make_organization("other")
    cleo = await other.person("Cleo", {other.company: MemberRole.MEMBER})
    elsewhere = await other.objective(cleo, published=True)
    first, second = await say(ada, objective), await say(cleo, elsewhere)

    assert second.entity_id != first.entity_id
    assert await Comment.all().count() == 2


async def test_a_refused_mutation_leaves_no_receipt(ada, objective):
    async with refused("INVALID", "body"):
        await say(ada, objective, body=" ")
    assert await fetch_all("SELECT mutation_id FROM mutation_receipt") == []

    done = await say(ada, objective)
    assert await say(ada, objective) == done


async def test_a_retry_is_answered_before_any_version_is_checked(org, ada, objective):
    comment = await org.comment(ada, objective)
    receipt = Receipt("edit", "commentUpdate", "h")
    done = await update_comment(ada.under(receipt), comment.id, "First", expected_version=1)
    await update_comment(ada, comment.id, "Second")

    assert await update_comment(ada.under(receipt), comment.id, "First", expected_version=1) == done
    assert (await Comment.get(id=comment.id)).body == "Second"
    async with refused("CONFLICT", "expected_version", entity_id=comment.id):
        await update_comment(
            ada.under(Receipt("new", "commentUpdate", "h")), comment.id, "x", expected_version=1
        )


async def test_a_retry_is_answered_before_any_right_is_asked(org, ada, objective):
    done = await say(ada, objective)
    reader = dataclasses.replace(ada, token_scope=TokenScope.READ)

    assert await say(reader, objective) == done


async def test_a_mutation_that_changes_nothing_has_a_receipt_at_the_head(org, ada, objective):
    comment = await org.comment(ada, objective, "Same")
    head = (await head_of(org.id)).position
    receipt = Receipt("nothing", "commentUpdate", "h")
    done = await update_comment(ada.under(receipt), comment.id, "Same")
    assert done == Done(comment.id, head)

    await update_comment(ada, comment.id, "Different")
    assert await update_comment(ada.under(receipt), comment.id, "Same") == done


async def test_a_retry_beside_an_attempt_that_fails_does_the_work(org, ada, objective):
    """Of attempts with one id, those that are refused leave the work to one that is not."""
    attempts = [say(ada, objective, body=" " if place % 2 else "Why now?") for place in range(16)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)

    (comment,) = await Comment.all()
    answers = [each for each in outcomes if isinstance(each, Done)]
    assert {done.entity_id for done in answers} == {comment.id}
    assert len(answers) >= 8


async def test_receipts_are_kept_for_seven_days(ada, objective):
    done = await say(ada, objective)
    now = clock.now()
    await receipts.prune(now + timedelta(days=7) - timedelta(minutes=1))
    assert await say(ada, objective) == done

    await receipts.prune(now + timedelta(days=7, minutes=1))
    assert (await say(ada, objective)).entity_id != done.entity_id
