"""How mutations of objectives and key results are refused: code, message, field, and nothing written."""

from datetime import timedelta

from okrgraph.kit import clock
from okrgraph.okrs.models import Cycle
from okrgraph.okrs.vocabulary import CycleState, MetricKind
from okrgraph.people.vocabulary import PersonStatus
from tests.building import add_person
from tests.graph.refusing import blank, missing, no_text, refuse, too_long
from tests.graph.stage import UserErrors, written

WEIGHT = "The weight is a number from 0 to 1,000,000."
CONFIDENCE = "Confidence is a whole number from 1 (will miss) to 5 (certain)."
TWICE = "This link exists already; withdraw it to propose another."
SECOND_PRIMARY = "The objective has a primary link already; withdraw that one first."
HORIZONTAL = "A RELATES link is horizontal and cannot be primary."
REASON = "Give a reason: others rely on this since the cycle is under way."
CLOSED = "This objective is CLOSED and no longer changes."
NO_EDITOR = "Only the owner and the owning teams may change this objective."


async def test_refusals_of_creating_an_objective(stage) -> None:
    ids = stage.ids
    org = stage.org
    over = await org.cycle(CycleState.CLOSED, name="Over")
    gone = await add_person(
        org.operator, {}, name="Gone", email="gone@acme.example", status=PersonStatus.SUSPENDED
    )
    goal, published = ids["goal"], ids["published"]
    good = {"title": "Win", "cycleId": ids["cycle"], "teamId": ids["growth"]}
    state = (
        "Drafts can be created and changed while the cycle is PLANNING, ALIGNING or ACTIVE; it is CLOSED now."
    )
    for given, expected in (
        ({"title": ""}, blank("title", "The title")),
        ({"title": " \n "}, blank("title", "The title")),
        ({"title": "x" * 501}, too_long("title", "The title", 500)),
        ({"title": "\x00"}, no_text("title", "The title")),
        ({"title": "\ud800"}, no_text("title", "The title")),
        ({"whyNow": "x" * 20_001}, too_long("whyNow", "Why now", 20_000)),
        ({"description": "x" * 20_001}, too_long("description", "The description", 20_000)),
        ({"description": "\udfff"}, no_text("description", "The description")),
        ({"cycleId": "x"}, missing("cycle", "input", "cycleId")),
        ({"cycleId": written("Cycle", over)}, [("STATE", ["input", "cycleId"], state)]),
        ({"teamId": ids["cycle"]}, missing("team", "input", "teamId")),
        (
            {"teamId": ids["sales"]},
            [("FORBIDDEN", ["input", "teamId"], "Only members of the team may create its objectives.")],
        ),
        ({"ownerId": ids["growth"]}, missing("person", "input", "ownerId")),
        ({"reviewerId": ""}, missing("person", "input", "reviewerId")),
        (
            {"ownerId": f"per_{gone.entity_id.hex}"},
            [
                (
                    "STATE",
                    ["input", "ownerId"],
                    "Choose somebody who still takes part; this person is suspended.",
                )
            ],
        ),
        (
            {"links": [{"parentId": ids["comment"]}]},
            missing("objective or key result", "input", "links", "0", "parentId"),
        ),
        (
            {"links": [{"parentId": f"obj_{goal.partition('_')[2]}"}]},
            missing("objective or key result", "input", "links", "0", "parentId"),
        ),
        (
            {"links": [{"parentId": goal}, {"parentId": published, "weight": -0.1}]},
            [("INVALID", ["input", "links", "1", "weight"], WEIGHT)],
        ),
        (
            {"links": [{"parentId": goal}, {"parentId": published, "primary": True}]},
            [("DUPLICATE", ["input", "links", "1", "primary"], SECOND_PRIMARY)],
        ),
        (
            {"links": [{"parentId": goal, "kind": "RELATES", "primary": True}]},
            [("INVALID", ["input", "links", "0", "primary"], HORIZONTAL)],
        ),
        (
            {"links": [{"parentId": goal, "rationale": "x" * 20_001}]},
            [
                (
                    "INVALID",
                    ["input", "links", "0", "rationale"],
                    "The rationale may have at most 20,000 characters; this has 20,001.",
                )
            ],
        ),
        (
            {"links": [{"parentId": goal}] * 21},
            [("INVALID", ["input", "links"], "Propose at most 20 links together with an objective.")],
        ),
    ):
        await refuse(stage, "objectiveCreate", expected, {"objective": None}, input={**good, **given})
    twice = [("DUPLICATE", ["input", "links", "1", "parentId"], TWICE)]
    given = {**good, "links": [{"parentId": goal}] * 2}
    await refuse(stage, "objectiveCreate", twice, {"objective": None}, input=given)


