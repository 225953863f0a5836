"""Delivering to many: executed once, decided for each, and nobody waits for a slow one."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY
from strawberry.schema.schema_converter import GraphQLCoreConverter

from okrgraph.events import log
from okrgraph.events.cursors import decode
from okrgraph.events.database import execute
from okrgraph.okrs.vocabulary import CycleState
from okrgraph.people.vocabulary import MemberRole
from tests.both_executors import WITH_ENGINE
from tests.graph.feeds import Feed, kinds_of, listening, live
from tests.graph.stage import Stage

MEMBERS = """__typename ... on CommentChanged { comment { body author { name } } }
    ... on ObjectiveChanged { objective { id title version } } ... on EntityRemoved { entityId }
    ... on KeyResultChanged { keyResult { id version } } ... on AccessChanged { rootId granted }
    ... on Resync { reason }"""
CHANGES = f"""subscription($after: Cursor, $filter: ChangeFilter) {{
    changes(after: $after, filter: $filter) {{ cursor replay conflated changes {{ {MEMBERS} }} }} }}"""
OWN = CHANGES.replace("keyResult { id version }", "keyResult { id version viewerCanEdit }")
BOTH = pytest.mark.parametrize("document", [CHANGES, OWN], ids=["shared", "alone"])


async def say(stage: Stage, body: str, subject: str = "top", **more: Any) -> str:
    payload = await stage.mutate(
        "commentCreate", input={"subjectId": stage.ids[subject], "body": body, **more}
    )
    assert payload.errors == []
    assert payload.cursor is not None
    return payload.cursor


async def rename(stage: Stage, objective: str, title: str) -> None:
    given = {"title": title, "reason": "Clearer"}
    assert (await stage.mutate("objectiveUpdate", id=objective, input=given)).errors == []


def bodies(changes: list[dict[str, Any]]) -> list[str]:
    return [change["comment"]["body"] for change in changes if change["__typename"] == "CommentChanged"]


def executions(shared: str) -> float:
    return REGISTRY.get_sample_value("okrgraph_event_executions_total", {"shared": shared}) or 0.0


async def batches_until(feed: Feed, cursor: str) -> list[dict[str, Any]]:
    """All batches up to one that ends at a cursor."""
    found = []
    while not found or found[-1]["cursor"] != cursor:
        found.append(await feed.batch())
    return found


async def test_many_who_ask_alike_cost_one_execution_a_batch(stage) -> None:
    async with (
        live(stage.graph, stage.ada, CHANGES) as first,
        live(stage.graph, stage.sam, CHANGES) as second,
        live(stage.graph, stage.sam, CHANGES, filter={}) as third,
    ):
        before = executions("yes")
        cursor = await say(stage, "Once")
        for feed in (first, second, third):
            (batch,) = await batches_until(feed, cursor)
            assert bodies(batch["changes"]) == ["Once"]
            assert batch["changes"][0]["comment"]["author"] == {"name": "Ada"}
        assert executions("yes") == before + 1


async def test_what_depends_on_who_asks_is_executed_for_each(stage) -> None:
    async with live(stage.graph, stage.ada, OWN) as hers, live(stage.graph, stage.sam, OWN) as his:
        before = executions("no")
        payload = await stage.mutate(
            "checkInCreate", input={"keyResultId": stage.ids["measure"], "confidence": 4}
        )
        found = []
        for feed in (hers, his):
            (batch,) = await batches_until(feed, payload.cursor)
            found += [
                change["keyResult"]["viewerCanEdit"] for change in batch["changes"] if "keyResult" in change
            ]
        assert found == [True, False]
        assert executions("no") == before + 2


@BOTH
async def test_each_gets_what_it_may_see_of_the_same_change(stage, document) -> None:
    async with live(stage.graph, stage.ada, document) as hers, live(stage.graph, stage.sam, document) as his:
        await rename(stage, stage.ids["draft"], "Still secret")
        cursor = (await stage.mutate("objectivePublish", id=stage.ids["draft"])).cursor
        seen = [change for batch in await batches_until(hers, cursor) for change in batch["changes"]]
        assert "Still secret" in str(seen[0])
        assert "AccessChanged" not in kinds_of(seen)
        (only,) = await batches_until(his, cursor)
        granted = [change for change in only["changes"] if change["__typename"] == "AccessChanged"]
        assert granted == [{"__typename": "AccessChanged", "rootId": stage.ids["draft"], "granted": True}]


@BOTH
async def test_one_s_own_changes_are_left_out_for_oneself_alone(stage, document) -> None:
    without = {"filter": {"excludeOwn": True}}
    async with (
        live(stage.graph, stage.ada, document, **without) as hers,
        live(stage.graph, stage.sam, document, **without) as his,
    ):
        await say(stage, "By Ada")
        payload = await stage.mutate(
            "commentCreate", stage.sam, input={"subjectId": stage.ids["top"], "body": "By Sam"}
        )
        assert bodies((await hers.batch())["changes"]) == ["By Sam"]
        (batch,) = [await his.batch()]
        assert bodies(batch["changes"]) == ["By Ada"]
        assert batch["cursor"] != payload.cursor


async def test_a_slow_subscriber_delays_nobody_and_is_spared_the_states_between(stage, monkeypatch) -> None:
    monkeypatch.setattr("okrgraph.graph.live.feed.CONFLATED_BEYOND", 5)
    slow = stage.graph.subscribe(stage.sam, CHANGES)
    async with slow, live(stage.graph, stage.ada, CHANGES) as quick:
        feed = Feed(slow)
        await feed.batch()
        slow.inbox.hold()
        cursor = await say(stage, "0")
        await batches_until(quick, cursor)
        for number in range(1, 6):
            await rename(stage, stage.ids["published"], f"Title {number}")
            cursor = await say(stage, str(number))
            await batches_until(quick, cursor)
        slow.inbox.go_on()
        first, *later = await batches_until(feed, cursor)
    assert (bodies(first["changes"]), first["conflated"]) == (["0"], False)
    (batch,) = later
    assert batch["conflated"] is True
    assert bodies(batch["changes"]) == ["1", "2", "3", "4", "5"]
    titles = [c["objective"]["title"] for c in batch["changes"] if c["__typename"] == "ObjectiveChanged"]
    assert titles == ["Title 5"]


async def test_a_replay_leaves_nothing_out(stage, monkeypatch) -> None:
    monkeypatch.setattr("okrgraph.graph.live.feed.CONFLATED_BEYOND", 5)
    after = await stage.head()
    for number in range(8):
        await rename(stage, stage.ids["published"], f"Title {number}")
    cursor = await stage.head()
    async with live_after(stage, after) as feed:
        found = await batches_until(feed, cursor)
    titles = [c["objective"]["title"] for b in found for c in b["changes"] if "objective" in c]
    assert titles == [f"Title {number}" for number in range(8)]
    assert {batch["conflated"] for batch in found} == {False}


def live_after(stage: Stage, after: str | None, document: str = CHANGES) -> Any:
    """A feed whose first batch has been taken, continued after a cursor."""
    return live(stage.graph, stage.ada, document, after=after)


@BOTH
async def test_who_comes_while_things_happen_gets_each_change_once_in_order(stage, document) -> None:
    start = await stage.head()
    cursors = [start]
    count = 40

    async def write() -> None:
        for number in range(count):
            cursors.append(await say(stage, str(number)))  # noqa: PERF401 - read while it grows

    async def read(after: str) -> list[int]:
        async with live_after(stage, after, document) as feed:
            found: list[str] = []
            while not found or found[-1] != str(count - 1):
                found += bodies((await feed.batch())["changes"])
        return [int(body) for body in found]

    writing = asyncio.create_task(write())
    reading = []
    while not writing.done():
        await asyncio.sleep(0)
        if len(reading) < 12 and len(reading) < len(cursors):
            reading.append((len(cursors) - 1, asyncio.create_task(read(cursors[-1]))))
    await writing
    assert len(reading) > 1
    for begun, task in reading:
        assert await task == list(range(begun, count))


async def test_nothing_behind_a_change_of_roles_goes_out_under_the_old_ones(stage) -> None:
    """Sam is taken from the team while he reads slowly; what the team does next is not his."""
    ids = stage.ids
    member = await stage.person("Mo", stage.growth, MemberRole.MEMBER)
    slow = stage.graph.subscribe(member, CHANGES)
    async with slow, live(stage.graph, stage.ada, CHANGES) as quick:
        feed = Feed(slow)
        await feed.batch()
        await rename(stage, ids["draft"], "For the team")
        assert "For the team" in str((await feed.batch())["changes"])
        slow.inbox.hold()
        await say(stage, "Nothing secret")
        await stage.org.leave(member, stage.growth)
        await rename(stage, ids["draft"], "Secret")
        cursor = await say(stage, "Open")
        await batches_until(quick, cursor)
        slow.inbox.go_on()
        found = await batches_until(feed, cursor)
    changes = [change for batch in found for change in batch["changes"]]
    assert bodies(changes) == ["Nothing secret", "Open"]
    assert "Secret" not in str(changes)


async def test_another_history_is_told_in_the_stream_which_goes_on(stage) -> None:
    async with live(stage.graph, stage.ada, CHANGES) as shared, live(stage.graph, stage.ada, OWN) as alone:
        await execute("UPDATE log_epoch SET epoch = '00000000-0000-4000-8000-000000000000'")
        for feed in (shared, alone):
            batch = await feed.batch()
            assert batch["changes"] == [{"__typename": "Resync", "reason": "EPOCH_CHANGED"}]
            cursor = decode(batch["cursor"])
            assert cursor is not None
            assert (cursor.epoch, cursor.position) == (
                stage.graph.hub.epoch,
                (await log.head_of(stage.org.id)).position,
            )
        await say(stage, "After")
        for feed in (shared, alone):
            assert bodies((await feed.batch())["changes"]) == ["After"]


async def test_a_stream_goes_on_after_the_last_event_that_its_client_saw(stage) -> None:
    after = await stage.head()
    cursor = await say(stage, "Missed")
    resumed = stage.graph.subscribe(stage.ada, CHANGES)
    resumed.last_event_id = after
    async with resumed:
        feed = Feed(resumed)
        await feed.batch()
        (batch,) = await batches_until(feed, cursor)
        assert bodies(batch["changes"]) == ["Missed"]
        assert resumed.inbox.bodies[-1][1] == cursor


async def test_a_refused_credential_ends_the_feed_and_its_connection(stage, monkeypatch) -> None:
    monkeypatch.setattr("okrgraph.graph.live.feed.REFUSED_SECONDS", 0)
    subscribed = stage.graph.subscribe(stage.sam, CHANGES)
    refused = []
    async with subscribed, live(stage.graph, stage.ada, CHANGES) as quick:
        subscribed.admission.on_refusal = lambda: refused.append(True)
        feed = Feed(subscribed)
        await feed.batch()
        await execute(
            "UPDATE api_token SET revoked_at = created_at WHERE person_id = :id", id=stage.sam.person_id
        )
        await stage.org.cycle(CycleState.PLANNING)
        await stage.org.team("Roles may have changed")
        cursor = await say(stage, "Not for Sam")
        await batches_until(quick, cursor)
        result = await feed.result()
        while result.errors is None:
            assert "Not for Sam" not in str(result.data)
            result = await feed.result()
        assert [error.extensions["code"] for error in result.errors] == ["UNAUTHENTICATED"]
        assert refused == [True]
        assert await feed.is_over()


async def test_the_last_who_leaves_closes_the_channel(stage) -> None:
    async with live(stage.graph, stage.ada, CHANGES), live(stage.graph, stage.sam, CHANGES):
        assert len(stage.graph.feeds._open) == 1
    assert stage.graph.feeds._open == {}
    async with listening(stage.graph, stage.ada, CHANGES) as feed:
        assert kinds_of(await feed.changes()) == ["Checkpoint"]


@BOTH
async def test_a_batch_that_cannot_be_executed_is_kept_for_later(stage, document, monkeypatch) -> None:
    """As while the database is away: nothing of it is told, and nothing behind it."""
    monkeypatch.setattr("okrgraph.graph.live.feed.RETRY_SECONDS", 0.01)
    relation, failures = author_relation(), 3
    read = relation.batch

    async def failing(viewer: Any, keys: Any) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("the database is away")
        return await read(viewer, keys)

    async with live(stage.graph, stage.ada, document) as feed:
        with monkeypatch.context() as patched:
            patched.setattr(relation, "batch", failing)
            first = await say(stage, "First")
            batch = await feed.batch()
        assert (bodies(batch["changes"]), batch["cursor"], failures) == (["First"], first, 0)
        assert batch["changes"][0]["comment"]["author"] == {"name": "Ada"}
        second = await say(stage, "Second")
        batch = await feed.batch()
        assert (bodies(batch["changes"]), batch["cursor"]) == (["Second"], second)


@BOTH
async def test_a_batch_that_can_never_be_executed_ends_the_operation(stage, document, monkeypatch) -> None:
    monkeypatch.setattr("okrgraph.graph.live.feed.RETRY_SECONDS", 0.01)
    monkeypatch.setattr("okrgraph.graph.live.feed.GIVEN_UP_AFTER_SECONDS", 0.05)

    async def failing(viewer: Any, keys: Any) -> Any:
        raise RuntimeError("a bug")

    async with live(stage.graph, stage.ada, document) as feed:
        monkeypatch.setattr(author_relation(), "batch", failing)
        await say(stage, "First")
        result = await feed.result()
        assert result.data is None
        assert [error.extensions["code"] for error in result.errors] == ["INTERNAL"]
        assert await feed.is_over()


def author_relation() -> Any:
    """The relation behind Comment.author, which both documents select."""
    field = WITH_ENGINE._schema.type_map["Comment"].fields["author"]  # type: ignore[attr-defined]
    (relation,) = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].extensions
    return relation
