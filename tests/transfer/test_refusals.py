import io

import pytest

from okrgraph.kit import clock
from okrgraph.okrs.weeks import today_in
from okrgraph.transfer.formats.records import RecordType
from okrgraph.transfer.importing import ImportRefused, import_file
from tests.transfer.files import changed, load, okrs, organization, refusal_of, row, stand, text_of

# Organisation and OKRs take the lines 2 to 13; what a test adds begins in the next one.
WHOLE = [*organization(), *okrs()]
ADDED = 14


RATING = "Confidence is a whole number from 1 (will miss) to 5 (certain)"
BY_BO = {"parent": "leads", "owner": "bo@acme.example"}

# Each: a row, and the problems that it makes, by column.
FAULTS = (
    (
        row("objective", "a", title="A", team="nobody", cycle="q4"),
        ["team: There is no team with the key 'nobody'."],
    ),
    (
        row("objective", "b", team="growth", cycle="q4", state="DONE"),
        [
            "state: 'DONE' is none of DRAFT, PUBLISHED, CLOSED, ARCHIVED.",
            "title: A new objective needs this column.",
        ],
    ),
    (
        row("objective", "c", title="C", team="growth", cycle="q4", parent="q4"),
        ["parent: 'q4' is a cycle (line 8), not a key result or an objective."],
    ),
    (
        row("key_result", "d", title="D", parent="win", start="inf", target="ten"),
        [
            "start: This must be a finite number.",
            "target: 'ten' is not a number; write it like 1234.5.",
        ],
    ),
    (
        row("key_result", "e", title="E", parent="a", confidence="0", current="1"),
        [f"confidence: {RATING}, not '0'."],
    ),
    (
        row("key_result", "f", title="F", parent="win", metric="BINARY", current="3", confidence="6"),
        [
            f"confidence: {RATING}, not '6'.",
            "current: The value of a yes-or-no key result must be 0 (not done) or 1 (done).",
        ],
    ),
    (
        row("check_in", "g", confidence="3", at="2026-10-07T08:00", **BY_BO),
        ["at: '2026-10-07T08:00' has no time zone; end it with Z or an offset such as +02:00."],
    ),
    (
        row("check_in", "h", confidence="3", start="2126-10-07", parent="leads", owner="eve@acme.example"),
        [
            "owner: There is no person with the e-mail address 'eve@acme.example'.",
            f"start: A check-in speaks of today, {today_in('Europe/Oslo', clock.now())}, or an earlier day.",
        ],
    ),
    (
        row("comment", "i", title="x" * 10_001, **BY_BO),
        ["title: The comment may have at most 10,000 characters; this has 10,001."],
    ),
    (
        row("comment", "grow", title="Twice", **BY_BO),
        ["key: The key 'grow' stands in line 11 already; keys are unique in the file."],
    ),
    (
        row("team", "k", title="K"),
        ["parent: The company is 'Acme' (line 3) already; name the team above this one."],
    ),
    (
        row("cycle", "l", title="L", start="2026-12-31", target="2026-01-01"),
        ["target: The last day lies before the first."],
    ),
    (
        row("wish", "m", title="M"),
        [f"type: Unknown type 'wish'; known are {', '.join(RecordType)}."],
    ),
    (
        row("person", "not an address", title="N"),
        ["key: 'not an address' is not an e-mail address."],
    ),
    (
        row("link", "o", child="grow", parent="leads"),
        ["parent: An objective cannot support itself or its own key result."],
    ),
)


async def test_every_fault_of_a_file_is_reported_at_once_and_nothing_is_written(database):
    before = await stand()
    expected = [
        f"line {line}, column {problem}"
        for line, (_, problems) in enumerate(FAULTS, ADDED)
        for problem in problems
    ]
    assert await refusal_of([*WHOLE, *(faulty for faulty, _ in FAULTS)]) == expected
    assert await stand() == before


