"""clientMutationId: a mutation sent again has one effect and one answer, whatever happened in between."""

import asyncio
from typing import Any

from okrgraph.events.database import fetch_all
from okrgraph.kit.ids import global_id
from okrgraph.okrs.models import Cycle
from okrgraph.okrs.vocabulary import CycleState
from tests.building import make_organization
from tests.refusals import everything_stored

CREATE = """mutation($input: CommentCreateInput!) {{
    commentCreate(input: $input) {{ {} userErrors {{ code field message }} cursor }} }}"""
USED = "This clientMutationId was used for another mutation or input; choose a new one."
RULE = "clientMutationId is any text of 1 to 128 characters."
MUTATION_ID = ["input", "clientMutationId"]


async def test_a_retry_gets_the_first_entity_and_cursor_with_the_fields_it_selects(stage) -> None:
    given = {"subjectId": stage.ids["published"], "body": "Once", "clientMutationId": "retry me"}
    first = (await stage.graph.run(stage.ada, CREATE.format("comment { id version }"), input=given))[
        "commentCreate"
    ]
    assert first["userErrors"] == []
    await stage.mutate("commentUpdate", id=first["comment"]["id"], input={"body": "Twice"})
    before = await everything_stored()
    again = await stage.graph.run(
        stage.ada, CREATE.format("comment { id body author { name } }"), input=dict(reversed(given.items()))
    )
    assert again["commentCreate"] == {
        "comment": {"id": first["comment"]["id"], "body": "Twice", "author": {"name": "Ada"}},
        "userErrors": [],
        "cursor": first["cursor"],
    }
    assert await everything_stored() == before


async def test_a_retry_is_answered_before_any_rule_or_version_is_checked(stage) -> None:
    """Each of these would be refused if it were done again."""
    ids = stage.ids
    steps: list[tuple[str, dict[str, Any]]] = [
        ("objectiveUpdate", {"id": ids["draft"], "input": {"whyNow": "Later", "expectedVersion": 2}}),
        ("objectivePublish", {"id": ids["draft"], "input": {"expectedVersion": 3}}),
        ("checkInCreate", {"input": {"keyResultId": ids["drafted"], "confidence": 3, "asOf": "2026-01-05"}}),
        ("alignmentLinkAccept", {"id": ids["proposed"], "input": {"answer": "YES"}}),
        ("commentDelete", {"id": ids["comment"], "input": {"expectedVersion": 1}}),
        (
            "objectiveClose",
            {"id": ids["published"], "input": {"outcome": "MISSED", "learning": "x", "score": 0.25}},
        ),
    ]
    answers = []
    for place, (name, variables) in enumerate(steps):
        variables["input"]["clientMutationId"] = f"step {place}"
        payload = await stage.mutate(name, **variables)
        assert payload.errors == [], name
        answers.append(payload)
    await stage.org.move(await Cycle.get(id=stage.top.cycle_id), CycleState.CLOSED)
    before = await everything_stored()
    for (name, variables), first in zip(steps, answers, strict=True):
        again = await stage.mutate(name, **variables)
        assert (again.errors, again.cursor) == ([], first.cursor), name
        for entity, values in first.values.items():
            if entity != "__typename":
                assert again.values[entity]["id"] == values["id"]
    assert await everything_stored() == before


async def test_another_input_or_mutation_under_the_same_id_is_invalid(stage) -> None:
    given = {"subjectId": stage.ids["published"], "body": "Once", "clientMutationId": "mine"}
    first = await stage.mutate("commentCreate", input=given)
    before = await everything_stored()
    comment = first.values["comment"]["id"]
    for name, variables in (
        ("commentCreate", {"input": {**given, "body": "Other"}}),
        ("commentCreate", {"input": {**given, "kind": "COMMENT"}}),
        ("commentUpdate", {"id": comment, "input": {"body": "Once", "clientMutationId": "mine"}}),
        ("commentResolve", {"id": comment, "input": {"clientMutationId": "mine"}}),
    ):
        payload = await stage.mutate(name, **variables)
        assert payload.errors == [("INVALID", MUTATION_ID, USED)], name
        assert payload.cursor is None
    assert await everything_stored() == before


