"""Reads a JSON file (RFC 8259, strictly) as a stream of events; what they mean is nested_file's to say."""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO

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
from okrgraph.transfer.formats.records import Reading, quoted

_SPACE = re.compile(r"[ \t\r\n]*+")
_SIMPLE_TEXT = re.compile(r'"([^"\\\x00-\x1f]*+)"')
_PART_OF_TEXT = re.compile(r'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*')
_START_OF_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]*|[\x21-\x7e])?")
_LONGEST_ESCAPE = 6
_WORD = re.compile(r"[-+.0-9A-Za-z_]*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LITERALS = {"true": "TRUE", "false": "FALSE", "null": None}
_A_VALUE = "a value"
_A_NAME = "a name in double quotes"


def read_json(source: BinaryIO) -> Reading:
    """Read one JSON value, UTF-8, an item at a time. Numbers are taken as written; true is the text TRUE."""
    return read_nested(_events(_Scanner(source)))


class _Scanner:
    """Finds the tokens in text that comes in pieces, and holds no more of it than a piece and a token."""

    def __init__(self, source: BinaryIO) -> None:
        self._blocks = text_blocks(source)
        self._text = ""
        self._at = 0
        self.line = 1

    def peek(self) -> str:
        """Give the next character that is no white space, "" at the end of the file."""
        while True:
            start = self._at
            if self._text[start : start + 1] not in " \t\r\n":
                return self._text[start]
            self._pass_over(_SPACE)
            self.line += self._text.count("\n", start, self._at)
            if self._at == len(self._text) and not self._more():
                return ""

    def take(self, mark: str, wanted: str) -> None:
        """Pass over a mark. wanted: what could stand there, as a refusal says it."""
        if self.peek() != mark:
            raise self.unexpected(wanted)
        self._at += 1

    def single(self) -> Event:
        """Read a value that is neither mapping nor list."""
        if self.peek() != '"':
            return self._word()
        simple = _SIMPLE_TEXT.match(self._text, self._at)
        if simple is None:
            return self._long_text()
        self._at = simple.end()
        return self._event(simple[1])

    def _word(self) -> Event:
        """Read a value that stands without quotes: a number, true, false or null."""
        word = self._pass_over(_WORD)
        while self._at == len(self._text) and self._more():
            more = self._pass_over(_WORD)
            if not more:
                break
            if len(word) <= LONGEST_TEXT:
                word += more
        if len(word) > LONGEST_TEXT or _NUMBER.fullmatch(word):
            return self._event(word)
        if not word:
            raise self.unexpected(_A_VALUE)
        if word not in _LITERALS:
            raise self._refusal(
                f"{quoted(word)} is no value; text stands in double quotes, and the words are true, false and null"
            )
        return self._event(_LITERALS[word])

    def unexpected(self, wanted: str) -> BrokenFile:
        found = self.peek()
        return self._refusal(
            f"{wanted} is missing before {quoted(found) if found else 'the end of the file'}"
        )

    def superfluous(self) -> BrokenFile:
        return self._refusal(f"nothing may follow its one value, and {quoted(self.peek())} does")

    def _refusal(self, reason: str) -> BrokenFile:
        return BrokenFile(self.line, f"This is not well-formed JSON: {reason}.")

    def _event(self, text: str | None) -> Event:
        if text is not None and len(text) > LONGEST_TEXT:
            return Event(Shape.TEXT, self.line, None, TOO_LONG)
        return Event(Shape.TEXT, self.line, text)

    def _long_text(self) -> Event:
        """Read a text that has escapes, or whose end is not here yet. One that is too long is not kept."""
        self._at += 1
        parts, length = [], 0
        while True:
            part = self._pass_over(_PART_OF_TEXT)
            length += len(part)
            if length <= LONGEST_WRITTEN:
                parts.append(part)
            if self._text[self._at : self._at + 1] == '"':
                break
            if len(self._text) - self._at >= _LONGEST_ESCAPE or not self._more():
                raise self._bad_text()
        self._at += 1
        if length > LONGEST_WRITTEN:
            return Event(Shape.TEXT, self.line, None, TOO_LONG)
        decoded: str = json.loads(f'"{"".join(parts)}"')
        return self._event(decoded)

    def _bad_text(self) -> BrokenFile:
        found = self._text[self._at : self._at + 1]
        if found == "\\":
            return self._refusal(f"{self._pass_over(_START_OF_ESCAPE)} is no escape")
        if found:
            return self._refusal(f"U+{ord(found):04X} must be escaped in a text")
        return self._refusal("the closing quote of a text is missing")

    def _pass_over(self, pattern: re.Pattern[str]) -> str:
        """Pass over what a pattern, which also matches nothing, finds here."""
        found = pattern.match(self._text, self._at)
        assert found is not None, "the pattern matches nothing too"
        self._at = found.end()
        return found[0]

    def _more(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            return False
        self._text = self._text[self._at :] + block
        self._at = 0
        return True


def _events(scanner: _Scanner) -> Iterator[Event]:
    if not scanner.peek():
        return
    yield from _value(scanner)
    if scanner.peek():
        raise scanner.superfluous()


def _value(scanner: _Scanner) -> Iterator[Event]:
    """Recurs into what is nested; who takes the events stops before that gets deep."""
    opening = scanner.peek()
    if opening == "{":
        return _mapping(scanner)
    return _list(scanner) if opening == "[" else iter((scanner.single(),))


def _mapping(scanner: _Scanner) -> Iterator[Event]:
    scanner.take("{", _A_VALUE)
    yield Event(Shape.MAPPING, scanner.line)
    is_first = True
    while not (is_first and scanner.peek() == "}"):
        is_first = False
        if scanner.peek() != '"':
            raise scanner.unexpected(_A_NAME)
        yield scanner.single()
        scanner.take(":", "a colon")
        yield from _value(scanner)
        if scanner.peek() != ",":
            break
        scanner.take(",", "a comma")
    scanner.take("}", "a comma or }")
    yield Event(Shape.END, scanner.line)


def _list(scanner: _Scanner) -> Iterator[Event]:
    scanner.take("[", _A_VALUE)
    yield Event(Shape.LIST, scanner.line)
    is_first = True
    while not (is_first and scanner.peek() == "]"):
        is_first = False
        yield from _value(scanner)
        if scanner.peek() != ",":
            break
        scanner.take(",", "a comma")
    scanner.take("]", "a comma or ]")
    yield Event(Shape.END, scanner.line)
