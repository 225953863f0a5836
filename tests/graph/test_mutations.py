"""What each mutation answers when it is done: the entity as it is now, and the cursor of its change."""

from collections.abc import Callable
from datetime import date
from typing import Any

from okrgraph.events.database import execute, is_sqlite
from okrgraph.kit import clock
from tests.graph.dependency_successes import DEPENDENCY_SUCCESSES
from tests.graph.probing import root_fields

Ids = dict[str, str]


# In an order in which each can be done: name, variables, and what the payload holds beside other fields.
SUCCESSES: tuple[tuple[str, Callable[[Ids], dict[str, Any]], dict[str, Any]], ...] = (
    *DEPENDENCY_SUCCESSES,
    (
        "objectiveCreate",
        lambda ids: {
            "input": {
                "title": "  Win  ",
                "cycleId": ids["cycle"],
                "teamId": ids["growth"],
                "ownerId": ids["sam"],
                "reviewerId": ids["ada"],
                "level": "INDIVIDUAL",
                "whyNow": "Now",
                "description": "How",
                "links": [
                    {"parentId": ids["goal"], "kind": "CONTRIBUTES", "weight": 2.5, "rationale": "It helps"},
                    {"parentId": ids["published"], "answer": "MAYBE"},
                    {"parentId": ids["measure"], "kind": "RELATES"},
                ],
            }
        },
        {
            "objective": {
                "title": "Win",
                "state": "DRAFT",
                "level": "INDIVIDUAL",
                "whyNow": "Now",
                "description": "How",
                "version": 1,
                "alignmentBasis": "UNALIGNED",
                "progress": None,
                "publishedAt": None,
            }
        },
    ),
    (
        "objectiveUpdate",
        lambda ids: {
            "id": ids["draft"],
            "input": {"title": "Better", "whyNow": None, "ownerId": ids["sam"], "expectedVersion": 2},
        },
        {"objective": {"title": "Better", "whyNow": None, "version": 3, "state": "DRAFT"}},
    ),
    (
        "objectivePublish",
        lambda ids: {"id": ids["draft"], "input": {"overrideReason": "It is time", "expectedVersion": 3}},
        {"objective": {"state": "PUBLISHED", "version": 4, "title": "Better"}},
    ),
    (
        "keyResultCreate",
        lambda ids: {
            "input": {
                "objectiveId": ids["draft"],
                "title": "Speed",
                "metricKind": "DURATION",
                "unit": "days",
                "startValue": 10,
                "targetValue": 5,
                "weight": 0,
                "ownerId": ids["sam"],
            }
        },
        {
            "keyResult": {
                "title": "Speed",
                "metricKind": "DURATION",
                "unit": "days",
                "startValue": 10.0,
                "targetValue": 5.0,
                "weight": 0.0,
                "version": 1,
                "progress": None,
                "confidence": None,
            }
        },
    ),
    (
        "keyResultUpdate",
        lambda ids: {
            "id": ids["measure"],
            "input": {"title": "Pace", "targetValue": 50, "ownerId": None, "reason": "We learned"},
        },
        {"keyResult": {"title": "Pace", "targetValue": 50.0, "startValue": 0.0, "version": 2}},
    ),
    (
        "checkInCreate",
        lambda ids: {"input": {"keyResultId": ids["measure"], "confidence": 2, "value": 25, "note": "Slow"}},
        {
            "checkIn": {"confidence": 2, "value": 25.0, "progress": 0.5, "note": "Slow"},
            "keyResult": {"confidence": 2, "currentValue": 25.0, "progress": 0.5, "version": 3},
        },
    ),
    (
        "alignmentLinkPropose",
        lambda ids: {
            "input": {
                "childId": ids["draft"],
                "parentId": ids["top"],
                "kind": "CONTRIBUTES",
                "weight": 0.5,
                "rationale": "Because",
                "answer": "YES",
            }
        },
        {
            "alignmentLink": {
                "kind": "CONTRIBUTES",
                "state": "PROPOSED",
                "primary": True,
                "weight": 0.5,
                "rationale": "Because",
                "childAnswer": "YES",
                "parentAnswer": "UNANSWERED",
                "version": 1,
                "decidedAt": None,
            }
        },
    ),
    (
        "alignmentLinkAccept",
        lambda ids: {"id": ids["proposed"], "input": {"answer": "MAYBE", "note": "Fine"}},
        {
            "alignmentLink": {
                "state": "ACCEPTED",
                "parentAnswer": "MAYBE",
                "childAnswer": "UNANSWERED",
                "decisionNote": "Fine",
                "version": 2,
            }
        },
    ),
    (
        "alignmentLinkDecline",
        lambda ids: {"id": ids["aside"]},
        {
            "alignmentLink": {
                "state": "DECLINED",
                "parentAnswer": "UNANSWERED",
                "decisionNote": None,
                "version": 2,
            }
        },
    ),
    (
        "alignmentLinkWithdraw",
        lambda ids: {"id": ids["accepted"], "input": {"answer": "NO", "note": " "}},
        {"alignmentLink": {"state": "WITHDRAWN", "childAnswer": "NO", "decisionNote": None, "version": 3}},
    ),
    (
        "commentCreate",
        lambda ids: {
            "input": {"subjectId": ids["published"], "body": "**Why?**", "kind": "QUESTION"},
        },
        {
            "comment": {
                "body": "**Why?**",
                "bodyHtml": "<p><strong>Why?</strong></p>\n",
                "kind": "QUESTION",
                "version": 1,
            }
        },
    ),
    (
        "commentUpdate",
        lambda ids: {"id": ids["comment"], "input": {"body": "How?", "expectedVersion": 1}},
        {"comment": {"body": "How?", "version": 2, "resolvedAt": None}},
    ),
    ("commentResolve", lambda ids: {"id": ids["comment"]}, {"comment": {"version": 3, "deletedAt": None}}),
    (
        "commentDelete",
        lambda ids: {"id": ids["comment"], "input": {"expectedVersion": 3}},
        {"comment": {"body": "", "bodyHtml": "", "version": 4}},
    ),
    (
        "objectiveClose",
        lambda ids: {
            "id": ids["published"],
            "input": {"outcome": "PARTIALLY_ACHIEVED", "score": 0.5, "learning": "Start earlier"},
        },
        {
            "objective": {
                "state": "CLOSED",
                "closeOutcome": "PARTIALLY_ACHIEVED",
                "score": 0.5,
                "learning": "Start earlier",
            }
        },
    ),
)


