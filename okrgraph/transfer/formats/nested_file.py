"""Makes records of nested data: what a notation's parser met goes in, and no notation's marks are known here."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from okrgraph.transfer.formats.nested_events import LONGEST_TEXT, TOO_LONG, BrokenFile, Event, Shape
from okrgraph.transfer.formats.records import (
    COLUMNS,
    LIST_SEPARATOR,
    USED_COLUMNS,
    FileProblem,
    Reading,
    Record,
    RecordType,
    Unread,
    quoted,
    with_article,
    word_for,
)

ORGANIZATION = "organization"
# The lists that hold items, by name; all of them may stand at the top.
LISTS = {
    "teams": RecordType.TEAM,
    "people": RecordType.PERSON,
    "cycles": RecordType.CYCLE,
    "objectives": RecordType.OBJECTIVE,
    "keyResults": RecordType.KEY_RESULT,
    "checkIns": RecordType.CHECK_IN,
    "dependencies": RecordType.DEPENDENCY,
    "dependencyChecks": RecordType.DEPENDENCY_CHECK_IN,
    "links": RecordType.LINK,
    "comments": RecordType.COMMENT,
    "liaisons": RecordType.LIAISON,
}
# Those that an item may hold, and the column of the item inside that then says where it stands.
LISTS_INSIDE = {
    RecordType.OBJECTIVE: ("keyResults", "dependencies", "links", "comments"),
    RecordType.KEY_RESULT: ("checkIns", "dependencies", "comments"),
    RecordType.CHECK_IN: ("comments",),
    RecordType.DEPENDENCY: ("dependencyChecks", "comments"),
    RecordType.LINK: ("comments",),
}
COLUMN_OF_PLACE = {
    RecordType.KEY_RESULT: "parent",
    RecordType.CHECK_IN: "parent",
    RecordType.DEPENDENCY: "parent",
    RecordType.DEPENDENCY_CHECK_IN: "parent",
    RecordType.LINK: "child",
    RecordType.COMMENT: "parent",
}
# Columns that hold several keys, which a list may name one by one.
LIST_COLUMNS = {RecordType.OBJECTIVE: ("team", "parent"), RecordType.PERSON: ("team",)}
FLAG_COLUMNS = ("primary",)

_DEEPEST = 32
_MOST_PROBLEMS = 100  # of one item: a file that a program wrote wrongly may have millions
_LONGEST_COLUMN = 60


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that a mapping may hold. advice: those that make sense there, as a refusal lists them."""

    allowed: frozenset[str]
    advice: str


def _names_of(kind: RecordType) -> _Names:
    inside = LISTS_INSIDE.get(kind, ())
    used = [name for name in COLUMNS if name in USED_COLUMNS[kind] and name != "type"]
    # A column that only other types use is let pass: it gets the same warning as in CSV.
    return _Names(frozenset((*COLUMNS, *inside)) - {"type"}, ", ".join((*used, *inside)))


_NAMES = {kind: _names_of(kind) for kind in RecordType}
_NAMES_AT_THE_TOP = _Names(frozenset((ORGANIZATION, *LISTS)), ", ".join((ORGANIZATION, *LISTS)))
_A_MAPPING = "a mapping (names with values)"


