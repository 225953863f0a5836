"""Trees and lines of sight of random organisations, against a model of a few lines."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from okrgraph.insight.alignment_tree import alignment_tree, line_of_sight
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.models import AlignmentLink, Cycle, KeyResult, Objective
from okrgraph.okrs.vocabulary import AlignmentBasis, LinkKind, LinkState, ObjectiveLevel, ObjectiveState
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.building import GivenOrganization, make_organization

MOST = 1_000


@dataclass(frozen=True)
class GivenObjective:
    """key_results: how many. is_ours: of the viewer's team. links: (which earlier objective, which of its key
    results or itself, primary, state, kind), at most one primary that is live.
    """

    level: ObjectiveLevel
    state: ObjectiveState
    is_ours: bool
    is_in_cycle: bool
    position: int
    key_results: int
    links: list[tuple[int, int, bool, LinkState, LinkKind]]


OBJECTIVES = st.lists(
    st.builds(
        GivenObjective,
        level=st.sampled_from([ObjectiveLevel.COMPANY, ObjectiveLevel.TEAM, ObjectiveLevel.INDIVIDUAL]),
        state=st.sampled_from([ObjectiveState.PUBLISHED, ObjectiveState.PUBLISHED, ObjectiveState.DRAFT]),
        is_ours=st.booleans(),
        is_in_cycle=st.sampled_from([True, True, True, False]),
        position=st.integers(0, 2),
        key_results=st.integers(0, 2),
        links=st.lists(
            st.tuples(
                st.integers(0, 20),
                st.integers(0, 2),
                st.sampled_from([True, True, False]),
                st.sampled_from(
                    [LinkState.ACCEPTED, LinkState.ACCEPTED, LinkState.PROPOSED, LinkState.DECLINED]
                ),
                st.sampled_from([LinkKind.SUPPORTS, LinkKind.CONTRIBUTES, LinkKind.RELATES]),
            ),
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=10,
)


class RandomWorld:
    """What was drawn, as rows; the model reads `objectives`, `key_results` and `parent` and nothing else."""

    def __init__(self, org: GivenOrganization, ours: UUID, theirs: UUID, cycles: list[Cycle]) -> None:
        self.org = org
        self.teams = {True: ours, False: theirs}
        self.cycles = cycles
        self.objectives: list[Objective] = []
        self.key_results: dict[UUID, list[KeyResult]] = {}
        self.parent: dict[UUID, UUID] = {}
        self.links: list[AlignmentLink] = []

    def add(self, drawn: GivenObjective) -> None:
        common: dict[str, Any] = {
            "organization_id": self.org.id,
            "created_at": clock.now(),
            "updated_at": clock.now(),
        }
        objective = Objective(
            id=new_key(),
            cycle_id=self.cycles[not drawn.is_in_cycle].id,
            team_id=self.teams[drawn.is_ours],
            level=drawn.level,
            state=drawn.state,
            alignment_basis=AlignmentBasis.UNALIGNED,
            title=f"{len(self.objectives)}",
            position=drawn.position,
            **common,
        )
        taken: set[UUID] = set()
        for which, part, primary, state, kind in drawn.links if self.objectives else []:
            above = self.objectives[which % len(self.objectives)]
            choices: list[Objective | KeyResult] = [above, *self.key_results[above.id]]
            parent = choices[part % len(choices)]
            if parent.id in taken:
                continue
            taken.add(parent.id)
            is_live = state is not LinkState.DECLINED
            is_primary = (
                primary and kind is not LinkKind.RELATES and objective.id not in self.parent and is_live
            )
            is_key_result = isinstance(parent, KeyResult)
            link = AlignmentLink(
                id=new_key(),
                child_id=objective.id,
                parent_key_result_id=parent.id if is_key_result else None,
                parent_objective_id=None if is_key_result else parent.id,
                kind=kind,
                state=state,
                is_primary=is_primary,
                **common,
            )
            self.links.append(link)
            if is_primary:
                # One that is only proposed is no place in the tree, but takes the place of another primary.
                self.parent[objective.id] = parent.id if state is LinkState.ACCEPTED else objective.id
        self.objectives.append(objective)
        self.key_results[objective.id] = [
            KeyResult(id=new_key(), objective_id=objective.id, title=f"{place}", position=-place, **common)
            for place in range(drawn.key_results)
        ]

    async def save(self) -> None:
        await Objective.bulk_create(self.objectives)
        await KeyResult.bulk_create([each for several in self.key_results.values() for each in several])
        await AlignmentLink.bulk_create(self.links)

    def is_seen(self, objective: Objective) -> bool:
        return objective.state is not ObjectiveState.DRAFT or objective.team_id == self.teams[True]

    def above(self, objective: Objective) -> UUID | None:
        """What the accepted primary link of an objective that is not the company's points to."""
        parent = self.parent.get(objective.id)
        return None if objective.level is ObjectiveLevel.COMPANY or parent == objective.id else parent

    def rows(self) -> list[tuple[int, UUID, UUID | None, int]]:
        """(depth, node, parent, children) depth first, by the words of the contract."""
        shown = sorted(
            (each for each in self.objectives if self.is_seen(each) and each.cycle_id == self.cycles[0].id),
            key=lambda each: (each.position, each.created_at, each.id),
        )
        nodes = {each.id for each in shown} | {kr.id for each in shown for kr in self.key_results[each.id]}
        below: dict[UUID | None, list[UUID]] = {key: [] for key in (None, *nodes)}
        for each in shown:
            ordered = sorted(self.key_results[each.id], key=lambda kr: (kr.position, kr.created_at, kr.id))
            below[each.id] += [kr.id for kr in ordered]
        for each in sorted(shown, key=lambda each: each.level is not ObjectiveLevel.COMPANY):
            parent = self.above(each)
            below[parent if parent in nodes else None].append(each.id)
        found: list[tuple[int, UUID, UUID | None, int]] = []

        def walk(parent: UUID | None, depth: int) -> None:
            for key in below[parent]:
                found.append((depth, key, parent, len(below[key])))
                walk(key, depth + 1)

        walk(None, 0)
        return found

    def sight(self, start: UUID) -> list[UUID]:
        """Nodes from one up, as far as they are seen."""
        by_id = {each.id: each for each in self.objectives}
        owner = {kr.id: each for each in self.objectives for kr in self.key_results[each.id]}
        way: list[UUID] = []
        node: UUID | None = start
        while node is not None:
            objective = owner[node] if node in owner else by_id[node]
            if not self.is_seen(objective):
                break
            way += [node] if node == objective.id else [node, objective.id]
            node = self.above(objective)
        return way