async def test_absent_and_null_are_different_inputs_of_an_update(stage) -> None:
    update = {"id": stage.ids["published"], "input": {"description": "x", "clientMutationId": "a"}}
    assert (await stage.mutate("objectiveUpdate", **update)).errors == []
    update["input"] = {"description": "x", "whyNow": None, "clientMutationId": "a"}
    assert (await stage.mutate("objectiveUpdate", **update)).errors == [("INVALID", MUTATION_ID, USED)]
    update = {"id": stage.ids["draft"], "input": {"description": "x", "clientMutationId": "a"}}
    assert (await stage.mutate("objectiveUpdate", **update)).errors == [("INVALID", MUTATION_ID, USED)]


async def test_ids_are_each_persons_own(stage) -> None:
    other = await make_organization("bolt")
    stranger = await other.person("Sia")
    objective = global_id("Objective", (await other.objective(published=True)).id)
    found = set()
    for viewer, subject in (
        (stage.ada, stage.ids["published"]),
        (stage.sam, stage.ids["published"]),
        (stranger, objective),
    ):
        given = {"subjectId": subject, "body": "Same", "clientMutationId": "same"}
        payload = await stage.mutate("commentCreate", viewer, input=given)
        assert payload.errors == []
        found.add(payload.values["comment"]["id"])
    assert len(found) == 3


async def test_the_id_is_any_text_of_1_to_128_characters(stage) -> None:
    given = {"subjectId": stage.ids["published"], "body": "Once"}
    for text in ("x", " ", "x" * 128, "ü" * 128, "💥" * 128, "'; --", "\n", 7):
        payload = await stage.mutate("commentCreate", input={**given, "clientMutationId": text})
        assert payload.errors == [], text
    before = await everything_stored()
    for text in ("", "x" * 129, "\x00", "a\x00b", "\ud800"):
        payload = await stage.mutate("commentCreate", input={**given, "clientMutationId": text})
        assert payload.errors == [("INVALID", MUTATION_ID, RULE)], text
        assert (payload.values["comment"], payload.cursor) == (None, None)
    assert await everything_stored() == before


async def test_what_is_no_text_is_refused_under_an_id_as_without(stage) -> None:
    given = {"subjectId": stage.ids["published"], "body": "\ud800", "clientMutationId": "x"}
    (error,) = (await stage.mutate("commentCreate", input=given)).errors
    assert error[:2] == ("INVALID", ["input", "body"])


async def test_a_refused_mutation_leaves_no_trace_of_its_id(stage) -> None:
    given = {"keyResultId": stage.ids["measure"], "confidence": 6, "clientMutationId": "again"}
    assert [error[0] for error in (await stage.mutate("checkInCreate", input=given)).errors] == ["INVALID"]
    assert [error[0] for error in (await stage.mutate("checkInCreate", stage.sam, input=given)).errors] == [
        "FORBIDDEN"
    ]
    given["confidence"] = 5
    payload = await stage.mutate("checkInCreate", input=given)
    assert (payload.errors, payload.cursor) == ([], await stage.head())


async def test_a_null_id_is_none(stage) -> None:
    given = {"subjectId": stage.ids["published"], "body": "Once", "clientMutationId": None}
    found = [(await stage.mutate("commentCreate", input=given)).values["comment"]["id"] for _ in range(2)]
    assert found[0] != found[1]


async def test_sixteen_retries_at_once_have_one_effect_and_equal_answers(stage) -> None:
    given = {"keyResultId": stage.ids["measure"], "confidence": 2, "value": 7, "clientMutationId": "burst"}
    before = len(await fetch_all("SELECT id FROM check_in"))
    payloads = await asyncio.gather(*(stage.mutate("checkInCreate", input=given) for _ in range(16)))
    assert payloads == [payloads[0]] * 16
    assert payloads[0].errors == []
    assert payloads[0].cursor == await stage.head()
    assert len(await fetch_all("SELECT id FROM check_in")) == before + 1
