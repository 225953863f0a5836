import asyncio
import math
from datetime import timedelta

import pytest

from okrgraph.events.log import head_of, read_after
from okrgraph.events.receipts import Done
from okrgraph.kit import clock
from okrgraph.kit.errors import DomainError
from okrgraph.kit.ids import new_key
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.links import NewLink
from okrgraph.okrs.models import AlignmentLink, KeyResult, Objective
from okrgraph.okrs.objectives import (
    MOST_LINKS,
    NewObjective,
    ObjectiveChange,
    create_objective,
    publish_objective,
    update_objective,
)
from okrgraph.okrs.vocabulary import (
    AlignmentBasis,
    CycleKind,
    CycleState,
    LinkKind,
    ObjectiveLevel,
    ObjectiveState,
)
from okrgraph.people.vocabulary import TeamKind
from tests.building import make_organization
from tests.refusals import refused


def new(acme, **values) -> NewObjective:
    return NewObjective(**{"title": "Grow", "cycle_id": acme.cycle.id, "team_id": acme.growth.id, **values})


def change(**values) -> ObjectiveChange:
    """Everything named here is given, None too; the reason is not part of what is changed."""
    return ObjectiveChange(frozenset(values) - {"reason"}, **values)


async def test_a_new_objective_is_a_draft_at_the_level_of_its_team(acme):
    moment = clock.now()
    with clock.held_at(moment):
        done = await create_objective(
            acme.member, new(acme, title="  Grow fast ", why_now=" ", description="All of it\n")
        )

    objective = await Objective.get(id=done.entity_id)
    assert (objective.title, objective.why_now, objective.description) == ("Grow fast", None, "All of it\n")
    assert (objective.state, objective.level) == (ObjectiveState.DRAFT, ObjectiveLevel.TEAM)
    assert (objective.version, objective.edited_version, objective.progress) == (1, 1, None)
    assert (objective.owner_id, objective.created_by_id) == (None, acme.member.person_id)
    assert (objective.created_at, objective.published_at) == (moment, None)
    assert objective.alignment_basis is AlignmentBasis.UNALIGNED
    (logged,) = await read_after(acme.org.id, done.position - 1)
    assert (logged.kind, logged.path, logged.teams) == (
        "ObjectiveChanged",
        (done.entity_id,),
        (acme.growth.id,),
    )
    assert (logged.actor_id, logged.at, logged.tx_end) == (acme.member.person_id, moment, True)


@pytest.mark.parametrize("kind", [TeamKind.DEPARTMENT, TeamKind.TEAM])
async def test_the_level_is_the_kind_of_the_team_unless_given(acme, kind):
    team = await acme.org.team("Product", kind=kind)
    by_default = await acme.org.objective(team=team)
    given = await acme.org.objective(team=team, level=ObjectiveLevel.TEAM)

    assert (by_default.level.value, given.level) == (kind.value, ObjectiveLevel.TEAM)


async def test_company_objectives_rest_on_nothing_above(acme):
    objective = await acme.org.objective(acme.manager)

    assert (objective.level, objective.alignment_basis) == (ObjectiveLevel.COMPANY, AlignmentBasis.TOP)


async def test_an_individual_objective_belongs_to_whoever_creates_it(acme):
    done = await create_objective(acme.supporter, new(acme, level=ObjectiveLevel.INDIVIDUAL))

    assert (await Objective.get(id=done.entity_id)).owner_id == acme.supporter.person_id


async def test_links_are_proposed_in_the_same_transaction(acme):
    above, beside = await acme.org.objective(published=True), await acme.org.objective(published=True)
    links = [NewLink(above.id), NewLink(beside.id, kind=LinkKind.RELATES)]
    head = (await head_of(acme.org.id)).position
    done = await create_objective(acme.member, new(acme, links=links))

    rows = await read_after(acme.org.id, head)
    assert [row.kind for row in rows] == ["ObjectiveChanged", "AlignmentLinkChanged", "AlignmentLinkChanged"]
    assert [row.tx_end for row in rows] == [False, False, True]
    found = await AlignmentLink.filter(child_id=done.entity_id).order_by("id")
    assert [(link.parent_objective_id, link.is_primary) for link in found] == [
        (above.id, True),
        (beside.id, False),
    ]


async def test_a_link_that_is_refused_takes_the_objective_with_it(acme):
    above = await acme.org.objective(published=True)
    links = [NewLink(above.id), NewLink(new_key())]
    async with refused("NOT_FOUND", "links.1.parent_id"):
        await create_objective(acme.member, new(acme, links=links))
    async with refused("INVALID", "links.0.weight"):
        await create_objective(acme.member, new(acme, links=[NewLink(above.id, weight=math.inf)]))
    async with refused("INVALID", "links"):
        await create_objective(acme.member, new(acme, links=[NewLink(above.id)] * (MOST_LINKS + 1)))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \t\n"}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "NUL \0"}, "title"),
        ({"title": "half \ud800"}, "title"),
        ({"why_now": "x" * 20_001}, "why_now"),
        ({"description": "x" * 20_001}, "description"),
    ],
)
async def test_text_that_cannot_be_kept_is_refused(acme, values, field):
    async with refused("INVALID", field):
        await create_objective(acme.member, new(acme, **values))


