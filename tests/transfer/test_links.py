import pytest

from okrgraph.okrs.links import NewLink, propose_link, withdraw_link
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.okrs.vocabulary import AlignmentBasis, LinkState
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.people.viewer import Viewer
from tests.transfer.files import Row, changed, kinds_in_log, load, okrs, organization, refusal_of, row

BASE = [
    *organization(),
    *okrs(),
    row("objective", "care", title="Care", team="growth", owner="bo@acme.example", cycle="q4"),
]


async def links() -> dict[str, tuple[str, str, bool]]:
    """What each link points to: its kind, its state, whether it is the primary."""
    found = {}
    for link in await AlignmentLink.all().order_by("id"):
        child = await Objective.get(id=link.child_id)
        above = (
            await KeyResult.get(id=link.parent_key_result_id)
            if link.parent_key_result_id
            else await Objective.get(id=link.parent_objective_id)
        )
        found[f"{child.title} to {above.title}"] = (link.kind.value, link.state.value, link.is_primary)
    return found


async def bo() -> Viewer:
    viewer = await viewer_of_token(await create_token("acme", "bo@acme.example"))
    assert viewer is not None
    return viewer


async def basis(title: str) -> AlignmentBasis:
    return (await Objective.get(title=title)).alignment_basis


def link(key: str, child: str, parent: str, /, **cells: str) -> Row:
    return row("link", key, child=child, parent=parent, **cells)


async def test_the_first_parent_is_the_primary_one(database):
    await load(changed(BASE, "care", parent="win;deals"))
    assert await links() == {
        "Grow to Deals": ("SUPPORTS", "ACCEPTED", True),
        "Care to Win": ("SUPPORTS", "ACCEPTED", True),
        "Care to Deals": ("SUPPORTS", "ACCEPTED", False),
    }


async def test_a_row_says_more_of_a_link_and_takes_the_free_place_of_the_primary(database):
    more = {"weight": "0.5", "title": "It pays.", "answer": "YES", "parent_answer": "MAYBE"}
    await load(
        [
            *BASE,
            link("relates", "care", "leads", kind="RELATES"),
            link("ended", "care", "calls", state="DECLINED"),
            link("chosen", "care", "win", kind="CONTRIBUTES", at="2026-10-07T08:00:00Z", **more),
            link("late", "care", "deals", state="PROPOSED"),
        ]
    )
    assert await links() == {
        "Grow to Deals": ("SUPPORTS", "ACCEPTED", True),
        "Care to Leads": ("RELATES", "ACCEPTED", False),
        "Care to Calls": ("SUPPORTS", "DECLINED", False),
        "Care to Win": ("CONTRIBUTES", "ACCEPTED", True),
        "Care to Deals": ("SUPPORTS", "PROPOSED", False),
    }
    chosen = await AlignmentLink.get(rationale="It pays.")
    assert (chosen.weight, chosen.child_answer, chosen.parent_answer) == (0.5, "YES", "MAYBE")
    assert chosen.decided_at == chosen.created_at
    assert await basis("Care") is AlignmentBasis.LINKED


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"kind": "RELATES"}, AlignmentBasis.UNALIGNED),
        ({"state": "PROPOSED"}, AlignmentBasis.UNALIGNED),
        ({"state": "WITHDRAWN"}, AlignmentBasis.UNALIGNED),
        ({"kind": "CONTRIBUTES"}, AlignmentBasis.LINKED),
    ],
)
async def test_the_basis_of_alignment_is_an_accepted_link(sqlite_database, cells, expected):
    await load([*BASE, link("x", "care", "win", **cells)])
    assert await basis("Care") is expected


async def test_a_row_refines_what_the_objective_names_as_parent(database):
    rows = [
        *changed(BASE, "care", parent="win;deals"),
        link("x", "care", "win", title="So.", state="DECLINED"),
    ]
    result = await load(rows)
    assert result.created["link"] == 3
    assert await links() == {
        "Grow to Deals": ("SUPPORTS", "ACCEPTED", True),
        "Care to Win": ("SUPPORTS", "DECLINED", False),
        "Care to Deals": ("SUPPORTS", "ACCEPTED", True),
    }
    again = await load(rows)
    assert (again.created, again.changed) == ({}, {})


