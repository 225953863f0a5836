"""Reads a YAML file as a stream of events; what they mean is nested_file's to say."""

import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

import yaml

from okrgraph.transfer.formats.nested_events import (
    LONGEST_TEXT,
    LONGEST_WRITTEN,
    TOO_LONG,
    BrokenFile,
    Event,
    Shape,
    text_blocks,
)
from okrgraph.transfer.formats.nested_file import read_nested
from okrgraph.transfer.formats.records import Reading

# The spellings of "nothing"; the first is a name with no value behind it.
_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
# What YAML 1.1 lets nobody write unescaped (its section 5.1). The parser would say so without a line.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile("\n")
_NO_ANCHORS = "Anchors (&) and aliases (*) are not read here; write out what they stand for."
_NO_TAGS = "Tags (!) are not read here; leave the tag out."


def read_yaml(source: BinaryIO) -> Reading:
    """Read one YAML document, UTF-8, an item at a time. Values are taken as written: `no` is the text no."""
    return read_nested(_events(source))


class _Text:
    """What the parser may see of a file. It ends before what must not be there, and `broken` then says why.

    given: characters handed to the parser.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._blocks = text_blocks(source)
        self._line = 1
        self._line_ends: deque[int] = deque()
        self._used = 0
        self.given = 0
        self.broken: BrokenFile | None = None

    def read(self, _size: int = -1, /) -> str:
        """Give the next text, "" at the end; the parser cuts it to the size that it wants."""
        if self.broken is not None:
            return ""
        if self.given - self._used > LONGEST_WRITTEN:
            reason = f"What follows this line goes on for more than {LONGEST_WRITTEN:,} characters."
            self.broken = BrokenFile(self._line, reason)
            return ""
        try:
            text = next(self._blocks, "")
        except BrokenFile as broken:
            self.broken = broken
            return ""
        bad = _UNPRINTABLE.search(text)
        kept = text if bad is None else text[: bad.start()]
        self._line_ends.extend(found.start() + self.given for found in _LINE_END.finditer(kept))
        self.given += len(kept)
        if bad is not None:
            reason = f"YAML does not allow the character U+{ord(bad[0]):04X} here unless it is escaped."
            self.broken = BrokenFile(self._line + len(self._line_ends), reason)
        return kept

    def line_at(self, place: int) -> int:
        """The line of a character that is not before the one last asked for. The parser's own count would take
        other characters of Unicode for line ends, which no editor does.
        """
        while self._line_ends and self._line_ends[0] < place:
            self._line_ends.popleft()
            self._line += 1
        self._used = place
        return self._line


def _events(source: BinaryIO) -> Iterator[Event]:
    text, documents = _Text(source), 0
    try:
        for met in yaml.parse(text, Loader=yaml.CSafeLoader):
            if text.broken is not None and _index(met.end_mark) >= text.given:
                break  # cut short perhaps, or just the end of what the parser may see
            line = text.line_at(_index(met.start_mark))
            if isinstance(met, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise BrokenFile(line, "A second document starts here; a file has one.")
            elif (event := _event(met, line)) is not None:
                yield event
    except yaml.MarkedYAMLError as error:
        place = _index(error.problem_mark)
        if text.broken is None or place < text.given:
            context = f" ({error.context})" if error.context else ""
            reason = f"This is not well-formed YAML: {error.problem}{context}."
            raise BrokenFile(text.line_at(place), reason) from error
    if text.broken is not None:
        raise text.broken


def _index(mark: object) -> int:
    index = getattr(mark, "index", None)
    assert isinstance(index, int), "the parser marks every event and every mistake"
    return index


def _event(met: yaml.Event, line: int) -> Event | None:
    """What a step of the parser means; None for the frame around the document."""
    match met:
        case yaml.ScalarEvent():
            return _value(met, line)
        case yaml.CollectionEndEvent():
            return Event(Shape.END, line)
        case yaml.MappingStartEvent():
            return Event(Shape.MAPPING, line, None, _fault(met.anchor, met.tag))
        case yaml.SequenceStartEvent():
            return Event(Shape.LIST, line, None, _fault(met.anchor, met.tag))
        case yaml.AliasEvent():
            return Event(Shape.TEXT, line, None, _NO_ANCHORS)
    return None


def _value(met: yaml.ScalarEvent, line: int) -> Event:
    fault = _fault(met.anchor, met.tag)
    if fault is None and len(met.value) > LONGEST_TEXT:
        fault = TOO_LONG
    if fault is not None:
        return Event(Shape.TEXT, line, None, fault)
    is_plain = met.implicit[0]
    text = None if is_plain and met.value in _NOTHING else met.value
    return Event(Shape.PLAIN if is_plain else Shape.TEXT, line, text)


def _fault(anchor: str | None, tag: str | None) -> str | None:
    if anchor is not None:
        return _NO_ANCHORS
    return None if tag is None else _NO_TAGS
