"""A file with faults of every sort: each is told once, with line, column and reason, and nothing is written."""

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from okrgraph.events.database import opened
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.formats.nested_file import LISTS
from okrgraph.transfer.formats.records import FileProblem, RecordType
from okrgraph.transfer.importing import ImportRefused, import_file
from tests.databases import GivenDatabase
from tests.e2e.program import ended, start
from tests.transfer.files import Row, load, okrs, organization, row, stand
from tests.transfer.notations import NOTATIONS, Written

ADA, BO = "ada@acme.example", "bo@acme.example"
TOO_LONG = "x" * 10_001

# A row, and the faults that it has: the column of each, and the reason.
Faulty = tuple[Row, list[tuple[str, str]]]


def objective(key: str, **cells: str) -> Row:
    return row("objective", key, **{"title": key, "team": "growth", "cycle": "q4", **cells})


def key_result(key: str, **cells: str) -> Row:
    return row("key_result", key, **{"title": key, "parent": "win", **cells})


def check_in(key: str, **cells: str) -> Row:
    return row("check_in", key, **{"parent": "leads", "owner": BO, "confidence": "3", **cells})


def comment(key: str, **cells: str) -> Row:
    return row("comment", key, **{"parent": "leads", "owner": BO, "title": key, **cells})


def right(each: Row) -> Faulty:
    """A row that nothing is wrong with."""
    return each, []


