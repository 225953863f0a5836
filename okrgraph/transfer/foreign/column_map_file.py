"""Reads a column map: the YAML file that says what the columns of another tool's CSV stand for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.foreign.column_map import Cell, ColumnMap, Condition, Constant, Slug, Source, Template
from okrgraph.transfer.foreign.columns import ColumnKind, is_list, kind_of, words_of
from okrgraph.transfer.foreign.values import (
    ISO_DAY,
    SCALES,
    Choices,
    DateForm,
    Days,
    Moments,
    Numbers,
    Ratings,
    ReadValue,
    Table,
    Unreadable,
    as_written,
    folded,
    named,
    rating,
)
from okrgraph.transfer.foreign.yaml_places import Faults, Place, place_of
from okrgraph.transfer.formats.records import (
    USED_COLUMNS,
    RecordType,
    quoted,
    with_article,
    word_for,
)

# A map is written by hand; what is longer is another file.
_LONGEST = 1024 * 1024
_ENTRIES = ("records", "tables", "decimal", "blank", "fill_down", "skip", "ignore")
_DECIMALS = {"point": ".", "comma": ","}
_REST = "rest"
_A_COLUMN = "the name of a column of the file, or {value: ...} for one text in every row"
# What may stand beside each way to name a source.
_OPTIONS = {
    "value": frozenset[str](),
    "slug": frozenset({"prefix", "split"}),
    "column": frozenset({"words", "scale", "date", "time_zone", "split"}),
}
_KINDS_OF_OPTION = {
    "scale": (ColumnKind.RATING,),
    "date": (ColumnKind.DAY, ColumnKind.MOMENT),
    "time_zone": (ColumnKind.MOMENT,),
}


def read_column_map(path: Path) -> ColumnMap:
    """Read a map. Raises OperatorError with all its faults, a line each."""
    faults = Faults()
    place = place_of(_text_of(path), faults)
    columns = None if place is None else _Reader(faults).map_at(place)
    if faults.found or columns is None:
        raise OperatorError(f"The column map {path} cannot be used.\n{faults}")
    return columns


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise OperatorError(f"The column map {path} cannot be read ({error.strerror}).") from error
    if len(data) > _LONGEST:
        raise OperatorError(f"{path} is no column map: it is larger than {_LONGEST:,} bytes.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise OperatorError(
            f"The column map {path} is not UTF-8 in line {line}; save the file as UTF-8."
        ) from None


@dataclass(frozen=True, slots=True)
class _Target:
    """Our column that a source is for."""

    type: RecordType
    column: str

    @property
    def kind(self) -> ColumnKind:
        return kind_of(self.type, self.column)

    def reader(self, numbers: Numbers) -> ReadValue:
        """How a cell is read when the map says no more."""
        match self.kind:
            case ColumnKind.NUMBER:
                return numbers
            case ColumnKind.DAY:
                return Days()
            case ColumnKind.MOMENT:
                return Moments()
            case ColumnKind.RATING:
                return rating
            case ColumnKind.CHOICE:
                return Choices(words_of(self.type, self.column))
        return as_written


class _Reader:
    """The reading of one map. It goes on after a fault, so that all are told at once."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._tables: dict[str, Place] = {}
        self._unused: set[str] = set()
        self._numbers = Numbers()

    def map_at(self, place: Place) -> ColumnMap | None:
        entries = place.entries("the entries of a column map")
        self._refuse_unknown(entries, _ENTRIES, "entry of a column map")
        if "decimal" in entries:
            self._numbers = Numbers(_DECIMALS.get(_one_of(entries["decimal"], _DECIMALS) or "", "."))
        if "tables" in entries:
            self._tables = entries["tables"].entries("tables of words, each with its name")
            self._unused = set(self._tables)
        if "records" not in entries:
            if place.is_mapping:
                place.refuse("The entry records is missing: what each row of the file becomes.")
            return None
        what = "the records that each row becomes"
        templates = [self._template(each) for each in entries["records"].items(what)]
        if not templates and entries["records"].is_list:
            entries["records"].refuse(f"The list is empty: write {what}.")
        for name in sorted(self._unused):
            self._tables[name].refuse(f"No record uses this table; refer to it by words: {name}.")
        columns = ColumnMap(
            templates=_with_own(each for each in templates if each is not None),
            blank=frozenset(map(folded, self._texts(entries, "blank", "words that mean a blank cell"))),
            continued=self._texts(entries, "fill_down", "columns of the file"),
            skipped=self._condition(entries["skip"]) if "skip" in entries else None,
        )
        return self._with_ignored(columns, entries)

    def _texts(self, entries: Mapping[str, Place], name: str, what: str) -> tuple[str, ...]:
        return entries[name].texts(what) if name in entries else ()

    def _with_ignored(self, columns: ColumnMap, entries: Mapping[str, Place]) -> ColumnMap:
        place = entries.get("ignore")
        if place is None:
            return columns
        if place.is_text and place.node.value == _REST:
            return replace(columns, ignored=None)
        ignored = frozenset(place.texts("columns of the file"))
        both = sorted(ignored & columns.read)
        if both:
            place.refuse(f"The map reads {named(both)} elsewhere, and ignores it here.")
        return replace(columns, ignored=ignored)

    def _refuse_unknown(self, entries: Mapping[str, Place], known: Iterable[str], what: str) -> None:
        for name, place in entries.items():
            if name not in known:
                place.refuse(f"{quoted(name)} is no {what}; known are {', '.join(known)}.")

    def _condition(self, place: Place) -> Condition:
        words = {}
        for column, each in place.entries("columns of the file and the words to look for").items():
            words[column] = frozenset(map(folded, each.texts("a word, or a list of words")))
        if not words and place.is_mapping:
            place.refuse("Name at least one column, and its words.")
        return Condition(words)

    def _template(self, place: Place) -> Template | None:
        entries = place.entries("a record")
        kind = self._type(place, entries)
        when = self._condition(entries["when"]) if "when" in entries else Condition({})
        if kind is None:
            return None
        columns = sorted(USED_COLUMNS[kind] - {"type"})
        sources = {}
        for name, each in entries.items():
            if name in ("type", "when"):
                continue
            if name not in columns:
                reason = f"{with_article(kind).capitalize()} has no column {quoted(name)}; it has {', '.join(columns)}."
                each.refuse(reason)
            elif (source := self._source(each, _Target(kind, name))) is not None:
                sources[name] = source
        self._check_complete(place, kind, entries)
        return Template(kind, sources, when)

    def _type(self, place: Place, entries: Mapping[str, Place]) -> RecordType | None:
        if "type" not in entries:
            if place.is_mapping:
                place.refuse(f"The type of the record is missing; known are {', '.join(RecordType)}.")
            return None
        word = entries["type"].text("the type of the record")
        if word is not None and word not in tuple(RecordType):
            entries["type"].refuse(f"Unknown type {quoted(word)}; known are {', '.join(RecordType)}.")
        elif word is not None:
            return RecordType(word)
        return None

    def _check_complete(self, place: Place, kind: RecordType, entries: Mapping[str, Place]) -> None:
        needed = ("child", "parent") if kind is RecordType.LINK else ("key",)
        for name in needed:
            if name not in entries:
                place.refuse(f"{with_article(kind).capitalize()} needs the column {name}.")
        if kind is RecordType.KEY_RESULT and "current" in entries and "confidence" not in entries:
            place.refuse(
                "The current value of a key result becomes a check-in, which needs a confidence: "
                "read it too, or give all the same by {value: 3}."
            )

    def _source(self, place: Place, target: _Target) -> Source | None:
        if place.is_text:
            column = place.text(_A_COLUMN)
            return None if column is None else Cell(column, target.reader(self._numbers))
        entries = place.entries(_A_COLUMN)
        ways = [way for way in _OPTIONS if way in entries]
        if len(ways) != 1:
            if place.is_mapping:
                place.refuse(f"Name one of {', '.join(_OPTIONS)}, not {'several' if ways else 'none'}.")
            return None
        known = (ways[0], *sorted(_OPTIONS[ways[0]]))
        self._refuse_unknown(entries, known, f"option of {ways[0]}")
        match ways[0]:
            case "value":
                return self._constant(entries["value"], target)
            case "slug":
                return self._slug(entries, target)
        return self._cell(entries, target)

    def _constant(self, place: Place, target: _Target) -> Source | None:
        text = place.text("a text")
        read = None if text is None else self._our_value(place, text, target)
        return None if read is None else Constant(read)

    def _our_value(self, place: Place, text: str, target: _Target) -> str | None:
        """A value that the map itself names, in our own spelling."""
        try:
            return target.reader(Numbers())(text)
        except Unreadable as error:
            place.refuse(f"{error.reason}.")
            return None

    def _slug(self, entries: Mapping[str, Place], target: _Target) -> Source | None:
        columns = entries["slug"].texts("a column of the file with titles, or a list of them")
        split = self._split(entries, target)
        if target.kind is not ColumnKind.TEXT:
            entries["slug"].refuse(f"A slug is a key; {target.column} is none.")
        if split is not None and len(columns) > 1:
            entries["split"].refuse("A key made of several columns cannot be split.")
        prefix = entries["prefix"].text("what to put before the slug") if "prefix" in entries else ""
        return Slug(columns, prefix or "", split) if columns else None

    def _cell(self, entries: Mapping[str, Place], target: _Target) -> Source | None:
        column = entries["column"].text("the name of a column of the file")
        for option, kinds in _KINDS_OF_OPTION.items():
            if option in entries and target.kind not in kinds:
                entries[option].refuse(f"This does not go with the column {target.column}.")
        if "words" in entries and len({"scale", "date", "time_zone"} & entries.keys()):
            entries["words"].refuse("A table of words stands alone, without scale, date or time_zone.")
        split = self._split(entries, target)
        read = self._read_value(entries, target)
        return None if column is None else Cell(column, read, split)

    def _read_value(self, entries: Mapping[str, Place], target: _Target) -> ReadValue:
        if "words" in entries:
            return self._table(entries["words"], target)
        if "scale" in entries:
            return Ratings(_one_of(entries["scale"], SCALES) or SCALES[0], self._numbers)
        form = self._date_form(entries["date"]) if "date" in entries else None
        if target.kind is ColumnKind.MOMENT:
            return Moments(form, self._zone(entries["time_zone"]) if "time_zone" in entries else None)
        return target.reader(self._numbers) if form is None else Days(form)

    def _table(self, place: Place, target: _Target) -> Table:
        if place.is_text:
            name = place.text("a table of words, or the name of one under tables") or ""
            if name not in self._tables:
                known = f"known are {named(self._tables)}" if self._tables else "there are none under tables"
                place.refuse(f"There is no table {quoted(name)}; {known}.")
                return Table({}, ())
            place = self._tables[name]
            self._unused.discard(name)
        entries = place.entries("their words and what each stands for")
        meanings: dict[str, str] = {}
        for word, each in entries.items():
            text = each.text("what the word stands for")
            meaning = None if text is None else self._our_value(each, text, target)
            if folded(word) in meanings:
                each.refuse(f"{quoted(word)} is there twice, apart from case and blanks.")
            meanings[folded(word)] = meaning or ""
        return Table(meanings, tuple(entries))

    def _split(self, entries: Mapping[str, Place], target: _Target) -> str | None:
        if "split" not in entries:
            return None
        if not is_list(target.type, target.column):
            place, word = entries["split"], word_for(target.type)
            place.refuse(f"The column {target.column} of a record of type {word} holds one value, no list.")
        return entries["split"].text("the sign between the parts of a list, such as ','")

    def _date_form(self, place: Place) -> DateForm:
        text = place.text("how dates are written, such as DD/MM/YYYY")
        try:
            return ISO_DAY if text is None else DateForm.of(text)
        except Unreadable as error:
            place.refuse(str(error))
            return ISO_DAY

    def _zone(self, place: Place) -> ZoneInfo | None:
        text = place.text("a time zone, such as Europe/Oslo")
        try:
            return None if text is None else ZoneInfo(text)
        except (ValueError, OSError, KeyError):
            place.refuse(f"{quoted(text or '')} is not a time zone; write it like Europe/Oslo.")
            return None


def _one_of(place: Place, words: Iterable[str]) -> str | None:
    text = place.text(f"one of {', '.join(words)}")
    if text is not None and text not in words:
        place.refuse(f"{quoted(text)} is none of {', '.join(words)}.")
        return None
    return text


def _with_own(templates: Iterable[Template]) -> tuple[Template, ...]:
    """The templates, each knowing the columns that no other one reads."""
    known = tuple(templates)
    readers = Counter(column for template in known for column in template.columns)
    return tuple(
        replace(each, own=frozenset(column for column in each.columns if readers[column] == 1))
        for each in known
    )
