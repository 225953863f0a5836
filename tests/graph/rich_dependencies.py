"""Dependencies of a rich world: in every state that a mutation begins in, with the seller on the side that acts."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from okrgraph.dependencies import answers, check_ins
from okrgraph.dependencies.check_ins import NewDependencyCheckIn
from okrgraph.dependencies.liaisons import NewLiaison, appoint_liaison
from okrgraph.dependencies.requests import NewDependency, draft_dependency, request_dependency
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth
from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.kit import clock
from okrgraph.kit.ids import global_id
from okrgraph.okrs.models import Objective
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole
from tests.building import GivenOrganization

WHY = Said("As things are.")


@dataclass
class Between:
    """people: somebody of each team who acts for it."""

    org: GivenOrganization
    teams: dict[str, Team]
    people: dict[str, Viewer] = field(default_factory=dict)

    def _of(self, team: str) -> Viewer:
        return replace(self.people[team], receipt=None)

    async def _asked(
        self, need: str, pair: str, objective: Objective, create: Any = request_dependency
    ) -> UUID:
        consumer, provider = pair.split(">")
        new = NewDependency(
            need,
            self.teams[consumer].id,
            self.teams[provider].id,
            objective_id=objective.id,
            needed_by=clock.now().date() + timedelta(days=5),
            criticality=DependencyCriticality.BLOCKING,
            acceptance_criteria=f"When {need}",
            provider_owner_id=self.people[provider].person_id if provider in self.people else None,
        )
        key: UUID = (await create(self._of(consumer), new)).entity_id
        return key

    async def make(self, supporting: Objective, selling: Objective, slug: str) -> dict[str, str]:
        """Public ids by what each is for; every text carries the slug."""
        for name in ("desk", "shop"):
            roles = {self.teams[name]: MemberRole.MEMBER}
            self.people[name] = await self.org.person(f"{name.title()} {slug}", roles)
        made: dict[str, UUID] = {}
        for place in range(7):
            made[f"owed_{place}"] = await self._asked(f"Need {place} of {slug}", "growth>sales", supporting)
            if place > 2:
                await answers.accept_dependency(self._of("sales"), made[f"owed_{place}"], said=WHY)
        for name in ("asked", "canceled", "accepted", "delivered", "lacking", "declined"):
            made[name] = await self._asked(f"Thing {name} of {slug}", "sales>growth", selling)
        for name in ("accepted", "delivered", "lacking"):
            await answers.accept_dependency(self._of("growth"), made[name])
        new = NewDependencyCheckIn(DependencyHealth.AT_RISK, 3)
        await check_ins.check_in_on_dependency(self._of("growth"), made["accepted"], new, Said(f"Hm {slug}"))
        for name in ("delivered", "lacking"):
            await answers.deliver_dependency(self._of("growth"), made[name])
        await answers.decline_dependency(self._of("growth"), made["declined"], WHY)
        for name in ("draft", "edited"):
            made[name] = await self._asked(
                f"Draft {name} of {slug}", "front>growth", selling, draft_dependency
            )
        made["escalated"] = await self._asked(f"Between desks of {slug}", "desk>shop", selling)
        await answers.decline_dependency(self._of("shop"), made["escalated"], WHY)
        await answers.escalate_dependency(
            self._of("desk"), made["escalated"], self.people["desk"].person_id, WHY
        )
        said = NewComment(SubjectType.DEPENDENCY, made["accepted"], f"Said of {slug}")
        await create_comment(self._of("sales"), said)
        ids = {f"dependency_{name}": global_id("Dependency", key) for name, key in made.items()}
        for name, pair in (("liaison", ("front", "growth")), ("ending_liaison", ("front", "sales"))):
            one, other = (self.teams[team].id for team in pair)
            new_liaison = NewLiaison(self.people["growth"].person_id, one, other, purpose=f"Weekly {slug}")
            done = await appoint_liaison(self._of("sales"), new_liaison)
            ids[name] = global_id("Liaison", done.entity_id)
        ids["growth"] = global_id("Team", self.teams["growth"].id)
        ids["front"] = global_id("Team", self.teams["front"].id)
        ids["desk"] = global_id("Team", self.teams["desk"].id)
        return ids
