from datetime import UTC, datetime

import pytest

from okrgraph.discussion.comments import delete_comment
from okrgraph.discussion.models import Comment
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.okrs.objectives import close_objective
from okrgraph.okrs.vocabulary import CloseOutcome, LinkState, ObjectiveState
from okrgraph.people.models import Organization, Person
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import PersonStatus
from tests.databases import GivenDatabase
from tests.transfer.files import Row, changed, load, okrs, organization, refusal_of, row, stand

ADA, BO, CY = "ada@acme.example", "bo@acme.example", "cy@acme.example"
BASE = [*organization(), *okrs()]
# The lines of what a test adds to it begin here.
ADDED = 14


def objective(key: str, **cells: str) -> Row:
    return row("objective", key, title=key, team="growth", cycle="q4", **cells)


def link(key: str, child: str = "care", parent: str = "win", **cells: str) -> Row:
    return row("link", key, child=child, parent=parent, **cells)


def moment(day: int) -> str:
    return f"2026-10-{day:02}T08:00:00+00:00"


def at(day: int) -> datetime:
    return datetime(2026, 10, day, 8, tzinfo=UTC)


async def viewer_of(email: str) -> Viewer:
    viewer = await viewer_of_token(await create_token("acme", email))
    assert viewer is not None
    return viewer


async def id_of(email: str) -> object:
    return (await Person.get(email=email)).id


CLOSED = objective(
    "done",
    owner=BO,
    reviewer=CY,
    created_by=ADA,
    state="CLOSED",
    outcome="PARTIALLY_ACHIEVED",
    score="0.7",
    learning="Begin earlier.",
    position="4",
    at=moment(6),
    published_at=moment(7),
    closed_at=moment(8),
)
DECIDED = link(
    "decided",
    "done",
    "win",
    state="DECLINED",
    owner=BO,
    primary="FALSE",
    decided_by=ADA,
    decided_at=moment(9),
    decision_note="Not now.",
)
TOMBSTONE = row(
    "comment",
    "gone",
    parent="win",
    owner=BO,
    at=moment(6),
    edited_at=moment(7),
    resolved_at=moment(8),
    resolved_by=CY,
    deleted_at=moment(9),
)
FULL = [
    *changed(
        changed(
            changed(BASE, "acme", cadence_days="14", grace_days="0", company_objective_cap="3"),
            CY,
            state="EXTERNAL",
        ),
        "leads",
        position="2",
    ),
    objective("care"),
    CLOSED,
    DECIDED,
    link("first", "done", "grow", primary="TRUE"),
    link("second", "care", "win", primary="FALSE"),
    row(
        "comment",
        "said",
        parent="win",
        owner=BO,
        title="Good.",
        at=moment(6),
        edited_at=moment(7),
        resolved_at=moment(8),
        resolved_by=ADA,
    ),
    TOMBSTONE,
]


async def test_every_column_is_taken_as_the_file_says(database: GivenDatabase) -> None:
    await load(FULL)
    acme = await Organization.get(slug="acme")
    assert (acme.cadence_days, acme.grace_days, acme.company_objective_cap) == (14, 0, 3)
    cy = await Person.get(email=CY)
    assert (cy.status, (await KeyResult.get(title="Leads")).position) == (PersonStatus.EXTERNAL, 2)
    done = await Objective.get(title="done")
    assert (done.reviewer_id, done.created_by_id) == (cy.id, await id_of(ADA))
    assert (done.close_outcome, done.score) == (CloseOutcome.PARTIALLY_ACHIEVED, 0.7)
    assert (done.learning, done.position) == ("Begin earlier.", 4)
    assert (done.created_at, done.published_at, done.closed_at) == (at(6), at(7), at(8))
    decided = await AlignmentLink.get(child_id=done.id, state=LinkState.DECLINED)
    assert (decided.proposed_by_id, decided.decided_by_id) == (await id_of(BO), await id_of(ADA))
    assert (decided.decided_at, decided.decision_note) == (at(9), "Not now.")
    said = await Comment.get(body="Good.")
    assert (said.edited_at, said.resolved_at, said.resolved_by_id) == (at(7), at(8), await id_of(ADA))
    gone = await Comment.get(deleted_at=at(9))
    assert (gone.body, gone.created_at, gone.edited_at) == ("", at(6), at(7))
    assert (gone.resolved_at, gone.resolved_by_id) == (at(8), cy.id)