PEOPLE: list[Faulty] = [
    (
        row("team", "lost", title="Lost", parent="nowhere"),
        [("parent", "There is no team with the key 'nowhere'.")],
    ),
    (row("team", "nameless", parent="company"), [("title", "A new team needs this column.")]),
    (
        row("team", "rival", title="Rival"),
        [("parent", "The company is 'Acme' (line {company}) already; name the team above this one.")],
    ),
    (
        row("team", "north", title="North", parent="south"),
        [("parent", "This closes a circle: 'north' under 'south' under 'east' under 'north'.")],
    ),
    right(row("team", "east", title="East", parent="north")),
    right(row("team", "south", title="South", parent="east")),
    (row("person", "eve", title="Eve"), [("key", "'eve' is not an e-mail address.")]),
    (
        row("person", "flo@acme.example", title="Flo", team="growth:BOSS"),
        [("team", "The role of 'growth:BOSS' is none of LEAD, MEMBER, VIEWER.")],
    ),
    (
        row("person", "gus@acme.example", title="Gus", time_zone="Mars/Olympus", parent="hal@acme.example"),
        [
            ("parent", "There is no person with the e-mail address 'hal@acme.example'."),
            ("time_zone", "'Mars/Olympus' is not a time zone; write it like Europe/Oslo."),
        ],
    ),
    (
        row("person", "ida@acme.example", title="Ida", kind="BOSS", state="GONE"),
        [
            ("kind", "'BOSS' is not ADMIN; leave it empty for everybody else."),
            ("state", "'GONE' is none of ACTIVE, SUSPENDED, INVITED, EXTERNAL."),
        ],
    ),
]
CYCLES: list[Faulty] = [
    (
        row("cycle", "short", title="Short", start="5/10/2026", target="2027-01-03", kind="CUSTOM"),
        [("start", "'5/10/2026' is not a date; write it like 2026-10-05.")],
    ),
    (
        row("cycle", "back", title="Back", start="2026-10-05", target="2026-10-04", kind="CUSTOM"),
        [("target", "The last day lies before the first.")],
    ),
    right(row("cycle", "2027", title="2027", start="2027-01-01", target="2027-12-31", kind="ANNUAL")),
    right(row("cycle", "q1", title="Q1", start="2027-01-04", target="2027-03-31", parent="2027")),
    (
        row("cycle", "q2", title="Q2", start="2027-03-31", target="2027-06-30", parent="2027"),
        [("start", "The quarters 'Q1' and 'Q2' overlap.")],
    ),
    (
        row(
            "cycle",
            "half",
            title="Half",
            start="2027-07-01",
            target="2028-01-01",
            parent="2027",
            kind="CUSTOM",
        ),
        [("target", "The cycle 'Half' must lie inside '2027', which is above it.")],
    ),
]
OKRS: list[Faulty] = [
    (
        row("objective", "", title="Keyless", team="growth", cycle="q4"),
        [("key", "An objective needs a key.")],
    ),
    (
        row("objective", "bare", title="Bare"),
        [
            ("cycle", "A new objective needs this column."),
            ("team", "A new objective needs this column."),
        ],
    ),
    (
        objective("misled", team="q4", owner="nobody@acme.example", state="DONE"),
        [
            ("owner", "There is no person with the e-mail address 'nobody@acme.example'."),
            ("state", "'DONE' is none of DRAFT, PUBLISHED, CLOSED, ARCHIVED."),
            ("team", "'q4' is a cycle (line {q4}), not a team."),
        ],
    ),
    (
        objective("going", outcome="MISSED", position="1.5"),
        [
            (
                "outcome",
                (
                    "This is for objectives that ended, and the state here is PUBLISHED; leave it empty, "
                    "or give the state CLOSED."
                ),
            ),
            ("position", "This is a whole number from 0 to 2,147,483,647, not '1.5'."),
        ],
    ),
    (
        objective("over", state="CLOSED", score="7", closed_at="3000-01-01T00:00:00Z"),
        [
            ("closed_at", "The year must lie between 1970 and 2199."),
            ("score", "The score is a number from 0 to 1, not 7."),
        ],
    ),
    (
        key_result("calls", parent="grow"),
        [("key", "The key 'calls' stands in line {calls} already; keys are unique in the file.")],
    ),
    (
        key_result("vague", start="much", target="inf", weight="-1", unit="u" * 33),
        [
            ("start", "'much' is not a number; write it like 1234.5."),
            ("target", "This must be a finite number."),
            ("unit", "The unit may have at most 32 characters; this has 33."),
            ("weight", "The weight is a number from 0 to 1,000,000."),
        ],
    ),
    (
        key_result("done", metric="BINARY", current="3", confidence="4"),
        [("current", "The value of a yes-or-no key result must be 0 (not done) or 1 (done).")],
    ),
    (
        check_in("sure", confidence="9", at="2026-10-07T08:00"),
        [
            ("at", "'2026-10-07T08:00' has no time zone; end it with Z or an offset such as +02:00."),
            ("confidence", "Confidence is a whole number from 1 (will miss) to 5 (certain), not '9'."),
        ],
    ),
    (
        check_in("dreamt", start="2126-10-07", at="yesterday", title="n" * 20_001),
        [
            ("at", "'yesterday' is not a timestamp; write it like 2026-10-05T08:30:00Z."),
            ("start", "A check-in speaks of today, {today}, or an earlier day."),
            ("title", "The note may have at most 20,000 characters; this has 20,001."),
        ],
    ),
]
LINKS: list[Faulty] = [
    (
        objective("doubled", title="", parent="nowhere;deals;deals"),
        [
            ("parent", "There is no key result or objective with the key 'nowhere'."),
            ("parent", "A parent is named twice."),
            ("title", "A new objective needs this column."),
        ],
    ),
    (
        row("link", "hung", child="doubled", parent="deals", kind="BESIDE", primary="maybe"),
        [
            ("kind", "'BESIDE' is none of CONTRIBUTES, SUPPORTS, RELATES."),
            ("primary", "Write TRUE or FALSE here, not 'maybe'."),
        ],
    ),
    (
        row("link", "own", child="grow", parent="leads"),
        [("parent", "An objective cannot support itself or its own key result.")],
    ),
    (
        row("link", "ring", child="win", parent="calls"),
        [("parent", "This closes a circle: 'win' under 'calls' under 'grow' under 'deals' under 'win'.")],
    ),
    (
        objective("later", cycle="q1", parent="deals"),
        [("parent", "The cycles of an objective and of what it supports must overlap; these two do not.")],
    ),
    right(objective("torn")),
    right(row("link", "first", child="torn", parent="win", primary="TRUE")),
    (
        row("link", "second", child="torn", parent="deals", primary="TRUE"),
        [("primary", "Line {first} names the primary link of this objective already; write FALSE.")],
    ),
    (
        row("link", "again", child="torn", parent="win", state="PROPOSED"),
        [("child", "Line {first} names the link between these two already.")],
    ),
    (
        row("link", "open", child="torn", parent="grow", state="PROPOSED", decided_by=ADA, primary="maybe"),
        [
            ("decided_by", "A PROPOSED link is not decided; leave this empty, or give the state it got."),
            ("primary", "Write TRUE or FALSE here, not 'maybe'."),
        ],
    ),
]
COMMENTS: list[Faulty] = [
    (
        comment("long", title=TOO_LONG),
        [("title", "The comment may have at most 10,000 characters; this has 10,001.")],
    ),
    (
        comment("gone", deleted_at="2026-10-08T08:00:00Z"),
        [("title", "A deleted comment says nothing; leave this empty, or deleted_at.")],
    ),
    (
        comment("closed", resolved_by=ADA),
        [("resolved_by", "This comment is not resolved; name resolved_at too, or leave this empty.")],
    ),
    right(comment("top")),
    right(comment("reply", reply_to="top")),
    (
        comment("deep", reply_to="reply"),
        [("reply_to", "Answer the comment at the top of the thread; replies have one level.")],
    ),
    (
        comment("astray", parent="growth"),
        [
            (
                "parent",
                (
                    "'growth' is a team (line {growth}), "
                    "not an objective or a key result or a check-in or a link or a dependency."
                ),
            )
        ],
    ),
]
# What a reader refuses is not said alike: of a row, its type; of a list, its name.
UNREAD: list[tuple[Row, str, str]] = [
    (
        row("wish", "w", title="W"),
        f"Unknown type 'wish'; known are {', '.join(RecordType)}.",
        f"Unknown name 'wishs'; known here are organization, {', '.join(LISTS)}.",
    ),
    (
        row("organization", "other"),
        "The organisation is described in line 2 already; a file holds one.",
        "This name is there twice.",
    ),
]
# Of what the database holds beside, a file may be wrong as well.
HELD = [
    row("team", "sales", title="Sales", parent="company"),
    row("team", "field", title="Field", parent="sales"),
    row("person", "jo@acme.example", title="Jo", parent=ADA),
    row("person", "kim@acme.example", title="Kim", parent="jo@acme.example"),
    comment("said"),
]
AGAINST_HELD: list[Faulty] = [
    (
        row("team", "sales", parent="field"),
        [("parent", "This closes a circle: 'sales' under 'field' under 'sales'.")],
    ),
    (
        row("person", "jo@acme.example", parent="kim@acme.example"),
        [
            (
                "parent",
                "This closes a circle: 'jo@acme.example' under 'kim@acme.example' under 'jo@acme.example'.",
            )
        ],
    ),
    (objective("field"), [("key", "An earlier import gave this key to a team; choose another.")]),
    (
        comment("said", parent="calls"),
        [("parent", "A comment stays on its subject; give another one another key.")],
    ),
]
STAGES = ("reading: ", "writing: ")
TODAY = date(2026, 10, 20)
ROWS = [*organization(), *okrs()]
FAULTY = [*PEOPLE, *CYCLES, *OKRS, *LINKS, *COMMENTS]
# What other rows have part in is told where the row starts, also when its cells have lines of their own.
OF_THE_ROW = ("This closes a circle", "The quarters", "The cycle", "The key ", "An earlier import")
EVERY_NOTATION = pytest.mark.parametrize("notation", NOTATIONS)


