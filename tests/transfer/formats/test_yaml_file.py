import io
import tracemalloc

import pytest

from okrgraph.transfer.formats.records import Record, Unread
from okrgraph.transfer.formats.yaml_file import read_yaml

NO_ANCHORS = "Anchors (&) and aliases (*) are not read here; write out what they stand for."
NO_TAGS = "Tags (!) are not read here; leave the tag out."


def read(text: str | bytes) -> list[Record | Unread]:
    return list(read_yaml(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def cells(text: str) -> dict[str, str]:
    (record,) = read(text)
    assert isinstance(record, Record), record
    return dict(record.cells)


def faults(text: str | bytes) -> list[str]:
    return [str(each.problem) for each in read(text) if isinstance(each, Unread)]


@pytest.mark.parametrize(
    "value",
    [
        "no",
        "Yes",
        "true",
        "False",
        "1e3",
        "0x1F",
        "1_000",
        "012",
        "2026-10-05",
        ".inf",
        "=",
        "<<",
        "nULL",
        "é 😀",
    ],
)
def test_a_plain_value_is_the_text_as_written(value):
    assert cells(f"teams:\n- key: a\n  title: {value}\n")["title"] == value


@pytest.mark.parametrize("value", ["", "~", "null", "Null", "NULL", "# nothing"])
def test_a_plain_nothing_is_absent(value):
    assert cells(f"teams:\n- key: a\n  title: {value}\n") == {"type": "team", "key": "a"}


@pytest.mark.parametrize("value", ["~", "null", "no"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quoted_nothing_is_text(value, quote):
    assert cells(f"teams:\n- key: a\n  title: {quote}{value}{quote}\n")["title"] == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("true", "TRUE"),
        ("True", "TRUE"),
        ("FALSE", "FALSE"),
        ("false", "FALSE"),
        ("yes", "yes"),
        ("'true'", "true"),
    ],
)
def test_a_plain_true_or_false_is_upper_case_in_a_column_that_holds_one(value, text):
    assert cells(f"links:\n- primary: {value}\n")["primary"] == text


def test_text_in_blocks_keeps_its_lines():
    text = "teams:\n- key: a\n  title: |\n    one\n     two\n\n  kind: >-\n    three\n    four\n"
    assert cells(text) == {"type": "team", "key": "a", "title": "one\n two\n", "kind": "three four"}


def test_lines_are_those_of_an_editor_whatever_else_yaml_takes_for_a_line_end():
    text = 'teams:\r\n- key: "a\u2028b\x85c\u2029"\r\n  title: A\r\n- key: "d\n    e"\n  title: D\n'
    first, second = read(text)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.line, first.lines) == (2, {"key": 2, "title": 3})
    assert (second.line, second.lines) == (4, {"key": 4, "title": 6})


def test_comments_a_frame_and_a_byte_order_mark_are_skipped():
    text = "\ufeff# ours\n%YAML 1.1\n---\nteams:  # all\n- key: a\n...\n# end\n"
    assert cells(text) == {"type": "team", "key": "a"}


@pytest.mark.parametrize("text", ["# nothing\n", "---\n", "--- ~\n...\n"])
def test_a_file_without_content_is_empty(text):
    (fault,) = faults(text)
    assert "The file is empty; known names are organization, teams," in fault


def test_anchors_aliases_and_tags_are_refused_and_the_rest_is_read():
    text = (
        "teams:\n- &one {key: a}\n- *one\n- key: b\n  title: &t B\n- key: c\n  title: !!str C\n"
        "- !team {key: d}\n- key: e\npeople: &all\n- key: p\n- key: q\n  team: [*t, !x y]\n  *t : 1\n"
    )
    assert faults(text) == [
        f"line 2: {NO_ANCHORS}",
        f"line 3, column teams: {NO_ANCHORS}",
        f"line 5, column title: {NO_ANCHORS}",
        f"line 7, column title: {NO_TAGS}",
        f"line 8: {NO_TAGS}",
        f"line 10, column people: {NO_ANCHORS}",
        f"line 13, column team: {NO_ANCHORS}",
        f"line 13, column team: {NO_TAGS}",
        f"line 14: {NO_ANCHORS}",
    ]
    assert [each.key for each in read(text)] == ["a", None, "b", "c", "d", "e", None, "p", "q", "q", "q"]
    assert faults("&all {teams: []}") == [f"line 1: {NO_ANCHORS}"]


def test_aliases_are_not_expanded():
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{depth}: &a{depth} [{', '.join([f'*a{depth - 1}'] * 9)}]\n" for depth in range(1, 30)
    )
    found = faults(f"{bomb}objectives:\n- key: o\n  team: *a29\n")
    assert len(found) == 31
    assert found[-1] == f"line 33, column team: {NO_ANCHORS}"


