"""How mutations of links and comments are refused, and what neither a reader nor GraphQL lets through."""

from datetime import timedelta

from okrgraph.kit import clock
from okrgraph.okrs.models import Cycle
from okrgraph.okrs.vocabulary import CycleState
from okrgraph.people.vocabulary import TokenScope
from tests.graph.probing import operation
from tests.graph.refusing import blank, missing, no_text, refuse, too_long
from tests.graph.stage import UserErrors, written
from tests.graph.test_mutations import SUCCESSES
from tests.refusals import everything_stored

WEIGHT = "The weight is a number from 0 to 1,000,000."
CIRCLE = "This link would close a circle: what it points to already supports this objective."
ITSELF = "An objective cannot support itself or its own key result."
TWICE = "This link exists already; withdraw it to propose another."
SECOND_PRIMARY = "The objective has a primary link already; withdraw that one first."
HORIZONTAL = "A RELATES link is horizontal and cannot be primary."
NO_EDITOR = "Only the owner and the owning teams may change this objective."
NO_OVERLAP = "Link objectives whose cycles overlap; these two do not."
DECIDERS = "Only whoever may edit what the link points to decides it."
PROPOSERS = "Only whoever may edit the linked objective withdraws the link."
PHASE = "Links can be proposed and decided while the cycle is ALIGNING or ACTIVE; it is REVIEW now."
READ_ONLY = "This token may only read; use one with scope write."


async def test_refusals_of_proposing_a_link(stage) -> None:
    ids, org = stage.ids, stage.org
    today = clock.now().date()
    later = await org.cycle(
        name="Later", starts_on=today + timedelta(days=61), ends_on=today + timedelta(days=150)
    )
    far = written("Objective", await org.objective(stage.ada, cycle=later, published=True))
    above = "objective or key result"
    for child, parent, given, expected, shown in (
        ("goal", ids["top"], {}, missing("objective", "input", "childId"), None),
        ("draft", ids["comment"], {}, missing(above, "input", "parentId"), None),
        ("draft", "", {}, missing(above, "input", "parentId"), None),
        ("selling", ids["goal"], {}, [("FORBIDDEN", ["input", "childId"], NO_EDITOR)], None),
        ("draft", ids["draft"], {}, [("INVALID", ["input", "parentId"], ITSELF)], None),
        ("draft", ids["drafted"], {}, [("INVALID", ["input", "parentId"], ITSELF)], None),
        ("top", ids["published"], {}, [("INVALID", ["input", "parentId"], CIRCLE)], None),
        ("top", ids["measure"], {"primary": False}, [("INVALID", ["input", "parentId"], CIRCLE)], None),
        ("published", ids["goal"], {}, [("DUPLICATE", ["input", "parentId"], TWICE)], ids["accepted"]),
        (
            "published",
            ids["top"],
            {"primary": True},
            [("DUPLICATE", ["input", "primary"], SECOND_PRIMARY)],
            None,
        ),
        (
            "draft",
            ids["top"],
            {"kind": "RELATES", "primary": True},
            [("INVALID", ["input", "primary"], HORIZONTAL)],
            None,
        ),
        ("draft", ids["top"], {"weight": 1e7}, [("INVALID", ["input", "weight"], WEIGHT)], None),
        ("draft", ids["top"], {"rationale": "\x00"}, no_text("rationale", "The rationale"), None),
        ("draft", far, {}, [("INVALID", ["input", "parentId"], NO_OVERLAP)], None),
    ):
        link = {"childId": ids[child], "parentId": parent, **given}
        await refuse(stage, "alignmentLinkPropose", expected, {"alignmentLink": shown}, input=link)


async def test_a_relates_link_may_close_a_circle(stage) -> None:
    link = {"childId": stage.ids["top"], "parentId": stage.ids["published"], "kind": "RELATES"}
    payload = await stage.mutate("alignmentLinkPropose", input=link)
    assert (payload.errors, payload.values["alignmentLink"]["primary"]) == ([], False)


