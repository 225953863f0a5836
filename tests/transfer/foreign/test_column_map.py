import io
import random
from collections.abc import Iterable

import pytest

from okrgraph.transfer.foreign.column_map_file import read_column_map
from okrgraph.transfer.formats.csv_file import read_csv
from okrgraph.transfer.formats.records import Record, Unread

KEY_RESULTS = """
records:
  - type: objective
    key: Goal ID
    title: Goal
    owner: Owner
  - type: key_result
    key: KR ID
    parent: Goal ID
    title: KR
    confidence: {column: Confidence, scale: 0-10}
"""
HEADER = "Goal ID,Goal,Owner,KR ID,KR,Confidence\n"


@pytest.fixture
def read(tmp_path):
    """Read CSV text by the text of a map."""

    def read(columns: str, text: str) -> list[Record | Unread]:
        path = tmp_path / "map.yaml"
        path.write_text(columns, encoding="utf-8")
        return list(read_csv(io.BytesIO(text.encode()), read_column_map(path)))

    return read


def problems(items: Iterable[Record | Unread]) -> list[str]:
    return [str(item.problem) for item in items if isinstance(item, Unread)]


def keys(items: Iterable[Record | Unread]) -> list[str | None]:
    return [item.key for item in items if isinstance(item, Record)]


def test_a_row_makes_a_record_of_each_template_and_repeats_are_taken_once(read):
    items = read(KEY_RESULTS, HEADER + "g,Grow,a@b.example,k1,More,7\ng,Grow,a@b.example,k2,Most,\n")
    assert [(item.line, item.type.value, dict(item.cells)) for item in items] == [
        (2, "objective", {"type": "objective", "key": "g", "title": "Grow", "owner": "a@b.example"}),
        (
            2,
            "key_result",
            {"type": "key_result", "key": "k1", "parent": "g", "title": "More", "confidence": "4"},
        ),
        (3, "key_result", {"type": "key_result", "key": "k2", "parent": "g", "title": "Most"}),
    ]


def test_a_repeated_row_that_tells_something_else_is_one_problem_in_its_own_column(read):
    rows = "g,Grow,a@b.example,k1,One,\ng,Grow,c@d.example,k2,Two,\ng,Grew,c@d.example,k3,Three,\n"
    items = read(KEY_RESULTS, HEADER + rows)
    assert problems(items) == [
        "line 3, column Owner: Line 2 tells owner of 'g' otherwise; rows that repeat a thing must agree."
    ]
    assert keys(items) == ["g", "k1", "k2", "k3"]
    assert [item.key for item in items if isinstance(item, Unread)] == ["g"]


def test_a_repeated_row_may_leave_blank_what_was_told(read):
    items = read(KEY_RESULTS, HEADER + "g,Grow,a@b.example,k1,One,\ng,,,k2,Two,\n")
    assert keys(items) == ["g", "k1", "k2"]
    assert problems(items) == []


def test_what_an_earlier_row_left_blank_is_a_contradiction_since_it_would_be_lost(read):
    items = read(KEY_RESULTS, HEADER + "g,Grow,,k1,One,\ng,Grow,a@b.example,k2,Two,\n")
    assert problems(items) == [
        "line 3, column Owner: Line 2 tells owner of 'g' otherwise; rows that repeat a thing must agree."
    ]


def test_a_key_of_two_types_is_one_problem_that_says_what_helps(read):
    items = read(KEY_RESULTS, HEADER + "x,Grow,,x,One,\nx,Grow,,x,One,\n")
    assert problems(items) == [
        "line 2, column KR ID: The key 'x' is that of an objective (line 2); give one a prefix."
    ]


def test_addresses_of_people_are_one_in_any_case(read):
    columns = "records: [{type: person, key: Mail, title: Name}]"
    items = read(columns, "Mail,Name\nA@b.example,Ada\na@B.example,Ada\n")
    assert keys(items) == ["A@b.example"]
    assert problems(items) == []


def test_a_value_that_cannot_be_read_is_told_in_their_column_and_the_key_is_remembered(read):
    items = read(KEY_RESULTS, HEADER + "g,Grow,,k1,One,eleven\ng,Grow,,k2,Two,11\ng,Grow,,k3,Three,10\n")
    assert problems(items) == [
        "line 2, column Confidence: 'eleven' is not a confidence from 0 to 10.",
        "line 3, column Confidence: '11' is not a confidence from 0 to 10.",
    ]
    assert [item.key for item in items if isinstance(item, Unread)] == ["k1", "k2"]
    assert keys(items) == ["g", "k3"]


def test_all_that_is_wrong_with_a_row_is_told(read):
    columns = "records: [{type: key_result, key: K, title: K, start: A, target: B}]"
    assert problems(read(columns, "K,A,B\nk,x,y\n")) == [
        "line 2, column A: 'x' is not a number such as 1,234.5.",
        "line 2, column B: 'y' is not a number such as 1,234.5.",
    ]


