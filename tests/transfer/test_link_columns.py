from datetime import UTC, datetime
from itertools import permutations

import pytest

from okrgraph.okrs.links import NewLink, propose_link, withdraw_link
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.okrs.vocabulary import LinkState
from okrgraph.people.models import Person
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.people.viewer import Viewer
from tests.databases import GivenDatabase
from tests.transfer.files import Row, load, okrs, organization, refusal_of, row, stand

ADA, BO, CY = "ada@acme.example", "bo@acme.example", "cy@acme.example"
BASE = [*organization(), *okrs()]


def objective(key: str, **cells: str) -> Row:
    return row("objective", key, title=key, team="growth", cycle="q4", **cells)


def link(key: str, child: str = "care", parent: str = "win", **cells: str) -> Row:
    return row("link", key, child=child, parent=parent, **cells)


def moment(day: int) -> str:
    return f"2026-10-{day:02}T08:00:00+00:00"


def at(day: int) -> datetime:
    return datetime(2026, 10, day, 8, tzinfo=UTC)


async def bo() -> Viewer:
    viewer = await viewer_of_token(await create_token("acme", BO))
    assert viewer is not None
    return viewer


async def primaries() -> dict[str, str | None]:
    """What the primary links of two objectives point to."""
    found: dict[str, str | None] = {}
    for title in ("care", "Grow"):
        child = await Objective.get(title=title)
        of_child = await AlignmentLink.filter(child_id=child.id, is_primary=True)
        assert len(of_child) <= 1
        found[title] = None
        for each in of_child:
            above = await KeyResult.get_or_none(id=each.parent_key_result_id)
            found[title] = (above or await Objective.get(id=each.parent_objective_id)).title
    return found


async def test_a_row_chooses_the_primary_link_before_the_first_parent(database: GivenDatabase) -> None:
    rows = [*BASE, objective("care", parent="win;deals"), link("x", parent="leads", primary="True")]
    await load(rows)
    assert await primaries() == {"care": "Leads", "Grow": "Deals"}
    assert (await load(rows)).changed == {}
    rows[-1] = link("y", parent="deals", primary="true")
    assert (await load(rows)).changed == {"link": 1}
    assert await primaries() == {"care": "Deals", "Grow": "Deals"}


async def test_what_a_row_passes_over_is_not_chosen(database: GivenDatabase) -> None:
    rows = [*BASE, objective("care", parent="win;deals"), link("x", primary="FALSE")]
    await load(rows)
    assert await primaries() == {"care": "Deals", "Grow": "Deals"}
    rows += [link("y", parent="deals", primary="FALSE"), link("z", parent="leads", primary="FALSE")]
    for changes in ({"link": 1}, {}):
        assert (await load(rows)).changed == changes
        assert await primaries() == {"care": None, "Grow": "Deals"}


async def test_a_link_gives_up_being_the_primary_that_it_is_over_with(database: GivenDatabase) -> None:
    await load([*BASE, objective("care", owner=BO), link("x", parent="win")])
    viewer = await bo()
    withdrawn = await AlignmentLink.get(child_id=(await Objective.get(title="care")).id)
    await withdraw_link(viewer, withdrawn.id)
    rows = [link("x", parent="win", state="WITHDRAWN", primary="FALSE")]
    for changes in ({"link": 1}, {}):
        assert (await load(rows, organization="acme")).changed == changes
    assert await primaries() == {"care": None, "Grow": "Deals"}


async def test_links_of_a_new_objective_are_as_old_as_it(database: GivenDatabase) -> None:
    await load([*BASE, objective("care", at=moment(6), parent="win")])
    care = await Objective.get(title="care")
    first = await AlignmentLink.get(child_id=care.id)
    assert (first.created_at, first.decided_at) == (at(6), at(6))
    await load([{**objective("care", parent="deals"), "description": "Later."}], organization="acme")
    second = await AlignmentLink.get(child_id=care.id, parent_key_result_id__isnull=False)
    assert second.created_at == second.updated_at != at(6)


async def test_a_new_state_forgets_who_decided_the_one_before(database: GivenDatabase) -> None:
    rows = [
        *BASE,
        objective("care"),
        link("x", decided_by=ADA, decided_at=moment(9), decision_note="Yes."),
    ]
    await load(rows)
    await load([link("x", state="WITHDRAWN", decision_note="No.")], organization="acme")
    over = await AlignmentLink.get(decision_note="No.")
    assert (over.state, over.decided_by_id, over.decided_at) == (LinkState.WITHDRAWN, None, over.updated_at)
    await load([link("x", state="PROPOSED")], organization="acme")
    again = await AlignmentLink.get(id=over.id)
    assert (again.decided_by_id, again.decided_at, again.decision_note) == (None, None, None)


# Links between the same two: two that are over, then one that lives; their keys stand in another order.
HISTORY = [
    link("a", at=moment(8), owner=BO, decided_by=ADA, state="ACCEPTED", primary="TRUE"),
    link("b", at=moment(6), owner=BO, decided_by=ADA, state="DECLINED", decision_note="Why?"),
    link("c", at=moment(7), owner=CY, decided_by=CY, state="WITHDRAWN"),
]


