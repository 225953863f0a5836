import io
from collections.abc import Callable
from typing import BinaryIO

import pytest

from okrgraph.transfer.formats.json_file import read_json
from okrgraph.transfer.formats.nested_file import COLUMN_OF_PLACE, LISTS, LISTS_INSIDE
from okrgraph.transfer.formats.records import Reading, Record, RecordType, Unread
from okrgraph.transfer.formats.yaml_file import read_yaml

Read = Callable[[BinaryIO], Reading]
AT_THE_TOP = (
    "organization, teams, people, cycles, objectives, keyResults, checkIns, dependencies, dependencyChecks, "
    "links, comments, liaisons"
)


# Every JSON text below is YAML too, so each behaviour is tried in both notations.
@pytest.fixture(params=[read_json, read_yaml])
def read(request: pytest.FixtureRequest) -> Read:
    read: Read = request.param
    return read


def parts(read: Read, text: str) -> list[Record | Unread]:
    return list(read(io.BytesIO(text.encode())))


def records(read: Read, text: str) -> list[Record]:
    found = parts(read, text)
    assert [each for each in found if isinstance(each, Unread)] == []
    return [each for each in found if isinstance(each, Record)]


def faults(read: Read, text: str) -> list[str]:
    return [str(each.problem) for each in parts(read, text) if isinstance(each, Unread)]


def lost(read: Read, text: str) -> list[str | None]:
    return [each.key for each in parts(read, text) if isinstance(each, Unread)]


def test_an_item_is_a_record_with_the_line_where_it_starts_and_those_of_its_cells(read):
    text = '{"organization": {"key": "acme",\n"title": "Acme"},\n"teams": [\n{\n"key": "growth",\n\n"kind": "TEAM"}]}'
    organization, team = records(read, text)
    assert organization == Record(
        1,
        RecordType.ORGANIZATION,
        {"type": "organization", "key": "acme", "title": "Acme"},
        {"key": 1, "title": 2},
    )
    assert team == Record(
        4, RecordType.TEAM, {"type": "team", "key": "growth", "kind": "TEAM"}, {"key": 5, "kind": 7}
    )


@pytest.mark.parametrize(("name", "kind"), LISTS.items())
def test_every_list_may_stand_at_the_top(read, name, kind):
    (record,) = records(read, f'{{"{name}": [{{"key": "a", "parent": "b"}}]}}')
    assert record.type is kind
    assert record.cells == {"type": kind.value, "key": "a", "parent": "b"}


INSIDE = [(outer, name) for outer, names in LISTS_INSIDE.items() for name in names]


@pytest.mark.parametrize(("outer", "name"), INSIDE)
@pytest.mark.parametrize("key_comes_first", [True, False])
def test_what_stands_inside_an_item_names_its_key(read, outer, name, key_comes_first):
    members = ['"key": " a "', f'"{name}": [{{"key": "b"}}]']
    inside_out = members if key_comes_first else members[::-1]
    list_name = next(name for name, kind in LISTS.items() if kind is outer)
    inner, enclosing = records(read, f'{{"{list_name}": [{{{", ".join(inside_out)}}}]}}')
    kind = LISTS[name]
    assert inner.type is kind
    assert inner.cells == {"type": kind.value, "key": "b", COLUMN_OF_PLACE[kind]: "a"}
    assert (enclosing.type, enclosing.key) == (outer, "a")


def test_an_item_is_handed_out_before_the_one_around_it_has_ended(read):
    lines = ['{"objectives": [{"key": "o", "keyResults": [', *['{"key": "k"},'] * 20_000, '{"key": "k"}]}]}']
    source = io.BytesIO("\n".join(lines).encode())
    assert next(read(source)).key == "k"
    assert source.tell() < len(source.getvalue()) / 2


def test_a_place_that_is_also_named_must_be_the_same(read):
    text = '{"objectives": [{"key": "o", "links": [\n{"key": "l", "child": " o"},\n{"key": "m",\n"child": "p"}]}]}'
    found = parts(read, text)
    assert found[0] == Record(
        2, RecordType.LINK, {"type": "link", "key": "l", "child": " o"}, {"key": 2, "child": 2}
    )
    assert isinstance(found[1], Unread)
    assert (
        str(found[1].problem)
        == "line 4, column child: This stands inside 'o' and names 'p'; leave child out."
    )
    assert found[1].key == "m"


