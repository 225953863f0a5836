import io
from pathlib import Path

import pytest

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.csv_file import read_csv
from okrgraph.transfer.records import RecordFile, RecordType


def read(text: str) -> RecordFile:
    return read_csv(io.StringIO(text, newline=""))


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read(text).problems]


def test_columns_stand_in_any_order_and_blank_cells_are_absent():
    (record,) = read("title,key,type,parent\nGrowth,growth,team, \n").records
    assert record.type is RecordType.TEAM
    assert record.key == "growth"
    assert record.cells == {"title": "Growth", "key": "growth", "type": "team"}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_file_may_begin_with_a_byte_order_mark_and_end_its_lines_either_way(tmp_path, mark, end):
    path = tmp_path / "file.csv"
    path.write_bytes(mark + b"type,key,title" + end + "team,growth,Bücher".encode() + end)
    file = read_csv(path)
    assert file.problems == []
    assert file.records[0].cells["title"] == "Bücher"


def test_text_from_a_stream_is_utf_8_whatever_the_stream_says(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes("type,key,title\nteam,growth,Bücher\n".encode())
    with path.open(encoding="latin-1") as stream:
        assert read_csv(stream).records[0].cells["title"] == "Bücher"


def test_the_line_of_a_row_is_the_physical_line_it_starts_on():
    text = 'type,key,title\n\nteam,a,"two\nlines"\n,,\nteam,b,B\n'
    assert [(record.key, record.line) for record in read(text).records] == [("a", 3), ("b", 6)]


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


def test_a_row_without_a_type_and_one_of_a_later_version_are_refused():
    found = problems("type,key\n,a\ndependency,b\n")
    assert found[0].startswith("line 2, column type: The type is missing; known are organization")
    assert found[1] == (
        "line 3, column type: This version does not hold rows of type dependency yet; leave them out."
    )


def test_a_row_with_too_few_or_too_many_cells_is_refused_and_its_key_is_remembered():
    file = read("type,key,title\nteam,a\nteam,b,B,\n")
    assert [str(problem) for problem in file.problems] == [
        "line 2: This row has 2 cells and the header has 3.",
        "line 3: This row has 4 cells and the header has 3.",
    ]
    assert file.lost_keys == {"a", "b"}
    assert file.records == []


def test_a_malformed_row_is_reported_and_the_next_ones_are_read():
    file = read('type,key,title\nteam,a,"A"x\nteam,b,B\nteam,c,"C\n')
    assert [(problem.line, problem.column) for problem in file.problems] == [(2, None), (4, None)]
    assert all("not well-formed CSV" in problem.reason for problem in file.problems)
    assert [record.key for record in file.records] == ["b"]


def test_each_line_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"type,key,title\nteam,a,\xe9t\xe9\nteam,b,B\nteam,c,\xff\n")
    assert [str(problem) for problem in read_csv(path).problems] == [
        "line 2: This line is not UTF-8 (byte 0xE9 after 7 others); save the file as UTF-8.",
        "line 4: This line is not UTF-8 (byte 0xFF after 7 others); save the file as UTF-8.",
    ]


@pytest.mark.parametrize("text", ["", "\n\n", " \n"])
def test_an_empty_file_says_that_it_lacks_a_header(text):
    assert problems(text) == ["line 1: The file is empty; its first line names the columns."]


def test_semicolons_between_columns_are_recognised():
    assert problems("type;key;title\nteam;a;A\n") == [
        "line 1: Separate the columns by commas, not by semicolons."
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_the_apostrophe_that_keeps_a_spreadsheet_from_running_text_is_removed(start):
    (record,) = read(f'type,key,title\nteam,a,"\'{start}SUM(A1)"\n').records
    assert record.cells["title"] == f"{start}SUM(A1)"


def test_any_other_apostrophe_stays():
    (record,) = read("type,key,title\nteam,a,'s Hertogenbosch\n").records
    assert record.cells["title"] == "'s Hertogenbosch"


def test_a_missing_file_is_the_operators_to_mend():
    with pytest.raises(OperatorError, match=r"nowhere\.csv cannot be read \(No such file or directory\)\."):
        read_csv(Path("nowhere.csv"))
