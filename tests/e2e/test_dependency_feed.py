"""A step of a dependency at one process of the server, told to those who follow at another."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.databases import GivenDatabase
from tests.e2e.acme import make_acme
from tests.e2e.clients import Client, client, socket
from tests.e2e.program import serving

FEED = """subscription ($team: ID) {
  dependencyChanges(teamId: $team) {
    cursor
    changes {
      __typename
      ... on DependencyChanged { stateBefore action actor { name } dependency { id version state promisedBy } }
    }
  }
}"""
OWN_TEAM = "{ viewer { person { teams { id } } } }"
REQUEST = """mutation ($keyResult: ID!, $consumer: ID!, $provider: ID!) {
  dependencyRequest(input: {
    need: "An API", keyResultId: $keyResult, consumerTeamId: $consumer, providerTeamId: $provider, neededByWeek: 6
  }) { dependency { id } userErrors { code message } }
}"""
ACCEPT = """mutation ($id: ID!) {
  dependencyAccept(id: $id, input: {promisedBy: "2030-05-01"}) { dependency { id } userErrors { code message } }
}"""
ASKED = (None, "REQUEST", "REQUESTED")
DECLINE = """mutation ($id: ID!) {
  dependencyDecline(id: $id, input: {note: "No"}) { dependency { id } userErrors { code message } }
}"""


async def _team_of(person: Client) -> str:
    (team,) = (await person.run(OWN_TEAM))["viewer"]["person"]["teams"]
    found: str = team["id"]
    return found


def _told(key: str, version: int, actor: str, steps: tuple[str | None, str, str]) -> dict[str, Any]:
    """steps: the state before, the action, the state after."""
    before, action, state = steps
    return {
        "__typename": "DependencyChanged",
        "stateBefore": before,
        "action": action,
        "actor": {"name": actor},
        "dependency": {
            "id": key,
            "version": version,
            "state": state,
            "promisedBy": "2030-05-01" if state == "ACCEPTED" else None,
        },
    }


async def test_each_step_at_one_process_is_told_at_another_with_the_state_before(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    acme = await make_acme(postgres_only)
    # Polling would find it after the test has given up.
    settings = {"OKRGRAPH_REDIS_URL": redis_url, "OKRGRAPH_POLL_SECONDS": "60"}
    async with AsyncExitStack() as held:
        near = await held.enter_async_context(serving(postgres_only, tmp_path, **settings))
        far = await held.enter_async_context(serving(postgres_only, tmp_path, **settings))
        ada = await held.enter_async_context(client(near, acme.ada))
        bo = await held.enter_async_context(client(near, acme.bo))
        teams = {"consumer": await _team_of(ada), "provider": await _team_of(bo)}
        live = [await held.enter_async_context(socket(far, token)) for token in (acme.ada, acme.bo)]
        for each, team in zip(live, teams.values(), strict=True):
            await each.follow("team", FEED, team=team)
            await each.follow("all", FEED)

        made = []
        for answer in (ACCEPT, DECLINE):
            payload = await ada.change(REQUEST, keyResult=acme.key_result, **teams)
            made.append(payload["dependency"]["id"])
            await bo.change(answer, id=made[-1])
        batches = {
            (number, feed): [await each.data(feed) for _ in range(4)]
            for number, each in enumerate(live)
            for feed in ("team", "all")
        }

    accepted, declined = made
    expected = [
        _told(accepted, 1, "Ada", ASKED),
        _told(accepted, 2, "Bo", ("REQUESTED", "ACCEPT", "ACCEPTED")),
        _told(declined, 1, "Ada", ASKED),
        _told(declined, 2, "Bo", ("REQUESTED", "DECLINE", "DECLINED")),
    ]
    told = {key: [change for batch in found for change in batch["changes"]] for key, found in batches.items()}
    assert told == dict.fromkeys(batches, expected)
