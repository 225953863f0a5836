"""Takes out of a part what cannot be written because a row is faulty, so that checking goes on after it.

The transaction is lost anyway; what is left is written into it, for later rows to find.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from tortoise.models import Model

from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.discussion.models import Comment
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective
from okrgraph.people.models import Membership, Person, Team
from okrgraph.transfer.formats.records import Record
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan

# What a new row cannot do without, in the order in which rows stand on one another.
_NEEDED: dict[type[Model], tuple[str, ...]] = {
    Team: ("name", "kind"),
    Person: ("name",),
    Membership: ("person_id", "team_id"),
    Cycle: ("name",),
    Objective: ("title", "team_id", "cycle_id", "level"),
    KeyResult: ("title", "objective_id"),
    AlignmentLink: ("child_id",),
    CheckIn: ("key_result_id", "author_id", "confidence", "as_of"),
    Dependency: ("need", "consumer_team_id", "provider_team_id", "served_objective_id", "needed_by"),
    DependencyCheckIn: ("dependency_id", "author_id", "health", "confidence"),
    Liaison: ("person_id", "team_a_id", "team_b_id"),
    Comment: ("subject_id", "objective_id", "author_id"),
}
_REFERENCES = (
    *("parent_id", "manager_id", "team_id", "person_id", "cycle_id", "objective_id", "key_result_id"),
    *("child_id", "parent_objective_id", "parent_key_result_id", "subject_id", "parent_comment_id"),
    *(
        "consumer_team_id",
        "provider_team_id",
        "served_objective_id",
        "dependency_id",
        "team_a_id",
        "team_b_id",
    ),
    *("provider_objective_id", "provider_key_result_id"),
)


def drop_faulty(plan: Plan) -> set[str]:
    """Take out the new things of faulty rows and what hangs on them; changes of faulty rows are undone.

    Returns the keys of what is gone.
    """
    lines = {problem.line for problem in plan.problems}
    gone: set[UUID] = set()
    for model, needed in _NEEDED.items():
        shelf: dict[Any, Draft[Any]] = plan.memberships if model is Membership else plan.shelf(model)
        for place, draft in list(shelf.items()):
            if draft.is_new and (_is_faulty(draft, lines) or _lacks(draft, needed, gone)):
                gone.add(draft.entity.id)
                del shelf[place]
            elif not draft.is_new and _is_faulty(draft, lines):
                _undo(draft)
    dropped = {key for key, draft in plan.by_key.items() if draft.entity.id in gone}
    dropped |= {email for email, draft in plan.by_email.items() if draft.entity.id in gone}
    plan.new_keys = [each for each in plan.new_keys if each[2] not in gone]
    if plan.company is not None and plan.company.entity.id in gone:
        plan.company = None
    return dropped | plan.lost_keys | _keys_without_link(plan)


def _is_faulty(draft: Draft[Any], lines: set[int]) -> bool:
    record = draft.record
    return record is not None and not lines.isdisjoint({record.line, *record.lines.values()})


def _lacks(draft: Draft[Any], needed: tuple[str, ...], gone: Collection[UUID]) -> bool:
    entity = draft.entity
    if any(getattr(entity, column, None) is None for column in needed):
        return True
    return any(getattr(entity, column, None) in gone for column in _REFERENCES)


def _undo(draft: Draft[Any]) -> None:
    assert draft.before is not None, "it is not new"
    for column, value in draft.before.items():
        setattr(draft.entity, column, value)
    draft.edited_beside = draft.reannounced = False


def _keys_without_link(plan: Plan) -> set[str]:
    """Keys of link rows that made no link."""
    records: list[Record] = plan.link_rows
    return {record.key for record in records if record.key is not None and record.key not in plan.by_key}