def file_of(faulty: Sequence[Faulty], notation: FileFormat) -> tuple[Written, list[FileProblem]]:
    """The right rows, then the faulty ones and those that no reader takes; and the problems of it all."""
    rows = [*ROWS, *(each for each, _ in faulty), *(each for each, _, _ in UNREAD)]
    written = NOTATIONS[notation](rows)
    lines = {each["key"]: line for each, line in zip(reversed(rows), reversed(written.starts), strict=True)}
    found = []
    for place, (_, problems) in enumerate(faulty, len(ROWS)):
        for column, reason in problems:
            is_of_row = reason.startswith(OF_THE_ROW)
            line = written.starts[place] if is_of_row else written.line_of(place, column)
            found.append(FileProblem(line, column, reason.format(today=TODAY, **lines)))
    for place, (_, of_row, of_list) in enumerate(UNREAD, len(ROWS) + len(faulty)):
        name, line = written.names.get(place, ("type", written.starts[place]))
        found.append(FileProblem(line, name, of_row if name == "type" else of_list))
    # Of one cell, in the order in which they are told.
    return written, sorted(found, key=lambda problem: (problem.line, problem.column or ""))


async def problems_of(text: str, notation: FileFormat) -> list[FileProblem]:
    with pytest.raises(ImportRefused) as refused:
        await import_file(io.BytesIO(text.encode()), file_format=notation, today=TODAY)
    assert not refused.value.is_cut
    return list(refused.value.problems)


@EVERY_NOTATION
async def test_every_fault_of_a_new_organisation_is_told_at_once_and_nothing_is_written(
    database: GivenDatabase, notation: FileFormat
) -> None:
    before = await stand()
    written, expected = file_of(FAULTY, notation)
    assert len({problem.reason for problem in expected}) > 40

    assert await problems_of(written.text, notation) == expected
    assert await stand() == before


@EVERY_NOTATION
async def test_every_fault_against_what_is_there_is_told_at_once_and_nothing_is_written(
    database: GivenDatabase, notation: FileFormat
) -> None:
    await load([*ROWS, *HELD], today=TODAY)
    before = await stand()
    written, expected = file_of([*FAULTY, *AGAINST_HELD], notation)

    assert await problems_of(written.text, notation) == expected
    assert await stand() == before


@EVERY_NOTATION
async def test_the_command_tells_every_fault_on_standard_error_and_ends_with_status_1(
    closed_database: GivenDatabase, tmp_path: Path, notation: FileFormat
) -> None:
    # What speaks of today is for a clock that stands still.
    written, expected = file_of([each for each in FAULTY if each[0]["key"] != "dreamt"], notation)
    (tmp_path / f"faulty.{notation}").write_text(written.text)

    refused = await ended(
        await start("import", f"faulty.{notation}", folder=tmp_path, database=closed_database)
    )

    assert (refused.status, refused.output) == (1, "")
    *told, last = [line for line in refused.errors.splitlines() if not line.startswith(STAGES)]
    assert told == [str(problem) for problem in expected]
    assert last == f"Nothing was written: {len(expected)} problems in faulty.{notation}."
    async with opened(closed_database.address):
        assert not any((await stand()).values())
