from pathlib import Path

import pytest

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.foreign.column_map_file import read_column_map

START = "records:\n  - type: objective\n    key: K\n"


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "map.yaml"


def faults(path: Path, text: str | bytes) -> list[str]:
    """The faults of a map, without the sentence above them."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(OperatorError) as refused:
        read_column_map(path)
    first, *lines = str(refused.value).splitlines()
    assert first == f"The column map {path} cannot be used."
    return lines


def test_words_of_yaml_that_are_no_text_elsewhere_are_text_here(path):
    path.write_text(
        "records:\n- type: key_result\n  key: no\n  title: 1_000\n  unit: {value: yes}\n"
        "  current: {column: on, words: {true: 1, No: 0, ~: 2, 0x10: 3}}\n"
        "  confidence: {column: null, words: {1.0: 5, 2026-01-01: 1}}\nblank: [off, NaN]\n",
        encoding="utf-8",
    )
    columns = read_column_map(path)
    (template,) = columns.templates
    assert template.columns == {"no", "1_000", "on", "null"}
    assert template.sources["unit"].value({}) == "yes"
    for word, meaning in {"true": "1", "no": "0", "~": "2", "0x10": "3"}.items():
        assert template.sources["current"].value({"on": word}) == meaning
    assert template.sources["confidence"].value({"null": "2026-01-01"}) == "1"
    assert columns.blank == {"off", "nan"}


def test_all_faults_are_told_at_once_each_with_line_and_place(path):
    text = """records:
  - type: objective
    key: Goal
    titel: Goal
    kind: {column: Level, words: {Group: COMPNY, Squad: TEAM}}
    owner: {column: Owner, words: peeple}
    cycle: {valeu: q4}
  - type: key_result
    title: KR
    start: {value: ten}
    current: Now
    target: {column: Target, scale: 0-10, date: DD/MM/YYYY}
  - type: key-result
tables:
  people: {Ada: ada@acme.example}
