import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from okrgraph.events.database import opened
from okrgraph.kit.ids import read_global_id
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.people.tokens import create_token, list_tokens, revoke_token
from tests.e2e.acme import Acme
from tests.e2e.clients import Socket, bearer, client, connected, socket
from tests.e2e.program import Server, Shared, ended, start

CHANGE = """fragment change on Change {
  __typename
  ... on ChangeMeta { cursor at actor { name } clientMutationId }
  ... on CommentChanged { subjectId comment { id version body kind author { name } } }
  ... on CheckInPublished { keyResultId checkIn { value confidence } }
  ... on KeyResultChanged { keyResult { id currentValue } }
  ... on ConfidenceChanged { confidenceBefore confidenceAfter }
  ... on ObjectiveChanged { objective { id progress } }
}"""
CHANGES = (
    """subscription ($after: Cursor) {
  changes(after: $after) { cursor replay conflated changes { ...change } }
}"""
    + CHANGE
)
COMMENTS = (
    """subscription ($subject: ID!) {
  commentChanges(subjectId: $subject) { cursor replay conflated changes { ...change } }
}"""
    + CHANGE
)
SINCE = (
    """query ($after: Cursor!) {
  changesSince(after: $after) { cursor hasMore changes { ...change } }
}"""
    + CHANGE
)
COMMENT = """mutation ($subject: ID!, $body: String!, $id: ID) {
  commentCreate(input: {subjectId: $subject, body: $body, clientMutationId: $id}) {
    comment { id } cursor userErrors { code message }
  }
}"""
CHECK_IN = """mutation ($keyResult: ID!, $value: Float!) {
  checkInCreate(input: {keyResultId: $keyResult, value: $value, confidence: 4}) {
    checkIn { id } cursor userErrors { code message }
  }
}"""


def _bodies(batch: Any) -> list[str]:
    return [change["comment"]["body"] for change in batch["changes"]]


async def test_a_comment_by_a_member_of_another_team_arrives_exactly_once_with_a_cursor(
    server: Server, acme: Acme
) -> None:
    async with (
        socket(server, acme.ada) as live,
        client(server, acme.ada) as ada,
        client(server, acme.bo) as bo,
    ):
        before = await live.follow("all", CHANGES)
        await live.follow("objective", COMMENTS, subject=acme.objective)
        first = await bo.change(COMMENT, subject=acme.objective, body="Why now?", id="from Bo")
        all_changes, of_objective = await live.data("all"), await live.data("objective")
        # The next thing that arrives is the next comment: nothing came twice.
        second = await bo.change(COMMENT, subject=acme.key_result, body="And this?")
        following = [await live.data("all"), await live.data("objective")]
        since = (await ada.run(SINCE, after=before))["changesSince"]

    assert all_changes["changes"] == [
        {
            "__typename": "CommentChanged",
            "cursor": first["cursor"],
            "at": all_changes["changes"][0]["at"],
            "actor": {"name": "Bo"},
            "clientMutationId": "from Bo",
            "subjectId": acme.objective,
            "comment": {
                "id": first["comment"]["id"],
                "version": 1,
                "body": "Why now?",
                "kind": "COMMENT",
                "author": {"name": "Bo"},
            },
        }
    ]
    assert (all_changes["cursor"], all_changes["replay"]) == (first["cursor"], False)
    assert of_objective == all_changes
    for batch in following:
        assert (batch["cursor"], _bodies(batch)) == (second["cursor"], ["And this?"])
    assert since == {
        "cursor": second["cursor"],
        "hasMore": False,
        "changes": all_changes["changes"] + following[0]["changes"],
    }