@pytest.mark.parametrize("key", ['"title": "O"', '"key": null', '"key": " "'])
def test_an_item_without_a_key_cannot_have_things_inside(read, key):
    text = (
        f'{{"objectives": [\n{{{key}, "keyResults": [\n{{"key": "k", "checkIns": [\n'
        '{"colour": 1}], "shape": 2}, {"key": "l"}]}]}'
    )
    colour, shape, fault = faults(read, text)
    assert colour.startswith(
        "line 4, column colour: Unknown name 'colour'; known here are key, parent, title,"
    )
    assert shape.startswith("line 4, column shape: Unknown name 'shape'; known here are key, parent, title,")
    assert fault == "line 2, column key: This objective needs a key, because other things stand inside it."
    assert lost(read, text) == [None, "k", None]
    assert len(parts(read, text)) == 3


def test_an_item_whose_key_is_wrong_has_only_that_said_of_its_key(read):
    text = '{"objectives": [{"keyResults": [{"key": "k"}],\n"key": [1]}]}'
    assert faults(read, text) == ["line 2, column key: This must be a single value, not a list."]


def test_an_item_inside_one_that_is_refused_is_read(read):
    text = '{"objectives": [{"key": "o", "title": [], "keyResults": [{"key": "k"}]}]}'
    assert [each.key for each in parts(read, text)] == ["k", "o"]
    assert lost(read, text) == ["o"]


@pytest.mark.parametrize("value", ["null", '""', '" "', '"\\t\\n\\u00a0"'])
def test_a_blank_value_is_absent(read, value):
    (record,) = records(read, f'{{"teams": [{{"key": "a", "title": {value}}}], "people": {value}}}')
    assert record.cells == {"type": "team", "key": "a"}
    assert record.lines == {"key": 1}


@pytest.mark.parametrize(
    ("name", "column"), [("objectives", "team"), ("objectives", "parent"), ("people", "team")]
)
def test_a_column_of_several_keys_may_be_a_list(read, name, column):
    text = f'{{"{name}": [{{"key": "a", "{column}": ["x:LEAD",\n null, " ", "y", 7]}}]}}'
    (record,) = records(read, text)
    assert record.cells[column] == "x:LEAD;y;7"
    assert record.lines[column] == 1
    (record,) = records(read, f'{{"{name}": [{{"key": "a", "{column}": []}}]}}')
    assert column not in record.cells


def test_the_entries_of_a_list_are_single_values_without_semicolons(read):
    text = '{"objectives": [{"key": "o", "team": ["a;b",\n["c", ["d"]],\n{"e": {}}, "f"]}]}'
    assert faults(read, text) == [
        "line 1, column team: 'a;b' holds a semicolon, which separates the entries of such a list.",
        "line 2, column team: A list in this place holds single values, not a list.",
        "line 3, column team: A list in this place holds single values, not a mapping (names with values).",
    ]
    assert lost(read, text) == ["o"] * 3


def test_a_list_is_bounded(read):
    entries = ",\n".join(['"' + "k" * 99 + '"'] * 10_001)
    text = f'{{"objectives": [{{"key": "o", "team": [{entries}]}}]}}'
    assert faults(read, text) == ["line 1, column team: This is longer than 1,000,000 characters."]


def test_any_other_column_must_be_a_single_value(read):
    text = (
        '{"objectives": [{"key": "o", "title": {"a": [{}]},\n"owner": ["a", ["b"]]}],'
        '"people": [{"key": "p", "parent": ["q"]}]}'
    )
    assert faults(read, text) == [
        "line 1, column title: This must be a single value, not a mapping (names with values).",
        "line 2, column owner: This must be a single value, not a list.",
        "line 2, column parent: This must be a single value, not a list.",
    ]


def test_lists_and_their_entries_have_the_right_shape(read):
    text = (
        '{"organization": [{}],\n"teams": {"key": "a"},\n"people": 5,\n'
        '"cycles": [{"key": "c"}, "q3", null, [{}]],\n"objectives": [{"key": "o", "links": "p"}]}'
    )
    a_mapping = "a mapping (names with values)"
    assert faults(read, text) == [
        f"line 1, column organization: This must be {a_mapping}, not a list.",
        f"line 2, column teams: This must be a list, not {a_mapping}: each team is one entry.",
        "line 3, column people: This must be a list, not a single value: each person is one entry.",
        f"line 4, column cycles: A cycle is {a_mapping}, not a single value.",
        f"line 4, column cycles: A cycle is {a_mapping}, not a single value.",
        f"line 4, column cycles: A cycle is {a_mapping}, not a list.",
        "line 5, column links: This must be a list, not a single value: each link is one entry.",
    ]
    assert lost(read, text) == [None] * 6 + ["o"]