async def history() -> list[tuple[str, str | None, bool]]:
    """The links of one objective, from the oldest: state, who decided it, whether it is the primary."""
    care = await Objective.get(title="care")
    emails = {each.id: each.email for each in await Person.all()}
    return [
        (each.state.value, emails[each.decided_by_id] if each.decided_by_id else None, each.is_primary)
        for each in await AlignmentLink.filter(child_id=care.id).order_by("created_at")
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("parent", ["", "win"])
async def test_links_between_the_same_two_are_told_apart_by_their_keys(
    sqlite_database: GivenDatabase, order: tuple[int, ...], parent: str
) -> None:
    rows = [*BASE, objective("care", parent=parent), *(HISTORY[place] for place in order)]
    await load(rows)
    expected = [("DECLINED", ADA, False), ("WITHDRAWN", CY, False), ("ACCEPTED", ADA, True)]
    assert await history() == expected
    before = await stand()
    again = await load(rows)
    assert (again.created, again.changed) == ({}, {})
    assert await stand() == before


@pytest.mark.parametrize("first", ["a", "b"])
async def test_one_link_ends_and_another_between_the_same_two_lives_again(
    database: GivenDatabase, first: str
) -> None:
    await load([*BASE, objective("care"), *HISTORY])
    news = [link("a", state="DECLINED", primary="FALSE"), link("b", state="PROPOSED", primary="TRUE")]
    rows = news if first == "a" else news[::-1]
    for changes in ({"link": 2}, {}):
        assert (await load(rows, organization="acme")).changed == changes
    assert await history() == [("PROPOSED", None, True), ("WITHDRAWN", CY, False), ("DECLINED", None, False)]


async def test_a_row_that_is_over_leaves_a_link_with_another_key_alone(database: GivenDatabase) -> None:
    await load([*BASE, objective("care"), HISTORY[0]])
    result = await load([HISTORY[1]], organization="acme")
    assert (result.created, result.changed) == ({"link": 1}, {})
    assert await history() == [("DECLINED", ADA, False), ("ACCEPTED", ADA, True)]


async def test_a_row_that_is_to_live_takes_the_link_that_does(database: GivenDatabase) -> None:
    await load([*BASE, objective("care"), HISTORY[1]])
    care, win = await Objective.get(title="care"), await Objective.get(title="Win")
    await propose_link(await bo(), care.id, NewLink(parent_id=win.id))
    await load([HISTORY[2], HISTORY[0]], organization="acme")
    found = await AlignmentLink.filter(child_id=care.id)
    assert sorted(each.state.value for each in found) == ["ACCEPTED", "DECLINED", "WITHDRAWN"]


async def test_a_row_takes_the_link_that_lives_under_another_key(database: GivenDatabase) -> None:
    await load([*BASE, objective("care"), HISTORY[0]])
    result = await load([link("z", title="So.")], organization="acme")
    assert (result.created, result.changed) == ({}, {"link": 1})
    (only,) = await AlignmentLink.filter(child_id=(await Objective.get(title="care")).id)
    assert (only.rationale, only.state) == ("So.", LinkState.ACCEPTED)


async def test_a_row_revives_a_link_that_has_no_key(database: GivenDatabase) -> None:
    await load([*BASE, objective("care", owner=BO)])
    care, win = await Objective.get(title="care"), await Objective.get(title="Win")
    viewer = await bo()
    proposed = await propose_link(viewer, care.id, NewLink(parent_id=win.id))
    await withdraw_link(viewer, proposed.entity_id)
    result = await load([link("x", state="ACCEPTED")], organization="acme")
    assert (result.created, result.changed) == ({}, {"link": 1})
    assert await history() == [("ACCEPTED", None, True)]


async def test_a_row_that_says_nothing_of_the_state_of_a_link_leaves_it_over(database: GivenDatabase) -> None:
    await load([*BASE, objective("care"), *HISTORY])
    rows = [link("b", title="Hm."), link("a", state="PROPOSED")]
    assert (await load(rows, organization="acme")).changed == {"link": 2}
    assert await history() == [("DECLINED", ADA, False), ("WITHDRAWN", CY, False), ("PROPOSED", None, True)]


async def test_a_new_link_leaves_the_place_of_the_primary_to_the_one_there_is(
    database: GivenDatabase,
) -> None:
    await load([*BASE, objective("care", parent="win")])
    await load([link("x", parent="deals")], organization="acme")
    assert await primaries() == {"care": "Win", "Grow": "Deals"}


async def test_a_state_that_is_no_state_is_the_only_problem_of_a_decision(
    sqlite_database: GivenDatabase,
) -> None:
    await load([*BASE, objective("care"), link("x", state="PROPOSED")])
    assert await refusal_of([link("x", state="DONE", decided_by=ADA)], organization="acme") == [
        "line 2, column state: 'DONE' is none of PROPOSED, ACCEPTED, DECLINED, WITHDRAWN."
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (link("x"), link("y", state="PROPOSED")),
        (link(""), link("y", state="DECLINED")),
        (link("x", state="DECLINED"), link("", state="DECLINED")),
    ],
)
async def test_two_rows_of_one_link_are_refused(
    sqlite_database: GivenDatabase, first: Row, second: Row
) -> None:
    rows = [*BASE, objective("care"), first, second]
    (problem,) = await refusal_of(rows)
    assert problem in {
        "line 16, column child: Line 15 names the link between these two already.",
        "line 15, column child: Line 16 names the link between these two already.",
    }