async def test_the_same_file_again_changes_nothing(database: GivenDatabase) -> None:
    await load(FULL)
    before = await stand()
    again = await load(FULL)
    assert (again.created, again.changed) == ({}, {})
    assert await stand() == before


# Each: whose row gets another value in which column, and what changes by that.
ONE_CHANGE = (
    ("acme", "cadence_days", "7", {"organization": 1}),
    ("acme", "grace_days", "366", {"organization": 1}),
    ("acme", "company_objective_cap", "1", {"organization": 1}),
    (CY, "state", "SUSPENDED", {"person": 1}),
    ("done", "reviewer", ADA, {"objective": 1}),
    ("done", "created_by", CY, {"objective": 1}),
    ("done", "outcome", "MISSED", {"objective": 1}),
    ("done", "score", "0", {"objective": 1}),
    ("done", "learning", "End earlier.", {"objective": 1}),
    ("done", "position", "0", {"objective": 1}),
    ("done", "published_at", moment(6), {"objective": 1}),
    ("done", "closed_at", moment(9), {"objective": 1}),
    ("leads", "position", "2147483647", {"key_result": 1}),
    ("second", "primary", "true", {"link": 1}),
    ("first", "primary", "false", {"link": 1}),
    ("decided", "owner", CY, {"link": 1}),
    ("decided", "decided_by", CY, {"link": 1}),
    ("decided", "decided_at", moment(10), {"link": 1}),
    ("decided", "decision_note", "Never.", {"link": 1}),
    ("said", "edited_at", moment(8), {"comment": 1}),
    ("said", "resolved_by", CY, {"comment": 1}),
    ("gone", "edited_at", moment(8), {"comment": 1}),
    ("gone", "deleted_at", moment(10), {"comment": 1}),
)


async def test_one_other_value_changes_exactly_its_thing(sqlite_database: GivenDatabase) -> None:
    rows = FULL
    await load(rows)
    for key, column, value, expected in ONE_CHANGE:
        rows = changed(rows, key, **{column: value})
        for times in (expected, {}):
            result = await load(rows)
            assert (column, result.created, result.changed) == (column, {}, times)


async def test_a_column_that_is_not_named_changes_nothing(database: GivenDatabase) -> None:
    await load(FULL)
    before = await stand()
    named = {"type", "key", "parent", "child", "title", "state", "deleted_at"}
    for each in FULL:
        await load([{column: text for column, text in each.items() if column in named}], organization="acme")
    assert await stand() == before


