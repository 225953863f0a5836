"""Random organisations with drafts, hidden rows and some of everything, made once and read by many operations."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from okrgraph.dependencies.answers import accept_dependency, confirm_dependency, deliver_dependency
from okrgraph.dependencies.check_ins import (
    NewDependencyCheckIn,
    ask_about_dependency,
    check_in_on_dependency,
)
from okrgraph.dependencies.liaisons import NewLiaison, appoint_liaison
from okrgraph.dependencies.requests import NewDependency, draft_dependency, request_dependency
from okrgraph.dependencies.vocabulary import DependencyCriticality, DependencyHealth
from okrgraph.discussion.comments import NewComment, create_comment, delete_comment, resolve_comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.cursors import Cursor
from okrgraph.events.database import fetch_all
from okrgraph.kit import clock
from okrgraph.kit.errors import DomainError
from okrgraph.kit.ids import global_id
from okrgraph.okrs.links import decline_link, withdraw_link
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.okrs.vocabulary import CycleState, LinkKind
from okrgraph.people.models import Team
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole, TokenScope
from tests.building import GivenOrganization, make_organization
from tests.graph.rich_world import TABLE_OF_TYPE, plain

SEEDS = (1, 2)
EPOCH = "0" * 16


@dataclass(frozen=True, slots=True)
class World:
    """One organisation. ids: all its public ids, by type. change_cursors: of its log."""

    viewers: list[Viewer]
    ids: dict[str, list[str]]
    change_cursors: list[str]


class _Making:
    def __init__(self, random: Random, org: GivenOrganization) -> None:
        self.random = random
        self.org = org
        self.teams: list[Team] = [org.company]
        self.people: list[Viewer] = []
        self.objectives: list[Objective] = []
        self.key_results: list[KeyResult] = []

    def some(self, given: list[Any]) -> Any:
        return self.random.choice(given)

    def maybe(self, value: Any, share: float = 0.5) -> Any:
        return value if self.random.random() < share else None

    async def make(self) -> None:
        for name in ("Growth", "Sales", "Support"):
            self.teams.append(await self.org.team(name, parent=self.some(self.teams)))
        roles = [{team: MemberRole.LEAD} for team in self.teams]
        roles += [{self.teams[1]: MemberRole.MEMBER, self.teams[2]: MemberRole.MEMBER}, {}]
        for place, role in enumerate(roles):
            scope = TokenScope.READ if place == len(roles) - 1 else TokenScope.WRITE
            manager = self.some(self.people).person_id if self.people else None
            values = {"manager_id": manager, "scope": scope}
            self.people.append(await self.org.person(f"P{place} \u00fc \"'<&", role, **values))
        cycles = [await self.org.cycle(), await self.org.cycle(name="Other")]
        for place in range(12):
            await self._objective(place, cycles[place % 4 == 3])
        for _ in range(14):
            await self._link()
        for _ in range(16):
            await self._comment()
        for place in range(14):
            await self._dependency(place)
        await self.org.move(cycles[1], CycleState.REVIEW)

    async def _objective(self, place: int, cycle: Any) -> None:
        team = self.teams[0] if place < 2 else self.some(self.teams)
        others = [each for each in self.teams if each is not team]
        objective = await self.org.objective(
            team=team,
            cycle=cycle,
            published=place < 2 or self.random.random() < 0.6,
            co_owners=(self.some(others),) if self.random.random() < 0.3 else (),
            title=self.some(["Win", "Grow", "Learn"]),
            description=self.maybe('Two\nlines and "more" \u2028'),
            why_now=self.maybe("Now"),
            owner_id=self.maybe(self.some(self.people).person_id, 0.8),
            reviewer_id=self.maybe(self.some(self.people).person_id, 0.3),
        )
        self.objectives.append(objective)
        for _ in range(self.random.randint(0, 3)):
            key_result = await self.org.key_result(objective, target_value=self.some([1.0, 10.5, 100.0]))
            self.key_results.append(key_result)
            for back in range(self.random.randint(0, 3)):
                day = clock.now().date() - timedelta(days=20 - 9 * back)
                with suppress(DomainError):  # a draft takes none
                    value = self.maybe(self.random.random() * 100)
                    await self.org.check_in(key_result, self.random.randint(1, 5), value, day)

    async def _link(self) -> None:
        child, parent = self.some(self.objectives), self.some([*self.objectives, *self.key_results])
        with suppress(DomainError):  # no circles, no second primary
            link = await self.org.link(
                child,
                parent,
                accepted=self.random.random() < 0.5,
                kind=self.some(list(LinkKind)),
                rationale=self.maybe("It helps"),
            )
            if self.random.random() < 0.3:
                end = self.some([decline_link, withdraw_link])
                await end(plain(self.some(self.people)), link.id)

    async def _dependency(self, place: int) -> None:
        consumer, provider = self.random.sample(self.teams, 2)
        asking = plain(await self.org.steward(consumer))
        giving = plain(await self.org.steward(provider))
        new = NewDependency(
            self.some(["An API", "Half a day \u2028"]),
            consumer.id,
            provider.id,
            objective_id=self.some(self.objectives).id,
            needed_by=clock.now().date() + timedelta(days=self.random.randint(-20, 20)),
            criticality=self.some(list(DependencyCriticality)),
            provider_objective_id=self.maybe(self.some(self.objectives).id, 0.3),
        )
        with suppress(DomainError):  # of what is hidden from them
            key = (await self.some([draft_dependency, request_dependency])(asking, new)).entity_id
            await create_comment(asking, NewComment(SubjectType.DEPENDENCY, key, "*Still* on track?"))
            steps = [
                lambda: accept_dependency(giving, key, new.needed_by + timedelta(days=place - 7)),
                lambda: ask_about_dependency(asking, key),
                lambda: check_in_on_dependency(
                    giving, key, NewDependencyCheckIn(self.some(list(DependencyHealth)), place % 5 + 1)
                ),
                lambda: deliver_dependency(giving, key, "https://acme.example"),
                lambda: confirm_dependency(asking, key),
            ]
            for step in steps[: self.random.randint(0, len(steps))]:
                await step()
        with suppress(DomainError):
            await appoint_liaison(
                asking, NewLiaison(self.some(self.people).person_id, consumer.id, provider.id)
            )

    async def _comment(self) -> None:
        by = plain(self.some(self.people[:-1]))
        kind, subjects = self.some(
            [(SubjectType.OBJECTIVE, self.objectives), (SubjectType.KEY_RESULT, self.key_results)]
        )
        subject = self.some(subjects)
        with suppress(DomainError):  # of what is hidden from them
            first = await create_comment(by, NewComment(kind, subject.id, "*Why*?"))
            for _ in range(self.random.randint(0, 2)):
                answer = NewComment(kind, subject.id, "So", parent_comment_id=first.entity_id)
                await create_comment(by, answer)
            if self.random.random() < 0.4:
                await self.some([delete_comment, resolve_comment])(by, first.entity_id)


async def _ids(organization_id: UUID) -> dict[str, list[str]]:
    found = {}
    for type_name, table in TABLE_OF_TYPE.items():
        column = "id" if table == "organization" else "organization_id"
        rows = await fetch_all(f"SELECT id FROM {table} WHERE {column} = :id ORDER BY id", id=organization_id)
        found[type_name] = [global_id(type_name, UUID(str(row[0]))) for row in rows]
    return found


async def make_worlds() -> list[World]:
    worlds = []
    for seed in SEEDS:
        making = _Making(Random(seed), await make_organization(f"org{seed}"))
        await making.make()
        cursors = [Cursor(making.org.id, EPOCH, position).encode() for position in (0, 40, 90, 10_000)]
        worlds.append(World(making.people, await _ids(making.org.id), cursors))
    return worlds
