"""The organisations that a run writes and reads: people with different sight, and drafts that carry secret words."""

from dataclasses import dataclass, field
from itertools import count

from okrgraph.events.database import opened
from okrgraph.kit.ids import global_id
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.building import GivenOrganization, make_organization
from tests.databases import GivenDatabase
from tests.faults.history import Sight


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token. key: the person's hexadecimal key."""

    name: str
    viewer: Viewer
    token: str

    @property
    def key(self) -> str:
        return self.viewer.person_id.hex


@dataclass(slots=True)
class World:
    """Growth and Platform are open; what Secret drafts is for its members only. Ids are public.

    drafts: with their links, to be published; links: proposed, to be decided; comments: (id, author's name).
    """

    organization: GivenOrganization
    people: dict[str, Person]
    teams: dict[str, Team]
    company_key_results: list[str]
    objectives: dict[str, list[str]]
    key_results: dict[str, list[str]]
    cycle: str
    canaries: dict[str, frozenset[str]] = field(default_factory=dict)
    drafts: dict[str, list[tuple[str, list[str]]]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    comments: list[tuple[str, str]] = field(default_factory=list)
    secret_drafts: list[str] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def slug(self) -> str:
        return self.organization.slug

    def canary(self) -> str:
        """A new secret word, for members of Secret of this organisation."""
        word = f"canary-{self.slug}-{next(self.numbers)}"
        self.canaries[word] = frozenset({f"team:{self.teams['Secret'].id.hex}"})
        return word

    def sight_of(self, name: str) -> Sight:
        """The person's scopes from the beginning on."""
        person = self.people[name]
        scopes = {"org", f"person:{person.key}", *(f"team:{key.hex}" for key in person.viewer.team_ids)}
        return Sight(person.key, ((0, frozenset(scopes)),))


# Name -> teams and role. Max belongs to the company team, whose key results the others support.
PEOPLE = {
    "Ada": ({"Growth": MemberRole.LEAD}),
    "Gus": ({"Growth": MemberRole.MEMBER}),
    "Bo": ({"Platform": MemberRole.MEMBER}),
    "Cy": ({"Secret": MemberRole.LEAD}),
    "Dan": ({"Secret": MemberRole.MEMBER, "Platform": MemberRole.MEMBER}),
    "Eve": ({"Platform": MemberRole.VIEWER}),
    "Fay": ({"Secret": MemberRole.MEMBER}),
}


async def make_world(database: GivenDatabase, slug: str) -> World:
    """Make an organisation in a migrated database."""
    async with opened(database.address):
        org = await make_organization(slug)
        teams = {name: await org.team(name) for name in ("Growth", "Platform", "Secret")}
        people = {}
        for name, roles in PEOPLE.items():
            viewer = await org.person(name, {teams[team]: role for team, role in roles.items()})
            people[name] = Person(name, viewer, org.tokens[viewer.person_id])
        viewer = await org.person("Max", {org.company: MemberRole.MEMBER})
        people["Max"] = Person("Max", viewer, org.tokens[viewer.person_id])
        top = await org.objective(people["Max"].viewer, published=True, title="Company")
        company = [await org.key_result(top, people["Max"].viewer, title=f"Goal {n}") for n in range(2)]
        world = World(
            org,
            people,
            teams,
            [_id(each) for each in company],
            {"Company": [_id(top)]},
            {"Company": [_id(each) for each in company]},
            global_id("Cycle", top.cycle_id),
        )
        for team, author in (("Growth", "Ada"), ("Platform", "Bo"), ("Secret", "Cy")):
            await _fill(world, team, people[author].viewer)
        return world


async def _fill(world: World, team: str, author: Viewer) -> None:
    org = world.organization
    world.objectives[team], world.key_results[team] = [], []
    for number in range(2):
        title = f"{team} {number}" if team != "Secret" else f"Plan {world.canary()}"
        objective = await org.objective(
            author, team=world.teams[team], published=team != "Secret", title=title
        )
        world.objectives[team].append(_id(objective))
        if team == "Secret":
            world.secret_drafts.append(_id(objective))
        for place in range(2):
            key_result = await org.key_result(objective, author, title=f"{title} {place}")
            world.key_results[team].append(_id(key_result))


def _id(entity: Objective | KeyResult) -> str:
    return global_id(type(entity).__name__, entity.id)
