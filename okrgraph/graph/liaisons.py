"""Liaison in the schema, and the mutations that name and end one."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from okrgraph.dependencies import liaison_reads
from okrgraph.dependencies.liaisons import NewLiaison, appoint_liaison, end_liaison
from okrgraph.dependencies.rows import LiaisonRow
from okrgraph.events.receipts import Done
from okrgraph.graph.context import Info
from okrgraph.graph.cycles import Cycle
from okrgraph.graph.errors import CURSOR, ERRORS, MUTATION_ID, UserError, key_for, mutate, optional_key
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person, Team
from okrgraph.graph.relations import one
from okrgraph.graph.scalars import CursorText
from okrgraph.okrs import reads as okr_reads
from okrgraph.people import reads as people_reads
from okrgraph.people.viewer import Viewer

EXPECTED_VERSION = "The version that the caller saw; CONFLICT when anything has changed since."


@strawberry.type(description="Somebody who stands between two teams that depend on each other.")
class Liaison(Node):
    version: int = strawberry.field(description="Rises at each change.")
    person: Person = one(people_reads.people_by_id, "person_id", "Who it is.", shared=True)
    team_a: Team = one(
        people_reads.teams_by_id, "team_a_id", "One of the two teams; they have no order.", shared=True
    )
    team_b: Team = one(people_reads.teams_by_id, "team_b_id", "The other team.", shared=True)
    cycle: Cycle | None = one(
        okr_reads.cycles_by_id, "cycle_id", "The cycle that it is for; null for every cycle.", shared=True
    )
    purpose: str | None = strawberry.field(description="What it is for.")
    created_by: Person | None = one(
        people_reads.people_by_id, "created_by_id", "Who named the liaison.", shared=True
    )
    created_at: datetime = strawberry.field(description="When that was.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it holds.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, LiaisonRow)


@strawberry.type(description="Two teams that depend on each other and have nobody who stands between them.")
class TeamPair:
    team_a: Team = one(
        people_reads.teams_by_id, "team_a_id", "One of the two teams; they have no order.", shared=True
    )
    team_b: Team = one(people_reads.teams_by_id, "team_b_id", "The other team.", shared=True)
    open_dependencies: int = strawberry.field(
        description="Open dependencies between them, in either direction, as far as the viewer sees."
    )


@strawberry.type(description="What became of a mutation of a liaison.")
class LiaisonPayload:
    liaison: Liaison | None = strawberry.field(description="The liaison as it is now.")
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
    cursor: CursorText | None = strawberry.field(description=CURSOR)


@strawberry.input(description="Who stands between which two teams.")
class LiaisonAppointInput:
    person_id: strawberry.ID = strawberry.field(description="Who it is.")
    team_a_id: strawberry.ID = strawberry.field(description="One of the two teams.")
    team_b_id: strawberry.ID = strawberry.field(description="The other team.")
    cycle_id: strawberry.ID | None = strawberry.field(
        description="Only for this cycle; for every cycle unless given.", default=None
    )
    purpose: str | None = strawberry.field(description="What for; at most 500 characters.", default=None)
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


@strawberry.input(description="How to end a liaison.")
class LiaisonEndInput:
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    client_mutation_id: strawberry.ID | None = strawberry.field(description=MUTATION_ID, default=None)


def _new_liaison(given: LiaisonAppointInput) -> NewLiaison:
    return NewLiaison(
        person_id=key_for("Person", given.person_id, "person_id", "person"),
        team_a_id=key_for("Team", given.team_a_id, "team_a_id", "team"),
        team_b_id=key_for("Team", given.team_b_id, "team_b_id", "team"),
        cycle_id=optional_key("Cycle", given.cycle_id, "cycle_id", "cycle"),
        purpose=given.purpose,
    )


@strawberry.type
class LiaisonMutations:
    @strawberry.mutation(
        description="Names somebody who stands between two teams, for leads of either and administrators."
    )
    async def liaison_appoint(
        self,
        info: Info,
        input: Annotated[LiaisonAppointInput, strawberry.argument(description="The liaison.")],
    ) -> LiaisonPayload | None:
        async def run(viewer: Viewer) -> Done:
            return await appoint_liaison(viewer, _new_liaison(input))

        return await mutate(info, LiaisonPayload, "liaison", liaison_reads.liaisons_by_id, run, input=input)

    @strawberry.mutation(description="Ends a liaison, for those who may name it and for the liaison.")
    async def liaison_end(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The liaison.")],
        input: Annotated[LiaisonEndInput | None, strawberry.argument(description="How to end it.")] = None,
    ) -> LiaisonPayload | None:
        given = input or LiaisonEndInput()

        async def run(viewer: Viewer) -> Done:
            key = key_for("Liaison", id, "id", "liaison")
            return await end_liaison(viewer, key, given.expected_version)

        return await mutate(
            info, LiaisonPayload, "liaison", liaison_reads.liaisons_by_id, run, id=id, input=given
        )
