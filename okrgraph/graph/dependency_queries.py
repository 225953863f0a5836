"""The root fields that read dependencies, and the subscription to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry

from okrgraph.dependencies import liaison_reads, reads
from okrgraph.dependencies.reads import DependencySelection
from okrgraph.dependencies.team_reads import MatrixCell, dependency_matrix
from okrgraph.dependencies.vocabulary import DependencyState
from okrgraph.graph.change_types import ChangeKind
from okrgraph.graph.connections import After, Connection, ConnectionRelation, First, page_request
from okrgraph.graph.context import Context, Info
from okrgraph.graph.dependencies import Dependency
from okrgraph.graph.liaisons import Liaison, TeamPair
from okrgraph.graph.live.filters import Selection, Wanted
from okrgraph.graph.people import Team
from okrgraph.graph.relations import loaded, one
from okrgraph.graph.scalars import key_of
from okrgraph.okrs import reads as okr_reads
from okrgraph.people import reads as people_reads


def _id(description: str) -> Any:
    return strawberry.argument(description=description)


CycleId = Annotated[strawberry.ID, _id("The cycle.")]


@strawberry.input(description="Which dependencies a list holds; what is absent does not narrow it.")
class DependencyFilter:
    cycle_id: strawberry.ID | None = strawberry.field(
        description="Serving an objective of this cycle.", default=None
    )
    consumer_team_id: strawberry.ID | None = strawberry.field(
        description="This team needs them.", default=None
    )
    provider_team_id: strawberry.ID | None = strawberry.field(
        description="This team provides them.", default=None
    )
    states: list[DependencyState] | None = strawberry.field(description="In these states.", default=None)


def _selection(filter: DependencyFilter | None = None) -> dict[str, DependencySelection] | None:
    """The batch argument of a filter; None when an id in it is none of its type."""
    given = filter or DependencyFilter()
    keys: dict[str, UUID | None] = {}
    for name, type_name in (
        ("cycle_id", "Cycle"),
        ("consumer_team_id", "Team"),
        ("provider_team_id", "Team"),
    ):
        text = getattr(given, name)
        keys[name] = None if text is None else key_of(type_name, text)
        if text is not None and keys[name] is None:
            return None
    states = tuple(given.states) if given.states is not None else None
    return {"selection": DependencySelection(states=states, **keys)}


_DEPENDENCIES = ConnectionRelation(
    reads.dependencies_of_organization,
    reads.dependency_counts,
    reads.DEPENDENCY_ORDER,
    "organization_id",
    _selection,
)


@strawberry.type(
    description="What one team needs of another in a cycle, counted; drafts and what was cancelled do not count."
)
class DependencyMatrixCell:
    consumer_team: Team = one(
        people_reads.teams_by_id, "consumer_team_id", "The team that needs.", shared=True
    )
    provider_team: Team = one(
        people_reads.teams_by_id, "provider_team_id", "The team that provides.", shared=True
    )
    total: int = strawberry.field(description="All of them, whatever became of them.")
    open: int = strawberry.field(description="REQUESTED, COUNTERED, ACCEPTED or IN_PROGRESS.")
    blocking: int = strawberry.field(description="Open ones without which the consumer cannot go on.")
    confirmed: int = strawberry.field(description="Delivered and confirmed.")
    overdue: int = strawberry.field(description="Past their day and not delivered.")
    slipping: int = strawberry.field(description="Promised for later than they are needed.")
    unanswered: int = strawberry.field(description="Left without answer for more than 5 working days.")
    unowned_risks: int = strawberry.field(description="Declined or withdrawn, with nobody who owns the risk.")


@dataclass(frozen=True, slots=True)
class _Circle:
    """The source of a DependencyDeadlock."""

    keys: tuple[UUID, ...]


async def _members(context: Context, circles: Sequence[_Circle]) -> list[list[Any]]:
    found = await context.load_many(
        reads.dependencies_by_id, [key for circle in circles for key in circle.keys]
    )
    lists = [[row for key in circle.keys if (row := found.get(key)) is not None] for circle in circles]
    context.count(sum(map(len, lists)))
    return lists


@strawberry.type(
    description="Blocking dependencies that wait for each other in a circle, which no order of their dates resolves."
)
class DependencyDeadlock:
    dependencies: list[Dependency] = loaded(_members, "The dependencies of the circle, oldest first.")


async def _cycle(info: Info, text: str) -> UUID | None:
    key = key_of("Cycle", text)
    found = None if key is None else await info.context.load(okr_reads.cycles_by_id, key)
    return None if found is None else key


@strawberry.type
class DependencyQueries:
    @strawberry.field(description="A dependency by its id.")
    async def dependency(self, info: Info, id: Annotated[strawberry.ID, _id("Its id.")]) -> Dependency | None:
        key = key_of("Dependency", id)
        found: Any = None if key is None else await info.context.load(reads.dependencies_by_id, key)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="Dependencies that the viewer may see, by the day they are needed.")
    async def dependencies(
        self,
        info: Info,
        filter: Annotated[DependencyFilter | None, _id("Which ones.")] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Dependency]:
        request = page_request(reads.DEPENDENCY_ORDER, first, after)
        organization = info.context.viewer.organization_id
        pages = await _DEPENDENCIES.pages(info.context, [organization], request, {"filter": filter})
        return pages[0]  # type: ignore[return-value]

    @strawberry.field(
        description="Who needs how much of whom in a cycle: one cell for each pair of teams that has dependencies, "
        "the fullest first."
    )
    async def dependency_matrix(self, info: Info, cycle_id: CycleId) -> list[DependencyMatrixCell]:
        key = await _cycle(info, cycle_id)
        cells: list[MatrixCell] = [] if key is None else await dependency_matrix(info.context.viewer, key)
        info.context.count(len(cells))
        return cells  # type: ignore[return-value]

    @strawberry.field(
        description="Circles of blocking dependencies that no order of their dates resolves, as far as the viewer "
        "sees; complete."
    )
    async def dependency_deadlocks(self, info: Info) -> list[DependencyDeadlock]:
        key = info.context.viewer.organization_id
        circles = await info.context.load(reads.deadlocks_of_organization, key)
        return [_Circle(keys) for keys in circles or ()]  # type: ignore[misc]

    @strawberry.field(
        description="Pairs of teams with three or more open dependencies of a cycle between them and no liaison, most "
        "dependencies first."
    )
    async def pairs_without_liaison(self, info: Info, cycle_id: CycleId) -> list[TeamPair]:
        key = await _cycle(info, cycle_id)
        viewer = info.context.viewer
        pairs = [] if key is None else await liaison_reads.pairs_without_liaison(viewer, key)
        info.context.count(len(pairs))
        return pairs  # type: ignore[return-value]

    @strawberry.field(description="A liaison by its id.")
    async def liaison(self, info: Info, id: Annotated[strawberry.ID, _id("Its id.")]) -> Liaison | None:
        key = key_of("Liaison", id)
        found: Any = None if key is None else await info.context.load(liaison_reads.liaisons_by_id, key)
        return found  # type: ignore[no-any-return]


async def dependencies_wanted(context: Context, team_id: str | None) -> Wanted | None:
    """Changes of dependencies of a team, or of the whole organisation; None for what is no team's id."""
    team = None
    if team_id is not None:
        team = key_of("Team", team_id)
        if team is None or await context.load(people_reads.teams_by_id, team) is None:
            return None
    return Wanted(Selection(frozenset({ChangeKind.DEPENDENCY}), team=team))