async def test_ids_that_lead_nowhere_and_foreign_ones_are_refused_alike(acme):
    other = await make_organization("third")
    theirs = {
        "cycle_id": (await other.cycle()).id,
        "team_id": other.company.id,
        "owner_id": (await other.person("Zed")).person_id,
        "reviewer_id": acme.stranger.person_id,
    }
    messages = set()
    for field, foreign in theirs.items():
        for key in (foreign, new_key()):
            async with refused("NOT_FOUND", field) as refusal:
                await create_objective(acme.member, new(acme, **{field: key}))
            messages |= {(field, *refusal.messages)}
    assert len(messages) == len(theirs)


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (CycleState.PLANNING, True),
        (CycleState.ALIGNING, True),
        (CycleState.ACTIVE, True),
        (CycleState.REVIEW, False),
        (CycleState.CLOSED, False),
        (CycleState.ARCHIVED, False),
    ],
)
async def test_drafts_are_made_and_changed_until_the_review(acme, state, is_open):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    await acme.org.move(acme.cycle, state)
    if is_open:
        await create_objective(acme.member, new(acme))
        await update_objective(acme.member, draft.id, change(title="Shrink"))
        return
    async with refused("STATE", "cycle_id"):
        await create_objective(acme.member, new(acme))
    async with refused("STATE", entity_id=draft.id):
        await update_objective(acme.member, draft.id, change(title="Shrink"))


async def test_only_what_is_given_is_changed_and_none_clears(acme):
    values = {"description": "All", "owner_id": acme.owner.person_id, "why_now": "Now"}
    draft = await acme.org.objective(acme.member, team=acme.growth, **values)
    await update_objective(
        acme.member, draft.id, change(description=None, reviewer_id=acme.reviewer.person_id)
    )

    found = await Objective.get(id=draft.id)
    assert (found.title, found.description, found.why_now) == ("Grow", None, "Now")
    assert (found.owner_id, found.reviewer_id) == (acme.owner.person_id, acme.reviewer.person_id)
    assert (found.version, found.edited_version) == (2, 2)


