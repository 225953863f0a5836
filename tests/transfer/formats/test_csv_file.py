import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from okrgraph.transfer.formats.csv_file import read_csv
from okrgraph.transfer.formats.csv_lines import LONGEST_ROW
from okrgraph.transfer.formats.records import Reading, Record, RecordType, Unread

never_timed = settings(deadline=None)
HEADER = b"type,key,title\n"
DANGEROUS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def reading(data: str | bytes) -> Reading:
    return read_csv(io.BytesIO(data.encode() if isinstance(data, str) else data))


def records(data: str | bytes) -> list[Record]:
    return [item for item in reading(data) if isinstance(item, Record)]


def unread(data: str | bytes) -> list[Unread]:
    return [item for item in reading(data) if isinstance(item, Unread)]


def problems(data: str | bytes) -> list[str]:
    return [str(item.problem) for item in unread(data)]


class Endless(io.RawIOBase):
    """A file that is made while it is read: a beginning, then the same piece again and again."""

    def __init__(self, beginning: bytes, piece: bytes, pieces: int) -> None:
        self._pieces = self._each(beginning, piece, pieces)

    @staticmethod
    def _each(beginning: bytes, piece: bytes, pieces: int) -> Iterator[bytes]:
        yield beginning
        for _ in range(pieces):
            yield piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = next(self._pieces, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def peak_of(source: io.RawIOBase) -> tuple[list[Record | Unread], int]:
    """The first ten of what is read, and the bytes that the whole reading held at most."""
    items: list[Record | Unread] = []
    tracemalloc.start()
    try:
        for item in read_csv(io.BufferedReader(source, 65_536)):
            if len(items) < 10:
                items.append(item)
        return items, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_columns_stand_in_any_order_and_blank_cells_are_absent():
    (record,) = records("title,key,type,parent\nGrowth,growth,team, \n")
    assert record.type is RecordType.TEAM
    assert record.key == "growth"
    assert record.cells == {"title": "Growth", "key": "growth", "type": "team"}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_file_may_begin_with_a_byte_order_mark_and_end_its_lines_any_way(mark, end):
    data = mark + b"type,key,title" + end + "team,growth,Bücher".encode() + end
    (record,) = reading(data)
    assert isinstance(record, Record)
    assert (record.line, record.cells["title"]) == (2, "Bücher")


def test_the_file_stays_open_which_is_the_callers():
    stream = io.BytesIO(b"type,key\nteam,a\nteam,b\n")
    first = read_csv(stream)
    assert isinstance(next(first), Record)
    first.close()
    assert not stream.closed


def test_the_line_of_a_row_is_the_physical_line_it_starts_on():
    text = 'type,key,title\n\nteam,a,"two\nlines"\n,,\nteam,b,B\n'
    assert [(record.key, record.line) for record in records(text)] == [("a", 3), ("b", 6)]


def test_an_unknown_or_repeated_column_is_named_and_the_rows_are_still_read():
    text = "type,key,colour,title,title\nnothing,a,,,\n"
    found = problems(text)
    assert found[0].startswith("line 1, column colour: Unknown column 'colour'; known are type, key, parent,")
    assert found[1] == "line 1, column title: This column is there twice."
    assert found[2].startswith("line 2, column type: Unknown type 'nothing'; known are organization, team,")
    assert len(found) == 3


def test_a_file_without_the_column_type_or_key_is_not_read_further():
    assert problems("title\nGrowth\n") == [
        "line 1, column type: This column is missing.",
        "line 1, column key: This column is missing.",
    ]


def test_a_row_without_a_type_and_one_of_an_unknown_type_are_refused():
    found = problems("type,key\n,a\nrisk,b\n")
    assert found[0].startswith("line 2, column type: The type is missing; known are organization")
    assert found[1].startswith("line 3, column type: Unknown type 'risk'; known are organization, team")


def test_a_row_with_too_few_or_too_many_cells_is_refused_and_its_key_is_remembered():
    found = unread("type,key,title\nteam,a\nteam,b,B,\n")
    assert [str(item.problem) for item in found] == [
        "line 2: This row has 2 cells and the header has 3.",
        "line 3: This row has 4 cells and the header has 3.",
    ]
    assert [item.key for item in found] == ["a", "b"]


def test_a_malformed_row_is_reported_and_the_next_ones_are_read():
    text = 'type,key,title\nteam,a,"A"x\nteam,b,B\nteam,c,"C\n'
    assert problems(text) == [
        "line 2: This row is not well-formed CSV: ',' expected after '\"'.",
        "line 4: This row is not well-formed CSV: a quote is opened and never closed.",
    ]
    assert [record.key for record in records(text)] == ["b"]


def test_a_quote_that_is_never_closed_costs_its_own_row_only():
    text = 'type,key,title\nteam,a,"A\nteam,b,B\nteam,c,C\n'
    assert problems(text) == ["line 2: This row is not well-formed CSV: a quote is opened and never closed."]
    assert [(record.key, record.line) for record in records(text)] == [("b", 3), ("c", 4)]


def test_a_cell_larger_than_the_limit_is_a_problem_and_the_next_rows_are_read():
    limit = csv.field_size_limit()
    reason = "a cell has more than 131,072 characters; perhaps a quote is not closed"
    for cell in ("x" * (limit + 1), f'"{"x" * (limit + 1)}"'):
        text = f"type,key,title\nteam,a,{cell}\nteam,b,B\n"
        assert problems(text) == [f"line 2: This row is not well-formed CSV: {reason}."]
        assert [(record.key, record.line) for record in records(text)] == [("b", 3)]
    fitting = records(f"type,key,title\nteam,a,{'x' * limit}\n")
    assert len(fitting[0].cells["title"]) == limit


def test_a_quote_that_is_never_closed_in_a_huge_file_is_one_problem_and_little_memory():
    row = b"team,key,A title of some length that says little\n"
    many = 2_000_000 // len(row)
    items, peak = peak_of(Endless(HEADER + b'team,a,"A\n', row, many))
    assert str(items[0].problem) == (
        "line 2: This row is not well-formed CSV: a cell has more than 131,072 characters; "
        "perhaps a quote is not closed."
    )
    assert [item.line for item in items[1:]] == list(range(3, 12))
    assert peak < 1_500_000


def test_a_line_without_an_end_is_one_problem_and_little_memory():
    items, peak = peak_of(Endless(HEADER, b"x," * 2_000, 5_000))
    assert [str(item.problem) for item in items] == ["line 2: This row is longer than 1,048,576 characters."]
    assert peak < 15_000_000
    after = reading(HEADER + b"x" * (LONGEST_ROW + 5) + b"\nteam,b,B\n")
    assert [getattr(item, "line", None) for item in after] == [None, 3]


def test_a_row_of_lines_without_an_end_is_a_problem():
    data = b'"a\n",' * 210_000
    found = problems(HEADER + data + b"\nteam,b,B\n")
    assert found[0] == "line 2: This row is longer than 1,048,576 characters."


def test_a_long_file_is_read_in_little_memory():
    row = b"team,key,A title of some length that says little\n"
    _, peak = peak_of(Endless(HEADER, row, 40_000))
    assert peak < 500_000


def test_each_line_that_is_not_utf_8_is_named_and_the_rows_are_still_read():
    data = b"type,key,title\nteam,a,\xe9t\xe9\nteam,b,B\nteam,c,\xff\n"
    assert problems(data) == [
        "line 2: This line is not UTF-8 (byte 0xE9 after 7 others); save the file as UTF-8.",
        "line 4: This line is not UTF-8 (byte 0xFF after 7 others); save the file as UTF-8.",
    ]
    assert [record.key for record in records(data)] == ["a", "b", "c"]


def test_of_many_lines_that_are_not_utf_8_twenty_are_named():
    data = HEADER + b"team,a,\xe9\n" * 300
    found = problems(data)
    assert len(found) == 21
    assert found[19].startswith("line 21: This line is not UTF-8 (byte 0xE9")
    assert found[20] == "line 22: This line is not UTF-8 either; more such lines are not named."
    assert len(records(data)) == 300


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("type,key\n".encode("utf-16"), "This file is UTF-16; save it as CSV in UTF-8."),
        (b"\xfe\xff" + "type,key\n".encode("utf-16-be"), "This file is UTF-16; save it as CSV in UTF-8."),
        (b"PK\x03\x04\x14\x00", "This is a spreadsheet's own file; save it as CSV in UTF-8."),
    ],
)
def test_a_file_of_another_kind_is_named(data, reason):
    assert problems(data) == [f"line 1: {reason}"]


