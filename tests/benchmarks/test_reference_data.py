"""The reference data: exact counts, bytes that never change, references that all lead somewhere."""

import csv
import hashlib
import io
import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from graphlib import TopologicalSorter
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.reference_data import COLUMNS, Row, Tree, expected_tree, main, reference_rows, write_csv

# Changes only together with the data, on purpose: figures measured before and after then do not compare.
SCALE_1_SHA256 = "7c6d9bcada12819468c335ce7269fd745a41090ae18f95abf299f34848c05fc5"

FIXED_HEADER = (
    "type,key,parent,title,team,owner,cycle,metric,unit,start,target,current,confidence,why_now,kind,state,"
    "needed_by,promised_by"
)
OPTIONAL_COLUMNS = "description,weight,role,time_zone,at,reply_to,resolved_at,child,answer,parent_answer"
METRIC_KINDS = (
    "NUMBER,PERCENT,CURRENCY,DURATION,RATE,BINARY,MILESTONE,"
    "GUARDRAIL_MIN,GUARDRAIL_MAX,CORRIDOR,ORDINAL,BASELINE"
)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(reference_rows())


def of_type(rows: list[Row], kind: str) -> dict[str, Row]:
    return {each["key"]: each for each in rows if each["type"] == kind}


def teams_of(person: Row) -> dict[str, str]:
    """Give the role of a person in each team, by the team's key."""
    memberships = (each.partition(":") for each in person["team"].split(";"))
    return {key: role or "MEMBER" for key, _, role in memberships}


def csv_of(scale: int) -> str:
    output = io.StringIO(newline="")
    write_csv(reference_rows(scale), output)
    return output.getvalue()


@pytest.mark.parametrize("scale", [1, 2, 7])
def test_counts_are_exact_at_every_scale(scale: int) -> None:
    assert Counter(each["type"] for each in reference_rows(scale)) == {
        "organization": 1,
        "team": 1 + 60 * scale,
        "person": 1000 * scale,
        "cycle": 1,
        "objective": 3 + 2180 * scale,
        "key_result": 12 + 5540 * scale,
        "comment": 6000 * scale,
    }


@pytest.mark.parametrize("scale", [0, -1])
def test_a_scale_below_one_is_refused_at_the_call(scale: int) -> None:
    with pytest.raises(ValueError, match="whole number from 1"):
        reference_rows(scale)


def test_the_same_bytes_come_every_time() -> None:
    assert csv_of(2) == csv_of(2)
    assert hashlib.sha256(csv_of(1).encode()).hexdigest() == SCALE_1_SHA256


def test_every_row_has_the_columns_of_the_import_format(rows: list[Row]) -> None:
    fixed = FIXED_HEADER.split(",")
    assert COLUMNS[: len(fixed)] == tuple(fixed)
    assert set(COLUMNS[len(fixed) :]) <= set(OPTIONAL_COLUMNS.split(","))
    assert {tuple(each) for each in rows} == {COLUMNS}


def test_csv_read_back_gives_the_rows(rows: list[Row]) -> None:
    assert list(csv.DictReader(io.StringIO(csv_of(1), newline=""))) == rows


@pytest.mark.parametrize("scale", [1, 3])
def test_keys_are_unique_and_rise_with_creation(scale: int) -> None:
    rows = list(reference_rows(scale))
    assert len({each["key"] for each in rows}) == len(rows)
    for kind in ("team", "objective", "key_result", "comment"):
        keys = list(of_type(rows, kind))
        assert keys == sorted(keys)


@pytest.mark.parametrize("scale", [1, 3])
def test_every_reference_resolves(scale: int) -> None:
    rows = list(reference_rows(scale))
    teams, people, cycles = of_type(rows, "team"), of_type(rows, "person"), of_type(rows, "cycle")
    objectives, key_results = of_type(rows, "objective"), of_type(rows, "key_result")
    comments = of_type(rows, "comment")
    assert {each["parent"] for each in teams.values()} == {"", "company"}
    assert {each["parent"] for each in people.values()} <= {"", *people}
    assert {key for each in people.values() for key in teams_of(each)} == set(teams)
    assert {each["team"] for each in objectives.values()} == set(teams)
    assert {each["owner"] for each in objectives.values()} == set(people)
    assert {each["cycle"] for each in objectives.values()} == set(cycles)
    assert {each["parent"] for each in objectives.values()} <= {"", *key_results}
    assert {each["parent"] for each in key_results.values()} == set(objectives)
    assert {each["owner"] for each in key_results.values()} == set(people)
    assert {each["parent"] for each in comments.values()} <= {*objectives, *key_results}
    assert {each["owner"] for each in comments.values()} <= set(people)
    assert {each["reply_to"] for each in comments.values()} <= {"", *comments}


