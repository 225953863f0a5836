"""The same rows as a file in each notation, and where each cell of it stands."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.formats.nested_file import LISTS
from tests.transfer.files import Row, text_of

_ORGANIZATION = "organization"
_LIST_OF = {kind.value: name for name, kind in LISTS.items()} | {_ORGANIZATION: _ORGANIZATION}


@dataclass
class Written:
    """A file. starts: the line of each row, by its place; lines: of its cells, where they have their own.

    names: the name of the list that a row stands in and the line of it, where there are lists.
    """

    text: str
    starts: list[int] = field(default_factory=list)
    lines: list[Mapping[str, int]] = field(default_factory=list)
    names: Mapping[int, tuple[str, int]] = field(default_factory=dict)

    def line_of(self, place: int, column: str) -> int:
        return self.lines[place].get(column, self.starts[place])


def _csv(rows: Sequence[Row]) -> Written:
    assert not any("\n" in cell for row in rows for cell in row.values()), "then a row is no line"
    return Written(text_of(rows), [place + 2 for place in range(len(rows))], [{} for _ in rows])


class _Lines:
    """Lines as they are written, and what stands in them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.written: list[str] = []
        self.starts = [0] * len(rows)
        self.lines: list[dict[str, int]] = [{} for _ in rows]
        self.names: dict[int, tuple[str, int]] = {}

    @property
    def next(self) -> int:
        return len(self.written) + 1

    def name(self, name: str, places: Iterable[int]) -> None:
        """Note that a list begins in the next line."""
        self.names.update(dict.fromkeys(places, (name, self.next)))

    def file(self) -> Written:
        text = "".join(f"{line}\n" for line in self.written)
        return Written(text, self.starts, list(self.lines), self.names)


def _lists(rows: Sequence[Row]) -> Iterator[tuple[str, list[int]]]:
    """The lists of a nested file in the order of their first rows; an organisation stands in none."""
    lists: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        name = _LIST_OF.get(row["type"], f"{row['type']}s")
        if name == _ORGANIZATION:
            yield name, [place]
        else:
            lists.setdefault(name, []).append(place)
    yield from lists.items()


def _cells(row: Row) -> list[tuple[str, str]]:
    return [(name, cell) for name, cell in row.items() if name != "type" and cell]


def _yaml(rows: Sequence[Row]) -> Written:
    lines = _Lines(rows)
    for name, places in _lists(rows):
        lines.name(name, places)
        lines.written.append(f"{name}:")
        for place in places:
            opening = "  " if name == _ORGANIZATION else "- "
            lines.starts[place] = lines.next
            for column, cell in _cells(rows[place]):
                lines.lines[place][column] = lines.next
                lines.written.append(f"{opening}{column}: {json.dumps(cell)}")
                opening = "  "
    return lines.file()


def _json(rows: Sequence[Row]) -> Written:
    lines = _Lines(rows)
    lines.written.append("{")
    lists = list(_lists(rows))
    for number, (name, places) in enumerate(lists, 1):
        is_list = name != _ORGANIZATION
        lines.name(name, places)
        lines.written.append(f'"{name}": {"[" if is_list else ""}')
        for place in places:
            lines.starts[place] = lines.next
            lines.written.append("{")
            cells = _cells(rows[place])
            for rank, (column, cell) in enumerate(cells, 1):
                lines.lines[place][column] = lines.next
                comma = "," if rank < len(cells) else ""
                lines.written.append(f'"{column}": {json.dumps(cell)}{comma}')
            lines.written.append("}," if place != places[-1] else "}")
        lines.written.append(("]" if is_list else "") + ("," if number < len(lists) else ""))
    lines.written.append("}")
    return lines.file()


NOTATIONS: Mapping[FileFormat, Callable[[Sequence[Row]], Written]] = {
    FileFormat.CSV: _csv,
    FileFormat.YAML: _yaml,
    FileFormat.JSON: _json,
}
