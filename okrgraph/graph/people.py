"""Team and Person in the schema."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from okrgraph.graph import enums as _enums  # noqa: F401 (registers the enums)
from okrgraph.graph.node import Node
from okrgraph.graph.relations import many, one, with_arguments
from okrgraph.graph.scalars import key_of
from okrgraph.okrs import reads as okr_reads
from okrgraph.people import reads
from okrgraph.people.vocabulary import PersonStatus, TeamKind

if TYPE_CHECKING:
    from okrgraph.graph.objectives import Objective

ObjectiveList = list[Annotated["Objective", strawberry.lazy("okrgraph.graph.objectives")]]
CycleArgument = Annotated[
    strawberry.ID, strawberry.argument(description="The cycle whose objectives are listed.")
]


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