async def test_refusals_of_deciding_a_link(stage) -> None:
    ids = stage.ids
    to_draft = written("AlignmentLink", await stage.org.link(stage.published, stage.draft, primary=False))
    decided = "Only a proposed link can be decided; this is ACCEPTED."
    for name, key, viewer, expected in (
        ("alignmentLinkAccept", ids["proposed"], stage.sam, [("FORBIDDEN", ["id"], DECIDERS)]),
        ("alignmentLinkDecline", ids["proposed"], stage.sam, [("FORBIDDEN", ["id"], DECIDERS)]),
        ("alignmentLinkWithdraw", ids["proposed"], stage.ada, [("FORBIDDEN", ["id"], PROPOSERS)]),
        ("alignmentLinkAccept", ids["accepted"], stage.ada, [("STATE", None, decided)]),
        ("alignmentLinkDecline", ids["accepted"], stage.ada, [("STATE", None, decided)]),
        (
            "alignmentLinkAccept",
            to_draft,
            stage.ada,
            [("STATE", None, "Publish what the link points to before accepting it.")],
        ),
    ):
        await refuse(stage, name, expected, {"alignmentLink": key}, viewer, id=key)
        await refuse(stage, name, missing("alignment link", "id"), {"alignmentLink": None}, viewer, id="x")
    note = too_long("note", "The note", 20_000)
    shown = {"alignmentLink": ids["proposed"]}
    await refuse(stage, "alignmentLinkAccept", note, shown, id=ids["proposed"], input={"note": "x" * 20_001})
    await stage.mutate("alignmentLinkWithdraw", stage.sam, id=ids["proposed"])
    gone: UserErrors = [("STATE", None, "Only a live link can be withdrawn; this is WITHDRAWN.")]
    await refuse(stage, "alignmentLinkWithdraw", gone, shown, stage.sam, id=ids["proposed"])
    await stage.org.move(await Cycle.get(id=stage.top.cycle_id), CycleState.REVIEW)
    for name, viewer in (("alignmentLinkAccept", stage.ada), ("alignmentLinkWithdraw", stage.sam)):
        await refuse(
            stage, name, [("STATE", None, PHASE)], {"alignmentLink": ids["aside"]}, viewer, id=ids["aside"]
        )


async def test_refusals_of_comments(stage) -> None:
    ids = stage.ids
    good = {"subjectId": ids["published"], "body": "Why?"}
    top_level = "Answer the comment at the top of the thread; replies have one level."
    for given, expected in (
        ({"body": ""}, blank("body", "The comment")),
        ({"body": "\n"}, blank("body", "The comment")),
        ({"body": "x" * 10_001}, too_long("body", "The comment", 10_000)),
        ({"body": "a\ud800"}, no_text("body", "The comment")),
        ({"subjectId": ids["cycle"]}, missing("subject to comment on", "input", "subjectId")),
        ({"subjectId": "x"}, missing("subject to comment on", "input", "subjectId")),
        ({"parentCommentId": ids["goal"]}, missing("comment", "input", "parentCommentId")),
        ({"parentCommentId": ids["reply"]}, [("INVALID", ["input", "parentCommentId"], top_level)]),
        (
            {"parentCommentId": ids["elsewhere"]},
            [("INVALID", ["input", "parentCommentId"], "Answer a comment on its own subject.")],
        ),
    ):
        await refuse(stage, "commentCreate", expected, {"comment": None}, input={**good, **given})
    await stage.mutate("commentResolve", id=ids["comment"])
    conflict: UserErrors = [
        (
            "CONFLICT",
            ["input", "expectedVersion"],
            "Somebody changed this after version 1; look at version 2 and try again.",
        )
    ]
    stale = {"expectedVersion": 1}
    author = "Only the author may edit a comment."
    remover = "Only the author or an administrator may delete a comment."
    settler = "Only the author or whoever may edit the subject resolves a comment."
    for name, key, viewer, given, expected in (
        ("commentUpdate", "comment", stage.ada, {"body": "x", **stale}, conflict),
        ("commentDelete", "comment", stage.ada, stale, conflict),
        ("commentResolve", "comment", stage.ada, stale, conflict),
        ("commentUpdate", "comment", stage.ada, {"body": ""}, blank("body", "The comment")),
        ("commentUpdate", "comment", stage.sam, {"body": "x"}, [("FORBIDDEN", ["id"], author)]),
        ("commentDelete", "comment", stage.sam, {}, [("FORBIDDEN", ["id"], remover)]),
        ("commentResolve", "comment", stage.sam, {}, [("FORBIDDEN", ["id"], settler)]),
    ):
        await refuse(stage, name, expected, {"comment": ids[key]}, viewer, id=ids[key], input=given)
        await refuse(
            stage, name, missing("comment", "id"), {"comment": None}, viewer, id=ids["goal"], input=given
        )
    await stage.mutate("commentDelete", id=ids["comment"])
    dead: UserErrors = [("STATE", None, "This comment is deleted.")]
    for name, given in (("commentUpdate", {"body": "x"}), ("commentResolve", {})):
        await refuse(stage, name, dead, {"comment": ids["comment"]}, id=ids["comment"], input=given)