async def test_changes_since_the_cursor_before_gives_the_same_as_the_subscription_after_it(
    server: Server, acme: Acme
) -> None:
    async with client(server, acme.ada) as ada, client(server, acme.bo) as bo:
        before = (await ada.run("{ organization { cursor } }"))["organization"]["cursor"]
        done = [
            await bo.change(COMMENT, subject=acme.objective, body=f"Comment {number}") for number in range(3)
        ]
        since = (await ada.run(SINCE, after=before))["changesSince"]
        async with socket(server, acme.ada) as live:
            await live.subscribe("resumed", CHANGES, after=before)
            checkpoint, replayed = await live.data("resumed"), await live.data("resumed")

    assert [change["__typename"] for change in checkpoint["changes"]] == ["Checkpoint"]
    assert checkpoint["cursor"] == before
    assert _bodies(since) == ["Comment 0", "Comment 1", "Comment 2"]
    assert since["cursor"] == done[-1]["cursor"]
    assert replayed == {
        "cursor": done[-1]["cursor"],
        "replay": True,
        "conflated": False,
        "changes": since["changes"],
    }


async def test_a_check_in_arrives_whole_in_one_batch(server: Server, acme: Acme) -> None:
    async with socket(server, acme.bo) as live, client(server, acme.ada) as ada:
        await live.follow("all", CHANGES)
        done = await ada.change(CHECK_IN, keyResult=acme.key_result, value=50.0)
        batch = await live.data("all")

    assert [change["__typename"] for change in batch["changes"]] == [
        "CheckInPublished",
        "KeyResultChanged",
        "ConfidenceChanged",
        "ObjectiveChanged",
    ]
    assert {change["cursor"] for change in batch["changes"]} == {batch["cursor"]} == {done["cursor"]}
    assert batch["changes"][3]["objective"] == {"id": acme.objective, "progress": 0.5}


async def test_what_another_process_commits_arrives_too(shared: Shared, acme: Acme) -> None:
    key = read_global_id(acme.key_result)
    assert key is not None
    async with socket(shared.server, acme.bo) as live:
        await live.follow("all", CHANGES)
        async with opened(shared.database.address):
            await check_in(acme.viewers[0], NewCheckIn(key[1], confidence=2, value=10.0))
        batch = await live.data("all")

    assert [change["__typename"] for change in batch["changes"]] == [
        "CheckInPublished",
        "KeyResultChanged",
        "ConfidenceChanged",
        "ObjectiveChanged",
    ]


async def test_another_organisation_hears_nothing(server: Server, acme: Acme, globex: Acme) -> None:
    async with (
        socket(server, globex.ada) as live,
        client(server, acme.bo) as bo,
        client(server, globex.bo) as other,
    ):
        await live.follow("all", CHANGES)
        await bo.change(COMMENT, subject=acme.objective, body="Ours")
        await other.change(COMMENT, subject=globex.objective, body="Theirs")

        assert _bodies(await live.data("all")) == ["Theirs"]


async def test_a_credential_is_taken_from_the_header_and_from_connection_init(
    server: Server, acme: Acme
) -> None:
    query = "{ viewer { person { name } } }"
    async with (
        connected(server, additional_headers=bearer(acme.bo)) as by_header,
        connected(server) as by_message,
        connected(server, additional_headers=bearer(acme.bo)) as by_both,
    ):
        await by_header.init(None)
        await by_message.init(acme.ada)
        await by_both.init(acme.ada)
        names = []
        for each in (by_header, by_message, by_both):
            assert await each.receive() == {"type": "connection_ack"}
            await each.subscribe("1", query)
            names.append((await each.data("1"))["person"]["name"])

    assert names == ["Bo", "Ada", "Ada"]


@pytest.mark.parametrize("token", [None, "okr_" + "x" * 43, "nonsense"])
async def test_a_wrong_credential_closes_with_4403(server: Server, token: str | None) -> None:
    async with connected(server) as refused:
        await refused.init(token)

        assert await refused.closed() == (4403, "Forbidden")


