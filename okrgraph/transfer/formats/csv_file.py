"""Reads CSV row by row, with line numbers, as records; it knows the names of columns, not what they mean."""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from typing import BinaryIO, TypeAlias

from okrgraph.transfer.foreign.column_map import ColumnMap, MappedRows
from okrgraph.transfer.foreign.values import named
from okrgraph.transfer.formats.csv_lines import CsvLines, RowTooLong
from okrgraph.transfer.formats.formulas import unguarded
from okrgraph.transfer.formats.records import (
    COLUMNS,
    FileProblem,
    Reading,
    Record,
    RecordType,
    Unread,
    quoted,
)

# The first of them that a header line fits best.
_SEPARATORS = (",", ";", "\t")
# What a spreadsheet writes above the header, to tell itself the separator.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
# What files begin with that are no CSV in UTF-8.
_SIGNATURES = {
    "\xff\xfe": "This file is UTF-16; save it as CSV in UTF-8.",
    "\xfe\xff": "This file is UTF-16; save it as CSV in UTF-8.",
    "PK\x03\x04": "This is a spreadsheet's own file; save it as CSV in UTF-8.",
}
_KNOWN = frozenset(COLUMNS)
_TYPES = {kind.value: kind for kind in RecordType}
_Row: TypeAlias = tuple[int, list[str]]


def read_csv(source: BinaryIO, columns: ColumnMap | None = None) -> Reading:
    """Read UTF-8 text with a header line, row by row; what is wrong is told in between, and reading goes on.

    columns: how the columns of another tool's file are read; otherwise they are our own. Separators are
    commas, or semicolons or tabs where the header shows it.
    """
    lines = CsvLines(source)
    try:
        begin = lines.peek()
        other = [reason for signature, reason in _SIGNATURES.items() if begin.startswith(signature)]
        if other:
            yield Unread(FileProblem(1, None, other[0]))
        else:
            yield from _read(lines, columns)
    finally:
        lines.release()


def _read(lines: CsvLines, columns: ColumnMap | None) -> Reading:
    known = _KNOWN if columns is None else columns.known
    header: _Row | None = None
    rows = _rows(lines, _separator(lines, known))
    for item in rows:
        if not isinstance(item, Unread):
            header = item
            break
        yield item
    if header is None:
        yield Unread(FileProblem(1, None, "The file is empty; its first line names the columns."))
        return
    line, names = header[0], [name.strip() for name in header[1]]
    yield from _own_rows(line, names, rows) if columns is None else _mapped_rows(line, names, rows, columns)


def _separator(lines: CsvLines, known: Collection[str]) -> str:
    """What stands between the names of the header: the sign that gives the most known ones."""
    while (line := lines.peek()).strip(" ,;\t\r\n") == "" and line:
        lines.skip()
    told = _SEPARATOR_LINE.fullmatch(line.strip(" \r\n"))
    if told is not None:
        lines.skip()
        return told[1]

    def known_names(separator: str) -> int:
        try:
            cells = next(csv.reader([line], delimiter=separator), [])
        except csv.Error:
            return 0  # told when the line is read as a row
        return len({cell.strip() for cell in cells}.intersection(known))

    return max(_SEPARATORS, key=known_names)


