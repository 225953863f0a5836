import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import global_id
from okrgraph.transfer.export import stored
from okrgraph.transfer.export.exporting import export
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.formats.records import COLUMNS
from tests.building import make_organization
from tests.outside import change_from_outside, is_something_held
from tests.transfer.exported import exported, give_key, make_acme, rows_of

WRITTEN = ("csv", "yaml", "json")


def line(of_type: str, key: str, /, **cells: str) -> str:
    """A row as it stands in the file; cells as they are written, quotes included."""
    named = {"type": of_type, "key": key, **cells}
    return ",".join(named.get(column, "") for column in COLUMNS) + "\n"


ACME_CSV = "".join(
    (
        ",".join(COLUMNS) + "\n",
        line(
            "organization",
            "acme",
            title="'=Acme",
            time_zone="Europe/Oslo",
            cadence_days="7",
            grace_days="3",
            company_objective_cap="5",
        ),
        line("team", "company", title="'=Acme", kind="COMPANY"),
        line("team", "growth:eu", parent="company", title="''+Growth", kind="TEAM"),
        line("person", "ada@acme.example", title="Ada", team="company:LEAD", kind="ADMIN"),
        line(
            "person",
            "bo@acme.example",
            parent="ada@acme.example",
            title="Bo",
            team="company:VIEWER;growth:eu:MEMBER",
            time_zone="Asia/Tokyo",
        ),
        line("person", "cy@acme.example", title="Cy", state="SUSPENDED"),
        line(
            "cycle",
            "q4",
            title="Q4 2026",
            start="2026-10-05",
            target="2027-01-03",
            kind="QUARTER",
            state="ACTIVE",
        ),
        line(
            "objective",
            "'@grow",
            title="Grow",
            team="growth:eu;company",
            cycle="q4",
            why_now='"It is ""now""\nor not"',
            kind="TEAM",
            state="DRAFT",
            at="2026-10-05T08:30:00Z",
            created_by="bo@acme.example",
        ),
        line(
            "objective",
            "win",
            title='"Win, at last"',
            team="company",
            owner="ada@acme.example",
            cycle="q4",
            kind="COMPANY",
            state="PUBLISHED",
            at="2026-10-05T08:30:00Z",
            reviewer="bo@acme.example",
            created_by="ada@acme.example",
            published_at="2026-10-05T08:30:00Z",
        ),
        line(
            "link",
            "grow-deals",
            parent="deals",
            title="'-1 + 2",
            owner="bo@acme.example",
            kind="SUPPORTS",
            state="ACCEPTED",
            weight="0.5",
            at="2026-10-06T09:00:00.250000Z",
            child="'@grow",
            answer="MAYBE",
            parent_answer="YES",
            primary="TRUE",
            decided_by="ada@acme.example",
            decided_at="2026-10-06T09:00:00.250000Z",
            decision_note="Good",
        ),
        line(
            "key_result",
            "deals",
            parent="win",
            title="Deals",
            metric="CURRENCY",
            unit="€",
            start="0",
            target="12.5",
            weight="2",
            at="2026-10-05T08:30:00Z",
        ),
        line(
            "check_in",
            "first",
            parent="deals",
            title='"Slow\r\nstart"',
            owner="ada@acme.example",
            start="2026-10-06",
            current="-3",
            confidence="4",
            at="2026-10-06T09:00:00.250000Z",
        ),
        line(
            "comment",
            "why",
            parent="first",
            title="Why?",
            owner="bo@acme.example",
            kind="QUESTION",
            at="2026-10-06T09:00:00.250000Z",
        ),
    )
)
ACME_YAML = """\
organization:
  key: acme
  title: =Acme
  time_zone: Europe/Oslo
  cadence_days: 7
  grace_days: 3
  company_objective_cap: 5
teams:
- key: company
  title: =Acme
  kind: COMPANY
- key: growth:eu
  parent: company
  title: '''+Growth'
  kind: TEAM
people:
- key: ada@acme.example
  title: Ada
  team:
  - company:LEAD
  kind: ADMIN
- key: bo@acme.example
  parent: ada@acme.example
  title: Bo
  team:
  - company:VIEWER
  - growth:eu:MEMBER
  time_zone: Asia/Tokyo
- key: cy@acme.example
  title: Cy
  state: SUSPENDED
cycles:
- key: q4
  title: Q4 2026
  start: '2026-10-05'
  target: '2027-01-03'
  kind: QUARTER
  state: ACTIVE
objectives:
- key: '@grow'
  title: Grow
  team:
  - growth:eu
  - company
  cycle: q4
  why_now: "It is \\"now\\"\\nor not"
  kind: TEAM
  state: DRAFT
  at: '2026-10-05T08:30:00Z'
  created_by: bo@acme.example
  links:
  - key: grow-deals
    parent: deals
    title: -1 + 2
    owner: bo@acme.example
    kind: SUPPORTS
    state: ACCEPTED
    weight: 0.5
    at: '2026-10-06T09:00:00.250000Z'
    answer: MAYBE
    parent_answer: 'YES'
    primary: true
    decided_by: ada@acme.example
    decided_at: '2026-10-06T09:00:00.250000Z'
    decision_note: Good
- key: win
  title: Win, at last
  team:
  - company
  owner: ada@acme.example
  cycle: q4
  kind: COMPANY
  state: PUBLISHED
  at: '2026-10-05T08:30:00Z'
  reviewer: bo@acme.example
  created_by: ada@acme.example
  published_at: '2026-10-05T08:30:00Z'
  keyResults:
  - key: deals
    title: Deals
    metric: CURRENCY
    unit: €
    start: 0
    target: 12.5
    weight: 2
    at: '2026-10-05T08:30:00Z'
    checkIns:
    - key: first
      title: "Slow\\r\\nstart"
      owner: ada@acme.example
      start: '2026-10-06'
      current: -3
      confidence: 4
      at: '2026-10-06T09:00:00.250000Z'
      comments:
      - key: why
        title: Why?
        owner: bo@acme.example
        kind: QUESTION
        at: '2026-10-06T09:00:00.250000Z'
"""
EMPTY_JSON = """\
{
  "organization": {
    "key": "acme",
    "title": "Acme",
    "time_zone": "UTC",
    "cadence_days": 7,
    "grace_days": 3,
    "company_objective_cap": 5
  },
  "teams": [
    {
      "key": "%s",
      "title": "Acme",
      "kind": "COMPANY"
    }
  ]
}
"""


