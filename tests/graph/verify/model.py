"""A client's store of entities by id, kept up to date by the members of the feed as the documentation says."""

from collections.abc import Collection, Iterator
from typing import Any, Protocol

from okrgraph.kit.ids import read_global_id
from tests.graph.verify.fields import Record, Records, entity_fields, kept, records_in

# What says where an entity hangs, up to its objective. A dependency stays in sight of its teams without that.
_ABOVE = {
    "KeyResult": "objective",
    "CheckIn": "keyResult",
    "AlignmentLink": "child",
    "Comment": "subject",
    "DependencyCheckIn": "dependency",
}
# What keeps with a check-in what it is about, which it does not say itself.
_ABOUT = {"CheckIn": "keyResult", "DependencyCheckIn": "dependency"}


class Server(Protocol):
    """What a client asks when a change makes it."""

    async def everything(self) -> Records: ...

    async def subtree(self, root: str) -> Records: ...

    async def entity(self, key: str) -> Records: ...

    async def dependencies(self, keys: list[str]) -> Records: ...


class Model:
    """What a client holds. heard: the types of the changes that it has applied."""

    def __init__(self, records: Records, server: Server) -> None:
        self.records = {key: dict(record) for key, record in records.items()}
        self.heard: set[str] = set()
        self._server = server

    async def apply(self, change: dict[str, Any]) -> None:
        self.heard.add(change["__typename"])
        match change:
            case {"__typename": "Checkpoint"}:
                pass
            case {"__typename": "Resync"}:
                self.records = await self._server.everything()
            case {"__typename": "EntityRemoved", "entityId": key}:
                self._drop({key})
            case {"__typename": "AccessChanged", "granted": True, "rootId": root}:
                self._take_answer(await self._server.subtree(root))
                await self._look_at_dependencies()
            case {"__typename": "AccessChanged", "rootId": root}:
                self._drop(self._subtree_of(root))
                await self._look_at_dependencies()
            case _:
                await self._take_changed(change)

    async def _take_changed(self, change: dict[str, Any]) -> None:
        named = entity_fields(change["__typename"])
        assert named, f"{change['__typename']} holds no entity: say here what a client does with it"
        for field in named:
            record = records_in(change[field])[change[field]["id"]]
            # Beside the entity stands what it is about, where the entity itself does not say so.
            if record["__typename"] == "CheckIn":
                record["keyResult"] = change["keyResultId"]
            if record["__typename"] == "Comment":
                assert record.setdefault("subject", change["subjectId"]) == change["subjectId"]
            if record["id"] not in self.records and _ABOVE.get(record["__typename"], "id") not in record:
                # A document that is executed once for all cannot ask where a key result or a link hangs.
                self._take_answer(await self._server.entity(record["id"]))
            else:
                self._take(record)
            if record["__typename"] == "Dependency":
                # What was said of it is a part of it: asked for in the feed, or where that may not, after it.
                answer = (
                    change[field] if "checkIns" in change[field] else await self._server.entity(record["id"])
                )
                self._take_answer(_check_ins_in(answer))

    async def _look_at_dependencies(self) -> None:
        """They stand on two sides: with one of them in or out of sight, they may be, or what they point to."""
        held = [key for key, record in self.records.items() if record["__typename"] == "Dependency"]
        seen = await self._server.dependencies(held)
        for key in held:
            if key not in seen:
                self._drop(self._subtree_of(key))
        self._take_answer(seen)

    def _take_answer(self, answer: Records) -> None:
        for record in answer.values():
            self._take(record, is_asked_for=True)

    def _take(self, record: Record, *, is_asked_for: bool = False) -> None:
        """Put it in if it is newer than what is held. What has no version never changes.

        An answer to a question is taken also when it is of the same version: of what it points to more may be
        in sight by now.
        """
        held = self.records.get(record["id"])
        oldest = held["version"] + (not is_asked_for) if held is not None and "version" in held else 0
        if held is None or record.get("version", -1) >= oldest:
            self.records[record["id"]] = {**(held or {}), **record}

    def _drop(self, ids: Collection[str]) -> None:
        for key in ids:
            self.records.pop(key, None)

    def _subtree_of(self, root: str) -> set[str]:
        found = {root}
        while more := {
            key for key, record in self.records.items() if key not in found and _above(record) in found
        }:
            found |= more
        return found


def _check_ins_in(answer: Any) -> Records:
    found = records_in(answer) if "__typename" in answer else answer
    return {key: record for key, record in found.items() if record["__typename"] == "DependencyCheckIn"}


def _above(record: Record) -> str | None:
    above: str | None = record.get(_ABOVE.get(record["__typename"], ""))
    return above


def _in_sight(value: Any, held: Records) -> Any:
    """What a field points to, as far as it is held: a client knows only the id of what it has dropped."""
    is_id = isinstance(value, str) and read_global_id(value) is not None
    return None if is_id and value not in held else value


def differences(held: Records, fresh: Records, *, shared: bool = False) -> Iterator[str]:
    """Say where a store is not as a fresh one. shared: in the fields that are the same for all."""
    for key in sorted(held.keys() | fresh.keys()):
        if key not in held or key not in fresh:
            known, where = (fresh, "not held") if key not in held else (held, "held, not to be seen")
            yield f"{known[key]['__typename']} {key}: {where}"
            continue
        names = kept(fresh[key]["__typename"], shared=shared)
        if not shared and fresh[key]["__typename"] in _ABOUT:
            names = (*names, _ABOUT[fresh[key]["__typename"]])
        for name in names:
            was, now = _in_sight(held[key].get(name), held), fresh[key][name]
            if was != now:
                yield f"{fresh[key]['__typename']} {key}: {name} is held as {was!r}, and is {now!r}"
