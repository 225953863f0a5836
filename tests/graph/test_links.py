"""Alignment links as they are read: what of them is hidden, and who may decide them."""

from okrgraph.kit.ids import global_id
from okrgraph.okrs.links import NewLink, accept_link, propose_link
from okrgraph.people.vocabulary import MemberRole, TokenScope
from tests.building import make_organization
from tests.graph.rich_world import plain

READ = """query($id: ID!) { node(id: $id) { ... on AlignmentLink {
    parent { __typename ... on KeyResult { id } ... on Objective { id } } child { id } viewerCanDecide state } } }"""


async def test_a_parent_that_the_viewer_may_not_see_is_null(graph) -> None:
    org = await make_organization()
    growth, sales = await org.team("Growth"), await org.team("Sales")
    both = await org.person("Bea", {growth: MemberRole.LEAD, sales: MemberRole.LEAD})
    seller = await org.person("Sam", {sales: MemberRole.LEAD})
    child = await org.objective(both, team=sales, published=True)
    draft = await org.objective(both, team=growth)
    goal = await org.key_result(draft, both)

    for place, parent in enumerate((draft, goal)):
        new = NewLink(parent_id=parent.id, primary=False, rationale=f"{place}")
        link = global_id("AlignmentLink", (await propose_link(plain(both), child.id, new)).entity_id)
        own = {"child": {"id": global_id("Objective", child.id)}, "state": "PROPOSED"}
        kind = "KeyResult" if parent is goal else "Objective"
        shown = {"__typename": kind, "id": global_id(kind, parent.id)}
        assert await graph.run(both, READ, id=link) == {
            "node": {**own, "parent": shown, "viewerCanDecide": True}
        }
        hidden = await graph.run(seller, READ, id=link)
        assert hidden == {"node": {**own, "parent": None, "viewerCanDecide": False}}
    listed = "query($id: ID!) { objective(id: $id) { links { rationale parent { __typename } } } }"
    found = await graph.run(seller, listed, id=global_id("Objective", child.id))
    assert found["objective"]["links"] == [
        {"rationale": "0", "parent": None},
        {"rationale": "1", "parent": None},
    ]


async def test_whoever_may_edit_the_parent_decides_while_it_is_proposed(graph) -> None:
    org = await make_organization()
    growth = await org.team("Growth")
    child_side = await org.person("Cas", {growth: MemberRole.LEAD})
    parent_side = await org.person("Pia", {org.company: MemberRole.MEMBER})
    reader = await org.viewer(parent_side.person_id, "pia@acme.example", TokenScope.READ)
    top = await org.objective(published=True)
    goal = await org.key_result(top)
    child = await org.objective(team=growth, published=True)
    links = [await org.link(child, goal), await org.link(child, top, primary=False)]
    for link in links:
        key = global_id("AlignmentLink", link.id)
        for viewer, expected in ((parent_side, True), (child_side, False), (reader, False)):
            found = await graph.run(viewer, READ, id=key)
            assert found["node"]["viewerCanDecide"] is expected
        await accept_link(plain(parent_side), link.id)
        found = await graph.run(parent_side, READ, id=key)
        assert (found["node"]["state"], found["node"]["viewerCanDecide"]) == ("ACCEPTED", False)
