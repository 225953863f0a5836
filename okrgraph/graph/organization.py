"""Organization and Viewer in the schema."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from okrgraph.graph.connections import After, Connection, First, connection
from okrgraph.graph.context import Context
from okrgraph.graph.cycles import Cycle
from okrgraph.graph.node import Node
from okrgraph.graph.people import Person, Team
from okrgraph.graph.relations import loaded, many, one
from okrgraph.graph.scalars import CursorText
from okrgraph.okrs import reads as okr_reads
from okrgraph.people import reads


def _search(text: str | None = None) -> dict[str, str] | None:
    text = (text or "").strip()
    return None if "\x00" in text or len(text) > 200 else {"text": text}


async def _cursors(context: Context, organizations: Sequence[reads.OrganizationRow]) -> list[str]:
    head = context.cursor(await context.read_head())
    return [head for _ in organizations]


@strawberry.type(description="The organisation that the viewer's credential belongs to.")
class Organization(Node):
    name: str = strawberry.field(description="What it is called.")
    slug: str = strawberry.field(
        description="Short name on this server: lower-case letters, digits, hyphens."
    )
    time_zone: str = strawberry.field(description="IANA time zone in which days and cycle weeks are counted.")
    company: Team = one(reads.companies_of_organizations, "id", "The root team.")
    current_cycle: Cycle | None = one(
        okr_reads.current_cycle_of_organization,
        "id",
        "Of the cycles whose dates contain today in the organisation's time zone: ACTIVE before REVIEW before "
        "ALIGNING before PLANNING, then the shortest, then the latest start; otherwise the ACTIVE one that ended "
        "last.",
    )
    cycles: list[Cycle] = many(okr_reads.cycles_of_organization, "id", "All cycles, newest start first.")
    teams: list[Team] = many(reads.teams_of_organization, "id", "All teams, by name.")

    cursor: CursorText = loaded(
        _cursors,
        "Head of the change log, read before any other field of the response: subscribe after it and nothing is "
        "missed.",
        needs=(),
    )

    @connection(
        reads.people_of_organization,
        reads.people_counts,
        reads.PEOPLE_ORDER,
        "People, by name.",
        _search,
    )
    def people(
        self,
        text: Annotated[
            str | None,
            strawberry.argument(description="Only those whose name or e-mail address holds this text."),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Person]:
        raise NotImplementedError

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, reads.OrganizationRow)


@strawberry.type(description="The authenticated person and the organisation of the credential.")
class Viewer:
    person: Person = one(reads.people_by_id, "person_id", "Who is asking.", shared=True)
    organization: Organization = one(
        reads.organizations_by_id, "organization_id", "The organisation that the credential belongs to."
    )