async def test_a_small_organization_in_csv(database):
    await make_acme()

    assert await exported() == ACME_CSV


async def test_a_small_organization_in_yaml(database):
    await make_acme()

    assert await exported(file_format=FileFormat.YAML) == ACME_YAML


async def test_json_says_the_same_as_yaml_indented_by_two(database):
    await make_acme()

    text = await exported(file_format=FileFormat.JSON)

    said = json.loads(text)
    assert said == yaml.safe_load(ACME_YAML)
    assert text == json.dumps(said, ensure_ascii=False, indent=2) + "\n"
    assert list(said["objectives"][1]["keyResults"][0]) == [
        *("key", "title", "metric", "unit", "start", "target", "weight", "at", "checkIns"),
    ]


async def test_lists_of_nothing_are_left_out(database):
    org = await make_organization("acme")
    company = global_id("Team", org.company.id)

    assert await exported(file_format=FileFormat.JSON) == EMPTY_JSON % company
    assert list(yaml.safe_load(await exported(file_format=FileFormat.YAML))) == ["organization", "teams"]


async def test_rows_are_in_the_order_of_the_bytes_of_their_keys(database):
    org = await make_organization("acme")
    keys = ["", "A", "B", "Z", "_", "a", "b", "ab", "a b", "ä", "é", "z", "\uff5a", "\U0001f600", "10", "9"]
    for key in keys[1:]:
        await give_key(org, "team", key, (await org.team()).id)
    await give_key(org, "team", "0", org.company.id)

    assert list(await rows_of("team")) == sorted(["0", *keys[1:]], key=str.encode)