@pytest.mark.parametrize("scale", [1, 3])
def test_links_and_managers_are_acyclic(scale: int) -> None:
    rows = list(reference_rows(scale))
    graph = {
        each["key"]: {each["parent"]} - {""}
        for each in rows
        if each["type"] in {"team", "person", "objective", "key_result"}
    }
    assert set(TopologicalSorter(graph).static_order()) == set(graph)


def test_exactly_one_team_is_the_company_and_one_person_administers(rows: list[Row]) -> None:
    teams, people = of_type(rows, "team"), of_type(rows, "person")
    assert [each["key"] for each in teams.values() if not each["parent"]] == ["company"]
    assert Counter(each["kind"] for each in teams.values()) == {"COMPANY": 1, "TEAM": 60}
    assert Counter(each["kind"] for each in people.values()) == {"ADMIN": 1, "": 999}
    assert len({each["title"] for each in teams.values()} - {"Lindenfield"}) == 60
    assert len({each["title"] for each in people.values()}) == 1000
    assert all(each["key"].isascii() for each in people.values())


def test_each_team_has_one_lead_and_16_or_17_people(rows: list[Row]) -> None:
    memberships = [pair for each in of_type(rows, "person").values() for pair in teams_of(each).items()]
    sizes = Counter(key for key, _ in memberships)
    assert sizes.pop("company") == 3
    assert set(sizes.values()) == {16, 17}
    leads = Counter(key for key, role in memberships if role == "LEAD")
    assert leads == dict.fromkeys(of_type(rows, "team"), 1)


def test_the_cycle_is_active_for_13_weeks(rows: list[Row]) -> None:
    (cycle,) = of_type(rows, "cycle").values()
    start, end = date.fromisoformat(cycle["start"]), date.fromisoformat(cycle["target"])
    assert (start, (end - start).days + 1, cycle["state"]) == (date(2026, 10, 5), 13 * 7, "ACTIVE")


def test_objectives_are_published_at_the_level_of_their_team_or_person(rows: list[Row]) -> None:
    objectives, people = of_type(rows, "objective"), of_type(rows, "person")
    key_results = of_type(rows, "key_result")
    assert {each["state"] for each in objectives.values()} == {"PUBLISHED"}
    assert Counter(each["kind"] for each in objectives.values()) == {
        "COMPANY": 3,
        "TEAM": 180,
        "INDIVIDUAL": 2000,
    }
    assert all(each["team"] in teams_of(people[each["owner"]]) for each in objectives.values())
    individual = [each for each in objectives.values() if each["kind"] == "INDIVIDUAL"]
    assert set(Counter(each["owner"] for each in individual).values()) == {2}
    in_objective = Counter(each["parent"] for each in key_results.values())
    by_kind = Counter((each["kind"], in_objective[key]) for key, each in objectives.items())
    assert by_kind == {
        ("COMPANY", 4): 3,
        ("TEAM", 3): 180,
        ("INDIVIDUAL", 2): 1000,
        ("INDIVIDUAL", 3): 1000,
    }


@pytest.mark.parametrize("scale", [1, 3])
def test_objectives_support_a_key_result_one_level_up(scale: int) -> None:
    rows = list(reference_rows(scale))
    objectives, key_results = of_type(rows, "objective"), of_type(rows, "key_result")
    children: Counter[str] = Counter()
    for each in objectives.values():
        if each["kind"] == "COMPANY":
            assert each["parent"] == ""
            continue
        above = objectives[key_results[each["parent"]]["parent"]]
        assert above["kind"] == ("COMPANY" if each["kind"] == "TEAM" else "TEAM")
        assert each["kind"] == "TEAM" or above["team"] == each["team"]
        children[each["parent"]] += each["kind"] == "TEAM"
    assert sorted(+children) == sorted(key_results)[:12]
    assert set((+children).values()) == {15 * scale}


def test_key_results_carry_a_check_in_but_for_one_in_sixteen(rows: list[Row]) -> None:
    key_results = of_type(rows, "key_result").values()
    assert Counter((bool(each["current"]), bool(each["confidence"])) for each in key_results) == {
        (True, True): 5205,
        (False, False): 347,
    }
    assert {each["confidence"] for each in key_results} == {"", "1", "2", "3", "4", "5"}
    assert {each["weight"] for each in key_results} == {"1", "2", "0.5"}
    assert {each["metric"] for each in key_results} == set(METRIC_KINDS.split(","))


def test_values_are_in_the_range_of_their_metric(rows: list[Row]) -> None:
    for each in of_type(rows, "key_result").values():
        if each["metric"] == "BASELINE":
            assert (each["start"], each["target"]) == ("", "")
            continue
        start, target, current = float(each["start"]), float(each["target"]), float(each["current"] or 0)
        assert start != target
        assert current >= 0
        if each["metric"] in {"BINARY", "MILESTONE", "ORDINAL"}:
            assert start == 0
            assert current in range(int(target) + 1)
        if each["metric"] in {"CORRIDOR", "GUARDRAIL_MIN"}:
            assert start < target
        if each["metric"] == "GUARDRAIL_MAX":
            assert start > target