async def test_refusals_of_changing_publishing_and_closing_an_objective(stage) -> None:
    ids = stage.ids
    published, draft = {"objective": ids["published"]}, {"objective": ids["draft"]}
    late = "Somebody changed this after version {}; look at version {} and try again."
    only_draft = "Only a draft can be published; this is PUBLISHED."
    bare = await stage.org.objective(stage.ada, team=stage.growth)
    gate = [
        "Name the one person who is accountable for the objective.",
        "Add at least one key result.",
        "Link the objective to what it supports, say why it matters now, or acknowledge another purpose.",
    ]
    await refuse(
        stage,
        "objectivePublish",
        [("STATE", None, message) for message in gate],
        {"objective": written("Objective", bare)},
        id=written("Objective", bare),
    )
    no_right = [("FORBIDDEN", ["id"], NO_EDITOR)]
    close = {"outcome": "MISSED", "learning": "Start earlier"}
    for name, key, given, expected, shown in (
        ("objectiveUpdate", "goal", {}, missing("objective", "id"), {"objective": None}),
        ("objectiveUpdate", "published", {"title": None}, blank("title", "The title"), published),
        (
            "objectiveUpdate",
            "published",
            {"title": "x" * 501},
            too_long("title", "The title", 500),
            published,
        ),
        (
            "objectiveUpdate",
            "published",
            {"title": "New"},
            [("INVALID", ["input", "reason"], REASON)],
            published,
        ),
        (
            "objectiveUpdate",
            "published",
            {"ownerId": ids["sam"]},
            [("INVALID", ["input", "reason"], REASON)],
            published,
        ),
        ("objectiveUpdate", "published", {"ownerId": "x"}, missing("person", "input", "ownerId"), published),
        (
            "objectiveUpdate",
            "published",
            {"reason": "x" * 2_001, "title": "New"},
            too_long("reason", "The reason", 2_000),
            published,
        ),
        (
            "objectiveUpdate",
            "published",
            {"expectedVersion": 1, "title": "New"},
            [("CONFLICT", ["input", "expectedVersion"], late.format(1, 4))],
            published,
        ),
        ("objectiveUpdate", "selling", {"whyNow": "x"}, no_right, {"objective": ids["selling"]}),
        ("objectivePublish", "published", {}, [("STATE", None, only_draft)], published),
        (
            "objectivePublish",
            "draft",
            {"expectedVersion": 0},
            [("CONFLICT", ["input", "expectedVersion"], late.format(0, 2))],
            draft,
        ),
        ("objectivePublish", "selling", {}, no_right, {"objective": ids["selling"]}),
        (
            "objectiveClose",
            "published",
            {**close, "learning": " "},
            blank("learning", "What was learned"),
            published,
        ),
        (
            "objectiveClose",
            "published",
            {**close, "score": 1.01},
            [("INVALID", ["input", "score"], "The score is a number from 0 to 1.")],
            published,
        ),
        (
            "objectiveClose",
            "draft",
            close,
            [("STATE", None, "Only a published objective can be closed; this is DRAFT.")],
            draft,
        ),
        ("objectiveClose", "selling", close, no_right, {"objective": ids["selling"]}),
    ):
        await refuse(stage, name, expected, shown, id=ids[key], input=given)
    await stage.mutate("objectiveClose", id=ids["published"], input=close)
    for given in ({"whyNow": "x"}, {"title": "New", "reason": "late"}):
        await refuse(
            stage, "objectiveUpdate", [("STATE", None, CLOSED)], published, id=ids["published"], input=given
        )


