"""What the parsers of nested files have in common: decoded text goes in, events come out, and both are bounded."""

import codecs
from collections.abc import Iterator
from enum import Enum, auto
from typing import BinaryIO, NamedTuple

from okrgraph.transfer.formats.records import FileProblem

# Far above the longest text that a column takes, so that it has its own refusal; this one is for the memory's sake.
LONGEST_TEXT = 1_000_000
TOO_LONG = f"This is longer than {LONGEST_TEXT:,} characters."
# In both notations one character may be written with up to twelve: an escaped pair of surrogates.
LONGEST_WRITTEN = 12 * LONGEST_TEXT

_BLOCK = 65_536
_BYTE_ORDER_MARK = "\ufeff"


class Shape(Enum):
    """What a parser met. PLAIN and TEXT are single values: without and with marks that make them text."""

    MAPPING = auto()
    LIST = auto()
    PLAIN = auto()
    TEXT = auto()
    END = auto()


class Event(NamedTuple):
    """One step through nested data; a mapping is its names and values in turn, then END.

    text: of a single value, None when it says nothing. fault: why the value cannot be taken as it is.
    """

    shape: Shape
    line: int
    text: str | None = None
    fault: str | None = None


class BrokenFile(Exception):
    """From here on the file cannot be read; what came before it has been handed out."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.problem = FileProblem(line, None, reason)


def text_blocks(source: BinaryIO) -> Iterator[str]:
    """Decode UTF-8 without its byte order mark, some text at a time. Raises BrokenFile behind the last good text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, before, is_first = 1, 0, True
    while True:
        data, fault = source.read(_BLOCK), None
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            fault = error.object[error.start]
            text = error.object[: error.start].decode("utf-8")
        if text:
            line += text.count("\n")
            _, line_break, rest = text.rpartition("\n")
            before = len(rest.encode()) + (0 if line_break else before)
            if kept := text.removeprefix(_BYTE_ORDER_MARK) if is_first else text:
                yield kept
            is_first = False
        if fault is not None:
            reason = (
                f"This line is not UTF-8 (byte 0x{fault:02X} after {before} others); save the file as UTF-8."
            )
            raise BrokenFile(line, reason)
        if not data:
            return
