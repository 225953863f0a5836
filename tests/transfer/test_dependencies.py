"""Rows of dependencies, of their check-ins and of liaisons."""

from datetime import UTC, date, datetime

import pytest

from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.dependencies.vocabulary import DependencyState as S
from okrgraph.discussion.models import Comment
from okrgraph.events.database import fetch_all
from okrgraph.kit import clock
from okrgraph.okrs.models import Objective
from okrgraph.people.models import Person, Team
from okrgraph.people.viewer import EVERYONE, team_scope
from tests.transfer.exported import exported, rows_of
from tests.transfer.files import kinds_in_log, load, okrs, one, organization, refusal_of, row, stand

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
NEED = row(
    "dependency",
    "api",
    title="An API",
    parent="leads",
    team="growth>company",
    needed_by="week 6",
    confidence="4",
)


@pytest.fixture(autouse=True)
def held():
    with clock.held_at(NOW):
        yield


async def imported(*rows, again=()) -> Dependency:
    await load([*organization(), *okrs(), *rows])
    if again:
        await load([*organization(), *okrs(), *again])
    return await Dependency.get()


async def test_a_row_of_the_fixed_columns_is_a_request_by_the_end_of_a_week(database) -> None:
    found = await imported(NEED)
    assert (found.need, found.state, found.confidence, found.criticality) == (
        "An API",
        "REQUESTED",
        4,
        "IMPORTANT",
    )
    # Week 6 of a quarter from Monday, 5 October: to Sunday, 15 November.
    assert (found.needed_by, found.promised_by) == (date(2026, 11, 15), None)
    assert found.consumer_team_id == (await Team.get(name="Growth")).id
    assert found.provider_team_id == (await Team.get(parent_id=None)).id
    assert found.served_objective_id == (await Objective.get(title="Grow")).id
    assert found.requested_at == found.created_at
    assert (found.accepted_at, found.objective_id) == (None, None)


async def test_a_promised_day_makes_it_accepted_and_words_say_any_state(database) -> None:
    found = await imported({**NEED, "promised_by": "2026-12-01"})
    assert (found.state, found.promised_by) == (S.ACCEPTED, date(2026, 12, 1))
    assert found.accepted_at == found.requested_at
    for state in S:
        await load([*organization(), *okrs(), {**NEED, "state": state}])
        assert (await Dependency.get()).state is state


async def test_every_column_is_taken(database) -> None:
    cells = {
        "state": "ACCEPTED",
        "kind": "BLOCKING",
        "description": "It answers.",
        "owner": "cy@acme.example",
        "created_by": "bo@acme.example",
        "health": "AT_RISK",
        "consumer_confidence": "2",
        "provider": "deals",
        "risk_owner": "ada@acme.example",
        "mitigation": "Do without.",
        "decision_note": "Yes.",
        "evidence_url": "https://acme.example",
        "promised_by": "2026-12-24",
        "at": "2026-10-06T08:00:00Z",
        "requested_at": "2026-10-07T08:00:00Z",
        "accepted_at": "2026-10-08T08:00:00Z",
        "asked_at": "2026-10-09T08:00:00Z",
        "asked_by": "bo@acme.example",
    }
    found = await imported({**NEED, **cells})
    said = dict(found)
    for column, name in (
        *(("health", "health"), ("kind", "criticality"), ("description", "acceptance_criteria")),
        *(("mitigation", "mitigation"), ("decision_note", "note"), ("evidence_url", "evidence_url")),
    ):
        assert said[name] == cells[column]
    assert (found.consumer_confidence, found.promised_by) == (2, date(2026, 12, 24))
    people = {each.id: each.email for each in await Person.all()}
    assert [
        people[said[name]] for name in ("provider_owner_id", "created_by_id", "risk_owner_id", "asked_by_id")
    ] == [cells[column] for column in ("owner", "created_by", "risk_owner", "asked_by")]
    days = [said[name].day for name in ("created_at", "requested_at", "accepted_at", "asked_at")]
    assert days == [6, 7, 8, 9]
    assert said["provider_key_result_id"] is not None
    rows = await rows_of("dependency")
    expected = {**NEED, **cells, "needed_by": "2026-11-15"}
    assert rows == {"api": {name: cell for name, cell in expected.items() if name not in ("type", "key")}}