async def test_a_fault_in_an_addition_leaves_the_organisation_as_it_was(database):
    await load(WHOLE)
    before = await stand()
    assert await refusal_of([*changed(WHOLE, "grow", title="Other"), row("team", "x")])
    assert await stand() == before


# Each: what is added to the whole file, and the one problem that it makes.
ONE_FAULT = {
    "a team without a name": (row("team", "x", parent="company"), "title: A new team needs this column."),
    "a team under an unknown one": (
        row("team", "x", title="X", parent="y"),
        "parent: There is no team with the key 'y'.",
    ),
    "a team under something else": (
        row("team", "x", title="X", parent="deals"),
        "parent: 'deals' is a key result (line 10), not a team.",
    ),
    "a second company": (
        row("team", "x", title="X", kind="COMPANY", parent="company"),
        "kind: The team without a parent, and no other, is of kind COMPANY.",
    ),
    "a name that is too long": (
        row("team", "x", title="X" * 201, parent="company"),
        "title: The name may have at most 200 characters; this has 201.",
    ),
    "a person without a name": (row("person", "x@y.z"), "title: A new person needs this column."),
    "a person of an unknown kind": (
        row("person", "x@y.z", title="X", kind="BOSS"),
        "kind: 'BOSS' is not ADMIN; leave it empty for everybody else.",
    ),
    "a person with an unknown role": (
        row("person", "x@y.z", title="X", team="growth:BOSS"),
        "team: The role of 'growth:BOSS' is none of LEAD, MEMBER, VIEWER.",
    ),
    "a person twice in a team": (
        row("person", "x@y.z", title="X", team="growth;growth:LEAD"),
        "team: The team of 'growth:LEAD' is named twice.",
    ),
    "a person who manages himself": (
        row("person", "x@y.z", title="X", parent="X@y.z"),
        "parent: This closes a circle: 'x@y.z' under 'x@y.z'.",
    ),
    "a cycle without its days": (
        row("cycle", "x", title="X", start="2026-01-01"),
        "target: A cycle needs its first and its last day; only a BACKLOG has none.",
    ),
    "a backlog with a day": (
        row("cycle", "x", title="X", kind="BACKLOG", start="2026-01-01"),
        "start: A BACKLOG has no dates.",
    ),
    "a cycle outside the one above": (
        row("cycle", "x", title="X", start="2026-10-05", target="2027-01-04", parent="q4", kind="CUSTOM"),
        "target: The cycle 'X' must lie inside 'Q4 2026', which is above it.",
    ),
    "an objective twice in a team": (
        row("objective", "x", title="X", cycle="q4", team="growth;growth"),
        "team: A team is named twice.",
    ),
    "a parent named twice": (
        row("objective", "x", title="X", cycle="q4", team="growth", parent="deals;deals"),
        "parent: A parent is named twice.",
    ),
    "an objective under itself": (
        row("objective", "x", title="X", cycle="q4", team="growth", parent="x"),
        "parent: An objective cannot support itself or its own key result.",
    ),
    "an objective without a key": (
        row("objective", title="X", cycle="q4", team="growth"),
        "key: An objective needs a key.",
    ),
    "a key that would be two": (
        row("objective", "x;y", title="X", cycle="q4", team="growth"),
        "key: A key may not contain ';', which separates keys, or what is no text.",
    ),
    "a key that is too long": (
        row("objective", "x" * 321, title="X", cycle="q4", team="growth"),
        "key: A key may have at most 320 characters; this has 321.",
    ),
    "a weight below zero": (
        row("key_result", "x", title="X", parent="win", weight="-1"),
        "weight: The weight is a number from 0 to 1,000,000.",
    ),
    "a unit that is too long": (
        row("key_result", "x", title="X", parent="win", unit="u" * 33),
        "unit: The unit may have at most 32 characters; this has 33.",
    ),
    "a value without a confidence": (
        row("key_result", "x", title="X", parent="win", current="1"),
        "confidence: A current value becomes a check-in, which needs a confidence from 1 to 5.",
    ),
    "a check-in without a confidence": (
        row("check_in", "x", parent="deals", owner="bo@acme.example"),
        "confidence: A new check-in needs this column.",
    ),
    "a check-in on an objective": (
        row("check_in", "x", parent="win", owner="bo@acme.example", confidence="3"),
        "parent: 'win' is an objective (line 9), not a key result.",
    ),
    "a link with one end": (
        row("link", "x", child="grow"),
        "parent: A link names both of its ends, child and parent.",
    ),
    "a link from a key result": (
        row("link", "x", child="leads", parent="win"),
        "child: 'leads' is a key result (line 12), not an objective.",
    ),
    "a link that closes a circle": (
        row("link", "x", child="win", parent="calls"),
        "parent: This closes a circle: 'win' under 'calls' under 'grow' under 'deals' under 'win'.",
    ),
    "a comment on a team": (
        row("comment", "x", parent="growth", owner="bo@acme.example", title="X"),
        (
            "parent: 'growth' is a team (line 4), "
            "not an objective or a key result or a check-in or a link or a dependency."
        ),
    ),
    "a comment on nothing": (
        row("comment", "x", owner="bo@acme.example", title="X"),
        "parent: A comment names its subject here, or the comment that it answers in reply_to.",
    ),
    "a comment resolved too early": (
        row(
            "comment",
            "x",
            parent="win",
            owner="bo@acme.example",
            title="X",
            at="2026-10-08T08:00:00Z",
            resolved_at="2026-10-07T08:00:00Z",
        ),
        "resolved_at: This lies before the comment was written.",
    ),
    "a second organisation": (
        row("organization", "other"),
        "type: The organisation is described in line 2 already; a file holds one.",
    ),
}


