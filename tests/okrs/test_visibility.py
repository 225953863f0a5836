"""One rule says who sees what; SQL, the log's scopes and every read must mean the same by it."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.discussion import reads as comment_reads
from okrgraph.discussion.models import Comment
from okrgraph.events.log import head_of, read_after
from okrgraph.events.pages import PageRequest
from okrgraph.kit import clock
from okrgraph.okrs import link_reads, reads
from okrgraph.okrs.models import AlignmentLink, CheckIn, KeyResult, Objective, ObjectiveTeam
from okrgraph.okrs.objectives import ObjectiveChange, publish_objective, update_objective
from okrgraph.okrs.reads import ObjectiveSelection
from okrgraph.okrs.visibility import audience
from okrgraph.okrs.vocabulary import ObjectiveLevel, ObjectiveState
from okrgraph.people.viewer import EVERYONE, Viewer, person_scope, team_scope
from okrgraph.people.vocabulary import MemberRole
from tests.building import make_organization

EVERYTHING = PageRequest(1_000)


@dataclass
class World:
    """An organisation full of random objectives, each with a key result, a check-in and a comment."""

    viewers: list[Viewer]
    objectives: list[Objective]
    co_owners: dict[UUID, list[UUID]]
    numbers: dict[UUID, UUID]
    check_ins: dict[UUID, UUID]
    comments: dict[UUID, UUID]
    links: list[AlignmentLink]

    def audience(self, objective: Objective) -> frozenset[str]:
        teams = [objective.team_id, *self.co_owners[objective.id]]
        return audience(objective.state, teams, objective.owner_id, objective.reviewer_id)

    def visible_to(self, viewer: Viewer) -> set[UUID]:
        if viewer.organization_id != self.objectives[0].organization_id:
            return set()
        return {each.id for each in self.objectives if not self.audience(each).isdisjoint(viewer.scopes)}


async def make_world(seed: int) -> World:
    chance = random.Random(seed)
    org, other = await make_organization("acme"), await make_organization("other")
    teams = [org.company, *[await org.team(f"Team {number}") for number in range(4)]]
    viewers = []
    for number in range(10):
        roles = {team: chance.choice(list(MemberRole)) for team in chance.sample(teams, chance.randint(0, 2))}
        viewers.append(await org.person(f"Person {number}", roles))
    stranger = await other.person("Person 0", {other.company: MemberRole.LEAD})
    world = World([*viewers, stranger], [], {}, {}, {}, {}, [])
    of = {
        "org": org.id,
        "cycle": (await org.cycle()).id,
        "teams": [team.id for team in teams],
        "people": [None, None, *(viewer.person_id for viewer in viewers)],
    }
    for _ in range(40):
        await add_objective(world, chance, **of)
    for child, parent in zip(world.objectives, world.objectives[1:], strict=False):
        world.links.append(
            await AlignmentLink.create(
                organization_id=org.id,
                child_id=child.id,
                parent_key_result_id=world.numbers[parent.id],
                state="ACCEPTED",
                is_primary=True,
                created_at=clock.now(),
                updated_at=clock.now(),
            )
        )
    return world


async def add_objective(
    world: World,
    chance: random.Random,
    *,
    org: UUID,
    cycle: UUID,
    teams: list[UUID],
    people: list[UUID | None],
) -> None:
    dates = {"created_at": clock.now(), "updated_at": clock.now()}
    team, *others = chance.sample(teams, chance.choice((1, 1, 2, 3)))
    objective = await Objective.create(
        organization_id=org,
        cycle_id=cycle,
        team_id=team,
        owner_id=chance.choice(people),
        reviewer_id=chance.choice(people),
        state=chance.choice([ObjectiveState.DRAFT, ObjectiveState.DRAFT, *ObjectiveState]),
        level=ObjectiveLevel.TEAM,
        alignment_basis="UNALIGNED",
        title="Grow",
        **dates,
    )
    for co_owner in others:
        await ObjectiveTeam.create(objective_id=objective.id, team_id=co_owner)
    number = await KeyResult.create(organization_id=org, objective_id=objective.id, title="Number", **dates)
    author = next(person for person in people if person)
    today = clock.now().date()
    found = await CheckIn.create(
        organization_id=org, key_result_id=number.id, author_id=author, confidence=3, as_of=today,
        created_at=clock.now(),
    )  # fmt: skip
    comment = await Comment.create(
        organization_id=org, subject_type="CheckIn", subject_id=found.id, objective_id=objective.id,
        author_id=author, body="Why now?", **dates,
    )  # fmt: skip
    world.objectives.append(objective)
    world.co_owners[objective.id] = others
    world.numbers[objective.id] = number.id
    world.check_ins[objective.id] = found.id
    world.comments[objective.id] = comment.id


@pytest.fixture(params=[1, 2])
async def world(database, request) -> World:
    made = await make_world(request.param)
    await database.take_rows_as_given()
    return made


def ids(rows: Iterable) -> set[UUID]:
    return {row.id for row in rows}


async def test_sql_and_scopes_agree_on_who_sees_an_objective(world):
    everything = [each.id for each in world.objectives]
    seen = [set(await reads.objectives_by_id(viewer, everything)) for viewer in world.viewers]

    assert seen == [world.visible_to(viewer) for viewer in world.viewers]
    assert seen[-1] == set()
    assert len({frozenset(each) for each in seen}) > 3, "the viewers see different things"


async def test_what_hangs_on_an_objective_is_seen_with_it(world):
    for viewer in world.viewers:
        visible = world.visible_to(viewer)
        for found, all_ids in (
            (reads.key_results_by_id, world.numbers),
            (reads.check_ins_by_id, world.check_ins),
            (comment_reads.comments_by_id, world.comments),
        ):
            wanted = {all_ids[objective] for objective in visible}
            assert set(await found(viewer, list(all_ids.values()))) == wanted
        links = await link_reads.links_by_id(viewer, [link.id for link in world.links])
        assert set(links) == {link.id for link in world.links if link.child_id in visible}


async def test_every_relation_is_narrowed_to_what_is_seen(world):
    objectives = [each.id for each in world.objectives]
    numbers = list(world.numbers.values())
    linked = {link.child_id for link in world.links}
    for viewer in world.viewers:
        visible = world.visible_to(viewer)
        of_objectives = await reads.key_results_of_objectives(viewer, objectives)
        assert set(of_objectives) == visible
        assert set(await reads.stewardships(viewer, objectives)) == visible
        assert set(await reads.editable_objectives(viewer, objectives)) == visible
        check_ins = await reads.check_ins_of_key_results(viewer, numbers, page=EVERYTHING)
        assert set(check_ins) == {world.numbers[each] for each in visible}
        assert await reads.check_in_counts(viewer, numbers) == {world.numbers[each]: 1 for each in visible}
        subjects = list(world.check_ins.values())
        comments = await comment_reads.comments_on(viewer, subjects, page=EVERYTHING)
        assert set(comments) == {world.check_ins[each] for each in visible}
        assert set(await comment_reads.comment_counts(viewer, subjects)) == set(comments)
        assert set(await link_reads.links_of_children(viewer, objectives)) == visible & linked
        aligned = await link_reads.aligned_to_key_results(viewer, numbers)
        assert {row.id for rows in aligned.values() for row in rows} == visible & linked
        incoming = await link_reads.links_to_key_results(viewer, numbers)
        assert {row.child_id for rows in incoming.values() for row in rows} == visible & linked


async def test_every_list_holds_and_counts_what_is_seen(world):
    organization, cycle = world.objectives[0].organization_id, world.objectives[0].cycle_id
    teams = sorted({each.team_id for each in world.objectives})
    people = sorted({each.owner_id for each in world.objectives if each.owner_id})
    for viewer in world.viewers:
        visible = world.visible_to(viewer)
        pages = await reads.objectives_of_organization(
            viewer, [organization], page=EVERYTHING, selection=ObjectiveSelection()
        )
        assert {row.id for page in pages.values() for row in page.rows} == visible
        counts = await reads.objective_counts(viewer, [organization], selection=ObjectiveSelection())
        assert sum(counts.values()) == len(visible)
        of_teams = await reads.objectives_of_teams(viewer, teams, cycle_id=cycle)
        assert {team: ids(of_teams.get(team, ())) for team in teams} == {
            team: {
                each.id
                for each in world.objectives
                if each.id in visible and team in (each.team_id, *world.co_owners[each.id])
            }
            for team in teams
        }
        of_people = await reads.objectives_of_people(viewer, people, cycle_id=cycle)
        assert {row.id for rows in of_people.values() for row in rows} == {
            each.id for each in world.objectives if each.id in visible and each.owner_id
        }


async def test_who_has_left_a_team_no_longer_sees_its_drafts(acme):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    assert set(await reads.objectives_by_id(acme.member, [draft.id])) == {draft.id}

    again = await acme.org.leave(acme.member, acme.growth)
    assert await reads.objectives_by_id(again, [draft.id]) == {}


@given(
    state=st.sampled_from(ObjectiveState),
    teams=st.lists(st.uuids(), min_size=1),
    owner=st.none() | st.uuids(),
    reviewer=st.none() | st.uuids(),
)
def test_the_audience_of_a_draft_is_its_people_and_of_all_else_everyone(state, teams, owner, reviewer):
    people = {person_scope(person) for person in (owner, reviewer) if person}
    draft = people | {team_scope(team) for team in teams}

    assert audience(state, teams, owner, reviewer) == (draft if state is ObjectiveState.DRAFT else {EVERYONE})


async def logged_after(acme, position: int):
    return [(row.kind, row.entity_id, row) for row in await read_after(acme.org.id, position)]


async def test_publishing_announces_to_those_who_did_not_see(acme):
    org = acme.org
    draft = await org.objective(acme.lead, team=acme.growth, owner_id=acme.owner.person_id)
    numbers = [await org.key_result(draft) for _ in range(2)]
    link = await org.link(draft, await org.objective(published=True))
    head = (await head_of(org.id)).position
    await publish_objective(acme.lead, draft.id, override_reason="now")

    logged = await logged_after(acme, head)
    assert [(kind, key) for kind, key, _ in logged] == [
        ("ObjectiveChanged", draft.id),
        *[("KeyResultChanged", number.id) for number in sorted(numbers, key=lambda each: each.id)],
        ("AlignmentLinkChanged", link.id),
        ("AccessChanged", draft.id),
    ]
    before = {team_scope(acme.growth.id), person_scope(acme.owner.person_id)}
    for _, _, row in logged:
        assert (row.acl, row.acl_before) == ({EVERYONE}, before)
        assert row.is_visible_to(acme.supporter.scopes)
        assert not row.was_visible_to(acme.supporter.scopes)
        assert row.was_visible_to(acme.observer.scopes)
    assert [row.tx_end for _, _, row in logged] == [False, False, False, False, True]


async def test_a_drafts_new_owner_gains_sight_and_the_former_loses_it(acme):
    draft = await acme.org.objective(acme.lead, team=acme.growth, owner_id=acme.owner.person_id)
    head = (await head_of(acme.org.id)).position
    change = ObjectiveChange(frozenset({"owner_id"}), owner_id=acme.seller.person_id)
    await update_objective(acme.lead, draft.id, change)

    logged = await logged_after(acme, head)
    assert [kind for kind, _, _ in logged] == ["ObjectiveChanged", "AccessChanged"]
    for _, _, row in logged:
        sight = [
            (row.was_visible_to(who.scopes), row.is_visible_to(who.scopes))
            for who in (acme.owner, acme.seller)
        ]
        assert sight == [(True, False), (False, True)]
    assert set(await reads.objectives_by_id(acme.seller, [draft.id])) == {draft.id}
    assert await reads.objectives_by_id(acme.owner, [draft.id]) == {}


async def test_changes_of_a_draft_are_for_its_people_only(acme):
    head = (await head_of(acme.org.id)).position
    draft = await acme.org.objective(acme.lead, team=acme.growth)
    number = await acme.org.key_result(draft)
    await acme.org.comment(acme.lead, draft)

    logged = [row for _, _, row in await logged_after(acme, head) if row.entity_type != "Person"]
    assert [row.entity_id for row in logged][:2] == [draft.id, number.id]
    for row in logged:
        assert row.acl == {team_scope(acme.growth.id)}
        assert row.acl_before is None
