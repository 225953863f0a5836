from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from okrgraph.discussion.comments import (
    NewComment,
    create_comment,
)
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.links import decline_link, withdraw_link
from okrgraph.okrs.models import AlignmentLink, Objective
from okrgraph.okrs.vocabulary import LinkKind, LinkState, LinkTestAnswer
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from okrgraph.transfer.formats.file_format import FileFormat
from tests.building import GivenOrganization, make_organization
from tests.transfer.exported import MONDAY, TUESDAY, exported, give_key, rows_of


@dataclass(frozen=True, slots=True)
class Linked:
    """`low`, on Monday, below two objectives that the keys `a` and `z` stand for."""

    org: GivenOrganization
    ada: Viewer
    low: Objective
    above: dict[str, Objective]

    async def add(self, key: str, **values: Any) -> AlignmentLink:
        """A link as the row of `low` makes it; the one to `z` is primary. Values: what it has otherwise."""
        columns: dict[str, Any] = {
            "state": LinkState.ACCEPTED,
            "is_primary": key == "z",
            "created_at": MONDAY,
            "updated_at": MONDAY,
            "decided_at": MONDAY,
        }
        return await AlignmentLink.create(
            id=new_key(),
            organization_id=self.org.id,
            child_id=self.low.id,
            parent_objective_id=self.above[key].id,
            **{**columns, **values},
        )


async def make_linked() -> Linked:
    with clock.held_at(MONDAY):
        org = await make_organization("acme")
        ada = await org.person("Ada", {org.company: MemberRole.LEAD})
        low = await org.objective(team=await org.team("Growth"), published=True)
        above = {key: await org.objective(ada, published=True) for key in "az"}
    for key, objective in {**above, "low": low}.items():
        await give_key(org, "objective", key, objective.id)
    return Linked(org, ada, low, above)


async def test_links_that_say_nothing_of_their_own_are_parents_of_the_row_the_primary_first(database):
    linked = await make_linked()
    deals = await linked.org.key_result(linked.above["a"], linked.ada)
    await give_key(linked.org, "key_result", "deals", deals.id)
    for key in ("a", "z"):
        await linked.add(key)
    await AlignmentLink.filter(parent_objective_id=linked.above["a"].id).update(
        parent_objective_id=None, parent_key_result_id=deals.id
    )
    await database.take_rows_as_given()

    assert (await rows_of("objective"))["low"]["parent"] == "z;deals"
    assert await rows_of("link") == {}
    said = yaml.safe_load(await exported(file_format=FileFormat.YAML))["objectives"]
    (low,) = (objective for objective in said if objective["key"] == "low")
    assert (low["parent"], "links" in low) == (["z", "deals"], False)


OF_ITS_OWN: dict[str, dict[str, Any]] = {
    "kind": {"kind": LinkKind.CONTRIBUTES},
    "state": {"state": LinkState.PROPOSED},
    "weight": {"weight": 2.0},
    "rationale": {"rationale": "Because"},
    "answer": {"child_answer": LinkTestAnswer.YES},
    "answer of the parent": {"parent_answer": LinkTestAnswer.NO},
    "note": {"decision_note": "Fine"},
    "later": {"created_at": TUESDAY},
    "decided later": {"decided_at": TUESDAY},
    "not known when decided": {"decided_at": None},
    "proposed by somebody": {"proposed_by_id": None},
    "decided by somebody": {"decided_by_id": None},
    "key": {},
    "comment": {},
}


async def add_with_something(linked: Linked, key: str, what: str) -> AlignmentLink:
    values = dict(OF_ITS_OWN[what])
    for column in values.keys() & {"proposed_by_id", "decided_by_id"}:
        values[column] = linked.ada.person_id
    link = await linked.add(key, **values)
    if what == "key":
        await give_key(linked.org, "link", "named", link.id)
    if what == "comment":
        await create_comment(linked.ada, NewComment(SubjectType.ALIGNMENT_LINK, link.id, "Why?"))
    return link


@pytest.mark.parametrize("what", OF_ITS_OWN)
async def test_a_link_with_something_of_its_own_has_a_row_beside_the_parents(database, what):
    linked = await make_linked()
    await linked.add("z")
    await add_with_something(linked, "a", what)
    await database.take_rows_as_given()

    assert (await rows_of("objective"))["low"]["parent"] == "z"
    (row,) = (await rows_of("link")).values()
    assert (row["child"], row["parent"], row["primary"]) == ("low", "a", "FALSE")


@pytest.mark.parametrize("what", OF_ITS_OWN)
async def test_an_objective_whose_primary_link_has_a_row_names_no_parents(database, what):
    linked = await make_linked()
    await linked.add("a")
    await add_with_something(linked, "z", what)
    await database.take_rows_as_given()

    assert "parent" not in (await rows_of("objective"))["low"]
    rows = (await rows_of("link")).values()
    assert {(row["parent"], row["primary"]) for row in rows} == {("a", "FALSE"), ("z", "TRUE")}


async def test_an_objective_without_a_primary_link_names_no_parents(database):
    linked = await make_linked()
    await linked.add("a")
    await linked.add("z", is_primary=False)
    await database.take_rows_as_given()

    assert "parent" not in (await rows_of("objective"))["low"]
    assert [row["primary"] for row in (await rows_of("link")).values()] == ["FALSE", "FALSE"]


async def test_links_in_every_state_carry_who_decided_and_why(database):
    org = await make_organization("acme")
    growth = await org.team("Growth")
    low = await org.objective(team=growth, published=True)
    below, above = await org.steward(growth), await org.steward(org.company)
    links = {}
    for key in ("accepted", "proposed", "declined", "withdrawn", "related"):
        objective = await org.objective(title=key, published=True)
        kind = LinkKind.RELATES if key == "related" else LinkKind.CONTRIBUTES
        links[key] = await org.link(low, objective, accepted=key == "accepted", kind=kind)
        await give_key(org, "objective", f"to {key}", objective.id)
        await give_key(org, "link", key, links[key].id)
    with clock.held_at(TUESDAY):
        await decline_link(above, links["declined"].id, LinkTestAnswer.NO, "Not ours")
        await withdraw_link(below, links["withdrawn"].id, LinkTestAnswer.MAYBE, "No time")

    rows = await rows_of("link")
    proposer, decider = (f"steward.{team.id.hex}@acme.example" for team in (growth, org.company))
    assert {row["owner"] for row in rows.values()} == {proposer}
    names = ("parent", "kind", "state", "answer", "parent_answer", "primary", "decided_by", "decision_note")
    assert {key: tuple(row.get(name) for name in names) for key, row in rows.items()} == {
        "accepted": ("to accepted", "CONTRIBUTES", "ACCEPTED", *UNANSWERED, "TRUE", decider, None),
        "proposed": ("to proposed", "CONTRIBUTES", "PROPOSED", *UNANSWERED, "FALSE", None, None),
        "declined": ("to declined", "CONTRIBUTES", "DECLINED", "UNANSWERED", "NO", None, decider, "Not ours"),
        "withdrawn": (
            *("to withdrawn", "CONTRIBUTES", "WITHDRAWN", "MAYBE", "UNANSWERED"),
            *(None, proposer, "No time"),
        ),
        "related": ("to related", "RELATES", "PROPOSED", *UNANSWERED, None, None, None),
    }
    assert rows["withdrawn"]["decided_at"] == rows["declined"]["decided_at"] == "2026-10-06T09:00:00.250000Z"
    assert "decided_at" not in rows["proposed"]


UNANSWERED = ("UNANSWERED", "UNANSWERED")