def test_merge_keys_are_refused():
    reason = "Merge keys (<<) are not read here; write out what they stand for."
    assert faults("teams:\n- key: a\n  <<: {title: A}\n") == [f"line 3: {reason}"]
    assert faults('teams:\n- key: a\n  "<<": b\n')[0].startswith(
        "line 3: Unknown name '<<'; known here are key,"
    )


def test_a_name_must_be_a_single_value():
    found = faults("teams:\n- key: a\n  ? [b, {c: d}]\n  : e\n  ? {}\n  : []\n  ~: f\n")
    assert found[:2] == [
        "line 3: A name must be a single value, not a list.",
        "line 5: A name must be a single value, not a mapping (names with values).",
    ]
    assert found[2].startswith("line 7: Unknown name ''; known here are key,")
    assert len(found) == 3


def test_a_second_document_is_refused():
    text = "teams:\n- key: a\n---\nteams:\n- key: b\n"
    assert faults(text) == ["line 3: A second document starts here; a file has one."]
    assert read(text)[0].key == "a"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (
            "teams:\n\t- key: a",
            2,
            "found character that cannot start any token (while scanning for the next token)",
        ),
        ("teams:\n- key: a: b\n", 2, "mapping values are not allowed in this context"),
        ("teams: [", 1, "did not find expected node content (while parsing a flow node)"),
        ("teams:\n- key: 'a", 2, "found unexpected end of stream (while scanning a quoted scalar)"),
        (
            'teams: "\\ud83d"',
            1,
            "found invalid Unicode character escape code (while parsing a quoted scalar)",
        ),
        ("%YAML 3.0\n---\nteams:", 1, "found incompatible YAML document"),
    ],
)
def test_a_mistake_in_the_notation_is_named_with_its_line(text, line, reason):
    assert faults(text)[-1] == f"line {line}: This is not well-formed YAML: {reason}."


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\x07", "YAML does not allow the character U+0007 here unless it is escaped."),
        ("\ufffe".encode(), "YAML does not allow the character U+FFFE here unless it is escaped."),
        (b"\xff", "This line is not UTF-8 (byte 0xFF after 12 others); save the file as UTF-8."),
    ],
)
def test_what_no_yaml_file_may_hold_ends_the_reading_with_its_line(bad, reason):
    start = b"teams:\n- key: a\n- key: b\n- key: c\n  title: abc"
    found = read(start + bad + b"d\n- key: d\n")
    assert [(type(each), each.key) for each in found] == [(Record, "a"), (Record, "b"), (Unread, "c")]
    assert faults(start + bad) == [f"line 5: {reason}"]


@pytest.mark.parametrize("second", [b"\xff", b"\x07"])
def test_of_two_mistakes_the_first_ends_the_reading(second):
    *_, fault = faults(b"teams: []\npeople: a: b\ncycles: []\n" + second)
    assert fault == "line 2: This is not well-formed YAML: mapping values are not allowed in this context."


@pytest.mark.parametrize(("length", "is_too_long"), [(1_000_000, False), (1_000_001, True)])
def test_a_longer_value_than_a_million_characters_is_refused_and_the_rest_is_read(length, is_too_long):
    found = read(f"teams:\n- key: a\n  title: {'é' * length}\n- key: b\n")
    assert [each.key for each in found] == ["a", "b"]
    assert isinstance(found[0], Unread) is is_too_long
    if isinstance(found[0], Unread):
        assert str(found[0].problem) == "line 3, column title: This is longer than 1,000,000 characters."


class Endless(io.RawIOBase):
    """A start, and then the same bytes again and again, for a while."""

    def __init__(self, start: bytes, piece: bytes, times: int) -> None:
        self.left = [piece] * times
        self.left.append(start)

    def read(self, _size: int = -1) -> bytes:
        return self.left.pop() if self.left else b""


@pytest.mark.parametrize("piece", [b"a" * 50_000, b"\n   a" * 10_000, b"# a\n" * 10_000])
def test_what_has_no_end_ends_the_reading(piece):
    source = Endless(b"teams:\n- key: a\n  title: a\n- key: b\n  title: ", piece, 1_000)
    found = list(read_yaml(source))
    assert [(type(each), each.key) for each in found] == [(Record, "a"), (Unread, "b")]
    assert isinstance(found[1], Unread)
    assert (
        str(found[1].problem) == "line 5: What follows this line goes on for more than 12,000,000 characters."
    )
    assert len(source.left) > 600


def test_the_file_itself_may_be_longer_than_anything_in_it():
    found = list(read_yaml(Endless(b"teams:\n", b"- key: k\n  title: " + b"a" * 999_000 + b"\n", 13)))
    assert [type(each) for each in found] == [Record] * 13


def test_thousands_of_items_are_not_held_in_memory():
    source = Endless(b"objectives:\n- key: o\n  keyResults:\n", b"  - key: k\n" * 500, 20)
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_yaml(source))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 10_000 + 1
    assert peak < 1_500_000
