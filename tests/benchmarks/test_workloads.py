from collections import Counter
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from benchmarks.compare import LARGEST_WHOLE_SCALE, read_options
from benchmarks.reference_data import reference_rows
from benchmarks.workloads import (
    COMMENTS_ASKED_FOR,
    FIRST_OBJECTIVE,
    HIDDEN_TITLE,
    IDS,
    THREADS,
    VIEWER,
    WORKLOADS,
    benchmark_rows,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", [*(each.document for each in WORKLOADS), IDS, FIRST_OBJECTIVE])
def test_every_document_is_valid(schema: GraphQLSchema, document: str) -> None:
    assert validate(schema, parse(document)) == []


def test_a_body_has_the_variables_of_its_document_only() -> None:
    ids = {"cycle": "cyc_1", "team": "team_1", "objective": "obj_1"}
    bodies = {each.name: each.body(ids)["variables"] for each in WORKLOADS}
    assert bodies == {
        "three-level tree": {"cycle": "cyc_1"},
        "alignmentTree": {"cycle": "cyc_1"},
        "team page": {"team": "team_1", "cycle": "cyc_1"},
        "objective, 50 comments": {"objective": "obj_1"},
        "smallest query": {},
    }


@pytest.mark.parametrize("scale", [1, 2])
def test_the_rows_are_those_of_the_reference_and_what_the_workloads_need(scale: int) -> None:
    rows = list(benchmark_rows(scale))
    reference = list(reference_rows(scale))
    assert len({each["key"] for each in rows}) == len(rows)
    assert [each for each in rows if each in reference] == reference
    added = Counter(each["type"] for each in rows) - Counter(each["type"] for each in reference)
    assert added == {"objective": 1, "comment": THREADS + THREADS // 5}


def test_types_stand_in_the_order_of_the_import_format() -> None:
    kinds = [each["type"] for each in benchmark_rows(1)]
    order = ["organization", "team", "person", "cycle", "objective", "key_result", "comment"]
    assert list(dict.fromkeys(kinds)) == order
    assert kinds == sorted(kinds, key=order.index)


def test_the_one_draft_is_of_a_team_that_the_viewer_is_not_in() -> None:
    rows = list(benchmark_rows(1))
    (draft,) = (each for each in rows if each["state"] == "DRAFT")
    (viewer,) = (each for each in rows if each["key"] == VIEWER)
    assert draft["title"] == HIDDEN_TITLE
    assert viewer["team"] == "team-000004"
    assert draft["team"] == "team-000008"
    assert viewer["key"] != draft["owner"]


def test_the_discussion_is_longer_than_the_page_asked_for() -> None:
    rows = [each for each in benchmark_rows(1) if each["key"].startswith("discussion-")]
    threads = [each for each in rows if not each["reply_to"]]
    assert len(threads) == THREADS > COMMENTS_ASKED_FOR
    assert {each["parent"] for each in rows} == {"objective-00000025"}
    assert [each["at"] for each in threads] == sorted({each["at"] for each in threads})


def test_scales_are_one_and_ten_unless_given() -> None:
    assert read_options([]).scale is None
    assert read_options(["--scale", "1", "--scale", "100"]).scale == [1, 100]
    assert LARGEST_WHOLE_SCALE == 10


@pytest.mark.parametrize("arguments", [["--seconds", "0"], ["--seconds", "nan"], ["--scale", "0"]])
def test_values_out_of_range_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        read_options(arguments)
    assert refused.value.code == 2
    assert "is not a" in capsys.readouterr().err