@pytest.mark.parametrize("text", ["", "\n\n", " \n"])
def test_an_empty_file_says_that_it_lacks_a_header(text):
    assert problems(text) == ["line 1: The file is empty; its first line names the columns."]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "\n \n", "sep={}\n", '"sep={}"\r\n'])
def test_separators_are_recognised_by_the_header_or_told_above_it(separator, first):
    lines = [["type", "key", "title", "team"], ["person", "a@b.example", "A,B", '"x;y"']]
    first = first.format(separator)
    if separator == ",":
        lines[1][2] = '"A,B"'
    text = first + "".join(separator.join(line) + "\n" for line in lines)
    (record,) = reading(text)
    assert isinstance(record, Record)
    assert record.cells == {"type": "person", "key": "a@b.example", "title": "A,B", "team": "x;y"}
    assert record.line == 2 + first.count("\n")


def test_a_separator_that_is_told_goes_before_what_the_header_looks_like():
    (record,) = reading("sep=|\ntype|key|title\nteam|a|x,y;z\n")
    assert isinstance(record, Record)
    assert record.cells["title"] == "x,y;z"


def test_where_no_column_is_known_the_separator_is_the_comma():
    found = problems("goal;whom\na;b\n")
    assert found[0].startswith("line 1, column goal;whom: Unknown column 'goal;whom'; known are type,")
    assert found[1:] == [
        "line 1, column type: This column is missing.",
        "line 1, column key: This column is missing.",
    ]


