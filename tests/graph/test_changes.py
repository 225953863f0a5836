"""The change feed: what arrives, in which order, from which cursor on, live and by polling alike."""

import asyncio
import base64
import sys
from typing import Any

import pytest

from okrgraph.events.cursors import Cursor, decode
from okrgraph.events.database import execute
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.graph.live.feeds import Feeds
from okrgraph.kit.ids import global_id, new_key
from okrgraph.people.events import TeamChanged
from okrgraph.people.models import Team
from okrgraph.people.reads import TeamRow
from tests.building import Operator, known_to_all
from tests.graph.feeds import kinds_of, listening, live
from tests.graph.stage import Stage
from tests.processes import ROOT

MEMBERS = """__typename
    ... on ChangeMeta { cursor at actor { name } clientMutationId }
    ... on Checkpoint { cursor } ... on Resync { cursor reason }
    ... on CommentChanged { subjectId comment { id body version } }
    ... on KeyResultChanged { keyResult { id version } } ... on ObjectiveChanged { objective { id version } }
    ... on ConfidenceChanged { confidenceBefore confidenceAfter } ... on CheckInPublished { keyResultId }"""
BATCH = f"cursor replay conflated changes {{ {MEMBERS} }}"
CHANGES = f"""subscription($after: Cursor, $filter: ChangeFilter) {{
    changes(after: $after, filter: $filter) {{ {BATCH} }} }}"""
# One field that depends on who asks: executed for each subscriber alone.
ALONE = CHANGES.replace("keyResult { id version }", "keyResult { id version viewerCanEdit }")
COMMENTS = f"subscription($id: ID!, $after: Cursor) {{ commentChanges(subjectId: $id, after: $after) {{ {BATCH} }} }}"
CONFIDENCE = (
    f"subscription($id: ID, $after: Cursor) {{ confidenceChanges(rootId: $id, after: $after) {{ {BATCH} }} }}"
)
SINCE = f"""query($after: Cursor!, $first: Int, $filter: ChangeFilter) {{
    changesSince(after: $after, first: $first, filter: $filter) {{ cursor hasMore changes {{ {MEMBERS} }} }} }}"""


def at(stage: Stage, position: int) -> str:
    return Cursor(stage.org.id, stage.graph.hub.epoch, position).encode()


async def page(stage: Stage, after: str, **variables: Any) -> dict[str, Any]:
    data = await stage.graph.run(stage.ada, SINCE, after=after, **variables)
    found: dict[str, Any] = data["changesSince"]
    return found


async def busy_hour(stage: Stage) -> None:
    """Some changes of several rows each, by two people."""
    await stage.mutate(
        "checkInCreate", input={"keyResultId": stage.ids["measure"], "confidence": 4, "value": 5}
    )
    await stage.mutate("commentCreate", stage.sam, input={"subjectId": stage.ids["top"], "body": "Why?"})
    await stage.mutate("objectivePublish", id=stage.ids["draft"])
    await stage.mutate(
        "checkInCreate", input={"keyResultId": stage.ids["measure"], "confidence": 2, "value": 9}
    )
    await stage.mutate("alignmentLinkAccept", id=stage.ids["proposed"])


async def test_the_first_batch_comes_at_once_with_a_checkpoint_of_the_head(stage) -> None:
    for document, variables in (
        (CHANGES, {}),
        (COMMENTS, {"id": stage.ids["top"]}),
        (CONFIDENCE, {"id": stage.ids["top"]}),
        (CONFIDENCE, {}),
    ):
        async with listening(stage.graph, stage.ada, document, **variables) as feed:
            head = await stage.head()
            checkpoint = {"__typename": "Checkpoint", "cursor": head}
            assert await feed.batch() == {
                "cursor": head,
                "replay": False,
                "conflated": False,
                "changes": [checkpoint],
            }