def test_a_name_that_the_type_does_not_know_is_refused_with_those_that_it_does(read):
    text = (
        '{"organization": {"key": "acme",\n"key results": [],\n"type": "organization"},'
        '"checkIns": [{"key": "c", "links": []}]}'
    )
    known = "known here are key, title, time_zone, cadence_days, grace_days, company_objective_cap."
    known_of_check_in = "key, parent, title, owner, start, current, confidence, at, comments"
    assert faults(read, text) == [
        f"line 2: Unknown name 'key results'; {known}",
        f"line 3, column type: Unknown name 'type'; {known}",
        f"line 3, column links: Unknown name 'links'; known here are {known_of_check_in}.",
    ]
    assert lost(read, text) == ["acme", "acme", "c"]


def test_a_column_that_only_other_types_use_is_passed_on(read):
    (record,) = records(read, '{"teams": [{"key": "a", "metric": "NUMBER"}]}')
    assert list(record.idle_columns) == ["metric"]


def test_an_unknown_name_at_the_top_is_refused_and_the_rest_is_read(read):
    text = (
        '{"people": [],\n"colours": [{"key": ["deep"]}],\n"people": [{"key": "p"}], "teams": [{"key": "a"}]}'
    )
    found = parts(read, text)
    assert [str(each.problem) for each in found if isinstance(each, Unread)] == [
        f"line 2, column colours: Unknown name 'colours'; known here are {AT_THE_TOP}.",
        "line 3, column people: This name is there twice.",
    ]
    assert found[-1].key == "a"
    assert len(found) == 3


def test_a_name_that_is_there_twice_is_refused(read):
    text = '{"teams": [{"key": "a", "title": "A",\n"title": null,\n"key": "b"}]}'
    assert faults(read, text) == [
        "line 2, column title: This name is there twice.",
        "line 3, column key: This name is there twice.",
    ]
    assert lost(read, text) == ["a", "a"]


@pytest.mark.parametrize("text", ["", " \n\n", "null", '" "', "\ufeff"])
def test_an_empty_file_says_what_it_may_hold(read, text):
    assert faults(read, text) == [f"line 1: The file is empty; known names are {AT_THE_TOP}."]


@pytest.mark.parametrize("text", ["[]", '[{"teams": []}]', "5", '"teams"'])
def test_the_whole_file_is_a_mapping(read, text):
    reason = f"The whole file must be a mapping (names with values); known names are {AT_THE_TOP}."
    assert faults(read, text) == [f"line 1: {reason}"]


@pytest.mark.parametrize(
    ("start", "end"),
    [('{"objectives": [{"team": ', ""), ('{"teams": [{"key": ', "}]}"), ('{"organization": ', "}")],
)
def test_deep_nesting_ends_the_reading(read, start, end):
    text = f"{start}\n{'[' * 100_000}{']' * 100_000}{end}"
    assert "line 2: This is nested deeper than 32 levels." in faults(read, text)


@pytest.mark.parametrize(("levels", "is_too_deep"), [(31, False), (32, True)])
def test_the_whole_file_counts_as_a_level_of_nesting(read, levels, is_too_deep):
    found = faults(read, f'{{"colours": {"[" * levels}{"]" * levels}}}')
    assert [fault.endswith("nested deeper than 32 levels.") for fault in found] == [
        False,
        *[True] * is_too_deep,
    ]


def test_a_file_that_breaks_off_keeps_what_was_whole_and_names_what_is_lost(read):
    text = (
        '{"teams": [{"key": "a"}], "objectives": [\n{"key": "o", "colour": 1, "keyResults": [\n'
        '{"key": "k", "checkIns": [{"key": "c"},\n{"value": 1,\n"title": 1,\n"'
    )
    found = parts(read, text)
    assert [each.key for each in found if isinstance(each, Record)] == ["a", "c"]
    assert lost(read, text) == [None, "o", "o", "k", None]
    breaks, colour, objective, key_result, value = faults(read, text)
    assert breaks.startswith("line 6: This is not well-formed ")
    assert colour.startswith("line 2, column colour: Unknown name")
    assert objective == "line 2: The end of this objective is missing: the file breaks off in line 6."
    assert key_result == "line 3: The end of this key result is missing: the file breaks off in line 6."
    assert value.startswith("line 4, column value: Unknown name")


def test_the_problems_of_one_item_are_bounded(read):
    names = ", ".join(f'"n{number}": 1' for number in range(1000))
    assert len(faults(read, f'{{"teams": [{{{names}}}]}}')) == 100