async def test_only_the_one_organization_is_exported(database):
    await make_acme()
    other = await make_organization("other", name="Acme")
    await other.objective(published=True)

    assert await exported() == ACME_CSV
    assert (await exported("other")).count("\nobjective,") == 1


@pytest.mark.parametrize("rows_at_once", [1, 2, 3])
@pytest.mark.parametrize("file_format", WRITTEN)
async def test_how_many_rows_are_read_at_once_makes_no_difference(
    database, file_format, rows_at_once, monkeypatch
):
    acme = await make_acme()
    for _ in range(3):
        objective = await acme.org.objective(acme.ada, published=True, co_owners=(acme.growth,))
        for _ in range(3):
            key_result = await acme.org.key_result(objective, acme.ada)
            await acme.org.check_in(key_result, viewer=acme.ada)
            await acme.org.comment(acme.bo, objective)
        await acme.org.link(acme.grow, objective)
    whole = await exported(file_format=FileFormat(file_format))
    monkeypatch.setattr(stored, "_ROWS_AT_ONCE", rows_at_once)

    assert await exported(file_format=FileFormat(file_format)) == whole


@pytest.mark.parametrize("file_format", WRITTEN)
async def test_an_export_shows_one_moment_whatever_is_committed_meanwhile(database, file_format, monkeypatch):
    await make_acme()
    before = await exported(file_format=FileFormat(file_format))
    monkeypatch.setattr(stored, "_ROWS_AT_ONCE", 1)
    parts: list[str] = []

    def write(text: str) -> None:
        if not parts:
            with ThreadPoolExecutor(1) as other:
                for change in ("UPDATE objective SET title = 'X'", "DELETE FROM comment"):
                    other.submit(asyncio.run, change_from_outside(database, change)).result()
        parts.append(text)

    await export("acme", FileFormat(file_format), write)
    await database.take_rows_as_given()

    assert "".join(parts) == before
    assert await exported(file_format=FileFormat(file_format)) != before


async def test_a_write_that_fails_gives_the_connection_back(database):
    await make_acme()

    def write(text: str) -> None:
        raise ZeroDivisionError

    for file_format in WRITTEN:
        with pytest.raises(ZeroDivisionError):
            await export("acme", FileFormat(file_format), write)
    assert not is_something_held()
    assert await exported() == ACME_CSV


async def test_progress_counts_everything_that_is_written(database):
    await make_acme()
    told: list[int] = []

    await export("acme", FileFormat.CSV, lambda _: None, told.append)
    assert told[-1] == ACME_CSV.count("\n") - 1 - 2  # the header, and line breaks inside of text
    for file_format in (FileFormat.YAML, FileFormat.JSON):
        nested: list[int] = []
        await export("acme", file_format, lambda _: None, nested.append)
        assert nested[-1] == told[-1] - 1  # the organisation is no thing of a list
        assert nested == sorted(nested)


@pytest.mark.parametrize(
    ("slug", "file_format", "sentence"),
    [
        ("nobody", FileFormat.CSV, "There is no organisation 'nobody'; import one first."),
        ("nobody", FileFormat.JSON, "There is no organisation 'nobody'; import one first."),
        ("acme", FileFormat.MARKDOWN, "Markdown can be imported only; export as csv, yaml or json."),
    ],
)
async def test_what_cannot_be_exported_is_refused_before_anything_is_written(
    database, slug, file_format, sentence
):
    await make_organization("acme")
    parts: list[str] = []

    with pytest.raises(OperatorError) as refused:
        await export(slug, file_format, parts.append)

    assert (str(refused.value), parts) == (sentence, [])