async def test_a_mutation_arrives_whole_with_its_cursor_its_author_and_its_id(stage) -> None:
    given = {"keyResultId": stage.ids["measure"], "confidence": 2, "value": 50, "clientMutationId": "mine"}
    async with live(stage.graph, stage.sam, CHANGES) as feed:
        payload = await stage.mutate("checkInCreate", input=given)
        batch = await feed.batch()
    assert (batch["cursor"], batch["replay"], batch["conflated"]) == (payload.cursor, False, False)
    assert kinds_of(batch["changes"]) == [
        "CheckInPublished",
        "KeyResultChanged",
        "ConfidenceChanged",
        "ObjectiveChanged",
    ]
    for change in batch["changes"]:
        assert (change["cursor"], change["clientMutationId"]) == (payload.cursor, "mine")
        assert change["actor"] == {"name": "Ada"}
    assert batch["changes"][0]["keyResultId"] == stage.ids["measure"]
    assert (batch["changes"][2]["confidenceBefore"], batch["changes"][2]["confidenceAfter"]) == (None, 2)


async def test_a_feed_continues_after_a_cursor_and_goes_on_live(stage) -> None:
    after = await stage.head()
    await busy_hour(stage)
    head = await stage.head()
    async with listening(stage.graph, stage.ada, CHANGES, after=after) as feed:
        first = await feed.batch()
        assert (first["cursor"], kinds_of(first["changes"])) == (after, ["Checkpoint"])
        replayed = await feed.batch()
        assert (replayed["cursor"], replayed["replay"]) == (head, True)
        assert replayed["changes"] == (await page(stage, after))["changes"]
        payload = await stage.mutate("commentResolve", id=stage.ids["comment"])
        now = await feed.batch()
        assert (now["cursor"], now["replay"], kinds_of(now["changes"])) == (
            payload.cursor,
            False,
            ["CommentChanged"],
        )
    async with listening(stage.graph, stage.ada, CHANGES, after=now["cursor"]) as feed:
        assert kinds_of((await feed.batch())["changes"]) == ["Checkpoint"]
        await stage.mutate("commentDelete", id=stage.ids["comment"])
        assert (await feed.batch())["replay"] is False


async def test_polling_gives_what_the_subscription_gave_in_the_same_order(stage) -> None:
    after = await stage.head()
    heard: list[dict[str, Any]] = []
    async with live(stage.graph, stage.sam, CHANGES) as feed:
        await busy_hour(stage)
        head = await stage.head()
        while not heard or heard[-1]["cursor"] != head:
            heard += (await feed.batch())["changes"]
    data = await stage.graph.run(stage.sam, SINCE, after=after, first=500)
    assert data["changesSince"] == {"cursor": head, "hasMore": False, "changes": heard}
    positions = [decode(change["cursor"]).position for change in heard]  # type: ignore[union-attr]
    assert positions == sorted(positions)
    assert "AccessChanged" in kinds_of(heard)


async def test_pages_hold_whole_transactions_and_together_everything_once(stage) -> None:
    start = at(stage, 0)
    everything = (await page(stage, start, first=500))["changes"]
    for size in (1, 2, 7):
        after, found, more = start, [], True
        while more:
            part = await page(stage, after, first=size)
            cursors = [change["cursor"] for change in part["changes"]]
            assert cursors[-1] == part["cursor"]
            sizes = [cursors.count(cursor) for cursor in dict.fromkeys(cursors)]
            assert sum(sizes[:-1]) < size
            found += part["changes"]
            after, more = part["cursor"], part["hasMore"]
        assert found == everything
    assert after == await stage.head()
    assert await page(stage, after) == {"cursor": after, "hasMore": False, "changes": []}


async def test_a_page_holds_1_to_500_changes(stage) -> None:
    for size in (0, -1, 501):
        result = await stage.graph.result(stage.ada, SINCE, after=at(stage, 0), first=size)
        assert [(error.message, error.extensions["code"]) for error in result.errors] == [
            ("first must be from 1 to 500.", "BAD_USER_INPUT")
        ]


