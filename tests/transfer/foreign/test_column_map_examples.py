"""The documented examples, each read and imported as its comments say."""

from pathlib import Path

import pytest

from okrgraph.okrs.models import CheckIn, KeyResult, Objective
from okrgraph.people.models import Person
from okrgraph.transfer.foreign.column_map_file import read_column_map
from okrgraph.transfer.formats.csv_file import read_csv
from okrgraph.transfer.formats.records import Record
from okrgraph.transfer.importing import ImportResult, import_file

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "columns"


def read(name: str) -> list[Record]:
    """The records of an example, which has no faults."""
    with (EXAMPLES / f"{name}.csv").open("rb") as stream:
        items = list(read_csv(stream, read_column_map(EXAMPLES / f"{name}.yaml")))
    records = [item for item in items if isinstance(item, Record)]
    assert len(records) == len(items)
    return records


def of_type(name: str, kind: str) -> list[tuple[int, dict[str, str]]]:
    """Line and cells of the records of a type."""
    return [
        (record.line, {column: cell for column, cell in record.cells.items() if column != "type"})
        for record in read(name)
        if record.type == kind
    ]


def test_the_goals_tool_gives_each_goal_once_and_a_key_result_of_each_row():
    assert of_type("goals-tool", "objective") == [
        (
            2,
            {
                "key": "G-1",
                "title": "Restaurants plan their week with us",
                "kind": "COMPANY",
                "team": "team-fjordlight",
                "owner": "ada@fjordlight.example",
                "cycle": "q4-2026",
            },
        ),
        (
            4,
            {
                "key": "G-2",
                "title": "A kitchen is set up in one morning",
                "kind": "TEAM",
                "team": "team-onboarding",
                "owner": "bo@fjordlight.example",
                "parent": "KR-1;KR-2",
                "cycle": "q4-2026",
            },
        ),
        (
            5,
            {
                "key": "G-3",
                "title": "Nobody waits for an answer",
                "kind": "DEPARTMENT",
                "team": "team-care",
                "owner": "cy@fjordlight.example",
                "parent": "KR-2",
                "cycle": "q4-2026",
            },
        ),
    ]
    assert of_type("goals-tool", "key_result") == [
        (
            2,
            {
                "key": "KR-1",
                "parent": "G-1",
                "title": "Weekly planners",
                "owner": "ada@fjordlight.example",
                "unit": "restaurants",
                "start": "1200",
                "target": "3000",
                "current": "1850",
                "confidence": "4",
            },
        ),
        (
            3,
            {
                "key": "KR-2",
                "parent": "G-1",
                "title": "Planners who pay",
                "owner": "bo@fjordlight.example",
                "unit": "%",
                "start": "12",
                "target": "30",
                "current": "14.5",
                "confidence": "2",
            },
        ),
        (
            4,
            {
                "key": "KR-3",
                "parent": "G-2",
                "title": "Hours from contract to first plan",
                "owner": "cy@fjordlight.example",
                "unit": "hours",
                "start": "72",
                "target": "4",
            },
        ),
    ]


def test_the_goals_tool_gives_its_people_teams_and_cycle_once():
    assert of_type("goals-tool", "person") == [
        (2, {"key": "ada@fjordlight.example", "title": "Ada Holm"}),
        (3, {"key": "bo@fjordlight.example", "title": "Bo Lind"}),
        (4, {"key": "cy@fjordlight.example", "title": "Cy Moe"}),
    ]
    below = {"parent": "team-fjordlight"}
    assert of_type("goals-tool", "team") == [
        (2, {"key": "team-fjordlight", "title": "Fjordlight"}),
        (4, {"key": "team-onboarding", "title": "Onboarding", "kind": "TEAM", **below}),
        (5, {"key": "team-care", "title": "Care", "kind": "DEPARTMENT", **below}),
    ]
    assert len(of_type("goals-tool", "cycle")) == len(of_type("goals-tool", "organization")) == 1