async def test_a_page_of_another_origin_may_not_connect(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(server, origin="https://evil.example"):
            pass

    assert refused.value.response.status_code == 403


async def test_a_revoked_token_closes_its_socket_and_no_other(shared: Shared, acme: Acme) -> None:
    async with opened(shared.database.address):
        doomed = await create_token(acme.slug, acme.email("ada"))
        token_id = (await list_tokens())[-1].id
    async with (
        socket(shared.server, doomed) as closing,
        socket(shared.server, acme.ada) as staying,
        client(shared.server, acme.bo) as bo,
    ):
        await closing.follow("all", CHANGES)
        await staying.follow("all", CHANGES)
        revoking = await start(
            "token", "revoke", str(token_id), folder=shared.folder, database=shared.database
        )
        assert (await ended(revoking)).output == f"Revoked {token_id}.\n"

        assert await closing.closed() == (4403, "Forbidden")
        await bo.change(COMMENT, subject=acme.objective, body="Still here?")
        assert _bodies(await staying.data("all")) == ["Still here?"]


async def test_no_change_is_sent_to_a_token_that_was_revoked_before_it(shared: Shared, acme: Acme) -> None:
    async with opened(shared.database.address):
        doomed = await create_token(acme.slug, acme.email("ada"))
        token_id = (await list_tokens())[-1].id
    async with (
        socket(shared.server, doomed) as closing,
        client(shared.server, acme.bo) as bo,
        opened(shared.database.address),
    ):
        await closing.follow("all", CHANGES)
        await revoke_token(token_id)
        await bo.change(COMMENT, subject=acme.objective, body="Not for you")
        heard = await closing.rest()

        # The feed notices at the change, or the socket at its next look at the credential.
        assert [_code(message) for message in heard] in ([], [("error", "UNAUTHENTICATED")])
        assert await closing.closed() == (4403, "Forbidden")


async def test_one_bad_operation_does_not_end_the_others_of_its_socket(server: Server, acme: Acme) -> None:
    async with socket(server, acme.ada) as live, client(server, acme.bo) as bo:
        await live.follow("all", CHANGES)
        await live.follow("objective", COMMENTS, subject=acme.objective)
        await live.subscribe("syntax", "subscription {")
        await live.subscribe("unknown field", "subscription { nothing }")
        await live.subscribe("no subject", COMMENTS, subject="obj_" + "0" * 32)
        await live.subscribe("no cursor", CHANGES, after="nonsense")
        refusals = {
            key: await live.message(key) for key in ("syntax", "unknown field", "no subject", "no cursor")
        }
        await bo.change(COMMENT, subject=acme.objective, body="Go on")
        batches = [await live.data("all"), await live.data("objective")]

    codes = {key: _code(message) for key, message in refusals.items()}
    assert codes == {
        "syntax": ("error", "GRAPHQL_PARSE_FAILED"),
        "unknown field": ("error", "GRAPHQL_VALIDATION_FAILED"),
        "no subject": ("error", "NOT_FOUND"),
        "no cursor": ("error", "BAD_USER_INPUT"),
    }
    assert [_bodies(batch) for batch in batches] == [["Go on"], ["Go on"]]


def _code(message: Any) -> tuple[str, str]:
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    return message["type"], errors[0]["extensions"]["code"]


async def test_an_operation_that_the_client_completes_is_silent_and_the_others_go_on(
    server: Server, acme: Acme
) -> None:
    async with socket(server, acme.ada) as live, client(server, acme.bo) as bo:
        await live.follow("left", CHANGES)
        await live.follow("kept", CHANGES)
        await live.send({"id": "left", "type": "complete"})
        # Answered after what was sent before it.
        await live.send({"type": "ping"})
        assert await live.receive() == {"type": "pong"}
        for body in ("one", "two"):
            await bo.change(COMMENT, subject=acme.objective, body=body)
            assert _bodies(await live.data("kept")) == [body]

    assert live.kept == []


async def test_every_one_of_many_subscribers_hears_every_change_once_and_in_order(
    server: Server, acme: Acme
) -> None:
    bodies = [f"Comment {number}" for number in range(30)]

    async def hear(live: Socket) -> list[str]:
        heard: list[str] = []
        while len(heard) < len(bodies):
            heard += _bodies(await live.data("all"))
        return heard

    async with AsyncExitStack() as held:
        sockets = [await held.enter_async_context(socket(server, acme.ada)) for _ in range(10)]
        for each in sockets:
            await each.follow("all", CHANGES)
        hearing = [asyncio.create_task(hear(each)) for each in sockets]
        bo = await held.enter_async_context(client(server, acme.bo))
        for body in bodies:
            await bo.change(COMMENT, subject=acme.objective, body=body)
        heard = await asyncio.gather(*hearing)

    assert heard == [bodies] * 10