async def test_what_is_no_cursor_is_an_error(stage) -> None:
    head = await stage.head()
    plain = f"v1|{stage.org.id.hex}|{stage.graph.hub.epoch}|"
    forged = [
        base64.urlsafe_b64encode((plain + end).encode()).rstrip(b"=").decode()
        for end in ("-1", "01", "1e3", "x")
    ]
    for text in ("", "x", "\x00", "ö", head + "=", f" {head}", "a" * 10_000, *forged):
        result = await stage.graph.result(stage.ada, SINCE, after=text)
        expected = [("after must be a cursor that this server gave.", "BAD_USER_INPUT")]
        assert [(error.message, error.extensions["code"]) for error in result.errors] == expected, text
        async with listening(stage.graph, stage.ada, CHANGES, after=text) as feed:
            result = await feed.result()
            assert [(error.message, error.extensions["code"]) for error in result.errors] == expected, text
            assert await feed.is_over()


async def resync_of(stage: Stage, after: str) -> set[tuple[str, str]]:
    """The reasons and cursors by which both ways of reading tell the client to read anew; the stream stays open."""
    polled = await page(stage, after)
    assert (polled["hasMore"], kinds_of(polled["changes"])) == (False, ["Resync"])
    async with listening(stage.graph, stage.ada, CHANGES, after=after) as feed:
        batch = await feed.batch()
        assert kinds_of(batch["changes"]) == ["Resync", "Checkpoint"]
        assert {change["cursor"] for change in batch["changes"]} == {batch["cursor"]} == {polled["cursor"]}
        payload = await stage.mutate("commentCreate", input={"subjectId": stage.ids["top"], "body": "More"})
        assert (await feed.batch())["cursor"] == payload.cursor
    resyncs = (batch["changes"][0], polled["changes"][0])
    return {(each["reason"], each["cursor"]) for each in resyncs}


async def test_a_cursor_that_cannot_be_continued_from_gives_a_resync(stage) -> None:
    head = await stage.head()
    assert await resync_of(stage, Cursor(stage.org.id, "0" * 16, 3).encode()) == {("EPOCH_CHANGED", head)}
    head = await stage.head()
    last = decode(head)
    assert last is not None
    assert await resync_of(stage, at(stage, last.position + 1)) == {("AHEAD_OF_LOG", head)}
    head = await stage.head()
    await execute("UPDATE log_head SET floor = 5 WHERE organization_id = :id", id=stage.org.id)
    await execute("DELETE FROM change_log WHERE organization_id = :id AND pos <= 5", id=stage.org.id)
    assert await resync_of(stage, at(stage, 4)) == {("EXPIRED", head)}
    assert (await page(stage, at(stage, 5)))["changes"][0]["__typename"] != "Resync"


async def test_rows_that_vanish_under_a_reader_are_a_resync_too(stage) -> None:
    """As when retention deletes between the look at the floor and the look at the rows."""
    await execute("DELETE FROM change_log WHERE organization_id = :id AND pos <= 5", id=stage.org.id)
    head = await stage.head()
    gone = {"__typename": "Resync", "cursor": head, "reason": "EXPIRED"}
    assert await page(stage, at(stage, 3)) == {"cursor": head, "hasMore": False, "changes": [gone]}
    async with listening(stage.graph, stage.ada, CHANGES, after=at(stage, 3)) as feed:
        assert kinds_of((await feed.batch())["changes"]) == ["Checkpoint"]
        batch = await feed.batch()
        assert (batch["cursor"], batch["changes"]) == (head, [gone])


async def test_a_reader_too_far_behind_is_told_to_read_anew(stage) -> None:
    await execute("UPDATE log_head SET pos = 60000 WHERE organization_id = :id", id=stage.org.id)
    async with listening(stage.graph, stage.ada, CHANGES, after=at(stage, 1)) as feed:
        batch = await feed.batch()
    assert kinds_of(batch["changes"]) == ["Resync", "Checkpoint"]
    assert (batch["changes"][0]["reason"], batch["cursor"]) == ("TOO_FAR", at(stage, 60_000))