decimal: dot
colour: blue
"""
    assert faults(path, text) == [
        (
            "line 4: records 1, titel: An objective has no column 'titel'; it has at, closed_at, created_by, cycle, "
            "description, key, kind, learning, outcome, owner, parent, position, published_at, reviewer, score, "
            "state, team, title, why_now."
        ),
        "line 5: records 1, kind, words, Group: 'COMPNY' is none of COMPANY, DEPARTMENT, TEAM, INDIVIDUAL.",
        "line 6: records 1, owner, words: There is no table 'peeple'; known are people.",
        "line 7: records 1, cycle: Name one of value, slug, column, not none.",
        "line 8: records 2: A key result needs the column key.",
        (
            "line 8: records 2: The current value of a key result becomes a check-in, which needs a confidence: "
            "read it too, or give all the same by {value: 3}."
        ),
        "line 10: records 2, start, value: 'ten' is not a number such as 1,234.5.",
        "line 12: records 2, target, date: This does not go with the column target.",
        "line 12: records 2, target, scale: This does not go with the column target.",
        (
            "line 13: records 3, type: Unknown type 'key-result'; known are organization, team, person, cycle, "
            "objective, link, key_result, check_in, dependency, dependency_check, comment, liaison."
        ),
        "line 15: tables, people: No record uses this table; refer to it by words: people.",
        "line 16: decimal: 'dot' is none of point, comma.",
        (
            "line 17: colour: 'colour' is no entry of a column map; known are records, tables, decimal, blank, "
            "fill_down, skip, ignore."
        ),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: The file is empty."),
        ("# nothing\n", "line 1: The file is empty."),
        ("- a\n", "line 1: Write the entries of a column map here, as name: value."),
        ("goals\n", "line 1: Write the entries of a column map here, as name: value."),
        ("ignore: rest\n", "line 1: The entry records is missing: what each row of the file becomes."),
        ("records: []\n", "line 1: records: The list is empty: write the records that each row becomes."),
        ("records: goals\n", "line 1: records: Write a list here: the records that each row becomes."),
        ("records: [goals]\n", "line 1: records 1: Write a record here, as name: value."),
        (
            "records: [{key: K}]\n",
            "line 1: records 1: The type of the record is missing; known are organization,",
        ),
        ("records: [{type: }]\n", "line 1: records 1, type: Write the type of the record here."),
        ("records: [{type: link, child: C}]\n", "line 1: records 1: A link needs the column parent."),
        (START + "    key: L\n", "line 4: records 1, key: 'key' is there twice, first in line 3."),
        (START + "records: []\n", "line 4: records: 'records' is there twice, first in line 1."),
        (START + "    ? [a, b]\n    : c\n", "line 4: records 1: The name of an entry is text."),
        (
            START + "    title:\n",
            "line 4: records 1, title: Write the name of a column of the file, or {value: ",
        ),
        (START + "    title: {}\n", "line 4: records 1, title: Name one of value, slug, column, not none."),
        (
            START + "    title: [A, B]\n",
            (
                "line 4: records 1, title: Write the name of a column of the file, or {value: ...} for one text in "
                "every row here, as name: value."
            ),
        ),
        (
            START + "    title: {value: A, column: B}\n",
            "line 4: records 1, title: Name one of value, slug, column, not several.",
        ),
        (
            START + "    title: {value: A, split: ','}\n",
            "line 4: records 1, title, split: 'split' is no option of value; known are value.",
        ),
        (START + "    title: {value: [A]}\n", "line 4: records 1, title, value: Write a text here."),
        (
            START + "    title: {column: A, split: ','}\n",
            "line 4: records 1, title, split: The column title of a",
        ),
        (
            START + "    team: {slug: [A, B], split: ','}\n",
            "line 4: records 1, team, split: A key made of several columns cannot be split.",
        ),
        (START + "    score: {slug: A}\n", "line 4: records 1, score, slug: A slug is a key; score is none."),
        (
            START + "    at: {column: A, date: DD/MM}\n",
            "line 4: records 1, at, date: 'DD/MM' is no form of a date; write it with YYYY or YY, MM or MMM, DD,",
        ),
        (
            START + "    at: {column: A, time_zone: Oslo}\n",
            "line 4: records 1, at, time_zone: 'Oslo' is not a time zone; write it like Europe/Oslo.",
        ),
        (
            START + "    kind: {column: A, words: {a: TEAM, ' A': TEAM}}\n",
            "line 4: records 1, kind, words, A: 'A' is there twice, apart from case and blanks.",
        ),
        (
            START + "    owner: {column: A, words: people}\n",
            "line 4: records 1, owner, words: There is no table 'people'; there are none under tables.",
        ),
        (START + "    kind: {value: TEEM}\n", "line 4: records 1, kind, value: 'TEEM' is none of COMPANY,"),
        (
            "records: [{type: check_in, key: K, confidence: {column: C, scale: 0-5}}]\n",
            "line 1: records 1, confidence, scale: '0-5' is none of 0-10, 0-1, red-amber-green.",
        ),
        (
            "records: [{type: check_in, key: K, confidence: {column: C, scale: 0-1, words: {a: 1}}}]\n",
            "line 1: records 1, confidence, words: A table of words stands alone, without scale, date or time_zone.",
        ),
        (
            "records: [{type: cycle, key: K, start: {value: 05/10/2026}}]\n",
            "line 1: records 1, start, value: '05/10/2026' is not a date written YYYY-MM-DD.",
        ),
        (START + "skip: {}\n", "line 4: skip: Name at least one column, and its words."),
        (
            START + "    when: Goal\n",
            "line 4: records 1, when: Write columns of the file and the words to look for",
        ),
        (START + "ignore: [K, L]\n", "line 4: ignore: The map reads K elsewhere, and ignores it here."),
        (START + "ignore: {a: b}\n", "line 4: ignore: Write a list here: columns of the file."),
        (START + "blank: ['']\n", "line 4: blank 1: Write words that mean a blank cell here."),
        ("records: [\n", "line 2: This is not YAML: expected the node content, but found '<stream end>'."),
        ("a: b: c\n", "line 1: This is not YAML: mapping values are not allowed here."),
        ("\ta: b\n", "line 1: This is not YAML: found character '\\t' that cannot start any token."),
        ("a: *b\n", "line 1: This is not YAML: found undefined alias 'b'."),
        ("a: 1\n---\nb: 2\n", "line 2: This is not YAML: but found another document."),
        (
            "a: \x01\n",
            "line 1: This is not YAML: unacceptable character #x0001: special characters are not allowed.",
        ),
        ("[" * 100_000, "line 1: This is nested too deep."),
        ("&a [*a]\n", "line 1: Write the entries of a column map here, as name: value."),
    ],
)
def test_a_fault_is_told_with_its_line_and_place(path, text, fault):
    assert faults(path, text)[0].startswith(fault)


def test_a_table_is_checked_where_it_stands(path):
    text = START + "    owner: {column: O, words: levels}\n    kind: {column: L, words: levels}\n"
    text += "tables:\n  levels:\n    Group: COMPANY\n    Area: AREA\n"
    assert faults(path, text) == [
        "line 9: tables, levels, Area: 'AREA' is none of COMPANY, DEPARTMENT, TEAM, INDIVIDUAL."
    ]


def test_a_file_that_is_no_map_is_refused_in_one_sentence(path):
    with pytest.raises(OperatorError, match=r"map\.yaml cannot be read \(No such file or directory\)\.$"):
        read_column_map(path)
    path.write_bytes(b"records:\n  - type: \xff\n")
    with pytest.raises(OperatorError, match=r"map\.yaml is not UTF-8 in line 2; save the file as UTF-8\.$"):
        read_column_map(path)
    path.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(
        OperatorError, match=r"map\.yaml is no column map: it is larger than 1,048,576 bytes\.$"
    ):
        read_column_map(path)


def test_a_byte_order_mark_does_no_harm(path):
    path.write_bytes(b"\xef\xbb\xbf" + START.encode())
    assert len(read_column_map(path).templates) == 1
