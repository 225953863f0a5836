"""Tells the change log what an import did: each change with its place, or one BULK entry for too many."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from okrgraph.dependencies.events import DependencyChanged, LiaisonChanged
from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.places import place_of_dependency
from okrgraph.dependencies.rows import DependencyRow, LiaisonRow
from okrgraph.discussion.events import CommentChanged
from okrgraph.discussion.models import Comment
from okrgraph.discussion.reads import CommentRow
from okrgraph.discussion.vocabulary import SubjectType
from okrgraph.events.change import Change, Place
from okrgraph.events.entry import BULK_THRESHOLD, Entry
from okrgraph.events.log import bulk
from okrgraph.events.rows import row_of
from okrgraph.okrs.events import (
    AlignmentLinkChanged,
    CheckInPublished,
    ConfidenceChanged,
    CycleChanged,
    KeyResultChanged,
    ObjectiveChanged,
)
from okrgraph.okrs.links import parent_objective_of
from okrgraph.okrs.models import AlignmentLink, Objective
from okrgraph.okrs.places import place_of, place_of_link
from okrgraph.okrs.rows import CheckInRow, CycleRow, KeyResultRow, LinkRow, ObjectiveRow
from okrgraph.people.events import AccessChanged, PersonChanged, TeamChanged
from okrgraph.people.reads import PersonRow, TeamRow
from okrgraph.people.viewer import EVERYONE, person_scope, team_scope
from okrgraph.transfer.plans.derived import audience_before
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan

_ALL = frozenset({EVERYONE})


@dataclass(frozen=True, slots=True)
class _Told:
    """A change and where it is: at a place that is known, on an objective or a dependency (`below` it), or
    where a link is.

    before: who saw it before the import, when others see it now. about: of whom it tells, when not of its entity.
    """

    change: Change
    place: Place | None = None
    objective: Objective | None = None
    below: tuple[UUID, ...] = ()
    link: AlignmentLink | None = None
    dependency: Dependency | None = None
    before: frozenset[str] | None = None
    about: UUID | None = None


class Announcement:
    """What an import will tell the log, gathered part by part: each change once, as it is in the end."""

    def __init__(self) -> None:
        self._told: dict[tuple[object, ...], _Told] = {}
        self._is_bulk = False

    def take(self, plan: Plan) -> None:
        """Take what a part writes.

        A new organisation, which nobody follows yet, and new facts about an organisation, which have no kind
        of entry, are BULK.
        """
        if plan.organization.is_new or plan.organization.is_changed:
            self._is_bulk = True
        for told in () if self._is_bulk else _changes(plan):
            key = (type(told.change), told.change.entity[0], told.about)
            earlier = self._told.get(key, told)
            self._told[key] = dataclasses.replace(told, before=told.before or earlier.before)
            if len(self._told) > BULK_THRESHOLD:
                self._is_bulk = True
                self._told.clear()
                return

    async def entries(self, organization_id: UUID) -> list[Entry]:
        """The log entries, when everything stands written; empty when nothing changed."""
        if self._is_bulk:
            return [bulk(organization_id, _ALL)]
        places: dict[UUID, Place] = {}
        return [each.change.entry(await _place(each, places)) for each in self._told.values()]


def _changes(plan: Plan) -> Iterator[_Told]:
    yield from _changes_of_people(plan)
    for cycle in filter(_is_written, plan.cycles.values()):
        place = Place((cycle.entity.id,), (), _ALL)
        yield _Told(CycleChanged(row_of(CycleRow, cycle.entity)), place)
    before = {key: audience_before(plan, draft) for key, draft in plan.objectives.items()}
    for objective in filter(_is_written, plan.objectives.values()):
        change = ObjectiveChanged(row_of(ObjectiveRow, objective.entity))
        yield _Told(change, objective=objective.entity, before=before[objective.entity.id])
    yield from _changes_of_key_results(plan, before)
    for link in filter(_is_written, plan.links.values()):
        yield _Told(
            AlignmentLinkChanged(row_of(LinkRow, link.entity)),
            objective=plan.objectives[link.entity.child_id].entity,
            link=link.entity,
            before=None if link.is_new else before[link.entity.child_id],
        )
    yield from _changes_between_teams(plan)
    for comment in filter(_is_written, plan.comments.values()):
        if comment.entity.subject_type is SubjectType.DEPENDENCY:
            subject = plan.dependencies[comment.entity.subject_id].entity
            yield _Told(
                CommentChanged(row_of(CommentRow, comment.entity)),
                dependency=subject,
                below=(comment.entity.id,),
            )
            continue
        below = (comment.entity.id, *_below(plan, comment.entity))
        objective = plan.objectives[comment.entity.objective_id]
        yield _Told(
            CommentChanged(row_of(CommentRow, comment.entity)), objective=objective.entity, below=below
        )
    for key, seen_by in before.items():
        if seen_by is not None:
            access = AccessChanged(key, "Objective")
            yield _Told(access, objective=plan.objectives[key].entity, before=seen_by)


def _is_written(draft: Draft[Any]) -> bool:
    return draft.is_new or draft.is_changed


def _changes_of_people(plan: Plan) -> Iterator[_Told]:
    for team in filter(_is_written, plan.teams.values()):
        place = Place((team.entity.id,), (team.entity.id,), _ALL)
        yield _Told(TeamChanged(row_of(TeamRow, team.entity)), place)
    teams_of: dict[UUID, list[UUID]] = {}
    for person_id, team_id in plan.memberships:
        teams_of.setdefault(person_id, []).append(team_id)
    for person in filter(_is_written, plan.people.values()):
        place = Place((person.entity.id,), tuple(teams_of.get(person.entity.id, ())), _ALL)
        yield _Told(PersonChanged(row_of(PersonRow, person.entity)), place)
    for (person_id, team_id), membership in plan.memberships.items():
        # Of a new member, who sees the drafts of the team from now on; nobody follows yet as a new person.
        if membership.is_new and not plan.people[person_id].is_new:
            place = Place((team_id,), (team_id,), frozenset({person_scope(person_id)}), frozenset())
            yield _Told(AccessChanged(team_id, "Team"), place, about=person_id)


def _changes_of_key_results(plan: Plan, before: Mapping[UUID, frozenset[str] | None]) -> Iterator[_Told]:
    """In the order of a check-in: the check-in, the key result, the rating."""
    for check_in in filter(_is_written, plan.check_ins.values()):
        key_result = plan.key_results[check_in.entity.key_result_id].entity
        yield _Told(
            CheckInPublished(row_of(CheckInRow, check_in.entity)),
            objective=plan.objectives[key_result.objective_id].entity,
            below=(key_result.id,),
        )
    for draft in filter(_is_written, plan.key_results.values()):
        row = row_of(KeyResultRow, draft.entity)
        changes: list[Change] = [KeyResultChanged(row)]
        if row.confidence is not None and row.confidence != draft.was("confidence"):
            changes.append(ConfidenceChanged(row, draft.was("confidence"), row.confidence))
        for change in changes:
            yield _Told(
                change,
                objective=plan.objectives[row.objective_id].entity,
                below=(row.id,),
                before=None if draft.is_new else before[row.objective_id],
            )


def _changes_between_teams(plan: Plan) -> Iterator[_Told]:
    for dependency in filter(_is_written, plan.dependencies.values()):
        entity = dependency.entity
        state_before = None if dependency.is_of_import else dependency.was("state")
        was_draft = not dependency.is_new and dependency.was("requested_at") is None
        is_sent = was_draft and entity.requested_at is not None
        before = frozenset({team_scope(entity.consumer_team_id)}) if is_sent else None
        yield _Told(
            DependencyChanged(row_of(DependencyRow, entity), state_before),
            dependency=entity,
            before=before,
        )
        if is_sent:
            yield _Told(AccessChanged(entity.id, "Dependency"), dependency=entity, before=before)
    for liaison in filter(_is_written, plan.liaisons.values()):
        row = row_of(LiaisonRow, liaison.entity)
        yield _Told(LiaisonChanged(row), Place((row.id,), (row.team_a_id, row.team_b_id), _ALL))


def _below(plan: Plan, comment: Comment) -> tuple[UUID, ...]:
    """Ids from a comment's subject up to its objective, without it."""
    if comment.subject_type is SubjectType.OBJECTIVE:
        return ()
    if comment.subject_type is SubjectType.CHECK_IN:
        return comment.subject_id, plan.check_ins[comment.subject_id].entity.key_result_id
    return (comment.subject_id,)


async def _place(told: _Told, places: dict[UUID, Place]) -> Place:
    objective = told.objective
    if told.dependency is not None:
        return await place_of_dependency(told.dependency, *told.below, before=told.before)
    if objective is None:
        assert told.place is not None, "a change is on an objective or its place is known"
        return told.place
    if told.link is not None:
        above = await parent_objective_of(told.link)
        return await place_of_link(told.link, objective, above, before=told.before)
    if objective.id not in places:
        places[objective.id] = await place_of(objective)
    place = places[objective.id]
    return dataclasses.replace(place, path=(*told.below, *place.path), acl_before=told.before)
