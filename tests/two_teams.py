"""Two teams of one department that depend on each other, with somebody in every position that a right depends on."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from okrgraph.dependencies import answers, check_ins, requests
from okrgraph.dependencies.check_ins import NewDependencyCheckIn
from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.requests import NewDependency
from okrgraph.dependencies.steps import Said
from okrgraph.dependencies.vocabulary import DependencyHealth, DependencyState
from okrgraph.kit import clock
from okrgraph.okrs.models import Cycle, KeyResult, Objective
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole, TeamKind, TokenScope
from tests.building import GivenOrganization, make_organization

WHY = Said("As things are.")


@dataclass(frozen=True, slots=True)
class TwoTeams:
    """Growth needs, Platform provides; both are below Product, Legal is beside that."""

    org: GivenOrganization
    cycle: Cycle
    product: Team
    growth: Team
    platform: Team
    legal: Team
    consumer: Viewer
    """A MEMBER of Growth."""
    second_consumer: Viewer
    observer: Viewer
    """A VIEWER of Growth and of Platform."""
    provider: Viewer
    """A MEMBER of Platform."""
    second_provider: Viewer
    reader: Viewer
    """A MEMBER of Platform with a token that only reads."""
    head: Viewer
    """A LEAD of Product."""
    staff: Viewer
    """A MEMBER of Product."""
    lawyer: Viewer
    """A LEAD of Legal."""
    administrator: Viewer
    stranger: Viewer
    """An administrator of another organisation."""
    objective: Objective
    key_result: KeyResult
    draft: Objective
    """A draft of Growth."""

    async def requested(self, viewer: Viewer | None = None, **values: Any) -> Dependency:
        """A request of Growth to Platform; further values: of NewDependency."""
        return await self._made(requests.request_dependency, viewer, **values)

    async def drafted(self, viewer: Viewer | None = None, **values: Any) -> Dependency:
        return await self._made(requests.draft_dependency, viewer, **values)

    async def _made(self, create: Any, viewer: Viewer | None, **values: Any) -> Dependency:
        columns: dict[str, Any] = {
            "need": "An API",
            "consumer_team_id": self.growth.id,
            "provider_team_id": self.platform.id,
            "needed_by": clock.now().date() + timedelta(days=20),
            **values,
        }
        if "needed_by_week" in values:
            del columns["needed_by"]
        if not {"objective_id", "key_result_id"} & set(values):
            columns["key_result_id"] = self.key_result.id
        done = await create(viewer or self.consumer, NewDependency(**columns))
        return await Dependency.get(id=done.entity_id)

    async def in_state(self, state: DependencyState, **values: Any) -> Dependency:
        """A dependency that real steps have brought into a state."""
        if state is DependencyState.DRAFT:
            return await self.drafted(**values)
        dependency = await self.requested(**values)
        for step in _WAYS[state]:
            await step(self, dependency.id)
        found = await Dependency.get(id=dependency.id)
        assert found.state is state
        return found

    async def again(self, dependency: Dependency) -> Dependency:
        return await Dependency.get(id=dependency.id)


def _by(side: str, take: Any, *values: Any, **named: Any) -> Any:
    async def step(world: TwoTeams, key: UUID) -> None:
        viewer = dataclasses.replace(getattr(world, side), receipt=None)
        more = [value(world) if callable(value) else value for value in values]
        await take(viewer, key, *more, **named)

    return step


_ACCEPT = _by("provider", answers.accept_dependency)
_START = _by("provider", answers.start_dependency)
_CHECK_IN = _by(
    "provider", check_ins.check_in_on_dependency, NewDependencyCheckIn(DependencyHealth.ON_TRACK, 4)
)
_DELIVER = _by("provider", answers.deliver_dependency)
_DECLINE = _by("provider", answers.decline_dependency, said=WHY)
_WAYS: dict[DependencyState, tuple[Any, ...]] = {
    DependencyState.REQUESTED: (),
    DependencyState.COUNTERED: (_by("provider", answers.counter_dependency, need="Half an API"),),
    DependencyState.ACCEPTED: (_ACCEPT,),
    DependencyState.IN_PROGRESS: (_ACCEPT, _START, _CHECK_IN),
    DependencyState.DELIVERED: (_ACCEPT, _DELIVER),
    DependencyState.CONFIRMED: (_ACCEPT, _DELIVER, _by("consumer", answers.confirm_dependency)),
    DependencyState.DECLINED: (_DECLINE,),
    DependencyState.WITHDRAWN: (_ACCEPT, _by("provider", answers.withdraw_dependency, said=WHY)),
    DependencyState.ESCALATED: (
        _DECLINE,
        _by(
            "consumer",
            answers.escalate_dependency,
            lambda world: world.consumer.person_id,
            said=WHY,
        ),
    ),
    DependencyState.CANCELED: (_by("consumer", answers.cancel_dependency),),
}


async def make_two_teams() -> TwoTeams:
    org = await make_organization("acme", time_zone="Europe/Oslo")
    other = await make_organization("other")
    product = await org.team("Product", kind=TeamKind.DEPARTMENT)
    growth, platform = await org.team("Growth", product), await org.team("Platform", product)
    legal = await org.team("Legal")
    member, observer = MemberRole.MEMBER, MemberRole.VIEWER
    consumer = await org.person("Cora", {growth: member})
    cycle = await org.cycle()
    objective = await org.objective(consumer, team=growth, published=True)
    return TwoTeams(
        org=org,
        cycle=cycle,
        product=product,
        growth=growth,
        platform=platform,
        legal=legal,
        consumer=consumer,
        second_consumer=await org.person("Cai", {growth: member}),
        observer=await org.person("Ole", {growth: observer, platform: observer}),
        provider=await org.person("Pia", {platform: member}),
        second_provider=await org.person("Per", {platform: member}),
        reader=await org.person("Rea", {platform: member}, scope=TokenScope.READ),
        head=await org.person("Hedda", {product: MemberRole.LEAD}),
        staff=await org.person("Stig", {product: member}),
        lawyer=await org.person("Lea", {legal: MemberRole.LEAD}),
        administrator=await org.person("Ann", admin=True, scope=TokenScope.ADMIN),
        stranger=await other.person(
            "Zoe", {other.company: MemberRole.LEAD}, admin=True, scope=TokenScope.ADMIN
        ),
        objective=objective,
        key_result=await org.key_result(objective, consumer),
        draft=await org.objective(consumer, team=growth, title="Not said yet"),
    )