async def test_refusals_of_creating_and_changing_a_key_result(stage) -> None:
    ids = stage.ids
    none, measure = {"keyResult": None}, {"keyResult": ids["measure"]}
    good = {"title": "Customers", "objectiveId": ids["published"]}
    for given, expected in (
        ({"title": ""}, blank("title", "The title")),
        ({"unit": "x" * 33}, too_long("unit", "The unit", 32)),
        ({"weight": -1}, [("INVALID", ["input", "weight"], WEIGHT)]),
        ({"weight": 1_000_000.5}, [("INVALID", ["input", "weight"], WEIGHT)]),
        ({"ownerId": "x"}, missing("person", "input", "ownerId")),
        ({"objectiveId": ids["goal"]}, missing("objective", "input", "objectiveId")),
        ({"objectiveId": ids["selling"]}, [("FORBIDDEN", ["input", "objectiveId"], NO_EDITOR)]),
    ):
        await refuse(stage, "keyResultCreate", expected, none, input={**good, **given})
    foreign = await stage.org.key_result(
        await stage.org.objective(stage.sam, team=stage.sales, published=True)
    )
    no_right = "Only the owner and the owning teams of the objective may change its key results."
    for key, given, expected, shown in (
        (ids["published"], {}, missing("key result", "id"), none),
        (ids["measure"], {"title": None}, blank("title", "The title"), measure),
        (
            ids["measure"],
            {"weight": None},
            [("INVALID", ["input", "weight"], "The weight must not be empty.")],
            measure,
        ),
        (ids["measure"], {"weight": 2e6}, [("INVALID", ["input", "weight"], WEIGHT)], measure),
        (ids["measure"], {"title": "New"}, [("INVALID", ["input", "reason"], REASON)], measure),
        (ids["measure"], {"startValue": 3}, [("INVALID", ["input", "reason"], REASON)], measure),
        (ids["measure"], {"targetValue": None}, [("INVALID", ["input", "reason"], REASON)], measure),
        (
            ids["measure"],
            {"expectedVersion": 0},
            [
                (
                    "CONFLICT",
                    ["input", "expectedVersion"],
                    "Somebody changed this after version 0; look at version 1 and try again.",
                )
            ],
            measure,
        ),
        (
            written("KeyResult", foreign),
            {"weight": 2},
            [("FORBIDDEN", ["id"], no_right)],
            {"keyResult": written("KeyResult", foreign)},
        ),
    ):
        await refuse(stage, "keyResultUpdate", expected, shown, id=key, input=given)
    await stage.mutate("objectiveClose", id=ids["published"], input={"outcome": "MISSED", "learning": "x"})
    closed = [("STATE", ["input", "objectiveId"], CLOSED)]
    await refuse(stage, "keyResultCreate", closed, none, input=good)
    await refuse(
        stage, "keyResultUpdate", [("STATE", None, CLOSED)], measure, id=ids["measure"], input={"weight": 2}
    )


async def test_refusals_of_checking_in(stage) -> None:
    ids, org = stage.ids, stage.org
    done = await org.key_result(stage.published, stage.ada, metric_kind=MetricKind.BINARY)
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    good = {"keyResultId": ids["measure"], "confidence": 3}
    shown = {"checkIn": None, "keyResult": ids["measure"]}
    for given, expected in (
        ({"confidence": 0}, [("INVALID", ["input", "confidence"], CONFIDENCE)]),
        ({"confidence": 6}, [("INVALID", ["input", "confidence"], CONFIDENCE)]),
        ({"confidence": -(2**31)}, [("INVALID", ["input", "confidence"], CONFIDENCE)]),
        ({"note": "x" * 20_001}, too_long("note", "The note", 20_000)),
        ({"note": "\x00"}, no_text("note", "The note")),
        (
            {"asOf": tomorrow},
            [("INVALID", ["input", "asOf"], "A check-in speaks of today or an earlier day.")],
        ),
        (
            {"asOf": "9999-12-31"},
            [("INVALID", ["input", "asOf"], "A check-in speaks of today or an earlier day.")],
        ),
    ):
        await refuse(stage, "checkInCreate", expected, shown, input={**good, **given})
    for key, given, expected in (
        (ids["published"], {}, missing("key result", "input", "keyResultId")),
        (
            ids["drafted"],
            {},
            [("STATE", ["input", "keyResultId"], "Check in on a published objective; this one is DRAFT.")],
        ),
        (written("KeyResult", done), {"value": 0.5}, None),
    ):
        beside = {"checkIn": None, "keyResult": key if key.startswith("kr") else None}
        if expected is None:
            payload = await stage.mutate("checkInCreate", input={**good, "keyResultId": key, **given})
            assert [(code, field) for code, field, _ in payload.errors] == [("INVALID", ["input", "value"])]
            continue
        await refuse(stage, "checkInCreate", expected, beside, input={**good, "keyResultId": key, **given})
    no_right = "Only the owners and the owning teams may check in here; comment instead."
    forbidden: UserErrors = [("FORBIDDEN", ["input", "keyResultId"], no_right)]
    await refuse(stage, "checkInCreate", forbidden, shown, stage.sam, input=good)
    await org.move(await Cycle.get(id=stage.top.cycle_id), CycleState.CLOSED)
    over = "Check-ins can be made while the cycle is ACTIVE or REVIEW; it is CLOSED now."
    await refuse(stage, "checkInCreate", [("STATE", ["input", "keyResultId"], over)], shown, input=good)
