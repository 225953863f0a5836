"""Organisations for tests: their structure as rows with the log that goes with it, OKRs by the real actions.

org = await make_organization("acme")
growth = await org.team("Growth")
ada = await org.person("Ada", {growth: MemberRole.LEAD})
objective = await org.objective(ada, team=growth, published=True)
key_result = await org.key_result(objective, target_value=10.0)
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from okrgraph.discussion.comments import NewComment, create_comment
from okrgraph.discussion.models import Comment
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.change import Change, Place
from okrgraph.events.entry import Entry
from okrgraph.events.log import open_log
from okrgraph.events.receipts import Receipt
from okrgraph.events.rows import row_of
from okrgraph.events.transactions import transaction
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.events import CycleChanged, ObjectiveChanged
from okrgraph.okrs.key_results import NewKeyResult, create_key_result
from okrgraph.okrs.links import NewLink, accept_link, propose_link
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective, ObjectiveTeam
from okrgraph.okrs.objectives import NewObjective, create_objective, publish_objective
from okrgraph.okrs.places import place_of
from okrgraph.okrs.rows import CycleRow, ObjectiveRow
from okrgraph.okrs.vocabulary import CycleKind, CycleState
from okrgraph.people.events import PersonChanged, TeamChanged
from okrgraph.people.models import Membership, Organization, Person, Team
from okrgraph.people.reads import PersonRow, TeamRow
from okrgraph.people.tokens import TokenText, create_token, viewer_of_token, viewers_again
from okrgraph.people.viewer import EVERYONE, Viewer
from okrgraph.people.vocabulary import MemberRole, PersonStatus, TeamKind, TokenScope


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever sets up an organisation from outside: no person of it."""

    organization_id: UUID
    person_id: UUID | None = None
    receipt: Receipt | None = None


def known_to_all(change: Change, *team_ids: UUID) -> Entry:
    """The log entry of something that the whole organisation sees."""
    return change.entry(Place((change.entity[0],), team_ids, frozenset({EVERYONE})))


@action
async def add_team(work: UnitOfWork, operator: Operator, **values: Any) -> UUID:
    team = await Team.create(
        organization_id=operator.organization_id, created_at=work.at, updated_at=work.at, **values
    )
    work.record(known_to_all(TeamChanged(row_of(TeamRow, team)), team.id))
    return team.id


@action
async def add_person(
    work: UnitOfWork, operator: Operator, roles: Mapping[Team, MemberRole], **values: Any
) -> UUID:
    person = await Person.create(
        organization_id=operator.organization_id, created_at=work.at, updated_at=work.at, **values
    )
    for team, role in roles.items():
        await Membership.create(
            organization_id=operator.organization_id,
            person_id=person.id,
            team_id=team.id,
            role=role,
            joined_at=work.at,
        )
    work.record(known_to_all(PersonChanged(row_of(PersonRow, person)), *(team.id for team in roles)))
    return person.id


@action
async def end_membership(work: UnitOfWork, operator: Operator, person_id: UUID, team: Team) -> UUID:
    await Membership.filter(person_id=person_id, team_id=team.id, left_at=None).update(left_at=work.at)
    person = await Person.get(id=person_id)
    person.version += 1
    person.updated_at = work.at
    await person.save()
    work.record(known_to_all(PersonChanged(row_of(PersonRow, person)), team.id))
    return person_id


@action
async def save_cycle(work: UnitOfWork, operator: Operator, cycle: Cycle) -> UUID:
    if cycle._saved_in_db:
        cycle.version += 1
    cycle.updated_at = work.at
    await cycle.save()
    work.record(known_to_all(CycleChanged(row_of(CycleRow, cycle))))
    return cycle.id


@action
async def add_co_owners(work: UnitOfWork, operator: Operator, objective: Objective, *teams: Team) -> UUID:
    for team in teams:
        await ObjectiveTeam.create(objective_id=objective.id, team_id=team.id)
    objective.version += 1
    objective.updated_at = work.at
    await objective.save()
    work.record(ObjectiveChanged(row_of(ObjectiveRow, objective)).entry(await place_of(objective)))
    return objective.id


async def make_organization(slug: str = "acme", **values: Any) -> "GivenOrganization":
    """An organisation with its company team and nobody in it; further values are columns."""
    now = clock.now()
    values = {"name": slug.title(), **values}
    async with transaction():
        organization = await Organization.create(slug=slug, created_at=now, updated_at=now, **values)
        await open_log(organization.id)
    operator = Operator(organization.id)
    company = await add_team(operator, name=organization.name, kind=TeamKind.COMPANY, parent_id=None)
    return GivenOrganization(organization.id, slug, operator, await Team.get(id=company.entity_id))


