"""One small organisation with somebody in every position that a right depends on."""

from dataclasses import dataclass

from okrgraph.okrs.models import Cycle
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole, TokenScope
from tests.building import GivenOrganization, make_organization


@dataclass(frozen=True, slots=True)
class SmallCompany:
    """Growth, Sales and Support are teams below the company; nobody is in two of them."""

    org: GivenOrganization
    cycle: Cycle
    growth: Team
    sales: Team
    lead: Viewer
    member: Viewer
    observer: Viewer
    """A VIEWER of Growth."""
    reader: Viewer
    """A MEMBER of Growth with a token that only reads."""
    seller: Viewer
    """A MEMBER of Sales."""
    supporter: Viewer
    """A MEMBER of Support, which owns nothing."""
    manager: Viewer
    """A MEMBER of the company team."""
    administrator: Viewer
    owner: Viewer
    """In no team, like the two below; they get their parts from the objectives."""
    reviewer: Viewer
    number_owner: Viewer
    stranger: Viewer
    """An administrator and LEAD of another organisation."""

    @property
    def everybody(self) -> dict[str, Viewer]:
        names = (
            "lead member observer reader seller supporter manager administrator "
            "owner reviewer number_owner stranger"
        )
        return {name: getattr(self, name) for name in names.split()}


async def make_small_company() -> SmallCompany:
    org = await make_organization("acme", time_zone="Europe/Oslo")
    other = await make_organization("other")
    growth, sales, support = await org.team("Growth"), await org.team("Sales"), await org.team("Support")
    return SmallCompany(
        org=org,
        cycle=await org.cycle(),
        growth=growth,
        sales=sales,
        lead=await org.person("Lea", {growth: MemberRole.LEAD}),
        member=await org.person("Mio", {growth: MemberRole.MEMBER}),
        observer=await org.person("Ole", {growth: MemberRole.VIEWER}),
        reader=await org.person("Rea", {growth: MemberRole.MEMBER}, scope=TokenScope.READ),
        seller=await org.person("Sam", {sales: MemberRole.MEMBER}),
        supporter=await org.person("Sue", {support: MemberRole.MEMBER}),
        manager=await org.person("Max", {org.company: MemberRole.MEMBER}),
        administrator=await org.person("Ann", admin=True, scope=TokenScope.ADMIN),
        owner=await org.person("Ona"),
        reviewer=await org.person("Rex"),
        number_owner=await org.person("Nia"),
        stranger=await other.person(
            "Zoe", {other.company: MemberRole.LEAD}, admin=True, scope=TokenScope.ADMIN
        ),
    )