def test_a_row_without_the_columns_of_a_record_makes_none_of_it(read):
    assert keys(read(KEY_RESULTS, HEADER + "g,Grow,,,,\n")) == ["g"]


def test_the_column_that_tells_rows_apart_says_nothing_of_a_record_without_a_key(read):
    columns = (
        "records: [{type: objective, key: G, title: G}, {type: team, when: {L: Squad}, key: T, title: T}]"
    )
    items = read(columns, "G,L,T\ng,Squad,\nh,Squad,t\n")
    assert problems(items) == []
    assert keys(items) == ["g", "h", "t"]


def test_a_record_without_its_key_is_refused_when_the_row_says_more_of_it(read):
    items = read(KEY_RESULTS, HEADER + "g,Grow,,,More,\ng,Grow,,,,7\n")
    assert problems(items) == [
        "line 2, column KR ID: This is blank, and the row says more of a key result.",
        "line 3, column KR ID: This is blank, and the row says more of a key result.",
    ]


def test_a_row_of_which_nothing_is_made_is_refused(read):
    columns = "{records: [{type: team, when: {Kind: Team}, key: Name, title: Name}], ignore: rest}"
    assert problems(read(columns, "Kind,Name,Note\nTeam,A,\nGroup,B,\n,,only a note\n")) == [
        "line 3: The map makes nothing of this row; read it, or leave such rows out with skip.",
        "line 4: The map makes nothing of this row; read it, or leave such rows out with skip.",
    ]


def test_constants_alone_make_nothing_of_a_row(read):
    columns = (
        "records: [{type: team, key: {value: t}, title: {value: T}}, {type: team, key: Name, title: Name}]"
    )
    assert problems(read(columns, "Name\nA\n")) == []
    assert problems(read(columns + "\nignore: rest", "Name,Note\nA,\n,x\n")) == [
        "line 3: The map makes nothing of this row; read it, or leave such rows out with skip."
    ]


def test_rows_are_told_apart_by_the_words_of_a_column(read):
    columns = """
    records:
      - {type: objective, when: {Kind: [objective, goal]}, key: ID, title: Name}
      - {type: key_result, when: {Kind: Key Result}, key: ID, title: Name, parent: Above}
    skip: {Kind: [Task, Note]}
    """
    text = "Kind,ID,Name,Above\nGoal,1,Grow,\nKEY  RESULT,2,More,1\ntask,3,Call,2\nOBJECTIVE,4,Win,\nIdea,5,Why,\n"
    items = read(columns, text)
    assert [(item.key, item.type.value) for item in items if isinstance(item, Record)] == [
        ("1", "objective"),
        ("2", "key_result"),
        ("4", "objective"),
    ]
    assert problems(items) == [
        "line 6: The map makes nothing of this row; read it, or leave such rows out with skip."
    ]


def test_a_row_continues_the_one_above_only_when_it_leaves_all_of_its_columns_blank(read):
    columns = KEY_RESULTS + "fill_down: [Goal ID, Goal, Owner]\n"
    rows = "g,Grow,a@b.example,k1,One,\n,,,k2,Two,\nh,Hold,,k3,Three,\n,,,k4,Four,\n"
    items = read(columns, HEADER + rows)
    assert problems(items) == []
    cells = {item.key: dict(item.cells) for item in items if isinstance(item, Record)}
    assert [cells[key]["parent"] for key in ("k1", "k2", "k3", "k4")] == ["g", "g", "h", "h"]
    assert "owner" not in cells["h"]


def test_words_that_mean_nothing_are_blank(read):
    columns = KEY_RESULTS + "blank: [N/A, '-', none]\n"
    items = read(columns, HEADER + "g,Grow,-,k1,One,n/a\ng,Grow,None,k2,Two,3\n")
    assert problems(items) == []
    assert [dict(item.cells).get("confidence") for item in items] == [None, None, "2"]


def test_a_list_is_split_and_each_part_is_read(read):
    columns = """
    records:
      - type: objective
        key: Goal
        title: Goal
        team: {column: Teams, split: ",", words: {Web: web, Care & Co: care}}
        parent: {slug: Supports, prefix: o-, split: "|"}
    """
    header = "Goal,Teams,Supports\n"
    (item,) = read(columns, header + 'g,"Web, care & co,",Win more|Lose less\n')
    assert (item.cells["team"], item.cells["parent"]) == ("web;care", "o-win-more;o-lose-less")
    assert problems(read(columns, header + 'g,"Web,HR",\n')) == [
        "line 2, column Teams: The map has no word 'HR' here; it has Web, Care & Co."
    ]


def test_one_of_our_words_needs_no_table_and_another_one_is_refused(read):
    columns = "records: [{type: objective, key: Goal, title: Goal, kind: Level}]"
    (item, other) = read(columns, "Goal,Level\na,Company\nb,Corporate\n")
    assert item.cells["kind"] == "COMPANY"
    assert problems([other]) == [
        (
            "line 3, column Level: 'Corporate' is none of COMPANY, DEPARTMENT, TEAM, INDIVIDUAL; "
            "say by words what it stands for."
        )
    ]