async def test_a_new_first_parent_takes_over_as_primary(database):
    rows = changed(BASE, "care", parent="win")
    await load(rows)
    result = await load(changed(rows, "care", parent="deals;win"))
    assert (result.created, result.changed) == ({"link": 1}, {"link": 1})
    assert await links() == {
        "Grow to Deals": ("SUPPORTS", "ACCEPTED", True),
        "Care to Win": ("SUPPORTS", "ACCEPTED", False),
        "Care to Deals": ("SUPPORTS", "ACCEPTED", True),
    }
    assert await kinds_in_log("acme", after=1) == ["AlignmentLinkChanged", "AlignmentLinkChanged"]


async def test_two_links_exchange_the_place_of_the_primary(database):
    rows = changed(BASE, "care", parent="win;deals")
    await load(rows)
    await load(changed(rows, "care", parent="deals;win"))
    found = await links()
    assert (found["Care to Win"][2], found["Care to Deals"][2]) == (False, True)


async def test_a_parent_that_the_file_no_longer_names_stays(database):
    await load(changed(BASE, "care", parent="win;deals"))
    result = await load(changed(BASE, "care", parent="win"))
    assert (result.created, result.changed) == ({}, {})
    assert len(await links()) == 3


async def test_a_withdrawn_link_lives_again_when_the_file_says_so(database):
    rows = changed(BASE, "care", parent="win")
    await load(rows)
    viewer = await bo()
    withdrawn = await AlignmentLink.get(child_id=(await Objective.get(title="Care")).id)
    await withdraw_link(viewer, withdrawn.id)
    assert await basis("Care") is AlignmentBasis.UNALIGNED
    result = await load(rows)
    assert result.changed == {"link": 1}
    assert await AlignmentLink.all().count() == 2
    assert (await links())["Care to Win"] == ("SUPPORTS", "ACCEPTED", True)
    assert await basis("Care") is AlignmentBasis.LINKED


async def test_a_link_that_came_back_by_hand_is_not_ended_by_its_forerunners_row(database):
    rows = [*BASE, link("x", "care", "win", state="DECLINED")]
    await load(rows)
    care, win = await Objective.get(title="Care"), await Objective.get(title="Win")
    await propose_link(await bo(), care.id, NewLink(parent_id=win.id))
    again = await load(rows)
    assert (again.created, again.changed) == ({}, {})
    states = [each.state for each in await AlignmentLink.filter(child_id=care.id).order_by("id")]
    assert states == [LinkState.DECLINED, LinkState.PROPOSED]
    await load([row("link", "x", state="ACCEPTED")], organization="acme")
    states = [each.state for each in await AlignmentLink.filter(child_id=care.id).order_by("id")]
    assert states == [LinkState.DECLINED, LinkState.ACCEPTED]


async def test_a_known_key_alone_names_its_link(database):
    await load([*BASE, link("x", "care", "win", state="PROPOSED")])
    result = await load([row("link", "x", state="ACCEPTED", title="Yes.")], organization="acme")
    assert result.changed == {"link": 1}
    assert (await AlignmentLink.get(rationale="Yes.")).state is LinkState.ACCEPTED
    assert await basis("Care") is AlignmentBasis.LINKED
    assert await kinds_in_log("acme", after=1) == ["ObjectiveChanged", "AlignmentLinkChanged"]


async def test_a_link_without_a_key_is_known_by_its_ends(database):
    rows = [*BASE, link("", "care", "win", title="One.")]
    await load(rows)
    result = await load([*BASE, link("", "care", "win", title="Two.")])
    assert (result.created, result.changed) == ({}, {"link": 1})
    assert (await AlignmentLink.get(rationale="Two.")).version == 2


async def test_a_comment_may_be_about_a_link(database):
    comment = row("comment", "c", parent="x", owner="ada@acme.example", title="Is it?")
    result = await load([*BASE, comment, link("x", "care", "win")])
    assert result.created["comment"] == 1
    assert (await load([*BASE, comment, link("x", "care", "win")])).created == {}


async def test_one_link_has_one_row_and_its_key_stays_with_its_ends(sqlite_database):
    rows = [*BASE, link("x", "care", "win"), link("y", "care", "win")]
    assert await refusal_of(rows) == [
        "line 16, column child: Line 15 names the link between these two already."
    ]
    await load(rows[:-1])
    assert await refusal_of([link("x", "care", "deals")], organization="acme") == [
        "line 2, column key: This key stands for a link between other things; give this one another key."
    ]