@pytest.mark.parametrize("fault", ONE_FAULT)
async def test_one_fault_is_one_problem(sqlite_database, fault):
    added, problem = ONE_FAULT[fault]
    assert await refusal_of([*WHOLE, added]) == [f"line {ADDED}, column {problem}"]


async def test_what_hangs_on_a_bad_row_is_not_reported_as_well(sqlite_database):
    rows = changed(WHOLE, "win", cycle="q5")
    assert await refusal_of(rows) == ["line 9, column cycle: There is no cycle with the key 'q5'."]
    bad_type = [{**each, "type": "objektiv"} if each["key"] == "grow" else each for each in WHOLE]
    (problem,) = await refusal_of(bad_type)
    assert problem.startswith("line 11, column type: Unknown type 'objektiv'")


async def test_what_exists_stays_where_it_hangs(sqlite_database):
    more = [
        row("check_in", "i", parent="leads", owner="bo@acme.example", confidence="3"),
        row("comment", "c", parent="leads", owner="bo@acme.example", title="C"),
        row("comment", "d", parent="leads", owner="bo@acme.example", title="D", reply_to="c"),
        row("comment", "e", parent="leads", owner="bo@acme.example", title="E"),
    ]
    await load([*WHOLE, *more])
    rows = [
        row("key_result", "leads", parent="win"),
        row("check_in", "i", parent="calls"),
        row("comment", "c", parent="calls"),
        row("comment", "d", reply_to="e"),
    ]
    another = "give another one another key."
    assert await refusal_of(rows, organization="acme") == [
        f"line 2, column parent: A key result stays with its objective; {another}",
        f"line 3, column parent: A check-in stays with its key result; {another}",
        f"line 4, column parent: A comment stays on its subject; {another}",
        f"line 5, column reply_to: A comment stays in its thread; {another}",
    ]


async def test_a_key_keeps_its_type_from_import_to_import(sqlite_database):
    await load(WHOLE)
    assert await refusal_of([row("team", "leads", title="X", parent="company")], organization="acme") == [
        "line 2, column key: An earlier import gave this key to a key result; choose another."
    ]