async def test_a_change_that_changes_nothing_leaves_no_trace(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    head = (await head_of(acme.org.id)).position

    assert await update_objective(acme.member, draft.id, change(title=" Grow ", why_now=" ")) == Done(
        draft.id, head
    )
    assert (await Objective.get(id=draft.id)).version == 1


async def test_a_change_is_refused_by_field(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    for values, code, field in (
        ({"title": None}, "INVALID", "title"),
        ({"title": " "}, "INVALID", "title"),
        ({"why_now": "\0"}, "INVALID", "why_now"),
        ({"owner_id": new_key()}, "NOT_FOUND", "owner_id"),
        ({"reviewer_id": acme.stranger.person_id}, "NOT_FOUND", "reviewer_id"),
    ):
        async with refused(code, field):
            await update_objective(acme.member, draft.id, change(**values))


@pytest.mark.parametrize("values", [{"title": "Shrink"}, {"owner_id": None}])
async def test_what_others_rely_on_changes_with_a_reason_once_the_cycle_runs(acme, values):
    objective = await acme.org.objective(
        acme.member, team=acme.growth, published=True, owner_id=acme.owner.person_id
    )
    for reason in (None, "  "):
        async with refused("INVALID", "reason"):
            await update_objective(acme.member, objective.id, change(**values, reason=reason))
    done = await update_objective(acme.member, objective.id, change(**values, reason="We learned"))

    (logged,) = await read_after(acme.org.id, done.position - 1)
    assert logged.body["reason"] == "We learned"


async def test_drafts_texts_and_cycles_not_yet_running_need_no_reason(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    published = await acme.org.objective(acme.member, team=acme.growth, published=True)
    await update_objective(acme.member, draft.id, change(title="Shrink"))
    await update_objective(acme.member, published.id, change(why_now="Now", description="All"))
    await acme.org.move(acme.cycle, CycleState.ALIGNING)
    await update_objective(acme.member, published.id, change(title="Shrink"))


async def test_an_edit_conflicts_with_what_somebody_else_edited(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    await update_objective(acme.lead, draft.id, change(title="Shrink"), expected_version=1)

    async with refused("CONFLICT", "expected_version", entity_id=draft.id):
        await update_objective(acme.member, draft.id, change(title="Stay"), expected_version=1)
    async with refused("CONFLICT", "expected_version", entity_id=draft.id):
        await publish_objective(acme.member, draft.id, expected_version=1, override_reason="now")
    await update_objective(acme.member, draft.id, change(title="Stay"), expected_version=2)


async def test_a_colleagues_check_in_does_not_conflict_with_an_open_form(acme):
    objective = await acme.org.objective(acme.member, team=acme.growth, published=True)
    number = await acme.org.key_result(objective)
    seen = (await Objective.get(id=objective.id)).version
    await check_in(acme.lead, NewCheckIn(number.id, 4, 50.0))

    assert (await Objective.get(id=objective.id)).version > seen
    await update_objective(acme.member, objective.id, change(why_now="Now"), expected_version=seen)


async def publishable(acme, **values) -> Objective:
    """A draft that passes the gate."""
    columns = {"owner_id": acme.owner.person_id, "why_now": "Now", **values}
    objective = await acme.org.objective(acme.member, team=acme.growth, **columns)
    await acme.org.key_result(objective)
    return objective


async def test_a_complete_draft_is_published(acme):
    draft = await publishable(acme)
    moment = clock.now()
    with clock.held_at(moment):
        await publish_objective(acme.member, draft.id)

    found = await Objective.get(id=draft.id)
    assert (found.state, found.published_at) == (ObjectiveState.PUBLISHED, moment)
    assert found.edited_version == found.version
    assert [each.version for each in await KeyResult.filter(objective_id=draft.id)] == [2]


async def test_the_gate_names_everything_that_is_missing_at_once(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    async with refused("STATE", entity_id=draft.id, times=3) as refusal:
        await publish_objective(acme.member, draft.id)

    assert [message.split(" ")[0] for message in refusal.messages] == ["Name", "Add", "Link"]
    await acme.org.key_result(draft, target_value=None)
    await acme.org.move(acme.cycle, CycleState.PLANNING)
    async with refused("STATE", entity_id=draft.id, times=4) as refusal:
        await publish_objective(acme.member, draft.id)
    assert [message.split(" ")[0] for message in refusal.messages] == ["Name", "Set", "Publish", "Link"]


async def test_a_live_link_is_purpose_enough(acme):
    draft = await publishable(acme, why_now=None)
    async with refused("STATE", entity_id=draft.id):
        await publish_objective(acme.member, draft.id)
    link = await acme.org.link(draft, await acme.org.objective(published=True))
    await publish_objective(acme.member, draft.id)

    assert (await AlignmentLink.get(id=link.id)).version == 2


async def test_an_override_passes_the_gate_and_stays_in_the_log(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    async with refused("STATE", entity_id=draft.id, times=3):
        await publish_objective(acme.member, draft.id, override_reason="  ")
    head = (await head_of(acme.org.id)).position
    await publish_objective(acme.member, draft.id, override_reason="The board asked")

    assert (await read_after(acme.org.id, head))[0].body["reason"] == "The board asked"


async def test_no_override_opens_a_backlog_or_a_closed_cycle(acme):
    backlog = await acme.org.cycle(kind=CycleKind.BACKLOG, starts_on=None, ends_on=None)
    idea = await acme.org.objective(acme.member, team=acme.growth, cycle=backlog)
    draft = await acme.org.objective(acme.member, team=acme.growth)
    async with refused("STATE", entity_id=idea.id):
        await publish_objective(acme.member, idea.id, override_reason="now")
    for state in (CycleState.CLOSED, CycleState.ARCHIVED):
        await acme.org.move(acme.cycle, state)
        async with refused("STATE", entity_id=draft.id):
            await publish_objective(acme.member, draft.id, override_reason="now")


async def test_what_is_not_a_draft_is_not_published_again(acme):
    objective = await publishable(acme)
    await publish_objective(acme.member, objective.id)
    async with refused("STATE", entity_id=objective.id):
        await publish_objective(acme.member, objective.id, override_reason="now")


async def test_a_cycle_takes_as_many_company_objectives_as_the_organization_says(database):
    org = await make_organization(company_objective_cap=2)
    max_ = await org.person("Max", {org.company: "MEMBER"})
    drafts = [await org.objective(max_, owner_id=max_.person_id) for _ in range(3)]
    for draft in drafts:
        await org.key_result(draft)
    await publish_objective(max_, drafts[0].id)
    await publish_objective(max_, drafts[1].id)
    async with refused("STATE", entity_id=drafts[2].id) as refusal:
        await publish_objective(max_, drafts[2].id)
    assert "the limit is 2" in refusal.messages[0]

    later = await org.cycle(starts_on=clock.now().date(), ends_on=clock.now().date() + timedelta(days=90))
    elsewhere = await org.objective(max_, owner_id=max_.person_id, cycle=later)
    await org.key_result(elsewhere)
    await publish_objective(max_, elsewhere.id)


async def test_company_objectives_published_at_once_keep_to_the_limit(acme):
    drafts = [await acme.org.objective(acme.manager, owner_id=acme.owner.person_id) for _ in range(8)]
    for draft in drafts:
        await acme.org.key_result(draft)
    outcomes = await asyncio.gather(
        *(publish_objective(acme.manager, draft.id) for draft in drafts), return_exceptions=True
    )

    assert sum(isinstance(each, DomainError) for each in outcomes) == 3
    assert await Objective.filter(state=ObjectiveState.PUBLISHED).count() == 5