def test_every_mutation_is_done_here() -> None:
    assert {name for name, _, _ in SUCCESSES} == root_fields("Mutation").keys()


async def test_each_mutation_answers_with_its_entity_and_the_head_of_the_log(stage) -> None:
    for name, variables, expected in SUCCESSES:
        before = await stage.head()
        payload = await stage.mutate(name, **variables(stage.ids))
        assert payload.errors == [], name
        assert payload.cursor == await stage.head() != before, name
        assert payload.values.keys() - {"__typename"} == expected.keys(), name
        for entity, fields in expected.items():
            assert {key: payload.values[entity][key] for key in fields} == fields, name


async def test_a_check_in_speaks_of_today_in_the_organisations_time_zone_unless_said(stage) -> None:
    today = clock.now().date()
    for day, expected in (
        (None, today),
        (f"{today.replace(day=1)}", today.replace(day=1)),
        ("2020-02-29", date(2020, 2, 29)),
    ):
        given = {"keyResultId": stage.ids["measure"], "confidence": 3, "asOf": day}
        payload = await stage.mutate("checkInCreate", input=given)
        assert payload.values["checkIn"]["asOf"] == expected.isoformat()


async def test_links_proposed_with_an_objective_are_there_with_it(stage) -> None:
    given = {
        "title": "Win",
        "cycleId": stage.ids["cycle"],
        "teamId": stage.ids["growth"],
        "links": [{"parentId": stage.ids["goal"]}, {"parentId": stage.ids["published"]}],
    }
    document = """mutation($input: ObjectiveCreateInput!) { objectiveCreate(input: $input) {
        objective { links { primary kind state parent { __typename } } } userErrors { code } } }"""
    made = (await stage.graph.run(stage.ada, document, input=given))["objectiveCreate"]
    common = {"kind": "SUPPORTS", "state": "PROPOSED"}
    assert made == {
        "userErrors": [],
        "objective": {
            "links": [
                {**common, "primary": True, "parent": {"__typename": "KeyResult"}},
                {**common, "primary": False, "parent": {"__typename": "Objective"}},
            ]
        },
    }


async def test_what_is_absent_stays_and_null_clears(stage) -> None:
    update = {"id": stage.ids["published"], "input": {"description": "Text", "whyNow": "Now"}}
    await stage.mutate("objectiveUpdate", **update)
    update["input"] = {"whyNow": None}
    objective = (await stage.mutate("objectiveUpdate", **update)).values["objective"]
    assert (objective["description"], objective["whyNow"], objective["title"]) == ("Text", None, "Published")


async def test_an_update_that_changes_nothing_leaves_version_and_log_alone(stage) -> None:
    head = await stage.head()
    for name, key, given in (
        ("objectiveUpdate", "published", {"title": " Published "}),
        ("objectiveUpdate", "published", {}),
        ("keyResultUpdate", "measure", {"title": "Measure", "weight": 1}),
        ("commentUpdate", "comment", {"body": "Why?"}),
    ):
        payload = await stage.mutate(name, id=stage.ids[key], input=given)
        assert (payload.errors, payload.cursor) == ([], head), name
    assert await stage.head() == head