@action
async def rename_often(work: UnitOfWork, operator: Operator, team: Team, times: int) -> Any:
    for _ in range(times):
        team.version += 1
        work.record(known_to_all(TeamChanged(row_of(TeamRow, team))))
    await team.save()
    return team.id


async def test_a_change_too_large_to_replay_is_a_resync(stage) -> None:
    after = await stage.head()
    filters = {"kinds": ["COMMENT"], "entityIds": [stage.ids["top"]], "excludeOwn": True}
    async with live(stage.graph, stage.sam, CHANGES, filter=filters) as feed:
        await rename_often(stage.org.operator, stage.sales, 501)
        head = await stage.head()
        bulk = {"__typename": "Resync", "cursor": head, "reason": "BULK_CHANGE"}
        batch = await feed.batch()
        assert (batch["cursor"], batch["changes"]) == (head, [bulk])
    assert (await page(stage, after))["changes"] == [bulk]
    before, now = decode(after), decode(head)
    assert before is not None
    assert now is not None
    assert now.position == before.position + 1
    await rename_often(stage.org.operator, stage.sales, 500)
    assert kinds_of((await page(stage, head, first=1))["changes"]) == ["TeamChanged"] * 500


async def test_an_id_that_names_nothing_is_one_error_and_the_end(stage) -> None:
    unknown = (global_id("Objective", new_key()), stage.ids["cycle"], "", "x")
    for key in unknown:
        for document, variables in (
            (COMMENTS, {"id": key}),
            (CONFIDENCE, {"id": key}),
            (CHANGES, {"filter": {"underRootId": key}}),
            (CHANGES, {"filter": {"teamId": key}}),
        ):
            async with listening(stage.graph, stage.ada, document, **variables) as feed:
                result = await feed.result()
                assert [(error.message, error.extensions["code"]) for error in result.errors] == [
                    ("There is nothing with this id.", "NOT_FOUND")
                ]
                assert await feed.is_over()


@pytest.mark.parametrize("document", [CHANGES, ALONE])
async def test_a_silent_filtered_feed_still_says_how_far_it_has_come(stage, document) -> None:
    stage.graph.feeds = Feeds(stage.graph.hub, checkpoint_seconds=0.05)
    async with live(stage.graph, stage.ada, document, filter={"kinds": ["CYCLE"]}) as feed:
        payload = await stage.mutate("commentResolve", id=stage.ids["comment"])
        batch = await feed.batch()
    assert (batch["cursor"], kinds_of(batch["changes"])) == (payload.cursor, ["Checkpoint"])


COMMENT_FROM_ELSEWHERE = """
import asyncio, sys
from uuid import UUID
from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.database import DatabaseAddress, opened
from okrgraph.people.tokens import viewer_of_token
async def main(url, token, objective):
    async with opened(DatabaseAddress.parse(url)):
        viewer = await viewer_of_token(token)
        await create_comment(viewer, NewComment(SubjectType.OBJECTIVE, UUID(objective), "From elsewhere"))
asyncio.run(main(*sys.argv[1:]))
"""


async def test_what_another_process_commits_arrives(stage) -> None:
    arguments = (stage.database.url, stage.org.tokens[stage.sam.person_id], str(stage.top.id))
    async with live(stage.graph, stage.ada, COMMENTS, id=stage.ids["top"]) as feed:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", COMMENT_FROM_ELSEWHERE, *arguments, cwd=ROOT
        )
        assert await process.wait() == 0
        batch = await feed.batch()
    assert [change["comment"]["body"] for change in batch["changes"]] == ["From elsewhere"]
    assert batch["changes"][0]["actor"] == {"name": "Sam"}
    assert batch["cursor"] == await stage.head()
