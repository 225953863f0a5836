"""An organisation with some of everything, so that what must stay hidden has something to hide."""

from dataclasses import dataclass, replace
from uuid import UUID

from okrgraph.dependencies.requests import NewDependency, request_dependency
from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.models import Comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.database import fetch_all
from okrgraph.kit.ids import global_id, read_global_id
from okrgraph.okrs.links import accept_link
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.okrs.vocabulary import ObjectiveLevel
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.building import GivenOrganization, make_organization
from tests.graph.rich_dependencies import Between

TABLE_OF_TYPE = {
    "Organization": "organization",
    "Team": "team",
    "Person": "person",
    "Cycle": "cycle",
    "Objective": "objective",
    "KeyResult": "key_result",
    "CheckIn": "check_in",
    "AlignmentLink": "alignment_link",
    "Comment": "comment",
    "Dependency": "dependency",
    "DependencyCheckIn": "dependency_check_in",
    "Liaison": "liaison",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What only its team, its owner and its reviewer see."""

    objective: str
    ids: tuple[str, ...]
    """Of the objective, its key result, its links and its comments."""


@dataclass(frozen=True, slots=True)
class RichWorld:
    """lead: leads Growth and works in the company; seller: works in Sales and sees no draft of Growth.

    named: public ids by what they are in this world.
    """

    org: GivenOrganization
    growth: Team
    sales: Team
    lead: Viewer
    seller: Viewer
    named: dict[str, str]
    top: Objective
    goal: KeyResult
    supporting: Objective

    async def ids(self) -> list[str]:
        """Every public id of the organisation."""
        found = []
        for type_name, table in TABLE_OF_TYPE.items():
            column = "id" if table == "organization" else "organization_id"
            rows = await fetch_all(f"SELECT id FROM {table} WHERE {column} = :id", id=self.org.id)
            found += [global_id(type_name, UUID(str(row[0]))) for row in rows]
        return found


def plain(viewer: Viewer) -> Viewer:
    return replace(viewer, receipt=None)


def key_of(text: str) -> UUID:
    """The key in a public id."""
    found = read_global_id(text)
    assert found is not None, text
    return found[1]


async def make_rich_world(slug: str) -> RichWorld:
    """Every text that people wrote carries the slug, by which it is recognised elsewhere."""
    org = await make_organization(slug)
    growth, sales = await org.team(f"Growth of {slug}"), await org.team(f"Sales of {slug}")
    front = await org.team(f"Front of {slug}")
    desk, shop = await org.team(f"Desk of {slug}", front), await org.team(f"Shop of {slug}", front)
    await org.cycle(name=f"Quarter of {slug}")
    lead = await org.person(
        f"Lea {slug}", {growth: MemberRole.LEAD, org.company: MemberRole.MEMBER, front: MemberRole.VIEWER}
    )
    seller = await org.person(f"Sam {slug}", {sales: MemberRole.MEMBER, front: MemberRole.LEAD})
    text = {"title": f"Aim of {slug}", "why_now": f"Now for {slug}", "owner_id": lead.person_id}
    top = await org.objective(lead, published=True, **text)
    goal = await org.key_result(top, lead, title=f"Goal of {slug}")
    check_in = await org.check_in(goal, 3, 40.0, viewer=lead)
    supporting = await org.objective(lead, team=growth, published=True, co_owners=(sales,), **text)
    measure = await org.key_result(supporting, lead, title=f"Measure of {slug}")
    await org.check_in(measure, 2, 10.0, viewer=lead)
    link = await org.link(supporting, goal, accepted=True, rationale=f"Because of {slug}")
    selling = await org.objective(seller, team=sales, published=True, **text)
    proposed = await org.link(selling, supporting, rationale=f"Maybe for {slug}")
    own_draft = await org.objective(seller, team=sales, **text)
    comment = await org.comment(seller, supporting, f"Question of {slug}")
    await org.comment(lead, supporting, f"Answer of {slug}", parent_comment_id=comment.id)
    for kind, key in (
        (SubjectType.KEY_RESULT, goal.id),
        (SubjectType.CHECK_IN, check_in.id),
        (SubjectType.ALIGNMENT_LINK, link.id),
    ):
        await create_comment(plain(seller), NewComment(kind, key, f"Remark of {slug}"))
    between = Between(org, {"growth": growth, "sales": sales, "desk": desk, "shop": shop, "front": front})
    between.people = {"growth": lead, "sales": seller, "front": seller}
    dependencies = await between.make(supporting, selling, slug)
    cycle = top.cycle_id
    named = {
        "organization": global_id("Organization", org.id),
        "team": global_id("Team", sales.id),
        "person": global_id("Person", seller.person_id),
        "cycle": global_id("Cycle", cycle),
        "top": global_id("Objective", top.id),
        "goal": global_id("KeyResult", goal.id),
        "supporting": global_id("Objective", supporting.id),
        "selling": global_id("Objective", selling.id),
        "own_draft": global_id("Objective", own_draft.id),
        "link": global_id("AlignmentLink", link.id),
        "proposed": global_id("AlignmentLink", proposed.id),
        "comment": global_id("Comment", comment.id),
        **dependencies,
    }
    return RichWorld(org, growth, sales, lead, seller, named, top, goal, supporting)


async def add_draft(world: RichWorld) -> Draft:
    """A draft of Growth, linked to what everybody sees, owned by the lead: nothing of it is for the seller.

    Individual, so that the owner alone is shown in every list that people are shown in.
    """
    slug = world.org.slug
    draft = await world.org.objective(
        world.lead,
        team=world.growth,
        title=f"Secret of {slug}",
        level=ObjectiveLevel.INDIVIDUAL,
        owner_id=world.lead.person_id,
    )
    key_result = await world.org.key_result(draft, world.lead, title=f"Secret measure of {slug}")
    accepted = await world.org.link(draft, world.goal, rationale=f"Secret reason of {slug}")
    await accept_link(plain(world.lead), accepted.id)
    other = await world.org.link(draft, world.top, primary=False)
    comments = [await world.org.comment(world.lead, draft, f"Secret talk of {slug}")]
    need = NewDependency(
        f"Secret need of {slug}",
        world.growth.id,
        world.org.company.id,
        objective_id=draft.id,
        needed_by_week=3,
    )
    needed = (await request_dependency(plain(world.lead), need)).entity_id
    for kind, key in (
        (SubjectType.KEY_RESULT, key_result.id),
        (SubjectType.ALIGNMENT_LINK, accepted.id),
        (SubjectType.DEPENDENCY, needed),
    ):
        done = await create_comment(plain(world.lead), NewComment(kind, key, f"Secret word of {slug}"))
        comments.append(await Comment.get(id=done.entity_id))
    ids = (
        global_id("Objective", draft.id),
        global_id("KeyResult", key_result.id),
        global_id("AlignmentLink", accepted.id),
        global_id("AlignmentLink", other.id),
        global_id("Dependency", needed),
        *(global_id("Comment", comment.id) for comment in comments),
    )
    return Draft(ids[0], ids)