async def test_the_same_file_again_changes_nothing(database) -> None:
    check_in = row(
        "dependency_check",
        "first",
        parent="api",
        owner="ada@acme.example",
        health="ON_TRACK",
        confidence="4",
    )
    liaison = row("liaison", "l", team="growth>company", owner="cy@acme.example", title="Weekly")
    comment = row("comment", "c", parent="api", owner="bo@acme.example", title="Still?")
    rows = [*organization(), *okrs(), {**NEED, "state": "ACCEPTED"}, check_in, liaison, comment]
    await load(rows)
    before = await stand()
    result = await load(rows)
    assert (result.created, result.changed) == ({}, {})
    assert await stand() == before


async def test_the_log_tells_of_each_step_once_with_the_state_before(database) -> None:
    await load([*organization(), *okrs()])
    position = await one("SELECT max(pos) FROM change_log")
    draft = {**NEED, "state": "DRAFT"}
    check_in = row(
        "dependency_check",
        "first",
        parent="api",
        owner="ada@acme.example",
        health="ON_TRACK",
        confidence="4",
    )
    comment = row("comment", "c", parent="api", owner="bo@acme.example", title="Still?")
    await load([*organization(), *okrs(), draft, check_in, comment])
    kinds = await kinds_in_log("acme", position)
    assert kinds == ["DependencyChanged", "CommentChanged"]
    await load([*organization(), *okrs(), {**NEED, "state": "REQUESTED"}, check_in])
    rows = await fetch_all(
        "SELECT kind, entity_version, acl, acl_before, path, body FROM change_log WHERE pos > :pos ORDER BY pos",
        pos=position,
    )
    growth, company = await Team.get(name="Growth"), await Team.get(parent_id=None)
    drafted, discussed, sent, access = rows
    assert [row[1] for row in (drafted, sent)] == [1, 2]
    assert team_scope(growth.id) in drafted[2]
    assert EVERYONE not in drafted[2] + discussed[2]
    assert (EVERYONE in sent[2], team_scope(company.id) in sent[2]) == (True, True)
    assert sent[3] == drafted[2] == discussed[2]
    assert (access[0], access[2:4]) == ("AccessChanged", sent[2:4])
    assert '"state_before":null' in drafted[5]
    assert '"state_before":"DRAFT"' in sent[5]
    dependency, comment_id = await Dependency.get(), (await Comment.get()).id
    assert f'"{dependency.id}"' in drafted[4]
    assert discussed[4].startswith(f'["{comment_id}","{dependency.id}"')


async def test_check_ins_make_a_history_and_tell_the_log_with_their_dependency(database) -> None:
    accepted = {**NEED, "state": "IN_PROGRESS"}
    await load([*organization(), *okrs(), accepted])
    position = await one("SELECT max(pos) FROM change_log")
    rows = [
        row(
            "dependency_check",
            str(number),
            parent="api",
            owner="ada@acme.example",
            health="AT_RISK",
            confidence=str(number),
            confidence_before=str(number + 1),
            promised_by="2026-12-01",
            title="Hm.",
            answer="TRUE",
            at=f"2026-11-0{number}T08:00:00Z",
        )
        for number in (2, 3)
    ]
    result = await load([*organization(), *okrs(), accepted, *rows])
    assert result.created == {"dependency_check": 2}
    made = await DependencyCheckIn.all().order_by("created_at")
    assert [(each.confidence, each.confidence_before, each.answers_ask) for each in made] == [
        (2, 3, True),
        (3, 4, True),
    ]
    assert await kinds_in_log("acme", position) == ["DependencyChanged"]
    assert (await Dependency.get()).version == 2
    assert await rows_of("dependency_check") == {
        each["key"]: {name: cell for name, cell in each.items() if name not in ("type", "key")}
        for each in rows
    }


