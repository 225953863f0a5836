"""What a viewer may see, read anew: all of it by its ids, or one subtree as a client asks for it."""

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
from tests.graph.verify.fields import AT_ONCE, Records, check_ins, dependency, records_in, selection

_TABLES = {name: table for name, table in TABLE_OF_TYPE.items() if name != "Organization"}
_ALL = f"(first: {AT_ONCE}) {{ nodes"
_STATES = "(states: [PROPOSED, ACCEPTED, DECLINED, WITHDRAWN])"
_CHECK_INS = {"KeyResult": check_ins("CheckIn"), "Dependency": check_ins("DependencyCheckIn")}


def _entity(type_name: str) -> str:
    return f"{{ ... on {type_name} {selection(type_name, more=_CHECK_INS.get(type_name, ''))} }}"


def _nodes(type_name: str) -> str:
    return f"{type_name}: nodes(ids: ${type_name}) {_entity(type_name)}"


_WHOLE = f"query({' '.join(f'${name}: [ID!]!' for name in _TABLES)}) {{ {' '.join(map(_nodes, _TABLES))} }}"


_COMMENT = selection("Comment", more=f"replies {selection('Comment')}")
_COMMENTS = f"comments{_ALL} {_COMMENT} }}"
_DEPENDENCY = dependency(_COMMENTS)


def _subtree() -> str:
    around = f"{_COMMENTS} incomingLinks{_STATES} {selection('AlignmentLink')}"
    key_result = selection("KeyResult", more=f"{_CHECK_INS['KeyResult']} {around}")
    links = f"links{_STATES} {selection('AlignmentLink')}"
    more = f"keyResults {key_result} dependencies {_DEPENDENCY} {links} {around}"
    return f"query($id: ID!) {{ objective(id: $id) {selection('Objective', more=more)} }}"


_SUBTREES = {
    PREFIX_OF_TYPE["Objective"]: _subtree(),
    PREFIX_OF_TYPE["Dependency"]: f"query($id: ID!) {{ dependency(id: $id) {_DEPENDENCY} }}",
}


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
        for start in range(0, max(map(len, ids.values())), AT_ONCE):
            piece = {name: keys[start : start + AT_ONCE] for name, keys in ids.items()}
            found += (await self.ask(_WHOLE, **piece)).values()
        return Snapshot(cursor, records_in(found))

    async def everything(self) -> Records:
        return (await self.snapshot()).records

    async def subtree(self, root: str) -> Records:
        """Ask for what came into sight with all that hangs on it; of a team, whose drafts did, for everything."""
        document = _SUBTREES.get(root.partition("_")[0])
        return await self.everything() if document is None else records_in(await self.ask(document, id=root))

    async def entity(self, key: str) -> Records:
        """Ask for one thing."""
        found = read_global_id(key)
        assert found is not None, key
        return records_in(await self.ask(f"query($id: ID!) {{ node(id: $id) {_entity(found[0])} }}", id=key))

    async def dependencies(self, keys: list[str]) -> Records:
        """Ask for those of them that are in sight."""
        return records_in(
            await self.ask(f"query($Dependency: [ID!]!) {{ {_nodes('Dependency')} }}", Dependency=keys)
        )


async def _ids(type_name: str, table: str, organization_id: UUID) -> list[str]:
    rows = await fetch_all(f"SELECT id FROM {table} WHERE organization_id = :id", id=organization_id)
    return [global_id(type_name, UUID(str(row[0]))) for row in rows]