# Each: a row, and the problems that it makes, by column.
FAULTS: tuple[tuple[Row, list[str]], ...] = (
    *((objective(key), []) for key in "rstuv"),
    (
        objective("a", state="DRAFT", published_at=moment(6)),
        ["published_at: A DRAFT is not published; leave this empty, or give the state PUBLISHED."],
    ),
    (
        objective("b", outcome="MISSED", score="2", learning="x", closed_at="never"),
        [
            f"{column}: This is for objectives that ended, and the state here is PUBLISHED; "
            "leave it empty, or give the state CLOSED."
            for column in ("closed_at", "learning", "outcome", "score")
        ],
    ),
    (
        objective("c", state="CLOSED", outcome="WON", score="1.01", reviewer="eve@acme.example"),
        [
            "outcome: 'WON' is none of ACHIEVED, PARTIALLY_ACHIEVED, MISSED, POSTPONED, CANCELED.",
            "reviewer: There is no person with the e-mail address 'eve@acme.example'.",
            "score: The score is a number from 0 to 1, not 1.01.",
        ],
    ),
    (
        objective("d", state="DONE", outcome="MISSED", published_at=moment(6)),
        ["state: 'DONE' is none of DRAFT, PUBLISHED, CLOSED, ARCHIVED."],
    ),
    (
        row("key_result", "e", title="E", parent="win", position="-1"),
        ["position: This is a whole number from 0 to 2,147,483,647, not '-1'."],
    ),
    (
        link("f", "grow", "win", state="PROPOSED", decided_by=ADA, decided_at=moment(6), decision_note="x"),
        [
            f"{column}: A PROPOSED link is not decided; leave this empty, or give the state it got."
            for column in ("decided_at", "decided_by", "decision_note")
        ],
    ),
    (
        link("g", "r", "win", primary="TRUE", kind="RELATES"),
        ["primary: A link that is RELATES, DECLINED or WITHDRAWN cannot be primary; leave this empty."],
    ),
    (
        link("h", "s", "win", primary="TRUE", state="WITHDRAWN"),
        ["primary: A link that is RELATES, DECLINED or WITHDRAWN cannot be primary; leave this empty."],
    ),
    (link("i", "t", "win", primary="yes"), ["primary: Write TRUE or FALSE here, not 'yes'."]),
    (link("j", "u", "win", primary="TRUE"), []),
    (
        link("k", "u", "deals", primary="TRUE"),
        ["primary: Line 28 names the primary link of this objective already; write FALSE."],
    ),
    (
        link("l", "v", "leads", state="DONE", decided_by=ADA),
        ["state: 'DONE' is none of PROPOSED, ACCEPTED, DECLINED, WITHDRAWN."],
    ),
    (
        row("comment", "m", parent="win", owner=BO, title="x", resolved_by=ADA),
        ["resolved_by: This comment is not resolved; name resolved_at too, or leave this empty."],
    ),
    (
        row("comment", "n", parent="win", owner=BO, title="x", deleted_at=moment(6)),
        ["title: A deleted comment says nothing; leave this empty, or deleted_at."],
    ),
    (
        row("comment", "o", parent="win", deleted_at="2026-10-06"),
        [
            "deleted_at: '2026-10-06' has no time zone; end it with Z or an offset such as +02:00.",
            "owner: A new comment needs this column.",
        ],
    ),
    (row("comment", "p", parent="win", owner=BO), ["title: A new comment needs this column."]),
    (
        row("person", "di@acme.example", title="Di", state="GONE"),
        ["state: 'GONE' is none of ACTIVE, SUSPENDED, INVITED, EXTERNAL."],
    ),
)


async def test_every_fault_is_reported_where_it_stands(database: GivenDatabase) -> None:
    before = await stand()
    expected = [
        f"line {line}, column {problem}"
        for line, (_, problems) in enumerate(FAULTS, ADDED)
        for problem in problems
    ]
    assert await refusal_of([*BASE, *(faulty for faulty, _ in FAULTS)]) == expected
    assert await stand() == before


@pytest.mark.parametrize(
    ("column", "text", "least", "most"),
    [
        ("cadence_days", "0", "1", "366"),
        ("grace_days", "-1", "0", "366"),
        ("company_objective_cap", "1001", "1", "1,000"),
    ],
)
async def test_rules_of_an_organisation_lie_within_bounds(
    sqlite_database: GivenDatabase, column: str, text: str, least: str, most: str
) -> None:
    assert await refusal_of(changed(BASE, "acme", **{column: text})) == [
        f"line 2, column {column}: This is a whole number from {least} to {most}, not '{text}'."
    ]


async def test_what_the_file_does_not_say_of_an_end_is_the_moment_of_the_import(
    database: GivenDatabase,
) -> None:
    await load([*BASE, objective("care", at=moment(6))])
    await load([objective("care", state="CLOSED", outcome="ACHIEVED")], organization="acme")
    care = await Objective.get(title="care")
    assert (care.published_at, care.closed_at) == (at(6), care.updated_at)
    assert (care.close_outcome.value, care.score, care.learning) == ("ACHIEVED", None, None)


