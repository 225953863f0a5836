"""A burst of mutations from many clients at once, and the record of what was sent and acknowledged."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from tests.e2e.acme import Acme
from tests.e2e.clients import Client, client
from tests.e2e.program import Server

_PAYLOAD = "cursor userErrors { code message }"
CHECK_IN = f"""mutation ($input: CheckInCreateInput!) {{
  checkInCreate(input: $input) {{ entity: checkIn {{ id }} {_PAYLOAD} }}
}}"""
COMMENT = f"""mutation ($input: CommentCreateInput!) {{
  commentCreate(input: $input) {{ entity: comment {{ id }} {_PAYLOAD} }}
}}"""
OBJECTIVE = f"""mutation ($input: ObjectiveCreateInput!) {{
  objectiveCreate(input: $input) {{ entity: objective {{ id }} {_PAYLOAD} }}
}}"""


@dataclass(slots=True)
class Sent:
    """One mutation. `acknowledged`: the payload, None while there is no answer."""

    acme: Acme
    token: str
    document: str
    given: dict[str, Any]
    acknowledged: dict[str, Any] | None = None

    @property
    def mutation_id(self) -> str:
        text: str = self.given["clientMutationId"]
        return text

    async def send(self, by: Client) -> dict[str, Any]:
        payload: dict[str, Any] = await by.change(self.document, input=self.given)
        return payload


class Burst:
    """Clients of several organisations; each sends its next mutation when the one before is answered."""

    def __init__(self, organizations: Sequence[Acme], clients_of_each: int = 6) -> None:
        self.sent: list[Sent] = []
        self._organizations = organizations
        self._clients_of_each = clients_of_each
        self._numbers = count(1)

    @property
    def acknowledged(self) -> int:
        return sum(each.acknowledged is not None for each in self.sent)

    async def until_killed(self, server: Server, after: int) -> list[Sent]:
        """Send until so many mutations are acknowledged, then kill the server, whatever it does; return them."""
        earlier = len(self.sent)
        enough = self.acknowledged + after
        async with AsyncExitStack() as held, asyncio.TaskGroup() as group:
            for acme in self._organizations:
                ada = await held.enter_async_context(client(server, acme.ada))
                place = await _place_of(ada, acme)
                for _ in range(self._clients_of_each):
                    each = await held.enter_async_context(client(server, None))
                    group.create_task(self._keep_sending(each, self._mutations(acme, place), server, enough))
        assert server.process.wait() == -signal.SIGKILL
        return self.sent[earlier:]

    async def _keep_sending(
        self, each: Client, mutations: Iterator[Sent], server: Server, enough: int
    ) -> None:
        for mutation in mutations:
            each.http.headers["Authorization"] = f"Bearer {mutation.token}"
            self.sent.append(mutation)
            try:
                mutation.acknowledged = await mutation.send(each)
            except httpx.TransportError:
                return
            if self.acknowledged >= enough:
                server.process.kill()

    def _mutations(self, acme: Acme, place: dict[str, str]) -> Iterator[Sent]:
        for number in self._numbers:
            name = {"clientMutationId": f"burst {number}"}
            match number % 3:
                case 0:
                    given = {
                        "keyResultId": acme.key_result,
                        "value": float(number),
                        "confidence": number % 5 + 1,
                    }
                    yield Sent(acme, acme.ada, CHECK_IN, {**given, **name})
                case 1:
                    given = {"subjectId": acme.objective, "body": f"Comment {number}"}
                    yield Sent(acme, acme.bo, COMMENT, {**given, **name})
                case _:
                    links = [{"parentId": acme.key_result}]
                    given = {"title": f"Objective {number}", "links": links, **place}
                    yield Sent(acme, acme.ada, OBJECTIVE, {**given, **name})


async def _place_of(ada: Client, acme: Acme) -> dict[str, str]:
    document = "query ($id: ID!) { objective(id: $id) { cycle { id } team { id } } }"
    found = (await ada.run(document, id=acme.objective))["objective"]
    return {"cycleId": found["cycle"]["id"], "teamId": found["team"]["id"]}
