"""A client's copy of an organisation, kept by the documented recipe: apply if newer, drop, query anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.api import Api
from tests.faults.documents import (
    MORE_CHECK_INS,
    MORE_COMMENTS,
    OBJECTIVES,
    ONE_OBJECTIVE,
    STRUCTURE,
    entity_in,
    nodes_below,
    parent_in,
)
from tests.faults.history import content_of


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one entity. parent: the public id of what it hangs on."""

    typename: str
    version: int
    content: Any
    parent: str | None


@dataclass
class Model:
    """Entities by public id. typenames: those that this client cares for."""

    typenames: frozenset[str] | None = None
    held: dict[str, Held] = field(default_factory=dict)

    def put(self, node: Mapping[str, Any], parent: str | None) -> None:
        """Take an entity if it is newer than what is held."""
        typename = node["__typename"]
        if self.typenames is not None and typename not in self.typenames:
            return
        version = node.get("version", 1)
        held = self.held.get(node["id"])
        if held is None or version > held.version:
            if parent is None and held is not None:
                parent = held.parent
            self.held[node["id"]] = Held(typename, version, content_of(typename, node), parent)

    def drop(self, entity: str) -> None:
        """Drop an entity and all that hangs on it."""
        self.held.pop(entity, None)
        for each in [key for key, held in self.held.items() if held.parent == entity]:
            self.drop(each)

    async def apply(self, change: Mapping[str, Any], api: Api) -> None:
        """Take one member of a batch; ignore those that are unknown."""
        match change["__typename"]:
            case "Resync":
                await self.refetch(api)
            case "EntityRemoved":
                self.drop(change["entityId"])
            case "AccessChanged":
                await self._take_access(change, api)
            case _:
                node = entity_in(change)
                if node is not None:
                    self.put(node, parent_in(change, node))

    async def _take_access(self, change: Mapping[str, Any], api: Api) -> None:
        if not change["rootId"].startswith("obj_"):
            # Of a team: which drafts are gone or new only the server knows.
            await self.refetch(api)
        elif change["granted"]:
            await self.fetch_objective(api, change["rootId"])
        else:
            self.drop(change["rootId"])

    async def fetch_objective(self, api: Api, entity: str) -> None:
        objective = (await api.run(ONE_OBJECTIVE, id=entity))["objective"]
        if objective is not None:
            await _complete(api, objective)
            for node, parent in nodes_below(objective):
                self.put(node, parent)

    async def refetch(self, api: Api) -> str:
        """Replace everything by what the server says; returns the cursor that was read first."""
        fresh = Model(self.typenames)
        organization = (await api.run(STRUCTURE))["organization"]
        for node in [*organization["cycles"], *organization["teams"], *organization["people"]["nodes"]]:
            fresh.put(node, None)
        after = None
        while True:
            page = (await api.run(OBJECTIVES, after=after))["objectives"]
            for objective in page["nodes"]:
                await _complete(api, objective)
                for node, parent in nodes_below(objective):
                    fresh.put(node, parent)
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        self.held = fresh.held
        return str(organization["cursor"])

    def plain(self) -> dict[str, Any]:
        """For the history: entity -> [version, content]."""
        return {key: [held.version, held.content] for key, held in self.held.items()}


async def _complete(api: Api, objective: dict[str, Any]) -> None:
    """Read the further pages of what an objective has more of than one page."""
    for node in (objective, *objective["keyResults"]):
        await _rest(api, MORE_COMMENTS, node["id"], node["comments"], "comments")
    for key_result in objective["keyResults"]:
        await _rest(api, MORE_CHECK_INS, key_result["id"], key_result["checkIns"], "checkIns")


async def _rest(api: Api, document: str, entity: str, connection: dict[str, Any], field: str) -> None:
    page = connection["pageInfo"]
    while page["hasNextPage"]:
        node = (await api.run(document, id=entity, after=page["endCursor"]))["node"]
        if node is None:
            return
        connection["nodes"] += node[field]["nodes"]
        page = node[field]["pageInfo"]