async def test_a_token_that_may_only_read_changes_nothing(stage) -> None:
    reader = await stage.org.viewer(stage.ada.person_id, "ada@acme.example", TokenScope.READ)
    before = await everything_stored()
    for name, variables, _ in SUCCESSES:
        given = variables(stage.ids)
        for receipt in (None, "an id"):
            if receipt is not None:
                given = {**given, "input": {**given.get("input", {}), "clientMutationId": receipt}}
            payload = await stage.mutate(name, reader, **given)
            assert payload.errors == [("FORBIDDEN", None, READ_ONLY)], name
            assert payload.cursor is None
    assert await everything_stored() == before


REFUSED_BY_GRAPHQL: tuple[tuple[str, dict[str, object]], ...] = (
    ("checkInCreate", {"confidence": 6.5}),
    ("checkInCreate", {"confidence": "3"}),
    ("checkInCreate", {"confidence": True}),
    ("checkInCreate", {"confidence": None}),
    ("checkInCreate", {"confidence": 2**31}),
    ("checkInCreate", {"confidence": 3, "value": float("nan")}),
    ("checkInCreate", {"confidence": 3, "value": float("inf")}),
    ("checkInCreate", {"confidence": 3, "value": "1"}),
    ("checkInCreate", {"confidence": 3, "authorId": "x"}),
    *(
        ("checkInCreate", {"confidence": 3, "asOf": day})
        for day in (
            *("", "today", "2026-13-01", "2026-02-30", "2026-2-3", "20260203", "2026-W45-1", "2026-300"),
            *(
                "2026-02-03T00:00:00",
                "2026-02-03T00:00:00Z",
                " 2026-02-03",
                "٢٠٢٦-٠٢-٠٣",
                20260203,
                1.5,
                True,
            ),
        )
    ),
    ("keyResultCreate", {"title": "x", "objectiveId": "x", "metricKind": "number"}),
    ("keyResultCreate", {"title": "x", "objectiveId": "x", "targetValue": float("-inf")}),
    ("keyResultCreate", {"title": 7, "objectiveId": "x"}),
    ("keyResultCreate", {"objectiveId": "x"}),
    ("objectiveCreate", {"title": "x", "cycleId": "x", "teamId": "x", "organizationId": "x"}),
    ("objectiveCreate", {"title": "x", "cycleId": "x", "teamId": "x", "state": "PUBLISHED"}),
    ("objectiveCreate", {"title": "x", "cycleId": "x", "teamId": "x", "links": [None]}),
)


async def test_what_graphql_refuses_never_reaches_a_user_error(stage) -> None:
    before = await everything_stored()
    for name, values in REFUSED_BY_GRAPHQL:
        given = {"keyResultId": stage.ids["measure"], **values} if name == "checkInCreate" else values
        result = await stage.graph.result(stage.ada, operation("Mutation", name), input=given)
        assert result.data is None, values
        assert [error.extensions["code"] for error in result.errors] == ["BAD_USER_INPUT"], values
    assert await everything_stored() == before
