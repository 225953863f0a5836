"""An organisation on which every mutation can succeed, and how tests run one and read its payload."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from okrgraph.dependencies import answers
from okrgraph.dependencies.liaisons import NewLiaison, appoint_liaison
from okrgraph.dependencies.requests import NewDependency, request_dependency
from okrgraph.dependencies.steps import Said
from okrgraph.events import log
from okrgraph.events.cursors import Cursor
from okrgraph.kit.ids import global_id
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.building import GivenOrganization, make_organization
from tests.graph.probing import operation

UserErrors = list[tuple[str, list[str] | None, str]]


def written(type_name: str, entity: Any) -> str:
    """The public id of a row."""
    return global_id(type_name, entity.id)


@dataclass(frozen=True, slots=True)
class Payload:
    """A mutation's payload. errors: (code, field, message) of each."""

    values: dict[str, Any]
    errors: UserErrors
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """ada leads Growth and works in the company; sam works in Sales.

    ids: public ids. published, draft: objectives of Growth; closed_cycle: what takes nothing but comments.
    """

    org: GivenOrganization
    growth: Team
    sales: Team
    ada: Viewer
    sam: Viewer
    top: Objective
    goal: KeyResult
    published: Objective
    measure: KeyResult
    draft: Objective
    ids: dict[str, str]
    graph: Any = None
    database: Any = None

    async def mutate(self, name: str, viewer: Viewer | None = None, **variables: Any) -> Payload:
        """Run a mutation that GraphQL itself does not refuse, by ada unless said."""
        data = await self.graph.run(viewer or self.ada, operation("Mutation", name), **variables)
        values = data[name]
        errors = [(each["code"], each["field"], each["message"]) for each in values.pop("userErrors")]
        return Payload(values, errors, values.pop("cursor"))

    async def head(self) -> str:
        """The cursor of the log's head."""
        position = (await log.head_of(self.org.id)).position
        return Cursor(self.org.id, self.graph.hub.epoch, position).encode()

    async def person(
        self, name: str, team: Team | None = None, role: MemberRole = MemberRole.MEMBER
    ) -> Viewer:
        return await self.org.person(name, {team: role} if team is not None else None)

    def person_id(self, viewer: Viewer) -> str:
        return global_id("Person", viewer.person_id)


async def _dependencies(
    org: GivenOrganization, teams: dict[str, Team], ada: Viewer, sam: Viewer, objective: Objective
) -> dict[str, str]:
    """What ada can take every step on: she works on both sides of some, and stands above the others."""
    made = {}
    for name in ("asked", "refused", "ended", "delivered", "declined"):
        provider = teams["sales"] if name == "declined" else org.company
        new = NewDependency(
            f"Thing {name}", teams["growth"].id, provider.id, objective_id=objective.id, needed_by_week=9
        )
        made[name] = (await request_dependency(ada, new)).entity_id
    await answers.accept_dependency(ada, made["delivered"])
    await answers.deliver_dependency(ada, made["delivered"])
    await answers.decline_dependency(sam, made["declined"], Said("No."))
    new_liaison = NewLiaison(sam.person_id, org.company.id, teams["growth"].id)
    liaison = (await appoint_liaison(ada, new_liaison)).entity_id
    return {
        "company": written("Team", org.company),
        "liaison": global_id("Liaison", liaison),
        **{f"dependency_{name}": global_id("Dependency", key) for name, key in made.items()},
    }


async def make_stage() -> Stage:
    """Make it in the database that is open; what it runs operations on comes with the copy."""
    org = await make_organization("acme")
    growth, sales = await org.team("Growth"), await org.team("Sales")
    ada = await org.person("Ada", {growth: MemberRole.LEAD, org.company: MemberRole.LEAD})
    sam = await org.person("Sam", {sales: MemberRole.MEMBER})
    top = await org.objective(ada, title="Top", published=True)
    goal = await org.key_result(top, ada, title="Goal")
    published = await org.objective(ada, team=growth, title="Published", published=True)
    measure = await org.key_result(published, ada, title="Measure")
    draft = await org.objective(ada, team=growth, title="Draft", why_now="Now", owner_id=ada.person_id)
    drafted = await org.key_result(draft, ada, title="Drafted")
    selling = await org.objective(sam, team=sales, title="Selling", published=True)
    accepted = await org.link(published, goal, accepted=True, rationale="It helps")
    proposed = await org.link(selling, measure)
    aside = await org.link(selling, goal, primary=False)
    comment = await org.comment(ada, published, "Why?")
    reply = await org.comment(sam, published, "Because", parent_comment_id=comment.id)
    elsewhere = await org.comment(sam, top, "Elsewhere")
    ids = {
        "organization": global_id("Organization", org.id),
        "cycle": global_id("Cycle", UUID(str(top.cycle_id))),
        "growth": written("Team", growth),
        "sales": written("Team", sales),
        "ada": global_id("Person", ada.person_id),
        "sam": global_id("Person", sam.person_id),
        "top": written("Objective", top),
        "goal": written("KeyResult", goal),
        "published": written("Objective", published),
        "measure": written("KeyResult", measure),
        "draft": written("Objective", draft),
        "drafted": written("KeyResult", drafted),
        "selling": written("Objective", selling),
        "accepted": written("AlignmentLink", accepted),
        "proposed": written("AlignmentLink", proposed),
        "aside": written("AlignmentLink", aside),
        "comment": written("Comment", comment),
        "reply": written("Comment", reply),
        "elsewhere": written("Comment", elsewhere),
    }
    ids |= await _dependencies(org, {"growth": growth, "sales": sales}, ada, sam, published)
    return Stage(org, growth, sales, ada, sam, top, goal, published, measure, draft, ids)