async def test_replies_have_one_level_and_one_subject(sqlite_database):
    author = "bo@acme.example"
    rows = [
        row("comment", "top", parent="leads", owner=author, title="Top"),
        row("comment", "reply", owner=author, title="Reply", reply_to="top"),
        row("comment", "deep", parent="leads", owner=author, title="Deep", reply_to="reply"),
        row("comment", "astray", parent="calls", owner=author, title="Astray", reply_to="top"),
        row("comment", "own", parent="calls", owner=author, title="Own", reply_to="own"),
    ]
    one_level = "Answer the comment at the top of the thread; replies have one level."
    assert await refusal_of([*WHOLE, *rows]) == [
        f"line 16, column reply_to: {one_level}",
        "line 17, column reply_to: Answer a comment on its own subject.",
        f"line 18, column reply_to: {one_level}",
    ]


async def test_a_current_value_needs_somebody_who_checks_in(sqlite_database):
    rows = changed(changed(WHOLE, "win", owner=""), "deals", current="1", confidence="4")
    (problem,) = await refusal_of(rows)
    assert problem == (
        "line 10, column owner: Name an owner here or on the objective: the check-in of the current value "
        "needs an author."
    )


async def test_a_metric_that_does_not_fit_the_current_value_is_refused(sqlite_database):
    await load(changed(WHOLE, "deals", current="4", confidence="4"))
    (problem,) = await refusal_of([row("key_result", "deals", metric="ORDINAL")], organization="acme")
    assert problem == (
        "line 2, column metric: The current value '4.0' does not fit. The value of an ordinal key result must "
        "lie between 0 (fail) and 3 (stretch)."
    )


async def test_text_that_no_database_stores_is_refused(database):
    rows = [
        *WHOLE,
        row("objective", "a\0", title="A\0", team="growth", cycle="q4"),
        row("objective", "b", title="B\0", team="gro\0wth", cycle="q4", parent="win\0"),
    ]
    found = await refusal_of(rows)
    assert [problem.partition(":")[0] for problem in found] == [
        "line 14, column key",
        "line 15, column parent",
        "line 15, column team",
        "line 15, column title",
    ]


async def test_a_file_that_is_no_csv_of_this_kind_is_refused_before_anything_else(sqlite_database):
    with pytest.raises(ImportRefused) as refused:
        await import_file(io.BytesIO(b"Name,Objective\nAda,Win\n"), organization="acme")
    assert [(problem.line, problem.column) for problem in refused.value.problems] == [
        (1, "Name"),
        (1, "Objective"),
        (1, "key"),
        (1, "type"),
    ]


async def test_a_row_that_spans_lines_is_known_by_its_first(sqlite_database):
    rows = changed(WHOLE, "win", description="one\ntwo\nthree")
    (problem,) = await refusal_of([*rows, row("team", "x", title="X", parent="y")])
    assert text_of(rows).count("\n") == ADDED + 1
    assert problem == f"line {ADDED + 2}, column parent: There is no team with the key 'y'."


async def test_people_and_other_things_share_their_keys(sqlite_database):
    team = row("team", "dee@acme.example", title="Dee", parent="company")
    person = row("person", "dee@acme.example", title="Dee")
    managed = row("person", "eve@acme.example", title="Eve", parent="dee@acme.example")
    twice = "The key 'dee@acme.example' stands in line 14 already; keys are unique in the file."
    assert await refusal_of([*WHOLE, team, person, managed]) == [f"line 15, column key: {twice}"]
    await load([*WHOLE, person])
    taken = "line 2, column key: An earlier import gave this key to a person; choose another."
    assert await refusal_of([team], organization="acme") == [taken]
    await load([row("team", "fay@acme.example", title="Fay", parent="company")], organization="acme")
    taken = "line 2, column key: An earlier import gave this key to a team; choose another."
    assert await refusal_of([row("person", "fay@acme.example", title="Fay")], organization="acme") == [taken]
