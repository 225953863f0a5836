"""Reads what the database holds as the cells that say it in a file; no format is known here."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from okrgraph.events.snapshots import Snapshot
from okrgraph.people.vocabulary import MemberRole
from okrgraph.transfer.export.cells import Cell, Value
from okrgraph.transfer.export.tables import CO_OWNERS, MEMBERSHIPS, PARENTS, TABLES
from okrgraph.transfer.formats.records import COLUMNS, RecordType

# As the database gives it: only to be compared.
Id: TypeAlias = Any
Cells: TypeAlias = dict[str, Value]

_ROWS_AT_ONCE = 500


class Stored(NamedTuple):
    """One thing: its id, the id of what it stands in where files are nested, and its cells that say something.

    The cells are in the order of COLUMNS.
    """

    id: Id
    inside: Id
    cells: Cells


class _Beside:
    """Rows that belong to things which are read at the same time, in the order of these. First column: whose."""

    def __init__(self, chunks: AsyncIterator[list[Any]]) -> None:
        self._chunks = chunks
        self._rows: list[Any] = []
        self._next = 0

    async def of(self, owner: Id) -> list[Any]:
        """The rows of the next owner. Nobody may be passed over who has some."""
        found = []
        while await self._has_next() and self._rows[self._next][0] == owner:
            found.append(self._rows[self._next])
            self._next += 1
        return found

    async def end(self) -> None:
        assert not await self._has_next(), "both are sorted alike, so nothing is left"

    async def _has_next(self) -> bool:
        if self._next == len(self._rows):
            self._rows, self._next = await anext(self._chunks, []), 0
        return self._next < len(self._rows)


class Reader:
    """Reads one organisation from a snapshot, a few rows at a time."""

    def __init__(self, held: Snapshot, organization_id: Id) -> None:
        self._held = held
        self._organization_id = organization_id

    def _chunks(self, sql: str) -> AsyncIterator[list[Any]]:
        return self._held.chunks(sql, _ROWS_AT_ONCE, organization=self._organization_id)

    async def things(self, kind: RecordType) -> AsyncIterator[list[Stored]]:
        """All things of one type by key, some at a time."""
        lists = [(_Beside(self._chunks(sql)), add) for sql, add in _LISTS.get(kind, ())]
        table = TABLES[kind]
        async for rows in self._chunks(table.by_key):
            things = [_stored(table.cells, row) for row in rows]
            for thing in things if lists else ():
                for beside, add in lists:
                    add(thing.cells, [(key, more) for _, key, more in await beside.of(thing.id)])
                _sort(thing.cells)
            yield things
        for beside, _ in lists:
            await beside.end()

    async def objectives(
        self, *kinds: RecordType
    ) -> AsyncIterator[tuple[Stored, dict[RecordType, list[Stored]]]]:
        """All objectives by key, each with the things of these types that stand in it, by key as well."""
        below = {kind: _Beside(self._chunks(TABLES[kind].by_objective)) for kind in kinds}
        async for objectives in self.things(RecordType.OBJECTIVE):
            for objective in objectives:
                yield (
                    objective,
                    {
                        kind: [_stored(TABLES[kind].cells, row) for row in await beside.of(objective.id)]
                        for kind, beside in below.items()
                    },
                )
        for beside in below.values():
            await beside.end()


def _stored(cells: tuple[Cell, ...], row: Any) -> Stored:
    _, thing_id, inside, *values = row
    return Stored(
        thing_id,
        inside,
        {
            cell.column: cell.read(value)
            for cell, value in zip(cells, values, strict=True)
            if value is not None and value != ""
        },
    )


def _sort(cells: Cells) -> None:
    unsorted = dict(cells)
    cells.clear()
    cells.update((column, unsorted[column]) for column in COLUMNS if column in unsorted)


# Keys that a list names, each with what else is known of it; the list becomes a cell.
_Named: TypeAlias = list[tuple[str, Any]]


def _add_memberships(person: Cells, named: _Named) -> None:
    if named:
        person["team"] = [_membership(*each) for each in sorted(named)]


def _membership(key: str, role: str) -> str:
    """A colon in the key would be taken for the one before a role."""
    return key if role == MemberRole.MEMBER and ":" not in key else f"{key}:{role}"


def _add_co_owners(objective: Cells, named: _Named) -> None:
    accountable = str(objective["team"])
    objective["team"] = [accountable, *sorted(key for key, _ in named if key != accountable)]


def _add_parents(objective: Cells, named: _Named) -> None:
    if named:
        objective["parent"] = [key for key, _ in sorted(named, key=_primary_first)]


def _primary_first(parent: tuple[str, Any]) -> tuple[bool, str]:
    key, is_primary = parent
    return not is_primary, key


_LISTS: Mapping[RecordType, Sequence[tuple[str, Callable[[Cells, _Named], None]]]] = {
    RecordType.PERSON: [(MEMBERSHIPS, _add_memberships)],
    RecordType.OBJECTIVE: [(CO_OWNERS, _add_co_owners), (PARENTS, _add_parents)],
}
