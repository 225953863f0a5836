import io
import tracemalloc

import pytest

from okrgraph.transfer.formats.json_file import read_json
from okrgraph.transfer.formats.records import Record, Unread


def read(text: str | bytes) -> list[Record | Unread]:
    return list(read_json(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def title(value: str) -> str | None:
    (record,) = read(f'{{"teams": [{{"key": "a", "title": {value}}}]}}')
    assert isinstance(record, Record), record
    return record.cells.get("title")


def faults(text: str | bytes) -> list[str]:
    return [str(each.problem) for each in read(text) if isinstance(each, Unread)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (r'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
        (r'"\u00c4\u00e4 \ud83d\ude00"', "Ää 😀"),
        (r'"a\ud83d"', "a\ud83d"),
        (r'"\ude00\ud83d"', "\ude00\ud83d"),
        (r'"\ud83d\u0041"', "\ud83dA"),
        (r'"\u0000"', "\x00"),
        ('"\x7f\u2028 "', "\x7f\u2028 "),
        ("-0", "-0"),
        ("1.50", "1.50"),
        ("12E+3", "12E+3"),
        ("1e999999999", "1e999999999"),
        ("9" * 5000, "9" * 5000),
        ("true", "TRUE"),
        ("false", "FALSE"),
        ('"true"', "true"),
        ("null", None),
        ('"null"', "null"),
    ],
)
def test_a_value_is_the_text_of_a_cell(value, text):
    assert title(value) == text


def test_white_space_and_a_byte_order_mark_are_skipped():
    text = '\ufeff \r\n\t{ "teams"\n:\n[ {"key" : "a" , "title" : 1 } ] }\r\n '
    assert [(each.key, each.line, each.lines) for each in read(text) if isinstance(each, Record)] == [
        ("a", 4, {"key": 4, "title": 4})
    ]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("{", 1, "a name in double quotes is missing before the end of the file"),
        ('{"teams": [],}', 1, "a name in double quotes is missing before '}'"),
        ('{"teams": []\n"people": []}', 2, "a comma or } is missing before '\"'"),
        ('{"teams" []}', 1, "a colon is missing before '['"),
        ('{"teams": }', 1, "a value is missing before '}'"),
        ('{"teams": [\n,]}', 2, "a value is missing before ','"),
        ('{"teams": [null\n}', 2, "a comma or ] is missing before '}'"),
        ('{"teams": []}\n\n{}', 3, "nothing may follow its one value, and '{' does"),
        ('{"teams": [] // all\n}', 1, "a comma or } is missing before '/'"),
        ("{'teams': []}", 1, 'a name in double quotes is missing before "\'"'),
        ("{teams: []}", 1, "a name in double quotes is missing before 't'"),
        ('{"teams": "a\nb"}', 1, "U+000A must be escaped in a text"),
        ('{"teams": "a\tb"}', 1, "U+0009 must be escaped in a text"),
        ('{"teams": "a\\x"}', 1, "\\x is no escape"),
        ('{"teams": "a\\u12\n4"}', 1, "\\u12 is no escape"),
        ('{"teams": "a\\', 1, "\\ is no escape"),
        ('{"teams": "a', 1, "the closing quote of a text is missing"),
    ],
)
def test_a_mistake_in_the_notation_is_named_with_its_line(text, line, reason):
    assert faults(text)[-1] == f"line {line}: This is not well-formed JSON: {reason}."


@pytest.mark.parametrize(
    "word", ["NaN", "-Infinity", "True", "nil", "01", "+1", ".5", "1.", "1e", "-", "0x1F", "1_000", "--1"]
)
def test_a_word_that_json_does_not_know_is_refused(word):
    reason = "text stands in double quotes, and the words are true, false and null"
    assert faults(f'{{"teams": {word}}}') == [
        f"line 1: This is not well-formed JSON: {word!r} is no value; {reason}."
    ]


def test_what_is_not_utf_8_ends_the_reading_with_its_line():
    found = read(b'{"teams": [{"key": "a"},\n{"key": "b", "title": "\xe4"}]}')
    assert found[0].key == "a"
    assert faults(b'{"teams": [\n{"key": "b", "title": "\xe4"}]}') == [
        "line 2: This line is not UTF-8 (byte 0xE4 after 23 others); save the file as UTF-8."
    ]
    assert isinstance(found[1], Unread)
    assert found[1].key == "b"


@pytest.mark.parametrize(
    ("value", "is_too_long"),
    [
        ('"' + "a" * 1_000_000 + '"', False),
        ('"' + "a" * 1_000_001 + '"', True),
        ('"' + "\\ud83d\\ude00" * 1_000_000 + '"', False),
        ('"' + "\\ud83d\\ude00" * 1_000_000 + 'a"', True),
        ('"' + "a" * 20_000_000 + '"', True),
        ("1" * 1_000_000, False),
        ("1" * 1_000_001, True),
    ],
)
def test_a_longer_value_than_a_million_characters_is_refused_and_the_rest_is_read(value, is_too_long):
    found = read(f'{{"teams": [{{"key": "a", "title": {value}}}, {{"key": "b"}}]}}')
    assert [each.key for each in found] == ["a", "b"]
    assert isinstance(found[0], Unread) is is_too_long
    if isinstance(found[0], Unread):
        assert str(found[0].problem) == "line 1, column title: This is longer than 1,000,000 characters."


class Endless(io.RawIOBase):
    """A start, and then the same bytes again and again, for a while."""

    def __init__(self, start: bytes, piece: bytes, times: int) -> None:
        self.left = [piece] * times
        self.left.append(start)

    def read(self, _size: int = -1) -> bytes:
        return self.left.pop() if self.left else b""


@pytest.mark.parametrize("piece", [b"a" * 50_000, b"\\n" * 25_000, b"1" * 50_000, b" \n" * 25_000])
def test_a_value_without_end_is_not_held_in_memory(piece):
    start = b'{"teams": [{"key": "a", "title": ' + (b'"' if piece[0] in b"a\\" else b"")
    source = Endless(start, piece, 1_000)
    tracemalloc.start()
    try:
        found = list(read_json(source))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [each.key for each in found] == ["a"] or [each.key for each in found] == ["a", "a"]
    assert peak < 30_000_000


def test_thousands_of_items_are_not_held_in_memory():
    source = Endless(b'{"objectives": [{"key": "o", "keyResults": [{}', b',{"key":"k"}' * 500, 20)
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_json(source))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 10_000 + 2
    assert peak < 1_500_000