async def random_world(drawn: list[GivenObjective]) -> tuple[RandomWorld, Viewer]:
    org = await make_organization(f"acme-{new_key().hex}")
    ours, theirs = await org.team("Ours"), await org.team("Theirs")
    viewer = await org.person("Ada", {ours: MemberRole.MEMBER})
    world = RandomWorld(org, ours.id, theirs.id, [await org.cycle(), await org.cycle(name="Other")])
    for each in drawn:
        world.add(each)
    await world.save()
    return world, viewer


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=OBJECTIVES, max_depth=st.none() | st.integers(0, 4))
async def test_random_trees_are_as_the_contract_says(database, drawn, max_depth) -> None:
    world, viewer = await random_world(drawn)
    cycle = world.cycles[0].id
    expected = world.rows()
    seen = {each.id for each in world.objectives if world.is_seen(each) and each.cycle_id == cycle}
    assert sorted(key for _, key, _, _ in expected if key in seen) == sorted(seen)
    rows = await alignment_tree(viewer, cycle, max_depth=max_depth, at_most=MOST)
    found = [(row.depth, row.node.id, row.parent and row.parent.id, row.child_count) for row in rows]
    assert found == [row for row in expected if max_depth is None or row[0] <= max_depth]
    for each in world.objectives:
        for start in (each.id, *(kr.id for kr in world.key_results[each.id])):
            steps = await line_of_sight(viewer, start)
            assert [step.node.id for step in steps] == world.sight(start)
    await database.take_rows_as_given()
