import asyncio
from contextlib import AsyncExitStack
from typing import Any

from okrgraph.events.database import fetch_all, opened
from okrgraph.kit.ids import read_global_id
from tests.databases import GivenDatabase
from tests.e2e.acme import Acme
from tests.e2e.clients import Client, client
from tests.e2e.program import Shared

RETRIES = 16
CHECK_IN = """mutation ($input: CheckInCreateInput!) {
  checkInCreate(input: $input) {
    checkIn { id value confidence note createdAt }
    keyResult { id version currentValue }
    userErrors { code message field }
    cursor
  }
}"""
OBJECTIVE = """mutation ($input: ObjectiveCreateInput!) {
  objectiveCreate(input: $input) {
    objective { id version title links { id parent { __typename } } }
    userErrors { code message field }
    cursor
  }
}"""


async def _all_at_once(shared: Shared, token: str, document: str, given: dict[str, Any]) -> list[Any]:
    """The answers to one mutation that many clients send at the same time."""
    async with AsyncExitStack() as held:
        clients: list[Client] = [
            await held.enter_async_context(client(shared.server, token)) for _ in range(RETRIES)
        ]
        # With the connection there, the mutations leave at the same time.
        await asyncio.gather(*(each.run("{ organization { id } }") for each in clients))
        return await asyncio.gather(*(each.answer(document, input=given) for each in clients))


async def _logged(database: GivenDatabase, acme: Acme, mutation_id: str) -> list[str]:
    """The kinds of the log rows that a clientMutationId caused."""
    async with opened(database.address):
        rows = await fetch_all(
            "SELECT kind FROM change_log WHERE organization_id = :organization AND mutation_id = :mutation "
            "ORDER BY pos",
            organization=acme.organization.id,
            mutation=mutation_id,
        )
    return [row[0] for row in rows]


async def test_sixteen_concurrent_retries_of_a_check_in_have_one_effect_and_equal_answers(
    shared: Shared, acme: Acme
) -> None:
    given = {"keyResultId": acme.key_result, "value": 40.0, "confidence": 3, "clientMutationId": "retry"}
    answers = await _all_at_once(shared, acme.ada, CHECK_IN, given)
    async with client(shared.server, acme.ada) as ada:
        data = await ada.run(
            "query ($id: ID!) { keyResult(id: $id) { version checkIns { totalCount nodes { id value } } } }",
            id=acme.key_result,
        )

    first = answers[0]["data"]["checkInCreate"]
    assert answers == [{"data": {"checkInCreate": first}}] * RETRIES
    assert (first["userErrors"], first["checkIn"]["value"]) == ([], 40.0)
    assert data["keyResult"] == {
        "version": first["keyResult"]["version"],
        "checkIns": {"totalCount": 1, "nodes": [{"id": first["checkIn"]["id"], "value": 40.0}]},
    }
    assert await _logged(shared.database, acme, "retry") == [
        "CheckInPublished",
        "KeyResultChanged",
        "ConfidenceChanged",
        "ObjectiveChanged",
    ]


async def test_sixteen_concurrent_retries_of_an_objective_with_its_link_make_one_of_each(
    shared: Shared, acme: Acme
) -> None:
    team = "query ($id: ID!) { objective(id: $id) { cycle { id } team { id } } }"
    async with client(shared.server, acme.ada) as ada:
        place = (await ada.run(team, id=acme.objective))["objective"]
    given = {
        "title": "Retried",
        "cycleId": place["cycle"]["id"],
        "teamId": place["team"]["id"],
        "links": [{"parentId": acme.key_result}],
        "clientMutationId": "once",
    }
    answers = await _all_at_once(shared, acme.ada, OBJECTIVE, given)
    async with client(shared.server, acme.ada) as ada:
        count = await ada.run('{ objectives(filter: {text: "Retried"}) { totalCount } }')
        incoming = await ada.run(
            "query ($id: ID!) { keyResult(id: $id) { incomingLinks { id } } }", id=acme.key_result
        )

    first = answers[0]["data"]["objectiveCreate"]
    assert answers == [{"data": {"objectiveCreate": first}}] * RETRIES
    assert first["userErrors"] == []
    assert count == {"objectives": {"totalCount": 1}}
    (link,) = first["objective"]["links"]
    assert incoming == {"keyResult": {"incomingLinks": [{"id": link["id"]}]}}
    assert read_global_id(first["objective"]["id"]) is not None
    assert sorted(await _logged(shared.database, acme, "once")) == [
        "AlignmentLinkChanged",
        "ObjectiveChanged",
    ]


async def test_of_sixteen_different_inputs_under_one_id_one_is_done_and_the_others_are_invalid(
    shared: Shared, acme: Acme
) -> None:
    async with AsyncExitStack() as held:
        clients = [await held.enter_async_context(client(shared.server, acme.ada)) for _ in range(RETRIES)]
        answers = await asyncio.gather(
            *(
                each.answer(
                    CHECK_IN,
                    input={
                        "keyResultId": acme.key_result,
                        "value": float(number),
                        "confidence": 3,
                        "clientMutationId": "one id",
                    },
                )
                for number, each in enumerate(clients)
            )
        )
    payloads = [answer["data"]["checkInCreate"] for answer in answers]
    refused = [payload["userErrors"] for payload in payloads if payload["userErrors"]]

    assert len(refused) == RETRIES - 1
    assert {(error["code"], *error["field"]) for (error,) in refused} == {
        ("INVALID", "input", "clientMutationId")
    }
    assert (await _logged(shared.database, acme, "one id")).count("CheckInPublished") == 1
