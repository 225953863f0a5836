"""How columns of a file are said in SQL, and where the things of one type stand; no type is known here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from okrgraph.kit.ids import PREFIX_OF_TYPE
from okrgraph.transfer.formats.records import COLUMNS, RecordType

Value: TypeAlias = str | int | float | bool | list[str]

TYPE_NAMES = {
    RecordType.TEAM: "Team",
    RecordType.CYCLE: "Cycle",
    RecordType.OBJECTIVE: "Objective",
    RecordType.LINK: "AlignmentLink",
    RecordType.KEY_RESULT: "KeyResult",
    RecordType.CHECK_IN: "CheckIn",
    RecordType.DEPENDENCY: "Dependency",
    RecordType.DEPENDENCY_CHECK_IN: "DependencyCheckIn",
    RecordType.LIAISON: "Liaison",
    RecordType.COMMENT: "Comment",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of a file. sql: over the thing's table `t`; NULL leaves it empty."""

    column: str
    sql: str
    read: Callable[[Any], Value] = str


def number(value: Any) -> float | int:
    """An int where that says the same; SQLite knows no -0.0, so none is told from 0."""
    return int(value) if value == int(value) and abs(value) < 1e16 else float(value)


def moment(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def day(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


# Subqueries rather than joins: right after an import PostgreSQL knows nothing of the tables yet, and then
# joins keys to things by comparing each with each.
def key_sql(kind: RecordType, of: str) -> str:
    """The key of the thing whose id is `of`; NULL of nothing."""
    return (
        "COALESCE((SELECT k.entity_key FROM import_key k WHERE k.organization_id = t.organization_id "
        f"AND k.entity_type = '{kind}' AND k.entity_id = {of}), "
        f"'{PREFIX_OF_TYPE[TYPE_NAMES[kind]]}_' || replace({of}::text, '-', ''))"
    )


def own_key(kind: RecordType) -> Cell:
    return key_of("key", kind, "t.id")


def key_of(column: str, kind: RecordType, of: str) -> Cell:
    return Cell(column, key_sql(kind, of))


def address_of(column: str, of: str) -> Cell:
    return Cell(column, f"(SELECT p.email FROM person p WHERE p.id = {of})")


def text(column: str, sql: str = "") -> Cell:
    return Cell(column, sql or f"t.{column}")


def numeric(column: str, sql: str = "") -> Cell:
    return Cell(column, sql or f"t.{column}", number)


def at(column: str, sql: str = "") -> Cell:
    return Cell(column, sql or f"t.{column}", moment)


@dataclass(frozen=True, slots=True)
class Table:
    """Where things of one type stand. source: the table `t`, and what the rest needs beside it.

    only: which of the rows are things of a file. Of what stands in an objective, `objective`: its id, and
    `inside`: the id of the thing that it stands in directly.
    """

    source: str
    cells: tuple[Cell, ...]
    only: str = "t.organization_id = :organization"
    objective: str = "NULL"
    inside: str = "NULL"

    @property
    def by_key(self) -> str:
        return f"{self._select} ORDER BY key_in_file, t.id"

    @property
    def by_objective(self) -> str:
        return f"{self._select} ORDER BY {place_sql(RecordType.OBJECTIVE, self.objective)}, key_in_file, t.id"

    @property
    def _select(self) -> str:
        """The objective's id, the thing's, the one of what it stands in, then its cells."""
        key, *others = (cell.sql for cell in self.cells)
        chosen = ", ".join(
            [self.objective, "t.id", self.inside, f'{key} COLLATE "C" AS key_in_file', *others]
        )
        return f"SELECT {chosen} FROM {self.source} WHERE {self.only}"


def place_sql(kind: RecordType, of: str) -> str:
    """Sorts by the thing whose id is `of`, as `by_key` sorts the things themselves."""
    return f'{key_sql(kind, of)} COLLATE "C", {of}'


def in_order(*cells: Cell) -> tuple[Cell, ...]:
    return tuple(sorted(cells, key=lambda cell: COLUMNS.index(cell.column)))