@pytest.mark.parametrize("start", DANGEROUS)
def test_the_apostrophe_that_keeps_a_spreadsheet_from_running_text_is_removed(start):
    (record,) = records(f'type,key,title\nteam,a,"\'{start}SUM(A1)"\n')
    assert record.cells["title"] == f"{start}SUM(A1)"


def test_of_several_apostrophes_before_a_formula_one_is_ours():
    (record,) = records("type,key,title\nteam,a,''=1\n")
    assert record.cells["title"] == "'=1"


def test_any_other_apostrophe_stays():
    (record,) = records("type,key,title\nteam,a,'s Hertogenbosch\n")
    assert record.cells["title"] == "'s Hertogenbosch"


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)


@example([("", "\r"), (" ", "'\n")], ",")
@given(st.lists(st.tuples(texts, texts), max_size=8), st.sampled_from([",", ";", "\t"]))
@never_timed
def test_whatever_a_writer_quotes_is_read_as_it_was(pairs, separator):
    output = io.StringIO(newline="")
    writer = csv.writer(output, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["type", "key", "title", "description"])
    for number, (title, description) in enumerate(pairs):
        cells = (f"'{text}" if text.lstrip("'")[:1] in DANGEROUS else text for text in (title, description))
        writer.writerow(["objective", f"o{number}", *cells])
    read = [
        (record.cells.get("title", ""), record.cells.get("description", ""))
        for record in reading(output.getvalue())
    ]
    assert read == [tuple(text if text.strip() else "" for text in pair) for pair in pairs]


@given(st.binary(max_size=300))
@never_timed
def test_any_bytes_are_read_without_a_crash(data):
    for item in reading(HEADER + data):
        assert isinstance(item, Record | Unread)