def _rows(lines: CsvLines, separator: str) -> Iterator[_Row | Unread]:
    """The rows that are not blank, each with the physical line it starts on."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line, row = lines.begin_row(), None
        try:
            row = next(reader, None)
            is_end = row is None
        except csv.Error as error:
            is_end = False
            yield Unread(
                FileProblem(line, None, f"This row is not well-formed CSV: {_reason(lines, error)}.")
            )
        except RowTooLong as error:
            is_end = False
            yield Unread(FileProblem(line, None, str(error)))
        yield from map(Unread, lines.taken_problems())
        if is_end:
            return
        if row is not None and any(cell.strip() for cell in row):
            yield line, row


def _reason(lines: CsvLines, error: csv.Error) -> str:
    """Why a row is malformed. Where a quote is not closed, its other lines are read again as rows of their own."""
    if "unexpected end" in str(error):
        lines.reread()
        return "a quote is opened and never closed"
    if "field limit" in str(error):
        lines.reread()
        return f"a cell has more than {csv.field_size_limit():,} characters; perhaps a quote is not closed"
    return str(error)


def _own_rows(line: int, names: Sequence[str], rows: Iterable[_Row | Unread]) -> Reading:
    """Rows with our columns; they can be read when the header names type and key, whatever else is wrong."""
    for place, name in enumerate(names):
        if name in names[:place]:
            yield Unread(FileProblem(line, name or None, "This column is there twice."))
        elif name not in _KNOWN:
            reason = f"Unknown column {name!r}; known are {', '.join(COLUMNS)}."
            yield Unread(FileProblem(line, name or None, reason))
    missing = [name for name in ("type", "key") if name not in names]
    if missing:
        yield from (Unread(FileProblem(line, name, "This column is missing.")) for name in missing)
        return
    for item in rows:
        yield item if isinstance(item, Unread) else _own_row(item, names)


def _own_row(row: _Row, names: Sequence[str]) -> Record | Unread:
    line, texts = row
    cells = _cells(names, texts, _KNOWN)
    kind = cells.get("type", "").strip()
    column: str | None = "type"
    if len(texts) != len(names):
        column, reason = None, _count_reason(names, texts)
    elif kind not in _TYPES:
        what = f"Unknown type {quoted(kind)}" if kind else "The type is missing"
        reason = f"{what}; known are {', '.join(RecordType)}."
    else:
        return Record(line, _TYPES[kind], cells)
    key = cells.get("key")
    return Unread(FileProblem(line, column, reason), None if key is None else key.strip())


def _mapped_rows(
    line: int, names: Sequence[str], rows: Iterable[_Row | Unread], columns: ColumnMap
) -> Reading:
    """Rows with columns of another tool; they can be read when the header has all that the map reads."""
    mapped = MappedRows(columns)
    fatal = list(_unreadable_header(line, names, mapped))
    yield from map(Unread, fatal)
    unmentioned = mapped.unmentioned(names)
    # Spreadsheets leave columns without a name; they are refused where something stands in them.
    is_unnamed = [not name and name in unmentioned for name in names]
    if which := named(repr(name) for name in unmentioned if name):
        reason = (
            f"The column map says nothing of {which}; read them, or name them under ignore (or ignore: rest)."
        )
        yield Unread(FileProblem(line, None, reason))
    if fatal:
        return
    for item in rows:
        if isinstance(item, Unread):
            yield item
            continue
        at, texts = item
        cells = _cells(names, texts, columns.read)
        if any(text.strip() for text in compress(texts, is_unnamed)):
            reason = "A cell stands in a column without a name; name it in the header, or say ignore: rest."
            yield Unread(FileProblem(at, None, reason))
        if len(texts) == len(names):
            yield from mapped.records(at, cells)
        else:
            yield Unread(FileProblem(at, None, _count_reason(names, texts)), mapped.key_of(cells))


def _unreadable_header(line: int, names: Sequence[str], mapped: MappedRows) -> Iterator[FileProblem]:
    for place, name in enumerate(names):
        if name in names[:place] and mapped.reads(name):
            yield FileProblem(line, name, "This column is there twice.")
    if missing := mapped.missing(names):
        wanted = named(map(repr, missing))
        reason = (
            f"The column map reads {wanted}, which this file does not have; it has {named(map(repr, names))}."
        )
        yield FileProblem(line, None, reason)


def _cells(names: Sequence[str], texts: Sequence[str], wanted: Collection[str]) -> dict[str, str]:
    """The cells that say something, without what keeps a spreadsheet from running them."""
    return {
        name: said
        for name, text in zip(names, texts, strict=False)
        if name in wanted and (said := unguarded(text)).strip()
    }


def _count_reason(names: Sequence[str], texts: Sequence[str]) -> str:
    return f"This row has {len(texts)} cells and the header has {len(names)}."