def test_the_spreadsheet_gives_rows_that_go_on_about_the_objective_above():
    assert of_type("spreadsheet", "objective") == [
        (
            2,
            {
                "key": "objective-every-order-arrives-on-time",
                "title": "Every order arrives on time",
                "kind": "COMPANY",
                "owner": "mia@havn.example",
                "team": "havn-all",
                "cycle": "2026-4",
            },
        ),
        (
            4,
            {
                "key": "objective-suppliers-see-their-stock",
                "title": "Suppliers see their stock",
                "kind": "DEPARTMENT",
                "owner": "jon@havn.example",
                "team": "supply;web",
                "cycle": "2026-4",
            },
        ),
        (
            5,
            {
                "key": "objective-the-shop-answers-at-once",
                "title": "The shop answers at once",
                "kind": "TEAM",
                "owner": "ida@havn.example",
                "team": "web",
                "cycle": "2026-4",
            },
        ),
    ]
    assert of_type("spreadsheet", "key_result") == [
        (
            2,
            {
                "key": "every-order-arrives-on-time/on-time-share",
                "parent": "objective-every-order-arrives-on-time",
                "title": "On-time share",
                "start": "81.5",
                "target": "95",
                "current": "88",
                "confidence": "3",
            },
        ),
        (
            3,
            {
                "key": "every-order-arrives-on-time/returns-a-month",
                "parent": "objective-every-order-arrives-on-time",
                "title": "Returns a month",
                "start": "1240",
                "target": "400",
                "current": "1105.5",
                "confidence": "2",
            },
        ),
        (
            4,
            {
                "key": "suppliers-see-their-stock/suppliers-with-access",
                "parent": "objective-suppliers-see-their-stock",
                "title": "Suppliers with access",
                "start": "0",
                "target": "25",
                "current": "11",
                "confidence": "4",
            },
        ),
    ]
    assert len(read("spreadsheet")) == 6


def test_the_tracker_gives_a_check_in_of_each_update():
    assert of_type("tracker", "check_in") == [
        (
            2,
            {
                "key": "update-buses-with-new-brakes/09-10-2026",
                "parent": "measure-buses-with-new-brakes",
                "owner": "noor@nightline.example",
                "start": "2026-10-09",
                "current": "10",
                "confidence": "4",
                "title": "First four buses done",
            },
        ),
        (
            3,
            {
                "key": "update-buses-with-new-brakes/16-10-2026",
                "parent": "measure-buses-with-new-brakes",
                "owner": "noor@nightline.example",
                "start": "2026-10-16",
                "current": "25",
                "confidence": "3",
            },
        ),
        (
            5,
            {
                "key": "update-drivers-trained/16-10-2026",
                "parent": "measure-drivers-trained",
                "owner": "sam@nightline.example",
                "start": "2026-10-16",
                "current": "45",
                "confidence": "2",
                "title": "Two sessions were\ncancelled",
            },
        ),
    ]


def test_the_tracker_gives_what_its_updates_repeat_once():
    assert of_type("tracker", "cycle") == [
        (
            2,
            {
                "key": "q4-2026",
                "title": "Q4 2026",
                "start": "2026-10-01",
                "target": "2026-12-31",
                "state": "ACTIVE",
            },
        )
    ]
    assert of_type("tracker", "objective") == [
        (
            2,
            {
                "key": "goal-fewer-breakdowns-on-the-night-line",
                "title": "Fewer breakdowns on the night line",
                "team": "everybody",
                "cycle": "q4-2026",
            },
        )
    ]
    measures = of_type("tracker", "key_result")
    assert [(line, cells["key"], cells["owner"]) for line, cells in measures] == [
        (2, "measure-buses-with-new-brakes", "noor@nightline.example"),
        (5, "measure-drivers-trained", "sam@nightline.example"),
    ]
    assert measures[0][1] == {
        "key": "measure-buses-with-new-brakes",
        "parent": "goal-fewer-breakdowns-on-the-night-line",
        "title": "Buses with new brakes",
        "owner": "noor@nightline.example",
        "metric": "PERCENT",
        "unit": "%",
        "start": "0",
        "target": "100",
    }
    assert [cells["title"] for _, cells in of_type("tracker", "person")] == ["Noor Vos", "Sam Osei"]


async def import_example(name: str, organization: str | None) -> ImportResult:
    columns = read_column_map(EXAMPLES / f"{name}.yaml")
    return await import_file(EXAMPLES / f"{name}.csv", columns=columns, organization=organization)


@pytest.mark.parametrize(
    ("name", "slug", "first", "counts"),
    [
        ("goals-tool", None, None, (3, 3, 3, 2)),
        ("spreadsheet", "havn", "organization.csv", (3, 3, 3, 3)),
        ("tracker", None, None, (2, 1, 2, 3)),
    ],
)
async def test_each_example_imports_as_it_says_and_again_changes_nothing(database, name, slug, first, counts):
    if first is not None:
        await import_file(EXAMPLES / first)
    await import_example(name, slug)
    found = [await model.all().count() for model in (Person, Objective, KeyResult, CheckIn)]
    assert tuple(found) == counts
    again = await import_example(name, slug)
    assert (again.created, again.changed) == ({}, {})