async def test_a_liaison_stands_between_two_teams_in_any_order(database) -> None:
    liaison = row(
        "liaison",
        "l",
        team="growth > company",
        owner="cy@acme.example",
        cycle="q4",
        title="Weekly",
        created_by="ada@acme.example",
        at="2026-10-06T08:00:00Z",
        closed_at="2026-11-06T08:00:00Z",
    )
    await load([*organization(), *okrs(), liaison])
    found = await Liaison.get()
    assert found.team_a_id < found.team_b_id
    assert (await rows_of("liaison"))["l"] == {
        **{name: cell for name, cell in liaison.items() if name not in ("type", "key")},
        "team": "company>growth",
    }
    again = {**liaison, "team": "company>growth"}
    assert (await load([*organization(), *okrs(), again])).changed == {}


REFUSED = {
    "no day": ({"needed_by": ""}, "needed_by: A new dependency needs this column."),
    "no consumer": ({"parent": ""}, "parent: A new dependency needs this column."),
    "a week that is not there": (
        {"needed_by": "week 14"},
        "needed_by: The cycle has the weeks 1 to 13, not '14'.",
    ),
    "no date": (
        {"needed_by": "soon"},
        "needed_by: 'soon' is not a date; write it like 2026-10-05.",
    ),
    "one team": ({"team": "growth"}, "team: Name two teams as consumer>provider here, not 'growth'."),
    "the same team": ({"team": "growth>growth"}, "team: These must be two teams."),
    "an unknown team": ({"team": "growth>sales"}, "team: There is no team with the key 'sales'."),
    "a team as parent": (
        {"parent": "growth"},
        "parent: 'growth' is a team (line 4), not a key result or an objective.",
    ),
    "a rating": (
        {"confidence": "7"},
        "confidence: Confidence is a whole number from 1 (will miss) to 5 (certain), not '7'.",
    ),
    "a state": (
        {"state": "LOST"},
        (
            "state: 'LOST' is none of DRAFT, REQUESTED, COUNTERED, ACCEPTED, IN_PROGRESS, DELIVERED, CONFIRMED, "
            "DECLINED, WITHDRAWN, ESCALATED, CANCELED."
        ),
    ),
    "a delivery too early": (
        {"state": "ACCEPTED", "delivered_at": "2026-11-01T08:00:00Z"},
        "delivered_at: This is for DELIVERED, CONFIRMED, and the state here is ACCEPTED; leave it empty.",
    ),
    "an asker without a question": (
        {"state": "ACCEPTED", "asked_by": "bo@acme.example"},
        "asked_by: Nobody has asked; name asked_at too, or leave this empty.",
    ),
    "a script": (
        {"evidence_url": "javascript:alert(1)"},
        "evidence_url: The evidence is an address that begins with https:// or http://.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_wrong_is_refused_with_its_line_and_column(database, name) -> None:
    cells, reason = REFUSED[name]
    rows = [*organization(), *okrs(), {**NEED, **cells}]
    before = await stand()
    assert await refusal_of(rows) == [f"line {len(rows) + 1}, column {reason}"]
    assert await stand() == before


async def test_a_dependency_stays_where_it_is(database) -> None:
    await imported(NEED)
    for cells, column in (({"team": "company>growth"}, "team"), ({"parent": "calls"}, "parent")):
        rows = [*organization(), *okrs(), {**NEED, **cells}]
        assert await refusal_of(rows) == [
            (
                f"line {len(rows) + 1}, column {column}: A dependency stays with what it serves and between its two "
                "teams; give another one another key."
            )
        ]


async def test_keys_of_teams_may_hold_the_sign_between_them(database) -> None:
    rows = [
        {
            **each,
            "key": each["key"].replace("growth", "gr>owth"),
            "team": each.get("team", "").replace("growth", "gr>owth"),
        }
        for each in [*organization(), *okrs()]
    ]
    await load([*rows, {**NEED, "team": "gr>owth>company"}])
    assert (await Dependency.get()).consumer_team_id == (await Team.get(name="Growth")).id
    text = await exported()
    assert "gr>owth>company" in text


async def test_what_follows_a_faulty_row_is_not_blamed_for_it(database) -> None:
    check_in = row(
        "dependency_check",
        "first",
        parent="api",
        owner="ada@acme.example",
        health="ON_TRACK",
        confidence="4",
    )
    rows = [*organization(), *okrs(), {**NEED, "team": "x"}, check_in]
    assert await refusal_of(rows) == [
        f"line {len(rows)}, column team: Name two teams as consumer>provider here, not 'x'."
    ]