@dataclass(slots=True)
class _Item:
    """A mapping that becomes a record. above: the item it stands inside. waiting: ended items inside it,
    as long as its own key, which they need, is not known.
    """

    kind: RecordType
    line: int
    above: "_Item | None"
    cells: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    problems: list[FileProblem] = field(default_factory=list)
    waiting: "list[_Item]" = field(default_factory=list)

    @property
    def key(self) -> str | None:
        key = self.cells.get("key")
        return None if key is None else key.strip()

    def refuse(self, line: int, column: str | None, reason: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(FileProblem(line, column, reason))

    def complaints(self) -> Reading:
        return (Unread(problem, self.key) for problem in self.problems)

    def release(self) -> Reading:
        """Hand out what waited for the key, when there is one."""
        if self.key is not None:
            for inside in self.waiting:
                yield from inside.outcome()
            self.waiting.clear()

    def end(self) -> Reading:
        if self.waiting and not any(problem.column == "key" for problem in self.problems):
            reason = f"This {word_for(self.kind)} needs a key, because other things stand inside it."
            self.refuse(self.line, "key", reason)
        for inside in self.waiting:
            yield from inside.complaints()
        if self.above is None or self.above.key is not None:
            yield from self.outcome()
        else:
            self.above.waiting.append(self)

    def outcome(self) -> Reading:
        self._take_place()
        if self.problems:
            yield from self.complaints()
        else:
            yield Record(self.line, self.kind, {"type": self.kind.value, **self.cells}, self.lines)

    def _take_place(self) -> None:
        """Fill the column that says what this item stands inside."""
        if self.above is None or self.above.key is None:
            return
        column, key = COLUMN_OF_PLACE[self.kind], self.above.key
        named = self.cells.setdefault(column, key).strip()
        if named != key:
            reason = f"This stands inside {quoted(key)} and names {quoted(named)}; leave {column} out."
            self.refuse(self.lines[column], column, reason)


def read_nested(events: Iterator[Event]) -> Reading:
    """Read the events of one file: an organisation as nested mappings and lists, one item at a time."""
    return _Reader(events).read()


class _Reader:
    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._depth = 0
        self._open: list[_Item] = []

    def read(self) -> Reading:
        try:
            yield from self._file()
        except BrokenFile as broken:
            yield from self._cut_off(broken.problem)

    def _cut_off(self, end: FileProblem) -> Reading:
        """Account for the items that were not read to their end."""
        yield Unread(end, self._open[-1].key if self._open else None)
        for item in self._open:
            yield from item.complaints()
            for inside in item.waiting:
                yield from inside.complaints()
            if item.key is not None and item is not self._open[-1]:
                reason = f"The end of this {word_for(item.kind)} is missing: the file breaks off in line {end.line}."
                yield Unread(FileProblem(item.line, None, reason), item.key)

    def _next(self) -> Event:
        event = next(self._events)
        if event.shape in (Shape.MAPPING, Shape.LIST):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise BrokenFile(event.line, f"This is nested deeper than {_DEEPEST} levels.")
        elif event.shape is Shape.END:
            self._depth -= 1
        return event

    def _skip(self, event: Event) -> None:
        """Pass over the rest of what this event opens, if it opens anything."""
        if event.shape in (Shape.MAPPING, Shape.LIST):
            floor = self._depth
            while self._depth >= floor:
                self._next()

    def _file(self) -> Reading:
        top = next(self._events, None)
        if top is None or _says_nothing(top):
            line = 1 if top is None else top.line
            yield Unread(
                FileProblem(line, None, f"The file is empty; known names are {_NAMES_AT_THE_TOP.advice}.")
            )
            return
        if top.shape is not Shape.MAPPING or top.fault is not None:
            reason = f"The whole file must be {_A_MAPPING}; known names are {_NAMES_AT_THE_TOP.advice}."
            yield Unread(FileProblem(top.line, None, top.fault or reason))
            return
        self._depth, seen = 1, set[str]()
        while (event := self._next()).shape is not Shape.END:
            name = self._name(event, seen, _NAMES_AT_THE_TOP)
            value = self._next()
            if isinstance(name, FileProblem):
                yield Unread(name)
                self._skip(value)
            elif name == ORGANIZATION:
                yield from self._organization(value)
            else:
                yield from self._list(name, value, None)
        for _ in self._events:  # what follows the mapping is the parser's to refuse
            pass

    def _name(self, event: Event, seen: set[str], names: _Names) -> str | FileProblem:
        """The name that an event gives to the value behind it, or why it gives none."""
        self._skip(event)
        name, column = event.text or "", None
        if event.fault is not None:
            reason = event.fault
        elif event.shape in (Shape.MAPPING, Shape.LIST):
            reason = f"A name must be a single value, not {_shape_word(event)}."
        elif name == "<<" and event.shape is Shape.PLAIN:
            reason = "Merge keys (<<) are not read here; write out what they stand for."
        elif name not in names.allowed:
            reason = f"Unknown name {quoted(name)}; known here are {names.advice}."
            column = name if name.isidentifier() and len(name) <= _LONGEST_COLUMN else None
        elif name in seen:
            reason, column = "This name is there twice.", name
        else:
            seen.add(name)
            return name
        return FileProblem(event.line, column, reason)

    def _organization(self, value: Event) -> Reading:
        if value.shape is Shape.MAPPING:
            yield from self._item(RecordType.ORGANIZATION, value, None)
        elif not _says_nothing(value):
            reason = value.fault or f"This must be {_A_MAPPING}, not {_shape_word(value)}."
            yield Unread(FileProblem(value.line, ORGANIZATION, reason))
            self._skip(value)

    def _list(self, name: str, value: Event, above: _Item | None) -> Reading:
        """Read a list of items, at the top of the file or inside another item."""
        kind, fault = LISTS[name], value.fault
        if fault is None and value.shape is not Shape.LIST and not _says_nothing(value):
            fault = f"This must be a list, not {_shape_word(value)}: each {word_for(kind)} is one entry."
        if fault is not None:
            if above is None:
                yield Unread(FileProblem(value.line, name, fault))
            else:
                above.refuse(value.line, name, fault)
        if value.shape is not Shape.LIST:
            self._skip(value)
            return
        while (each := self._next()).shape is not Shape.END:
            if each.shape is Shape.MAPPING:
                yield from self._item(kind, each, above)
            else:
                reason = (
                    each.fault
                    or f"{with_article(kind).capitalize()} is {_A_MAPPING}, not {_shape_word(each)}."
                )
                yield Unread(FileProblem(each.line, name, reason))
                self._skip(each)

    def _item(self, kind: RecordType, start: Event, above: _Item | None) -> Reading:
        item = _Item(kind, start.line, above)
        if start.fault is not None:
            item.refuse(start.line, None, start.fault)
        self._open.append(item)
        while (event := self._next()).shape is not Shape.END:
            name = self._name(event, item.seen, _NAMES[kind])
            value = self._next()
            if isinstance(name, FileProblem):
                item.refuse(name.line, name.column, name.reason)
                self._skip(value)
            elif name in LISTS:
                yield from self._list(name, value, item)
            else:
                self._take(item, name, value)
                if name == "key":
                    yield from item.release()
        self._open.pop()
        yield from item.end()

    def _take(self, item: _Item, name: str, value: Event) -> None:
        """Take a value as the text of a cell; blank text is absent, as in CSV."""
        text = value.text
        if value.fault is not None:
            item.refuse(value.line, name, value.fault)
            self._skip(value)
        elif value.shape is Shape.LIST and name in LIST_COLUMNS.get(item.kind, ()):
            text = self._joined(item, name, value.line)
        elif value.shape in (Shape.LIST, Shape.MAPPING):
            item.refuse(value.line, name, f"This must be a single value, not {_shape_word(value)}.")
            self._skip(value)
        elif (
            value.shape is Shape.PLAIN and name in FLAG_COLUMNS and text in ("true", "True", "false", "False")
        ):
            text = text.upper()
        if text is not None and text.strip():
            item.cells[name] = text
            item.lines[name] = value.line

    def _joined(self, item: _Item, name: str, line: int) -> str:
        """The single values of a list, as the one text that a cell holds."""
        parts, length = [], 0
        while (each := self._next()).shape is not Shape.END:
            part = each.text or ""
            if each.fault is not None or each.shape in (Shape.MAPPING, Shape.LIST):
                reason = each.fault or f"A list in this place holds single values, not {_shape_word(each)}."
                item.refuse(each.line, name, reason)
                self._skip(each)
            elif LIST_SEPARATOR in part:
                reason = f"{quoted(part)} holds a semicolon, which separates the entries of such a list."
                item.refuse(each.line, name, reason)
            elif part.strip() and length <= LONGEST_TEXT:
                parts.append(part)
                length += len(part) + 1
        if length > LONGEST_TEXT:
            item.refuse(line, name, TOO_LONG)
        return LIST_SEPARATOR.join(parts)


def _says_nothing(event: Event) -> bool:
    is_single = event.shape in (Shape.PLAIN, Shape.TEXT)
    return is_single and event.fault is None and not (event.text or "").strip()


def _shape_word(event: Event) -> str:
    if event.shape is Shape.MAPPING:
        return _A_MAPPING
    return "a list" if event.shape is Shape.LIST else "a single value"
