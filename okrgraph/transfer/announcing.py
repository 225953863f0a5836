"""Tells the change log what an import did: each change with its place, or one BULK entry for too many."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

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
from okrgraph.people.viewer import EVERYONE, person_scope
from okrgraph.transfer.derived import audience_before
from okrgraph.transfer.drafts import Draft
from okrgraph.transfer.plan import Plan

_ALL = frozenset({EVERYONE})


@dataclass(frozen=True, slots=True)
class _Told:
    """A change and where it is: at a place that is known, on an objective (`below` it), or where a link is.

    reaches_new_eyes: others saw it before the import than see it now, if its objective says so.
    """

    change: Change
    place: Place | None = None
    objective: Draft[Objective] | None = None
    below: tuple[UUID, ...] = ()
    link: AlignmentLink | None = None
    reaches_new_eyes: bool = False


async def entries_of(plan: Plan) -> list[Entry]:
    """The log entries of a plan that stands written; empty when it changed nothing.

    A new organisation, which nobody follows yet, and new facts about an organisation, which have no kind of
    entry, are BULK.
    """
    if plan.organization.is_new or plan.organization.is_changed:
        return [bulk(plan.organization_id, _ALL)]
    told = list(_changes(plan))
    if len(told) > BULK_THRESHOLD:
        return [bulk(plan.organization_id, _ALL)]
    places: dict[UUID, Place] = {}
    return [each.change.entry(await _place(plan, each, places)) for each in told]


def _changes(plan: Plan) -> Iterator[_Told]:
    yield from _changes_of_people(plan)
    for cycle in filter(_is_written, plan.cycles.values()):
        place = Place((cycle.entity.id,), (), _ALL)
        yield _Told(CycleChanged(row_of(CycleRow, cycle.entity)), place)
    for objective in filter(_is_written, plan.objectives.values()):
        change = ObjectiveChanged(row_of(ObjectiveRow, objective.entity))
        yield _Told(change, objective=objective, reaches_new_eyes=True)
    yield from _changes_of_key_results(plan)
    for link in filter(_is_written, plan.links.values()):
        yield _Told(
            AlignmentLinkChanged(row_of(LinkRow, link.entity)),
            objective=plan.objectives[link.entity.child_id],
            link=link.entity,
            reaches_new_eyes=not link.is_new,
        )
    for comment in filter(_is_written, plan.comments.values()):
        below = (comment.entity.id, *_below(plan, comment.entity))
        change_of_comment = CommentChanged(row_of(CommentRow, comment.entity))
        yield _Told(change_of_comment, objective=plan.objectives[comment.entity.objective_id], below=below)
    for objective in plan.objectives.values():
        if audience_before(plan, objective) is not None:
            access = AccessChanged(objective.entity.id, "Objective")
            yield _Told(access, objective=objective, reaches_new_eyes=True)


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
            yield _Told(AccessChanged(team_id, "Team"), place)


def _changes_of_key_results(plan: Plan) -> Iterator[_Told]:
    """In the order of a check-in: the check-in, the key result, the rating."""
    for check_in in filter(_is_written, plan.check_ins.values()):
        key_result = plan.key_results[check_in.entity.key_result_id].entity
        yield _Told(
            CheckInPublished(row_of(CheckInRow, check_in.entity)),
            objective=plan.objectives[key_result.objective_id],
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
                objective=plan.objectives[row.objective_id],
                below=(row.id,),
                reaches_new_eyes=not draft.is_new,
            )


def _below(plan: Plan, comment: Comment) -> tuple[UUID, ...]:
    """Ids from a comment's subject up to its objective, without it."""
    if comment.subject_type is SubjectType.OBJECTIVE:
        return ()
    if comment.subject_type is SubjectType.CHECK_IN:
        return comment.subject_id, plan.check_ins[comment.subject_id].entity.key_result_id
    return (comment.subject_id,)


async def _place(plan: Plan, told: _Told, places: dict[UUID, Place]) -> Place:
    if told.objective is None:
        assert told.place is not None, "a change is on an objective or its place is known"
        return told.place
    objective = told.objective.entity
    before = audience_before(plan, told.objective) if told.reaches_new_eyes else None
    if told.link is not None:
        return await place_of_link(told.link, objective, await parent_objective_of(told.link), before=before)
    if objective.id not in places:
        places[objective.id] = await place_of(objective)
    place = places[objective.id]
    return dataclasses.replace(place, path=(*told.below, *place.path), acl_before=before)
