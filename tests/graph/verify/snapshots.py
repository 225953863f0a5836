"""What a viewer may see, read anew: all of it by its ids, or one subtree as a client asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.events.hub import Hub
from okrgraph.kit.ids import PREFIX_OF_TYPE, global_id, read_global_id
from okrgraph.people.tokens import viewers_again
from okrgraph.people.viewer import Viewer
from tests.both_executors import by_engine
from tests.graph.rich_world import TABLE_OF_TYPE
from tests.graph.verify.fields import record_of, selection
from tests.graph.verify.model import Records

_TABLES = {name: table for name, table in TABLE_OF_TYPE.items() if name != "Organization"}
_AT_ONCE = 100
_ALL = f"(first: {_AT_ONCE}) {{ nodes"
_STATES = "(states: [PROPOSED, ACCEPTED, DECLINED, WITHDRAWN])"
# A check-in does not say itself what it is about.
_CHECK_INS = f"checkIns{_ALL} {selection('CheckIn')} }}"


def _nodes(type_name: str) -> str:
    more = _CHECK_INS if type_name == "KeyResult" else ""
    return f"{type_name}: nodes(ids: ${type_name}) {{ ... on {type_name} {selection(type_name, more=more)} }}"


_WHOLE = f"query({' '.join(f'${name}: [ID!]!' for name in _TABLES)}) {{ {' '.join(map(_nodes, _TABLES))} }}"


def _subtree() -> str:
    comment = selection("Comment", more=f"replies {selection('Comment')}")
    around = f"comments{_ALL} {comment} }} incomingLinks{_STATES} {selection('AlignmentLink')}"
    key_result = selection("KeyResult", more=f"{_CHECK_INS} {around}")
    more = f"keyResults {key_result} links{_STATES} {selection('AlignmentLink')} {around}"
    return f"query($id: ID!) {{ objective(id: $id) {selection('Objective', more=more)} }}"


_SUBTREE = _subtree()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """records: by id. cursor: where to go on from."""

    cursor: str
    records: Records


@dataclass(frozen=True, slots=True)
class Reading:
    """Asks in the name of one viewer, each time with the roles of the moment.

    By the engine alone: other tests hold it to graphql-core.
    """

    hub: Hub
    viewer: Viewer
    organization_id: UUID

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        viewer = (await viewers_again([self.viewer.token_id]))[self.viewer.token_id]
        result = await by_engine(viewer, self.hub, document, variables)
        assert result.errors is None, result.errors
        found: dict[str, Any] = result.data
        return found

    async def snapshot(self) -> Snapshot:
        """Ask for everything that there is; what the viewer may not see is not answered."""
        cursor = (await self.ask("{ organization { cursor } }"))["organization"]["cursor"]
        ids = {name: await _ids(name, table, self.organization_id) for name, table in _TABLES.items()}
        found: list[Any] = []
        for start in range(0, max(map(len, ids.values())), _AT_ONCE):
            piece = {name: keys[start : start + _AT_ONCE] for name, keys in ids.items()}
            found += (await self.ask(_WHOLE, **piece)).values()
        return Snapshot(cursor, _records_in(found))

    async def everything(self) -> Records:
        return (await self.snapshot()).records

    async def subtree(self, root: str) -> Records:
        """Ask for an objective with all that hangs on it; of a team whose drafts come into sight, for everything."""
        if not root.startswith(PREFIX_OF_TYPE["Objective"]):
            return await self.everything()
        return _records_in((await self.ask(_SUBTREE, id=root))["objective"])

    async def entity(self, key: str) -> Records:
        """Ask for one thing."""
        found = read_global_id(key)
        assert found is not None, key
        document = f"query($id: ID!) {{ node(id: $id) {{ ... on {found[0]} {selection(found[0])} }} }}"
        return _records_in((await self.ask(document, id=key))["node"])


async def _ids(type_name: str, table: str, organization_id: UUID) -> list[str]:
    rows = await fetch_all(f"SELECT id FROM {table} WHERE organization_id = :id", id=organization_id)
    return [global_id(type_name, UUID(str(row[0]))) for row in rows]


def _records_in(answer: Any) -> Records:
    """Every entity in an answer, and of check-ins the key result in which they stand."""
    records: Records = {}
    key_result_of: dict[str, str] = {}
    for node in _entities_in(answer):
        for check_in in node.get("checkIns", {}).get("nodes", ()):
            key_result_of[check_in["id"]] = node["id"]
        records[node["id"]] = records.get(node["id"], {}) | record_of(node)
    for check_in_id, key_result_id in key_result_of.items():
        records[check_in_id]["keyResult"] = key_result_id
    return records


def _entities_in(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, list):
        for each in answer:
            yield from _entities_in(each)
    elif isinstance(answer, dict):
        if "__typename" in answer:
            yield answer
        for value in answer.values():
            yield from _entities_in(value)
