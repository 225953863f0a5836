from datetime import UTC, datetime
from uuid import UUID

import pytest
import yaml

from okrgraph.discussion.comments import (
    NewComment,
    create_comment,
    delete_comment,
    resolve_comment,
    update_comment,
)
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.database import execute
from okrgraph.kit import clock
from okrgraph.kit.ids import global_id
from okrgraph.okrs.objectives import close_objective
from okrgraph.okrs.vocabulary import CloseOutcome, CycleKind
from okrgraph.people.vocabulary import MemberRole
from okrgraph.transfer.formats.file_format import FileFormat
from tests.building import make_organization
from tests.transfer.exported import MONDAY, TUESDAY, exported, give_key, rows_of


async def test_things_that_no_import_named_go_by_their_ids(database):
    org = await make_organization("acme")
    growth = await org.team("Growth")
    ada = await org.person("Ada")
    cycle = await org.cycle()
    above = await org.objective(published=True)
    key_result = await org.key_result(above)
    below = await org.objective(team=growth)
    link = await org.link(below, key_result)
    day = await org.check_in(key_result)
    comment = await org.comment(ada, above)
    answer = await org.comment(ada, above, parent_comment_id=comment.id)

    objectives, comments = await rows_of("objective"), await rows_of("comment")
    key = global_id
    assert {name: row.get("parent") for name, row in (await rows_of("team")).items()} == {
        key("Team", org.company.id): None,
        key("Team", growth.id): key("Team", org.company.id),
    }
    assert list(await rows_of("cycle")) == [key("Cycle", cycle.id)]
    assert objectives.keys() == {key("Objective", above.id), key("Objective", below.id)}
    assert objectives[key("Objective", below.id)]["team"] == key("Team", growth.id)
    assert objectives[key("Objective", below.id)]["cycle"] == key("Cycle", cycle.id)
    assert [(name, row["child"], row["parent"]) for name, row in (await rows_of("link")).items()] == [
        (key("AlignmentLink", link.id), key("Objective", below.id), key("KeyResult", key_result.id))
    ]
    assert {name: row["parent"] for name, row in (await rows_of("check_in")).items()} == {
        key("CheckIn", day.id): key("KeyResult", key_result.id)
    }
    assert comments[key("Comment", answer.id)]["reply_to"] == key("Comment", comment.id)
    assert comments[key("Comment", answer.id)]["parent"] == key("Objective", above.id)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (-5.0, "-5"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1 / 3, "0.3333333333333333"),
        (123456789012345.0, "123456789012345"),
        (1e15, "1000000000000000"),
        (1e16, "1e+16"),
        (-2.5e-7, "-2.5e-07"),
        (1e-7, "1e-07"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
    ],
)
async def test_a_number_is_the_shortest_text_that_reads_back_as_it(database, value, text):
    org = await make_organization("acme")
    await org.key_result(await org.objective(), target_value=value)

    (row,) = (await rows_of("key_result")).values()
    assert row["target"] == text
    said = await exported(file_format=FileFormat.JSON)
    assert f'"target": {text},\n' in said
    (objective,) = yaml.safe_load(await exported(file_format=FileFormat.YAML))["objectives"]
    assert objective["keyResults"][0]["target"] == value == float(text)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 10, 5, tzinfo=UTC), "2026-10-05T00:00:00Z"),
        (datetime(2026, 10, 5, 8, 30, 1, 1, tzinfo=UTC), "2026-10-05T08:30:01.000001Z"),
        (datetime(2026, 10, 5, 8, 30, 1, 120_000, tzinfo=UTC), "2026-10-05T08:30:01.120000Z"),
    ],
)
async def test_a_moment_is_in_utc_to_the_microsecond(database, moment, text):
    org = await make_organization("acme")
    await org.cycle(starts_on=moment.date(), ends_on=moment.date())
    with clock.held_at(moment):
        await org.objective()

    (row,) = (await rows_of("objective")).values()
    assert row["at"] == text


async def test_a_closed_objective_carries_how_it_ended(database):
    org = await make_organization("acme")
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    objective = await org.objective(ada, published=True, description="-- all of it")
    with clock.held_at(TUESDAY):
        await close_objective(ada, objective.id, CloseOutcome.PARTIALLY_ACHIEVED, "Ask first", score=0.7)
    await execute("UPDATE objective SET position = 3")
    await database.take_rows_as_given()

    (row,) = (await rows_of("objective")).values()
    ended = {name: row[name] for name in ("state", "outcome", "score", "learning", "closed_at", "position")}
    assert ended == {
        "state": "CLOSED",
        "outcome": "PARTIALLY_ACHIEVED",
        "score": "0.7",
        "learning": "Ask first",
        "closed_at": "2026-10-06T09:00:00.250000Z",
        "position": "3",
    }
    assert row["description"] == "'-- all of it"


