"""Team and Person in the schema."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

from okrgraph.dependencies import reads as dependency_reads
from okrgraph.dependencies.liaison_reads import liaisons_of_teams
from okrgraph.dependencies.reliability import CYCLES, MOST_CYCLES
from okrgraph.dependencies.states import OPEN
from okrgraph.dependencies.team_reads import reliability_of_teams
from okrgraph.dependencies.vocabulary import DependencyState
from okrgraph.graph import enums as _enums  # noqa: F401 (registers the enums)
from okrgraph.graph.node import Node
from okrgraph.graph.relations import many, one, with_arguments
from okrgraph.graph.scalars import key_of
from okrgraph.okrs import reads as okr_reads
from okrgraph.people import reads
from okrgraph.people.vocabulary import PersonStatus, TeamKind

if TYPE_CHECKING:
    from okrgraph.graph.dependencies import Dependency
    from okrgraph.graph.liaisons import Liaison
    from okrgraph.graph.objectives import Objective

ObjectiveList = list[Annotated["Objective", strawberry.lazy("okrgraph.graph.objectives")]]
CycleArgument = Annotated[
    strawberry.ID, strawberry.argument(description="The cycle whose objectives are listed.")
]
DependencyList = list[Annotated["Dependency", strawberry.lazy("okrgraph.graph.dependencies")]]
LiaisonList = list[Annotated["Liaison", strawberry.lazy("okrgraph.graph.liaisons")]]
OfCycle = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only of this cycle; of all cycles unless given.")
]
InStates = Annotated[
    list[DependencyState] | None,
    strawberry.argument(description="REQUESTED, COUNTERED, ACCEPTED and IN_PROGRESS unless given."),
]


@strawberry.type(description="How far a team keeps what it promised to other teams.")
class TeamReliability:
    due: int = strawberry.field(
        description="Dependencies that it accepted and that are confirmed or past their day; cancelled ones do not "
        "count."
    )
    in_time: int = strawberry.field(description="Of these, confirmed on or before the day they were needed.")
    ratio: float | None = strawberry.field(description="inTime over due, 0 to 1; null while nothing was due.")


def _of_cycle(
    cycle_id: str | None = None, states: list[DependencyState] | None = None
) -> dict[str, Any] | None:
    """The batch arguments of a team's dependencies; None for what is no cycle's id."""
    key = None if cycle_id is None else key_of("Cycle", cycle_id)
    if cycle_id is not None and key is None:
        return None
    return {"cycle_id": key, "states": OPEN if states is None else tuple(sorted(set(states)))}


def _last_cycles(cycles: int | None = None) -> dict[str, int]:
    count = CYCLES if cycles is None else cycles
    if not 1 <= count <= MOST_CYCLES:
        raise GraphQLError(f"cycles must be from 1 to {MOST_CYCLES}.", extensions={"code": "BAD_USER_INPUT"})
    return {"cycles": count}


def in_cycle(cycle_id: str) -> dict[str, UUID] | None:
    """The batch argument of a cycle's id; None for what is no cycle's id."""
    key = key_of("Cycle", cycle_id)
    return None if key is None else {"cycle_id": key}


@strawberry.type(description="A company, department or team; teams form a tree.")
class Team(Node):
    version: int = strawberry.field(description="Rises at each change.")
    name: str = strawberry.field(description="What it is called.")
    kind: TeamKind = strawberry.field(description="What it is in the tree of teams.")
    parent: "Team | None" = one(
        reads.teams_by_id, "parent_id", "The team above; null for the company.", shared=True
    )
    children: list["Team"] = many(reads.teams_below, "id", "Teams directly below, by name.", shared=True)
    members: list["Person"] = many(
        reads.members_of_teams, "id", "People who belong to it now, by name.", shared=True
    )

    @with_arguments(
        okr_reads.objectives_of_teams,
        "id",
        "Objectives owned or co-owned by the team that the viewer may see.",
        in_cycle,
    )
    def objectives(self, cycle_id: CycleArgument) -> ObjectiveList:
        raise NotImplementedError

    @with_arguments(
        dependency_reads.owed_by_teams,
        "id",
        "What it owes to other teams, by the day it is needed, then what blocks first; complete.",
        _of_cycle,
    )
    def owes(self, cycle_id: OfCycle = None, states: InStates = None) -> DependencyList:
        raise NotImplementedError

    @with_arguments(
        dependency_reads.owed_to_teams,
        "id",
        "What other teams owe to it, by the day it is needed, then what blocks first; complete.",
        _of_cycle,
    )
    def is_owed(self, cycle_id: OfCycle = None, states: InStates = None) -> DependencyList:
        raise NotImplementedError

    @with_arguments(
        reliability_of_teams,
        "id",
        "How far it kept what it promised in the cycles that began last, as far as the viewer sees.",
        _last_cycles,
        many=False,
    )
    def reliability(
        self,
        cycles: Annotated[
            int | None, strawberry.argument(description="How many cycles: 1 to 20, 4 unless given.")
        ] = None,
    ) -> TeamReliability:
        raise NotImplementedError

    liaisons: LiaisonList = many(
        liaisons_of_teams, "id", "People who stand between it and another team now, oldest first."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, reads.TeamRow)


@strawberry.type(description="Somebody of the organisation.")
class Person(Node):
    version: int = strawberry.field(description="Rises at each change.")
    name: str = strawberry.field(description="What they are called.")
    email: str = strawberry.field(description="E-mail address, in lower case; unique in the organisation.")
    status: PersonStatus = strawberry.field(description="Whether they take part.")
    manager: "Person | None" = one(
        reads.people_by_id, "manager_id", "Whom they report to; null when nobody.", shared=True
    )
    teams: list[Team] = many(reads.teams_of_people, "id", "Teams they belong to now, by name.", shared=True)

    @with_arguments(
        okr_reads.objectives_of_people,
        "id",
        "Objectives they are accountable for that the viewer may see.",
        in_cycle,
    )
    def objectives(self, cycle_id: CycleArgument) -> ObjectiveList:
        raise NotImplementedError

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, reads.PersonRow)
