"""Reads a CSV file into records with line numbers; it knows the names of columns, not what they mean."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.records import COLUMNS, LATER_TYPES, FileProblem, Record, RecordFile, RecordType

_BYTE_ORDER_MARK = "\ufeff"
# An export puts an apostrophe before text that a spreadsheet would run as a formula.
_FORMULA_STARTS = tuple("=+-@\t\r")


def read_csv(source: Path | TextIO) -> RecordFile:
    """Read UTF-8 text with a header line. What is wrong goes into the problems; the other rows are read on.

    Raises OperatorError when there is no such file.
    """
    file = RecordFile()
    text = _text_of(source, file.problems)
    if text is None:
        return file
    rows = _rows(text, file.problems)
    line, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    if _is_usable(line, names, file.problems):
        for line, row in rows:
            _add_row(file, line, names, row)
    return file


def _text_of(source: Path | TextIO, problems: list[FileProblem]) -> str | None:
    if isinstance(source, io.TextIOWrapper):
        data: bytes = source.buffer.read()  # whatever encoding it was opened with
    elif isinstance(source, Path):
        data = _bytes_of(source)
    else:
        return source.read().removeprefix(_BYTE_ORDER_MARK)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.extend(_undecodable(data))
        return None


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"The file {path} cannot be read ({error.strerror}).") from error


def _undecodable(data: bytes) -> Iterator[FileProblem]:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = f"byte 0x{line[error.start]:02X} after {error.start} others"
            yield FileProblem(number, None, f"This line is not UTF-8 ({byte}); save the file as UTF-8.")


def _rows(text: str, problems: list[FileProblem]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the physical line it starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(FileProblem(line, None, f"This row is not well-formed CSV: {error}."))
            continue
        if any(cell.strip() for cell in row):
            yield line, row


def _is_usable(line: int, names: Sequence[str], problems: list[FileProblem]) -> bool:
    """Check the header; rows can be read when it names their type and key, whatever else is wrong."""
    if not names:
        problems.append(FileProblem(1, None, "The file is empty; its first line names the columns."))
        return False
    if len(names) == 1 and ";" in names[0]:
        problems.append(FileProblem(line, None, "Separate the columns by commas, not by semicolons."))
        return False
    for place, name in enumerate(names):
        if name in names[:place]:
            problems.append(FileProblem(line, name or None, "This column is there twice."))
        elif name not in COLUMNS:
            known = ", ".join(COLUMNS)
            problems.append(FileProblem(line, name or None, f"Unknown column {name!r}; known are {known}."))
    missing = [name for name in ("type", "key") if name not in names]
    problems.extend(FileProblem(line, name, "This column is missing.") for name in missing)
    return not missing


def _add_row(file: RecordFile, line: int, names: Sequence[str], row: Sequence[str]) -> None:
    cells = {
        name: _unguarded(cell)
        for name, cell in zip(names, row, strict=False)
        if cell.strip() and name in COLUMNS
    }
    kind = cells.get("type", "").strip()
    if len(row) != len(names):
        reason = f"This row has {len(row)} cells and the header has {len(names)}."
        file.problems.append(FileProblem(line, None, reason))
    elif kind in LATER_TYPES:
        reason = f"This version does not hold rows of type {kind} yet; leave them out."
        file.problems.append(FileProblem(line, "type", reason))
    elif kind not in tuple(RecordType):
        what = f"Unknown type {kind!r}" if kind else "The type is missing"
        file.problems.append(FileProblem(line, "type", f"{what}; known are {', '.join(RecordType)}."))
    else:
        file.records.append(Record(line, RecordType(kind), cells))
        return
    if "key" in cells:
        file.lost_keys.add(cells["key"].strip())


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[0] == "'" and cell[1:].startswith(_FORMULA_STARTS) else cell
