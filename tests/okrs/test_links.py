import math
from datetime import timedelta

import pytest

from okrgraph.events.log import head_of, read_after
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.links import NewLink, accept_link, decline_link, propose_link, withdraw_link
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.okrs.vocabulary import (
    AlignmentBasis,
    CycleKind,
    CycleState,
    LinkKind,
    LinkState,
    LinkTestAnswer,
)
from tests.refusals import refused

ROUNDS = 20


@pytest.fixture
async def above(acme) -> Objective:
    """Of the company, published."""
    return await acme.org.objective(published=True)


@pytest.fixture
async def target(acme, above) -> KeyResult:
    return await acme.org.key_result(above)


@pytest.fixture
async def child(acme) -> Objective:
    """Of Growth, published."""
    return await acme.org.objective(acme.member, team=acme.growth, published=True)


async def linked(viewer, child, parent, **values) -> AlignmentLink:
    done = await propose_link(viewer, child.id, NewLink(parent.id, **values))
    return await AlignmentLink.get(id=done.entity_id)


async def test_a_link_to_a_key_result_is_proposed_as_primary(acme, child, above, target):
    head = (await head_of(acme.org.id)).position
    link = await linked(
        acme.member, child, target, weight=0.5, rationale=" It does ", answer=LinkTestAnswer.MAYBE
    )

    assert (link.state, link.kind, link.is_primary) == (LinkState.PROPOSED, LinkKind.SUPPORTS, True)
    assert (link.parent_key_result_id, link.parent_objective_id) == (target.id, None)
    assert (link.weight, link.rationale, link.child_answer) == (0.5, " It does ", LinkTestAnswer.MAYBE)
    assert (link.proposed_by_id, link.decided_by_id, link.version) == (acme.member.person_id, None, 1)
    (logged,) = await read_after(acme.org.id, head)
    assert (logged.kind, logged.entity_id) == ("AlignmentLinkChanged", link.id)
    assert logged.path == (link.id, child.id, target.id, above.id)
    assert logged.teams == (acme.growth.id, acme.org.company.id)
    assert (await Objective.get(id=child.id)).alignment_basis is AlignmentBasis.UNALIGNED


async def test_the_second_link_is_not_primary_and_relates_never_is(acme, child, above, target):
    beside = await linked(acme.member, child, above, kind=LinkKind.RELATES)
    first = await linked(acme.member, child, target)
    second = await linked(acme.member, child, await acme.org.objective(published=True))

    assert [beside.is_primary, first.is_primary, second.is_primary] == [False, True, False]


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"weight": -1.0}, ("INVALID", "weight")),
        ({"weight": 1_000_001.0}, ("INVALID", "weight")),
        ({"weight": math.nan}, ("INVALID", "weight")),
        ({"rationale": "x" * 20_001}, ("INVALID", "rationale")),
        ({"kind": LinkKind.RELATES, "primary": True}, ("INVALID", "primary")),
        ({"is_key_result": True}, ("NOT_FOUND", "parent_id")),
    ],
)
async def test_values_that_cannot_be_are_refused_by_field(acme, child, above, values, refusal):
    async with refused(*refusal):
        await propose_link(acme.member, child.id, NewLink(above.id, **values))


async def test_what_cannot_be_seen_cannot_be_linked_to(acme, child):
    hidden = await acme.org.objective(acme.seller, team=acme.sales)
    below = await acme.org.key_result(hidden)
    for key in (hidden.id, below.id, new_key(), acme.growth.id):
        async with refused("NOT_FOUND", "parent_id"):
            await propose_link(acme.member, child.id, NewLink(key))
    async with refused("NOT_FOUND", "child_id"):
        await propose_link(acme.member, hidden.id, NewLink(child.id))


async def test_a_live_link_is_proposed_once_and_again_after_its_end(acme, child, target):
    link = await linked(acme.member, child, target)
    async with refused("DUPLICATE", "parent_id", entity_id=link.id):
        await propose_link(acme.member, child.id, NewLink(target.id, kind=LinkKind.RELATES))
    await decline_link(acme.manager, link.id)
    again = await linked(acme.member, child, target)
    await withdraw_link(acme.member, again.id)
    await linked(acme.member, child, target)

    assert await AlignmentLink.all().count() == 3


async def test_there_is_one_primary_link_at_a_time(acme, child, above, target):
    first = await linked(acme.member, child, target)
    async with refused("DUPLICATE", "primary"):
        await propose_link(acme.member, child.id, NewLink(above.id, primary=True))
    await withdraw_link(acme.member, first.id)

    assert (await linked(acme.member, child, above, primary=True)).is_primary


async def test_nothing_stands_under_itself(acme, child, target):
    own = await acme.org.key_result(child)
    for key in (child.id, own.id):
        async with refused("INVALID", "parent_id"):
            await propose_link(acme.member, child.id, NewLink(key))


async def test_a_circle_is_refused_however_long_and_whatever_it_runs_through(acme):
    chain = [await acme.org.objective(acme.member, team=acme.growth, published=True) for _ in range(5)]
    numbers = [await acme.org.key_result(each) for each in chain]
    for place in range(4):
        parent = (numbers if place % 2 else chain)[place + 1]
        await acme.org.link(chain[place], parent, accepted=place == 2)
    for parent in (chain[0], numbers[0]):
        for kind in (LinkKind.SUPPORTS, LinkKind.CONTRIBUTES):
            async with refused("INVALID", "parent_id"):
                await propose_link(acme.member, chain[4].id, NewLink(parent.id, kind=kind))
    await propose_link(acme.member, chain[4].id, NewLink(chain[0].id, kind=LinkKind.RELATES))