@dataclass(slots=True)
class GivenOrganization:
    id: UUID
    slug: str
    operator: Operator
    company: Team
    tokens: dict[UUID, TokenText] = field(default_factory=dict)
    """The token text of each person made here, by person id."""
    _stewards: dict[UUID, Viewer] = field(default_factory=dict)
    _cycle: Cycle | None = None

    async def team(self, name: str = "Growth", parent: Team | None = None, **values: Any) -> Team:
        """A team, below the company unless a parent is given."""
        above = (parent or self.company).id
        values = {"kind": TeamKind.TEAM, **values}
        return await Team.get(
            id=(await add_team(self.operator, name=name, parent_id=above, **values)).entity_id
        )

    async def person(
        self,
        name: str = "Ada",
        roles: Mapping[Team, MemberRole] | None = None,
        *,
        admin: bool = False,
        scope: TokenScope = TokenScope.WRITE,
        **values: Any,
    ) -> Viewer:
        """A person, as the viewer behind a real token; the e-mail address is made of the name."""
        email = f"{name.lower().replace(' ', '.')}@{self.slug}.example"
        columns = {"name": name, "email": email, "is_admin": admin, **values}
        done = await add_person(self.operator, roles or {}, **columns)
        if columns.get("status", PersonStatus.ACTIVE) is not PersonStatus.ACTIVE:
            raise ValueError("only an active person has a viewer; use add_person")
        return await self.viewer(done.entity_id, columns["email"], scope)

    async def viewer(self, person_id: UUID, email: str, scope: TokenScope = TokenScope.WRITE) -> Viewer:
        """A viewer of a person, through a new token."""
        token = await create_token(self.slug, email, scope=scope)
        self.tokens[person_id] = token
        viewer = await viewer_of_token(token)
        assert viewer is not None
        return viewer

    async def leave(self, viewer: Viewer, team: Team) -> Viewer:
        """End a membership; returns the viewer as it is from then on."""
        await end_membership(self.operator, viewer.person_id, team)
        again = (await viewers_again([viewer.token_id])).get(viewer.token_id)
        assert again is not None
        return again

    async def steward(self, team: Team) -> Viewer:
        """Somebody who may edit what this team owns; one LEAD for each team, made on first need."""
        if team.id not in self._stewards:
            roles = {team: MemberRole.LEAD}
            name = f"Steward {team.id.hex}"
            self._stewards[team.id] = await self.person(name, roles)
        return self._stewards[team.id]

    async def cycle(self, state: CycleState = CycleState.ACTIVE, **values: Any) -> Cycle:
        """A quarter that began 30 days ago; the first one made is where objectives go by default."""
        today = clock.now().date()
        columns: dict[str, Any] = {
            "id": new_key(),
            "name": "This quarter",
            "kind": CycleKind.QUARTER,
            "starts_on": today - timedelta(days=30),
            "ends_on": today + timedelta(days=60),
            "created_at": clock.now(),
            **values,
        }
        cycle = Cycle(organization_id=self.id, state=state, **columns)
        await save_cycle(self.operator, cycle)
        self._cycle = self._cycle or cycle
        return cycle

    async def move(self, cycle: Cycle, state: CycleState) -> None:
        """Bring a cycle into another state."""
        cycle.state = state
        await save_cycle(self.operator, cycle)

    async def objective(
        self,
        viewer: Viewer | None = None,
        *,
        team: Team | None = None,
        cycle: Cycle | None = None,
        published: bool = False,
        co_owners: tuple[Team, ...] = (),
        **values: Any,
    ) -> Objective:
        """An objective of the company, or of a team, without owner unless one is given.

        Made and published by the viewer, or by the team's steward. Further values: of NewObjective.
        """
        team = team or self.company
        by = viewer or await self.steward(team)
        cycle = cycle or self._cycle or await self.cycle()
        new = NewObjective(cycle_id=cycle.id, team_id=team.id, **{"title": "Grow", **values})
        done = await create_objective(_plain(by), new)
        if co_owners:
            await add_co_owners(self.operator, await Objective.get(id=done.entity_id), *co_owners)
        if published:
            await publish_objective(_plain(by), done.entity_id, override_reason="as the test needs it")
        return await Objective.get(id=done.entity_id)

    async def _editor_of(self, objective: Objective) -> Viewer:
        return await self.steward(await Team.get(id=objective.team_id))

    async def key_result(
        self, objective: Objective, viewer: Viewer | None = None, **values: Any
    ) -> KeyResult:
        """A key result from 0 to 100; further values: of NewKeyResult."""
        columns = {"title": "Customers", "start_value": 0.0, "target_value": 100.0, **values}
        by = viewer or await self._editor_of(objective)
        done = await create_key_result(_plain(by), NewKeyResult(objective_id=objective.id, **columns))
        return await KeyResult.get(id=done.entity_id)

    async def check_in(
        self,
        key_result: KeyResult,
        confidence: int = 4,
        value: float | None = None,
        as_of: date | None = None,
        viewer: Viewer | None = None,
    ) -> CheckIn:
        by = viewer or await self._editor_of(await Objective.get(id=key_result.objective_id))
        done = await check_in(_plain(by), NewCheckIn(key_result.id, confidence, value, as_of=as_of))
        return await CheckIn.get(id=done.entity_id)

    async def link(
        self, child: Objective, parent: Objective | KeyResult, *, accepted: bool = False, **values: Any
    ) -> AlignmentLink:
        """A link proposed by the child's side and, if wanted, accepted by the parent's."""
        by = await self._editor_of(child)
        done = await propose_link(_plain(by), child.id, NewLink(parent_id=parent.id, **values))
        if accepted:
            above = await Objective.get(id=parent.objective_id) if isinstance(parent, KeyResult) else parent
            await accept_link(_plain(await self._editor_of(above)), done.entity_id)
        return await AlignmentLink.get(id=done.entity_id)

    async def comment(
        self, viewer: Viewer, objective: Objective, body: str = "Why now?", **values: Any
    ) -> Comment:
        new = NewComment(SubjectType.OBJECTIVE, objective.id, body, **values)
        return await Comment.get(id=(await create_comment(_plain(viewer), new)).entity_id)


def _plain(viewer: Viewer) -> Viewer:
    """The viewer without a clientMutationId, which is for one mutation only."""
    return dataclasses.replace(viewer, receipt=None)
