"""Links that people propose at the same time: whatever the interleaving, no circle and one primary."""

import asyncio

from okrgraph.events.database import opened
from okrgraph.events.receipts import Done
from okrgraph.kit.errors import DomainError
from okrgraph.okrs.circles import find_circle
from okrgraph.okrs.links import NewLink, propose_link
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.people.vocabulary import MemberRole
from tests.building import make_organization
from tests.processes import WAIT, run_together

ROUNDS = 20

PROPOSE = f"""
import asyncio, sys
from okrgraph.events.database import DatabaseAddress, opened
from okrgraph.kit.errors import DomainError
from okrgraph.okrs.links import NewLink, propose_link
from okrgraph.okrs.models import Objective
from okrgraph.people.tokens import viewer_of_token

async def propose(url, token, upwards):
    async with opened(DatabaseAddress.parse(url)):
        viewer = await viewer_of_token(token)
        ids = [each.id for each in await Objective.all().order_by("id")]
        pairs = list(zip(ids[::2], ids[1::2], strict=True))
        {WAIT}
        for one, other in pairs:
            child, parent = (one, other) if upwards else (other, one)
            try:
                await propose_link(viewer, child, NewLink(parent))
                print("won", end=" ")
            except DomainError as error:
                print(error.problems[0].code, end=" ")

asyncio.run(propose(sys.argv[1], sys.argv[2], sys.argv[3] == "upwards"))
"""


async def attempt(viewer, child, parent, **values) -> Done | DomainError:
    try:
        return await propose_link(viewer, child.id, NewLink(parent.id, **values))
    except DomainError as error:
        return error


def refusals(outcomes) -> list[tuple[str, str | None]]:
    return [
        (str(problem.code), problem.field)
        for outcome in outcomes
        if isinstance(outcome, DomainError)
        for problem in outcome.problems
    ]


async def live_edges() -> list[tuple[object, object]]:
    links = [
        (link.child_id, link.parent_objective_id or link.parent_key_result_id)
        for link in await AlignmentLink.all()
    ]
    return [*links, *((number.id, number.objective_id) for number in await KeyResult.all())]


async def published(acme, count: int) -> list[Objective]:
    return [await acme.org.objective(acme.member, team=acme.growth, published=True) for _ in range(count)]


async def test_of_two_links_in_opposite_directions_exactly_one_wins(acme):
    for _ in range(ROUNDS):
        one, other = await published(acme, 2)
        outcomes = await asyncio.gather(attempt(acme.member, one, other), attempt(acme.lead, other, one))
        assert refusals(outcomes) == [("INVALID", "parent_id")]

    assert await AlignmentLink.all().count() == ROUNDS
    assert find_circle(await live_edges()) is None


async def test_of_links_in_a_ring_through_key_results_one_loses(acme):
    for _ in range(ROUNDS // 2):
        ring = await published(acme, 4)
        numbers = [await acme.org.key_result(each) for each in ring]
        outcomes = await asyncio.gather(
            *(attempt(acme.member, ring[place], numbers[(place + 1) % 4]) for place in range(4))
        )
        assert refusals(outcomes) == [("INVALID", "parent_id")]

    assert find_circle(await live_edges()) is None


async def test_of_sixteen_equal_proposals_one_is_made(acme):
    child, parent = await published(acme, 2)
    outcomes = await asyncio.gather(*(attempt(acme.member, child, parent) for _ in range(16)))

    assert refusals(outcomes) == [("DUPLICATE", "parent_id")] * 15
    assert await AlignmentLink.all().count() == 1


async def test_of_links_that_all_want_to_be_primary_one_is(acme):
    child, *parents = await published(acme, 9)
    outcomes = await asyncio.gather(
        *(attempt(acme.member, child, parent, primary=True) for parent in parents)
    )

    assert refusals(outcomes) == [("DUPLICATE", "primary")] * 7
    outcomes = await asyncio.gather(*(attempt(acme.member, child, parent) for parent in parents))
    assert refusals(outcomes) == [("DUPLICATE", "parent_id")]
    assert await AlignmentLink.filter(is_primary=True).count() == 1


async def test_two_processes_that_link_in_opposite_directions_never_both_win(closed_database):
    async with opened(closed_database.address):
        org = await make_organization()
        growth = await org.team("Growth")
        ada = await org.person("Ada", {growth: MemberRole.LEAD})
        for _ in range(2 * ROUNDS):
            await org.objective(ada, team=growth, published=True)
    arguments = (closed_database.url, org.tokens[ada.person_id])
    ended = await run_together(PROPOSE, (*arguments, "upwards"), (*arguments, "downwards"))

    assert [each.returncode for each in ended] == [0, 0], ended
    ups, downs = (each.output.split() for each in ended)
    assert [sorted(pair) for pair in zip(ups, downs, strict=True)] == [["INVALID", "won"]] * ROUNDS
    async with opened(closed_database.address):
        assert find_circle(await live_edges()) is None
        assert await AlignmentLink.all().count() == ROUNDS