async def test_links_that_have_ended_close_no_circle(acme, child):
    other = await acme.org.objective(acme.member, team=acme.growth, published=True)
    for end in (decline_link, withdraw_link):
        link = await linked(acme.member, child, other)
        await end(acme.member, link.id)
    await linked(acme.member, other, child)


async def test_cycles_must_overlap_unless_one_has_no_dates(acme, child):
    first = acme.cycle.starts_on
    past = await acme.org.cycle(starts_on=first - timedelta(days=90), ends_on=first - timedelta(days=1))
    touching = await acme.org.cycle(starts_on=first - timedelta(days=90), ends_on=first)
    backlog = await acme.org.cycle(kind=CycleKind.BACKLOG, starts_on=None, ends_on=None)
    before = await acme.org.objective(cycle=past, published=True)
    async with refused("INVALID", "parent_id"):
        await propose_link(acme.member, child.id, NewLink(before.id))
    await linked(acme.member, child, await acme.org.objective(cycle=touching, published=True))
    idea = await acme.org.objective(acme.lead, team=acme.growth, cycle=backlog)
    await linked(acme.member, child, idea)


async def test_accepting_aligns_the_child_and_withdrawing_undoes_it(acme, child, above, target):
    link = await linked(acme.member, child, target)
    head = (await head_of(acme.org.id)).position
    moment = clock.now()
    with clock.held_at(moment):
        await accept_link(acme.manager, link.id, LinkTestAnswer.YES, " Gladly ")

    found = await AlignmentLink.get(id=link.id)
    assert (found.state, found.parent_answer, found.decision_note) == (
        LinkState.ACCEPTED,
        LinkTestAnswer.YES,
        " Gladly ",
    )
    assert (found.decided_by_id, found.decided_at, found.version) == (acme.manager.person_id, moment, 2)
    aligned = await Objective.get(id=child.id)
    assert (aligned.alignment_basis, aligned.version) == (AlignmentBasis.LINKED, child.version + 1)
    assert aligned.edited_version == child.edited_version
    rows = await read_after(acme.org.id, head)
    assert [(row.kind, row.path) for row in rows] == [
        ("AlignmentLinkChanged", (link.id, child.id, target.id, above.id)),
        ("ObjectiveChanged", (child.id, target.id, above.id)),
    ]

    await withdraw_link(acme.member, link.id, LinkTestAnswer.NO, "No longer")
    found = await AlignmentLink.get(id=link.id)
    assert (found.state, found.child_answer) == (LinkState.WITHDRAWN, LinkTestAnswer.NO)
    assert (await Objective.get(id=child.id)).alignment_basis is AlignmentBasis.UNALIGNED


async def test_a_relation_aligns_nothing_and_one_of_two_links_is_enough(acme, child, above, target):
    beside = await linked(acme.member, child, await acme.org.objective(published=True), kind=LinkKind.RELATES)
    await accept_link(acme.manager, beside.id)
    assert (await Objective.get(id=child.id)).alignment_basis is AlignmentBasis.UNALIGNED
    links = [await linked(acme.member, child, parent) for parent in (above, target)]
    for link in links:
        await accept_link(acme.manager, link.id)
    await withdraw_link(acme.member, links[0].id)

    assert (await Objective.get(id=child.id)).alignment_basis is AlignmentBasis.LINKED


@pytest.mark.parametrize("decide", [accept_link, decline_link])
async def test_only_a_proposed_link_is_decided(acme, child, target, decide):
    for end in (accept_link, decline_link, withdraw_link):
        link = await linked(acme.member, child, target)
        await end(acme.member if end is withdraw_link else acme.manager, link.id)
        async with refused("STATE", entity_id=link.id):
            await decide(acme.manager, link.id)
        if end is accept_link:
            await withdraw_link(acme.member, link.id)
        async with refused("STATE", entity_id=link.id):
            await withdraw_link(acme.member, link.id)


async def test_a_draft_accepts_nothing(acme, child):
    draft = await acme.org.objective(acme.lead, team=acme.growth)
    link = await linked(acme.member, child, draft)
    async with refused("STATE", entity_id=link.id):
        await accept_link(acme.lead, link.id)
    await decline_link(acme.lead, link.id)


async def test_a_link_from_a_hidden_draft_is_hidden(acme, above):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    link = await linked(acme.member, draft, above)
    for end in (accept_link, decline_link, withdraw_link):
        async with refused("NOT_FOUND", "id"):
            await end(acme.manager, link.id)


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (CycleState.PLANNING, False),
        (CycleState.ALIGNING, True),
        (CycleState.ACTIVE, True),
        (CycleState.REVIEW, False),
        (CycleState.CLOSED, False),
    ],
)
async def test_links_change_while_objectives_are_aligned_or_run(acme, child, state, is_open):
    parents = [await acme.org.objective(published=True) for _ in range(4)]
    links = [await linked(acme.member, child, parent) for parent in parents[:3]]
    await acme.org.move(acme.cycle, state)
    acts = [
        (lambda: propose_link(acme.member, child.id, NewLink(parents[3].id)), child.id),
        (lambda: accept_link(acme.manager, links[0].id), links[0].id),
        (lambda: decline_link(acme.manager, links[1].id), links[1].id),
        (lambda: withdraw_link(acme.member, links[2].id), links[2].id),
    ]
    for act, subject in acts:
        if is_open:
            await act()
            continue
        async with refused("STATE", entity_id=subject):
            await act()