@pytest.mark.parametrize(("state", "published_at"), [("PUBLISHED", at(7)), ("DRAFT", None)])
async def test_an_objective_that_is_open_again_has_no_end(
    database: GivenDatabase, state: str, published_at: datetime | None
) -> None:
    await load(FULL)
    bare = {"outcome": "", "score": "", "learning": "", "closed_at": "", "published_at": ""}
    assert (await load(changed(FULL, "done", state=state, **bare))).changed == {"objective": 1}
    done = await Objective.get(title="done")
    assert (done.state, done.published_at, done.closed_at) == (ObjectiveState(state), published_at, None)
    assert [done.close_outcome, done.score, done.learning] == [None, None, None]


async def test_an_archived_objective_keeps_its_end_or_has_none(database: GivenDatabase) -> None:
    rows = [
        *BASE,
        objective("never", state="ARCHIVED"),
        {**CLOSED, "key": "once", "title": "once", "state": "ARCHIVED"},
        objective("wished", state="DRAFT"),
        CLOSED,
    ]
    await load(rows)
    await load(changed(changed(rows, "wished", state="ARCHIVED"), "done", state="ARCHIVED"))
    found = {each.title: each for each in await Objective.filter(state=ObjectiveState.ARCHIVED)}
    assert {title: (each.published_at, each.closed_at, each.score) for title, each in found.items()} == {
        "never": (None, None, None),
        "wished": (None, None, None),
        "once": (at(7), at(8), 0.7),
        "done": (at(7), at(8), 0.7),
    }


async def test_what_an_action_closed_is_said_the_same_by_a_file(database: GivenDatabase) -> None:
    await load([*BASE, objective("care", owner=BO)])
    care = await Objective.get(title="care")
    await close_objective(await viewer_of(BO), care.id, CloseOutcome.MISSED, "Ask first.", score=0.0)
    care = await Objective.get(title="care")
    assert care.closed_at is not None
    before = await stand()
    again = await load(
        [
            objective(
                "care",
                state="CLOSED",
                outcome="MISSED",
                score="0",
                learning="Ask first.",
                closed_at=care.closed_at.isoformat(),
            )
        ],
        organization="acme",
    )
    assert again.changed == {}
    assert await stand() == before


async def test_a_living_comment_becomes_a_tombstone(database: GivenDatabase) -> None:
    await load(FULL)
    news = [row("comment", "said", parent="win", deleted_at=moment(9))]
    for changes in ({"comment": 1}, {}):
        assert (await load(news, organization="acme")).changed == changes
    said = await Comment.get(edited_at=at(7), resolved_by_id=await id_of(ADA))
    assert (said.body, said.deleted_at) == ("", at(9))


async def test_a_tombstone_does_not_speak_again(database: GivenDatabase) -> None:
    await load(FULL)
    said = await Comment.get(body="Good.")
    await delete_comment(await viewer_of(BO), said.id)
    before = await stand()
    assert (await load(FULL)).changed == {}
    assert await stand() == before


async def test_a_rewritten_comment_was_edited_when_the_file_says(database: GivenDatabase) -> None:
    await load(FULL)
    await load(changed(FULL, "said", title="Very good.", edited_at=moment(10)))
    assert (await Comment.get(body="Very good.")).edited_at == at(10)


async def test_a_file_may_say_who_resolved_a_comment_that_is_resolved(database: GivenDatabase) -> None:
    await load([*BASE, row("comment", "said", parent="win", owner=BO, title="Good.", resolved_at=moment(8))])
    assert (await Comment.get(body="Good.")).resolved_by_id is None
    news = [row("comment", "said", parent="win", resolved_by=ADA)]
    for changes in ({"comment": 1}, {}):
        assert (await load(news, organization="acme")).changed == changes
    assert (await Comment.get(body="Good.")).resolved_by_id == await id_of(ADA)


async def test_a_reply_may_stand_below_a_tombstone(database: GivenDatabase) -> None:
    reply = row("comment", "reply", reply_to="gone", owner=ADA, title="Oh.")
    await load([*FULL, reply])
    gone = await Comment.get(deleted_at=at(9))
    assert (await Comment.get(body="Oh.")).parent_comment_id == gone.id
