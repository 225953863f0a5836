"""The organisation that the tests of the whole program talk about."""

from dataclasses import dataclass

from okrgraph.events.database import opened
from okrgraph.kit.ids import global_id
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.building import GivenOrganization, make_organization
from tests.databases import GivenDatabase


@dataclass(frozen=True, slots=True)
class Acme:
    """Two teams with a person each, and a published objective of Ada's team with one key result.

    ada, bo: their tokens. objective, key_result: public ids.
    """

    organization: GivenOrganization
    viewers: tuple[Viewer, Viewer]
    ada: str
    bo: str
    objective: str
    key_result: str

    @property
    def slug(self) -> str:
        return self.organization.slug

    def email(self, name: str) -> str:
        return f"{name}@{self.slug}.example"


async def make_acme(database: GivenDatabase, slug: str = "acme") -> Acme:
    """Make it in a migrated database that is not open."""
    async with opened(database.address):
        organization = await make_organization(slug)
        growth, platform = await organization.team("Growth"), await organization.team("Platform")
        ada = await organization.person("Ada", {growth: MemberRole.LEAD})
        bo = await organization.person("Bo", {platform: MemberRole.MEMBER})
        objective = await organization.objective(ada, team=growth, published=True)
        key_result = await organization.key_result(objective, ada)
        return Acme(
            organization,
            (ada, bo),
            organization.tokens[ada.person_id],
            organization.tokens[bo.person_id],
            global_id("Objective", objective.id),
            global_id("KeyResult", key_result.id),
        )