def test_comments_come_from_other_teams_and_are_spread(rows: list[Row]) -> None:
    objectives, key_results = of_type(rows, "objective"), of_type(rows, "key_result")
    people, comments = of_type(rows, "person"), of_type(rows, "comment")
    on = Counter[str]()
    for each in comments.values():
        key_result = key_results.get(each["parent"])
        on["objective" if key_result is None else "key_result"] += 1
        objective = objectives[each["parent"] if key_result is None else key_result["parent"]]
        assert objective["team"] not in teams_of(people[each["owner"]])
    assert on == {"objective": 3000, "key_result": 3000}
    assert len({each["parent"] for each in comments.values()}) > 3000


def test_replies_answer_a_top_level_comment_on_the_same_subject(rows: list[Row]) -> None:
    comments = of_type(rows, "comment")
    replies = [each for each in comments.values() if each["reply_to"]]
    assert len(replies) == 1200
    for each in replies:
        above = comments[each["reply_to"]]
        assert (above["reply_to"], above["parent"]) == ("", each["parent"])
        assert above["at"] < each["at"]


def test_comments_are_dated_in_order_within_the_first_weeks(rows: list[Row]) -> None:
    comments = of_type(rows, "comment").values()
    times = [datetime.fromisoformat(each["at"]) for each in comments]
    assert times == sorted(set(times))
    assert (times[0].date(), times[-1].date()) == (date(2026, 10, 5), date(2026, 11, 2))
    resolved = [each for each in comments if each["resolved_at"]]
    assert {each["kind"] for each in resolved} == {"QUESTION", "CONCERN"}
    assert all(each["at"] < each["resolved_at"] for each in resolved)


def layers_of(tree: Tree) -> Iterator[int]:
    """Count the titles of each layer, from the top."""
    layer = [tree]
    while any(layer):
        yield sum(map(len, layer))
        layer = [below for each in layer for below in each.values()]


@pytest.mark.parametrize("scale", [1, 3])
def test_expected_tree_has_three_levels_with_everything_in_it_once(scale: int) -> None:
    layers = list(layers_of(expected_tree(reference_rows(scale))))
    assert layers == [3, 12, 180 * scale, 540 * scale, 2000 * scale, 5000 * scale]


def test_expected_tree_follows_the_order_of_the_rows() -> None:
    rows = [
        {"type": "objective", "key": "o1", "title": "Top", "parent": "", "kind": "COMPANY"},
        {"type": "objective", "key": "o2", "title": "Late", "parent": "k2;k1", "kind": "TEAM"},
        {"type": "objective", "key": "o3", "title": "Early", "parent": "k2", "kind": "TEAM"},
        {"type": "comment", "key": "c1", "title": "Not in it", "parent": "o1", "kind": "COMMENT"},
        {"type": "key_result", "key": "k1", "title": "Second word", "parent": "o1", "kind": ""},
        {"type": "key_result", "key": "k2", "title": "First word", "parent": "o1", "kind": ""},
        {"type": "key_result", "key": "k3", "title": "Leaf", "parent": "o3", "kind": ""},
    ]
    assert json.dumps(expected_tree(rows)) == json.dumps(
        {"Top": {"Second word": {"Late": {}}, "First word": {"Late": {}, "Early": {"Leaf": {}}}}}
    )


def test_expected_tree_refuses_two_siblings_of_one_title() -> None:
    twins = [
        {"type": "objective", "key": key, "title": "Top", "parent": "", "kind": "COMPANY"} for key in "ab"
    ]
    with pytest.raises(ValueError, match="two siblings are called 'Top'"):
        expected_tree(twins)


def test_expected_tree_refuses_a_parent_that_is_no_row() -> None:
    stray = {"type": "key_result", "key": "k1", "title": "Stray", "parent": "o1", "kind": ""}
    with pytest.raises(ValueError, match="k1: 'o1' is not a parent for it"):
        expected_tree([stray])


def test_rows_stream_in_constant_memory() -> None:
    assert len(list(islice(reference_rows(1_000_000), 5))) == 5
    tracemalloc.start()
    try:
        for _ in reference_rows(1):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The rows of scale 1 held together take over ten million bytes.
    assert peak < 100_000


def test_command_writes_a_file_or_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reference.csv"
    assert main(["--scale", "2", "--output", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["--scale", "2"]) == 0
    written = path.read_bytes().decode("utf-8")
    assert written == csv_of(2)
    assert capsys.readouterr().out == written


def test_command_says_in_one_sentence_that_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"Cannot write {tmp_path}: Is a directory.\n"


@pytest.mark.parametrize("scale", ["0", "-3", "1.5", "many"])
def test_command_refuses_a_scale_that_is_no_whole_number_from_1(
    scale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main([f"--scale={scale}"])
    assert refused.value.code == 2
    assert f"'{scale}' is not a whole number from 1" in capsys.readouterr().err