async def test_memberships_that_ended_are_left_out(database):
    org = await make_organization("acme")
    growth = await org.team("Growth")
    await give_key(org, "team", "company", org.company.id)
    ada = await org.person("Ada", {growth: MemberRole.LEAD, org.company: MemberRole.MEMBER})
    await org.leave(ada, growth)

    assert await rows_of("person") == {"ada@acme.example": {"title": "Ada", "team": "company"}}


async def test_a_backlog_has_no_days_and_a_quarter_its_cycle_above(database):
    org = await make_organization("acme")
    year = await org.cycle(kind=CycleKind.ANNUAL, name="2026")
    quarter = await org.cycle(name="Q4", parent_id=year.id)
    backlog = await org.cycle(kind=CycleKind.BACKLOG, name="Later", starts_on=None, ends_on=None)
    for key, cycle in {"2026": year, "q4": quarter, "later": backlog}.items():
        await give_key(org, "cycle", key, cycle.id)

    rows = await rows_of("cycle")
    days = {"start": f"{year.starts_on}", "target": f"{year.ends_on}"}
    assert rows == {
        "2026": {"title": "2026", "kind": "ANNUAL", "state": "ACTIVE", **days},
        "later": {"title": "Later", "kind": "BACKLOG", "state": "ACTIVE"},
        "q4": {"title": "Q4", "kind": "QUARTER", "state": "ACTIVE", "parent": "2026", **days},
    }


async def test_comments_on_everything_with_what_became_of_them(database):
    org = await make_organization("acme")
    ada, bo = await org.person("Ada", {org.company: MemberRole.LEAD}), await org.person("Bo")
    with clock.held_at(MONDAY):
        objective = await org.objective(ada, published=True)
        key_result = await org.key_result(objective, ada)
        day = await org.check_in(key_result, viewer=ada)
        link = await org.link(await org.objective(title="Help", published=True), objective)
        subjects: dict[str, tuple[str, SubjectType, UUID]] = {
            "settled": ("Objective", SubjectType.OBJECTIVE, objective.id),
            "deleted": ("KeyResult", SubjectType.KEY_RESULT, key_result.id),
            "edited": ("CheckIn", SubjectType.CHECK_IN, day.id),
            "plain": ("AlignmentLink", SubjectType.ALIGNMENT_LINK, link.id),
        }
        ids = {}
        for key, (_, kind, subject) in subjects.items():
            ids[key] = (await create_comment(bo, NewComment(kind, subject, key))).entity_id
            await give_key(org, "comment", key, ids[key])
        reply = await org.comment(ada, objective, "Because", parent_comment_id=ids["settled"])
    await give_key(org, "comment", "answer", reply.id)
    with clock.held_at(TUESDAY):
        await resolve_comment(ada, ids["settled"])
        await update_comment(bo, ids["edited"], "=1+1")
        await delete_comment(bo, ids["deleted"])

    monday, tuesday = "2026-10-05T08:30:00Z", "2026-10-06T09:00:00.250000Z"
    common = {
        key: {"parent": global_id(name, subject), "owner": "bo@acme.example", "kind": "COMMENT", "at": monday}
        for key, (name, _, subject) in subjects.items()
    }
    assert await rows_of("comment") == {
        "answer": {
            **common["settled"],
            "owner": "ada@acme.example",
            "title": "Because",
            "reply_to": "settled",
        },
        "deleted": {**common["deleted"], "deleted_at": tuesday},
        "edited": {**common["edited"], "title": "'=1+1", "edited_at": tuesday},
        "plain": {**common["plain"], "title": "plain"},
        "settled": {
            **common["settled"],
            "title": "settled",
            "resolved_at": tuesday,
            "resolved_by": "ada@acme.example",
        },
    }
    objectives = yaml.safe_load(await exported(file_format=FileFormat.YAML))["objectives"]
    said = {objective["title"]: objective for objective in objectives}
    (key_result,) = said["Grow"]["keyResults"]
    assert [each["key"] for each in said["Grow"]["comments"]] == ["answer", "settled"]
    assert key_result["comments"] == [
        {"key": "deleted", "owner": "bo@acme.example", "kind": "COMMENT", "at": monday, "deleted_at": tuesday}
    ]
    assert [each["key"] for each in key_result["checkIns"][0]["comments"]] == ["edited"]
    assert [each["key"] for each in said["Help"]["links"][0]["comments"]] == ["plain"]