def test_the_keys_of_titles_follow_their_letters_only(read):
    columns = "records: [{type: objective, key: {slug: [Area, Goal], prefix: o-}, title: Goal}]"
    items = read(columns, "Area,Goal\nWeb,Grow Now!\nWEB,grow now\nWeb,?\n")
    assert keys(items) == ["o-web/grow-now"]
    assert problems(items) == [
        "line 3, column Goal: Line 2 tells title of 'o-web/grow-now' otherwise; rows that repeat a thing must agree.",
        "line 4, column Area: '?' has no letter and no digit to make a key of.",
    ]


def test_columns_that_the_map_does_not_mention_are_refused_unless_it_ignores_them(read):
    header, row = "Goal ID,Goal,Owner,KR ID,KR,Confidence,Notes,Tags\n", "g,Grow,,k,K,3,n,t\n"
    items = read(KEY_RESULTS, header + row)
    assert problems(items) == [
        (
            "line 1: The column map says nothing of 'Notes', 'Tags'; "
            "read them, or name them under ignore (or ignore: rest)."
        )
    ]
    assert keys(items) == ["g", "k"]
    assert problems(read(KEY_RESULTS + "ignore: rest\n", header + row)) == []
    assert problems(read(KEY_RESULTS + "ignore: [Notes, Tags, Gone]\n", header + row)) == []


def test_a_column_without_a_name_is_refused_where_something_stands_in_it(read):
    header = "A,,B,\n"
    columns = "records: [{type: team, key: A, title: B}]\n"
    items = read(columns, header + "a,,B,\nc,x,D, \n")
    assert problems(items) == [
        "line 3: A cell stands in a column without a name; name it in the header, or say ignore: rest."
    ]
    assert keys(items) == ["a", "c"]
    assert problems(read(columns + "ignore: rest\n", header + "c,x,D,y\n")) == []


def test_columns_that_the_file_lacks_are_named_and_nothing_is_read(read):
    items = read(KEY_RESULTS, "Goal ID,Goal,KR ID,KR\ng,Grow,k,K\n")
    assert problems(items) == [
        (
            "line 1: The column map reads 'Confidence', 'Owner', which this file does not have; "
            "it has 'Goal ID', 'Goal', 'KR ID', 'KR'."
        )
    ]
    assert keys(items) == []


def test_a_column_that_is_there_twice_is_refused_when_it_is_read(read):
    columns = "{records: [{type: team, key: A, title: A}], ignore: [B]}"
    assert problems(read(columns, "A,B,B\na,b,b\n")) == []
    assert problems(read(columns, "A,B,A\na,b,a\n")) == ["line 1, column A: This column is there twice."]


def test_a_row_of_another_length_is_refused_and_its_first_key_is_remembered(read):
    (item,) = read(KEY_RESULTS, HEADER + "g,Grow,a@b.example\n")
    assert isinstance(item, Unread)
    assert (str(item.problem), item.key) == ("line 2: This row has 3 cells and the header has 6.", "g")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_separator_is_recognised_by_the_columns_of_the_map(read, separator):
    columns = 'records: [{type: team, key: "Name, short", title: Name}]'
    (item,) = read(columns, f"Name, short{separator}Name\na{separator}A, B\n")
    assert dict(item.cells) == {"type": "team", "key": "a", "title": "A, B"}


def test_a_formula_guard_of_another_tool_is_removed_before_the_value_is_read(read):
    columns = "records: [{type: key_result, key: K, title: K, target: T}]"
    (item,) = read(columns, "K,T\n'=k,'-5\n")
    assert (item.cells["key"], item.cells["target"]) == ("=k", "-5")


def test_one_map_reads_several_files_each_for_itself(tmp_path):
    path = tmp_path / "map.yaml"
    path.write_text(KEY_RESULTS, encoding="utf-8")
    columns = read_column_map(path)
    data = (HEADER + "g,Grow,,k,K,3\n").encode()
    first, second = (list(read_csv(io.BytesIO(data), columns)) for _ in range(2))
    assert first == second
    assert keys(first) == ["g", "k"]


def test_many_repeats_in_any_order_give_each_thing_once(read):
    draw = random.Random(7)
    rows = [
        f"g{number % 40},Goal {number % 40},,k{number % 700},K {number % 700},5" for number in range(2_800)
    ]
    draw.shuffle(rows)
    items = read(KEY_RESULTS, HEADER + "\n".join(rows) + "\n")
    wanted = {f"g{number}" for number in range(40)} | {f"k{number}" for number in range(700)}
    found = keys(items)
    assert len(found) == len(set(found)) == 740
    assert set(found) == wanted
    assert problems(items) != []