async def test_a_colleagues_check_in_is_no_conflict_for_an_open_form(stage) -> None:
    """It raises the versions, but nothing that people edit has changed."""
    document = """query($ids: [ID!]!) { nodes(ids: $ids) {
        ... on Objective { version } ... on KeyResult { version } } }"""
    ids = [stage.ids["published"], stage.ids["measure"]]
    seen = [node["version"] for node in (await stage.graph.run(stage.ada, document, ids=ids))["nodes"]]
    await stage.mutate("checkInCreate", input={"keyResultId": ids[1], "confidence": 2, "value": 9})
    now = [node["version"] for node in (await stage.graph.run(stage.ada, document, ids=ids))["nodes"]]
    assert now[0] > seen[0]
    assert now[1] > seen[1]
    for name, key, version, first, second in (
        ("objectiveUpdate", ids[0], seen[0], {"whyNow": "Now"}, {"whyNow": None}),
        ("keyResultUpdate", ids[1], seen[1], {"weight": 2}, {"weight": 3}),
    ):
        payload = await stage.mutate(name, id=key, input={**first, "expectedVersion": version})
        assert payload.errors == []
        payload = await stage.mutate(name, id=key, input={**second, "expectedVersion": version})
        assert [error[0] for error in payload.errors] == ["CONFLICT"]


async def test_a_mutation_reads_what_the_one_before_it_changed(stage) -> None:
    """Both in one request, which otherwise loads each thing once."""
    document = """mutation($id: ID!, $comment: CommentCreateInput!) {
        before: objectiveUpdate(id: $id, input: { whyNow: "Now" }) {
            objective { whyNow comments { totalCount nodes { body } } keyResults { title } } }
        said: commentCreate(input: $comment) {
            comment { subject { ... on Objective { whyNow comments { totalCount nodes { body } } } } } }
        measured: keyResultCreate(input: { objectiveId: $id, title: "New" }) {
            keyResult { objective { keyResults { title } } } } }"""
    given = {"subjectId": stage.ids["published"], "body": "Second"}
    data = await stage.graph.run(stage.ada, document, id=stage.ids["published"], comment=given)
    assert data["before"]["objective"]["comments"] == {"totalCount": 1, "nodes": [{"body": "Why?"}]}
    assert data["said"]["comment"]["subject"] == {
        "whyNow": "Now",
        "comments": {"totalCount": 2, "nodes": [{"body": "Why?"}, {"body": "Second"}]},
    }
    titles = [each["title"] for each in data["measured"]["keyResult"]["objective"]["keyResults"]]
    assert titles == ["Measure", "New"]


async def test_a_mutation_that_is_refused_does_not_undo_the_one_before_it(stage) -> None:
    document = """mutation($id: ID!) {
        first: commentUpdate(id: $id, input: { body: "Done" }) { comment { body } userErrors { code } cursor }
        second: commentUpdate(id: $id, input: { body: "" }) { comment { body } userErrors { code field } cursor }
    }"""
    data = await stage.graph.run(stage.ada, document, id=stage.ids["comment"])
    assert data["first"] == {"comment": {"body": "Done"}, "userErrors": [], "cursor": await stage.head()}
    refusal = {"code": "INVALID", "field": ["input", "body"]}
    assert data["second"] == {"comment": {"body": "Done"}, "userErrors": [refusal], "cursor": None}


async def break_objectives() -> None:
    """From now on the database refuses new objectives, with words that are no client's business."""
    if is_sqlite():
        await execute(
            "CREATE TRIGGER broken BEFORE INSERT ON objective BEGIN SELECT RAISE(ABORT, 'a bug with secrets'); END"
        )
        return
    await execute(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a bug with secrets'; END $$"
    )
    await execute("CREATE TRIGGER broken BEFORE INSERT ON objective FOR EACH ROW EXECUTE FUNCTION broken()")


async def test_a_crash_in_a_mutation_does_not_erase_the_one_before_it(stage, caplog) -> None:
    document = """mutation($id: ID!, $input: ObjectiveCreateInput!) {
        first: commentUpdate(id: $id, input: { body: "Done" }) { comment { body } }
        second: objectiveCreate(input: $input) { objective { id } userErrors { code } }
        third: commentResolve(id: $id) { comment { version } }
    }"""
    await break_objectives()
    given = {"title": "Win", "cycleId": stage.ids["cycle"], "teamId": stage.ids["growth"]}
    result = await stage.graph.result(stage.ada, document, id=stage.ids["comment"], input=given)
    assert result.data == {
        "first": {"comment": {"body": "Done"}},
        "second": None,
        "third": {"comment": {"version": 3}},
    }
    (error,) = result.errors
    assert (error.path, error.extensions["code"]) == (["second"], "INTERNAL")
    assert "secrets" not in error.message
    assert "a bug with secrets" in caplog.text
    comment = await stage.graph.run(
        stage.ada,
        "query($id: ID!) { node(id: $id) { ... on Comment { body version } } }",
        id=stage.ids["comment"],
    )
    assert comment["node"] == {"body": "Done", "version": 3}
