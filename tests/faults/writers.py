"""People who keep changing things by real mutations and record what became of each: ok, fail or nobody knows."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from okrgraph.kit.ids import global_id
from tests.faults.api import Api
from tests.faults.history import Attempt, History, Operation
from tests.faults.subscribers import place_of
from tests.faults.world import World

_PAYLOAD = "cursor userErrors { code message }"


def _document(mutation: str, entity: str, selection: str = "id") -> str:
    name = mutation[0].upper() + mutation[1:]
    if mutation in _WITHOUT_ID:
        return (
            f"mutation ($input: {name}Input!) {{ done: {mutation}(input: $input) "
            f"{{ entity: {entity} {{ {selection} }} {_PAYLOAD} }} }}"
        )
    given = _INPUTS.get(mutation, f"{name}Input!")
    return (
        f"mutation ($id: ID!, $input: {given}) {{ done: {mutation}(id: $id, input: $input) "
        f"{{ entity: {entity} {{ {selection} }} {_PAYLOAD} }} }}"
    )


_WITHOUT_ID = ("commentCreate", "checkInCreate", "objectiveCreate", "keyResultCreate")
_INPUTS = {
    "objectivePublish": "ObjectivePublishInput",
    "alignmentLinkAccept": "AlignmentLinkDecisionInput",
    "alignmentLinkDecline": "AlignmentLinkDecisionInput",
    "commentDelete": "CommentActionInput",
    "commentResolve": "CommentActionInput",
}
DOCUMENTS = {
    "commentCreate": _document("commentCreate", "comment"),
    "commentUpdate": _document("commentUpdate", "comment"),
    "commentDelete": _document("commentDelete", "comment"),
    "commentResolve": _document("commentResolve", "comment"),
    "checkInCreate": _document("checkInCreate", "checkIn"),
    "objectiveCreate": _document("objectiveCreate", "objective", "id links { id }"),
    "objectiveUpdate": _document("objectiveUpdate", "objective"),
    "objectivePublish": _document("objectivePublish", "objective"),
    "keyResultCreate": _document("keyResultCreate", "keyResult"),
    "alignmentLinkAccept": _document("alignmentLinkAccept", "alignmentLink"),
    "alignmentLinkDecline": _document("alignmentLinkDecline", "alignmentLink"),
}


@dataclass(frozen=True, slots=True)
class Intent:
    """One mutation to be sent. then: what its entity is good for."""

    mutation: str
    given: dict[str, Any]
    entity: str | None = None
    then: Callable[[dict[str, Any]], None] | None = None


class Writer:
    """One person, and the team whose work they change. Some operations are sent again, also at once (I11)."""

    def __init__(
        self, world: World, who: tuple[str, str], api: Api, history: History, rng: random.Random
    ) -> None:
        self._world = world
        self._name, self._team = who
        self._api = api
        self._history = history
        self._rng = rng
        self._pause = 0.2
        self.is_writing = asyncio.Event()
        self.is_writing.set()
        self.is_idle = asyncio.Event()

    async def write(self, pause: float) -> None:
        """Write until cancelled, so many seconds between two mutations on average."""
        self._pause = pause
        while True:
            self.is_idle.set()
            await self.is_writing.wait()
            self.is_idle.clear()
            await self.send(self._choose())
            self.is_idle.set()
            await asyncio.sleep(self._rng.uniform(0, 2 * self._pause))

    async def send(self, intent: Intent) -> dict[str, Any] | None:
        """Send a mutation until its outcome is known; give the payload if it was done."""
        number = next(self._world.numbers)
        operation = Operation(
            f"{self._name.lower()}-{number}", self._world.people[self._name].key, intent.mutation
        )
        self._history.operations.append(operation)
        variables: dict[str, Any] = {"input": {**intent.given, "clientMutationId": operation.mutation_id}}
        if intent.entity is not None:
            variables["id"] = intent.entity
        if self._rng.random() < 0.05:
            await asyncio.gather(*(self._attempt(operation, intent, variables) for _ in range(3)))
        payload = None
        while payload is None:
            payload = await self._attempt(operation, intent, variables)
            if payload is None:
                await asyncio.sleep(self._rng.uniform(0.1, 0.5))
        if payload["userErrors"]:
            return None
        if self._rng.random() < 0.05:
            self._api.move_on()
            await self._attempt(operation, intent, variables)
        if intent.then is not None and payload["entity"] is not None:
            intent.then(payload["entity"])
        return payload

    async def _attempt(
        self, operation: Operation, intent: Intent, variables: dict[str, Any]
    ) -> dict[str, Any] | None:
        """One sending; None when nobody knows what became of it."""
        begun = time.time()

        def note(outcome: str, **more: Any) -> None:
            operation.attempts.append(Attempt(begun, time.time(), outcome, **more))

        try:
            body = await self._api.once(DOCUMENTS[intent.mutation], variables)
        except httpx.TransportError as error:
            note("info", why=str(error)[:100])
            return None
        payload = (body.get("data") or {}).get("done")
        if body.get("errors") or payload is None:
            note("info", why=str(body.get("errors"))[:300])
            self._api.move_on()
            return None
        if payload["userErrors"]:
            note("fail", why=str(payload["userErrors"])[:200])
        else:
            entity = payload["entity"]
            note("ok", place=place_of(payload["cursor"]), entity=entity and entity["id"])
        return dict(payload)

    def _choose(self) -> Intent:
        rng, world = self._rng, self._world
        kinds = {
            self._comment: 40,
            # Drafts take no check-ins.
            self._check_in: 0 if self._is_secret() else 30,
            self._new_draft: 6,
            self._retitle: 6,
            self._touch_comment: 8,
        }
        if world.drafts.get(self._team):
            kinds[self._publish] = 8
        if self._name == "Max" and world.links:
            kinds[self._decide] = 30
        return rng.choices(list(kinds), list(kinds.values()))[0]()

    def _is_secret(self) -> bool:
        return self._team == "Secret"

    def _text(self, what: str) -> str:
        secret = f" {self._world.canary()}" if self._is_secret() else ""
        return f"{what} {next(self._world.numbers)}{secret}"

    def _comment(self) -> Intent:
        world = self._world
        # What a secret writer says carries a secret word, so it must be said about a draft.
        teams = ["Secret"] if self._is_secret() else ["Company", "Growth", "Platform"]
        team = self._rng.choice(teams)
        subject = self._rng.choice(world.objectives[team] + world.key_results[team])
        return Intent(
            "commentCreate",
            {"subjectId": subject, "body": self._text("Comment")},
            then=lambda entity: world.comments.append((entity["id"], self._name)),
        )

    def _check_in(self) -> Intent:
        note = self._text("Note")
        given = {
            "keyResultId": self._rng.choice(self._world.key_results[self._team]),
            "value": float(self._rng.randrange(100)),
            "confidence": self._rng.randint(1, 5),
            "note": note,
        }
        return Intent("checkInCreate", given)

    def _new_draft(self) -> Intent:
        world = self._world
        links = [] if self._team == "Company" else [{"parentId": self._rng.choice(world.company_key_results)}]

        def keep(entity: dict[str, Any]) -> None:
            if self._is_secret():
                world.objectives[self._team].append(entity["id"])
                world.secret_drafts.append(entity["id"])
                return
            links = [link["id"] for link in entity["links"]]
            world.drafts.setdefault(self._team, []).append((entity["id"], links))

        team = world.organization.company if self._team == "Company" else world.teams[self._team]
        given = {
            "title": self._text("Objective"),
            "cycleId": world.cycle,
            "teamId": global_id("Team", team.id),
            "links": links,
        }
        return Intent("objectiveCreate", given, then=keep)

    def _publish(self) -> Intent:
        drafts = self._world.drafts[self._team]
        draft, links = drafts.pop(self._rng.randrange(len(drafts)))

        def keep(entity: dict[str, Any]) -> None:
            # From now on Max sees them.
            self._world.links.extend(links)
            self._world.objectives[self._team].append(entity["id"])

        return Intent("objectivePublish", {"overrideReason": "as the run needs it"}, draft, then=keep)

    def _retitle(self) -> Intent:
        objective = self._rng.choice(self._world.objectives[self._team])
        return Intent("objectiveUpdate", {"title": self._text("Renamed"), "reason": "because"}, objective)

    def _touch_comment(self) -> Intent:
        own = [place for place, (_, author) in enumerate(self._world.comments) if author == self._name]
        if not own:
            return self._comment()
        place = self._rng.choice(own[-20:])
        comment = self._world.comments[place][0]
        if self._rng.random() < 0.5:
            return Intent("commentUpdate", {"body": self._text("Rewritten")}, comment)
        # Once only: what is settled already changes nothing and leaves no trace in the log.
        del self._world.comments[place]
        return Intent(self._rng.choice(["commentResolve", "commentDelete"]), {}, comment)

    def _decide(self) -> Intent:
        link = self._world.links.pop(self._rng.randrange(len(self._world.links)))
        if self._rng.random() < 0.3:
            return Intent("alignmentLinkDecline", {"note": "no"}, link)
        return Intent("alignmentLinkAccept", {"answer": "YES"}, link)
