"""What the columns of another tool's file stand for, and the records its rows become; it reads no file."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from okrgraph.transfer.foreign.values import ReadValue, Unreadable, folded, named, slug_of
from okrgraph.transfer.formats.records import (
    LIST_SEPARATOR,
    FileProblem,
    Reading,
    Record,
    RecordType,
    Unread,
    quoted,
    with_article,
)

# The cells of one row that say something, by their names.
Row = Mapping[str, str]


class Source(Protocol):
    """Where a value of ours comes from. columns: theirs, those it reads."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def value(self, row: Row) -> str | None:
        """The value, None when the row has none. Raises Unreadable."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The same text for every row."""

    text: str
    columns: tuple[str, ...] = ()

    def value(self, row: Row) -> str:  # noqa: ARG002 - whatever the row
        return self.text


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, or with `split` the parts of one."""

    column: str
    read: ReadValue
    split: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def value(self, row: Row) -> str | None:
        text = row.get(self.column)
        if text is None:
            return None
        if self.split is None:
            return self.read(text.strip())
        parts = text.split(self.split)
        return LIST_SEPARATOR.join(self.read(part.strip()) for part in parts if part.strip()) or None


@dataclass(frozen=True, slots=True)
class Slug:
    """A key made of titles, for files without keys; there is none while one of the titles is blank."""

    columns: tuple[str, ...]
    prefix: str = ""
    split: str | None = None

    def value(self, row: Row) -> str | None:
        texts = [row[column].strip() for column in self.columns if column in row]
        if len(texts) < len(self.columns):
            return None
        if self.split is None:
            return slug_of(texts, self.prefix)
        parts = [part.strip() for part in texts[0].split(self.split) if part.strip()]
        return LIST_SEPARATOR.join(slug_of([part], self.prefix) for part in parts) or None


@dataclass(frozen=True, slots=True)
class Condition:
    """Which rows: those that have one of these words, folded, in each of these columns."""

    words: Mapping[str, frozenset[str]]

    def holds(self, row: Row) -> bool:
        return all(folded(row.get(column, "")) in words for column, words in self.words.items())


@dataclass(frozen=True, slots=True)
class Template:
    """One record that is made of a row. sources: by our columns, without `type`; a key among them.

    own: their columns that no other template reads.
    """

    type: RecordType
    sources: Mapping[str, Source]
    when: Condition
    own: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        """The column without which there is no record: links alone need no key."""
        return "key" if "key" in self.sources else "parent"

    @property
    def columns(self) -> frozenset[str]:
        """Their columns that it reads."""
        read = (column for source in self.sources.values() for column in source.columns)
        return frozenset(read) | self.when.words.keys()

    def is_absent(self, row: Row) -> bool:
        """Whether a row without our key says nothing of this record: an objective without a key result."""
        title = self.sources.get("title", Constant(""))
        return not any(
            column in row for column in (*title.columns, *self.own) if column not in self.when.words
        )


@dataclass(frozen=True)
class ColumnMap:
    """How the columns of another tool's file are read.

    templates: what is made of each row. ignored: their columns that are left out; None for all that are not
    read. blank: words, folded, that say as little as an empty cell. continued: columns that a row leaves
    blank, all of them, when it goes on about what the row above it names. skipped: rows left out.
    """

    templates: tuple[Template, ...]
    ignored: frozenset[str] | None = frozenset()
    blank: frozenset[str] = frozenset()
    continued: tuple[str, ...] = ()
    skipped: Condition | None = None

    @cached_property
    def read(self) -> frozenset[str]:
        """Their columns that it reads."""
        skipped = frozenset(() if self.skipped is None else self.skipped.words)
        return skipped.union(self.continued, *(template.columns for template in self.templates))

    @property
    def known(self) -> frozenset[str]:
        """Their columns that it names."""
        return self.read | (self.ignored or frozenset())

    @cached_property
    def told_columns(self) -> Mapping[RecordType, tuple[str, ...]]:
        """Our columns that records of each type name beside their key, in one order."""
        told: dict[RecordType, dict[str, None]] = {}
        for template in self.templates:
            names = (name for name in template.sources if name != "key")
            told.setdefault(template.type, {}).update(dict.fromkeys(names))
        return {kind: tuple(columns) for kind, columns in told.items()}


@dataclass(slots=True)
class _Told:
    """What an earlier row told of a key: a hash of each cell, so that many keys take little memory."""

    type: RecordType
    line: int
    cells: bytes
    is_refused: bool = False


class MappedRows:
    """One reading of one file; it remembers which keys it met, since rows repeat what they have in common."""

    def __init__(self, columns: ColumnMap) -> None:
        self._map = columns
        self._told: dict[str, _Told] = {}
        self._above: Row = {}

    def missing(self, names: Iterable[str]) -> list[str]:
        """Columns without which nothing can be read."""
        return sorted(self._map.read.difference(names))

    def unmentioned(self, names: Iterable[str]) -> list[str]:
        """Columns of the file that the map neither reads nor ignores; the empty name among them."""
        if self._map.ignored is None:
            return []
        return [name for name in names if name not in self._map.known]

    def reads(self, name: str) -> bool:
        return name in self._map.read

    def records(self, line: int, cells: Row) -> Reading:
        """What the map makes of a row, or what is wrong with it."""
        blank = self._map.blank
        said = {name: cell for name, cell in cells.items() if folded(cell) not in blank} if blank else cells
        row = self._continued(said)
        if row is None:
            return
        is_used = False
        for template in self._map.templates:
            if not template.when.holds(row):
                continue
            for made in self._made(template, line, row):
                is_used = is_used or bool(template.columns)
                yield from self._once(template, made) if isinstance(made, Record) else (made,)
        if not is_used:
            reason = "The map makes nothing of this row; read it, or leave such rows out with skip."
            yield Unread(FileProblem(line, None, reason))

    def key_of(self, cells: Row) -> str | None:
        """The first key that a row names which cannot be read as a whole."""
        for template in self._map.templates:
            source = template.sources.get("key")
            if source is None or not source.columns:
                continue
            try:
                return source.value(cells)
            except Unreadable:
                continue
        return None

    def _continued(self, row: Row) -> Row | None:
        """The row with what the one above it says for it; None for a row that is left out."""
        if self._map.skipped is not None and self._map.skipped.holds(row):
            return None
        said = {name: row[name] for name in self._map.continued if name in row}
        if said:
            self._above = said
        return {**self._above, **row} if not said else row

    def _made(self, template: Template, line: int, row: Row) -> Iterator[Record | Unread]:
        """One record, or its problems, or nothing."""
        values, problems = {"type": template.type.value}, []
        for column, source in template.sources.items():
            try:
                value = source.value(row)
            except Unreadable as error:
                problems.append(FileProblem(line, _place(source, row), str(error)))
                continue
            if value is not None:
                values[column] = value
            elif column == template.identity:
                if template.is_absent(row):
                    return
                what = f"This is blank, and the row says more of {with_article(template.type)}."
                problems.append(FileProblem(line, _place(source, row), what))
        if problems:
            yield from (Unread(problem, values.get("key")) for problem in problems)
        else:
            yield Record(line, template.type, values)

    def _once(self, template: Template, record: Record) -> Iterator[Record | Unread]:
        """A record that was not there yet; what repeats it must tell the same, or leave it blank."""
        if record.key is None:
            yield record
            return
        key = record.key.lower() if record.type is RecordType.PERSON else record.key
        names = self._map.told_columns[record.type]
        cells = [hash(record.cells[name]) if name in record.cells else 0 for name in names]
        told = self._told.get(key)
        if told is None:
            self._told[key] = _Told(record.type, record.line, struct.pack(f"{len(names)}q", *cells))
            yield record
        elif not told.is_refused:
            yield from self._contradiction(template, record, told, cells)

    def _contradiction(
        self, template: Template, record: Record, told: _Told, cells: list[int]
    ) -> Iterator[Unread]:
        if told.type is not record.type:
            source, of = template.sources["key"], with_article(told.type)
            reason = (
                f"The key {quoted(record.key or '')} is that of {of} (line {told.line}); give one a prefix."
            )
        else:
            names = self._map.told_columns[record.type]
            before = struct.unpack(f"{len(names)}q", told.cells)
            other = [name for name, a, b in zip(names, before, cells, strict=True) if b not in (0, a)]
            if not other:
                return
            source = template.sources[other[0]]
            reason = (
                f"Line {told.line} tells {named(other)} of {quoted(record.key or '')} otherwise; "
                "rows that repeat a thing must agree."
            )
        told.is_refused = True
        yield Unread(FileProblem(record.line, _place(source, {}), reason), record.key)


def _place(source: Source, row: Row) -> str | None:
    """The column that a problem is about: the first blank one of several, else the first."""
    return next((column for column in source.columns if column not in row), next(iter(source.columns), None))
