"""Writes an organisation as CSV: one row a thing, by type and then by key."""

import csv
from collections.abc import Callable
from typing import Any

from okrgraph.transfer.export.cells import Value
from okrgraph.transfer.export.stored import Reader, Stored
from okrgraph.transfer.formats.formulas import guarded
from okrgraph.transfer.formats.records import COLUMNS, LIST_SEPARATOR, RecordType

# Python 3.11 quotes a lone \r only where the line end has one, so rows are made with this end.
_LINE_END = "\r\n"


async def write_csv(reader: Reader, write: Callable[[str], object], told: Callable[[int], object]) -> None:
    """Write the header and every row. told: how many rows came next."""
    rows = _Rows()
    write(rows.text([COLUMNS]))
    for kind in RecordType:
        async for things in reader.things(kind):
            write(rows.text([_row(kind, thing) for thing in things]))
            told(len(things))


def _row(kind: RecordType, thing: Stored) -> list[str]:
    cells = thing.cells
    return [kind.value, *(_text(cells[name]) if name in cells else "" for name in COLUMNS[1:])]


def _text(value: Value) -> str:
    match value:
        case str():
            return guarded(value)
        case list():
            return guarded(LIST_SEPARATOR.join(value))
        case bool():
            return "TRUE" if value else "FALSE"
        case _:
            return repr(value)


class _Rows:
    """Turns rows into lines."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._writer = csv.writer(self, lineterminator=_LINE_END)

    def write(self, line: str) -> None:
        """Take one line, as the csv module gives it."""
        self._lines.append(line.removesuffix(_LINE_END))

    def text(self, rows: list[Any]) -> str:
        self._lines.clear()
        self._writer.writerows(rows)
        return "".join(f"{line}\n" for line in self._lines)
