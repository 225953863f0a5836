"""Plans the organisation itself, its teams, its people and who belongs where."""

import re

from okrgraph.kit.ids import new_key
from okrgraph.people.models import Membership, Organization, Person, Team
from okrgraph.people.vocabulary import MemberRole, PersonStatus, TeamKind
from okrgraph.transfer.formats.records import FileProblem, Record, quoted
from okrgraph.transfer.plans.cells import Cells
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.plan import Plan

NAME_LENGTH = 200
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
SLUG_SHAPE = "A slug has lower-case letters, digits and hyphens, 64 at most, and starts with no hyphen."
# Of each number, the least and the most that make sense. Source: the table's checks; a year is long enough.
_NUMBERS = {"cadence_days": (1, 366), "grace_days": (0, 366), "company_objective_cap": (1, 1_000)}
_ADMINISTRATOR = "ADMIN"
_ROLE_SEPARATOR = ":"


def plan_organization(plan: Plan, record: Record | None) -> None:
    """Take name, time zone and rules; a new organisation that the file does not describe is called by its slug."""
    draft: Draft[Organization] = plan.organization
    draft.record = record
    if record is not None:
        cells = Cells(record, plan.problems)
        draft.take("name", cells.line("title", "The name", NAME_LENGTH))
        draft.take("time_zone", cells.time_zone("time_zone"))
        for column, (low, high) in _NUMBERS.items():
            draft.take(column, cells.whole(column, low, high))
    if draft.is_new and not draft.entity.name:
        draft.entity.name = draft.entity.slug


def plan_teams(plan: Plan) -> None:
    """Take name, kind and place of each team. One team, the company, has none above it."""
    for draft, cells in plan.named_in_file(Team):
        if draft.is_new:
            cells.require("title")
        draft.take("name", cells.line("title", "The name", NAME_LENGTH))
        if _place_team(plan, draft, cells):
            _take_kind(plan, draft, cells)
    if plan.company is None and not plan.is_partial:
        reason = "The company is missing: one row of type team without a parent."
        plan.problems.append(FileProblem(plan.organization.line or 1, "parent", reason))


def _place_team(plan: Plan, draft: Draft[Team], cells: Cells) -> bool:
    """Set the team above; tells whether the row was right about it."""
    if "parent" in cells:
        above = plan.named(cells, "parent", Team)
        if above is None:
            return False
        if draft is plan.company:
            cells.refuse("parent", "This team is the company, which has none above it.")
            return False
        draft.entity.parent_id = above.entity.id
    elif draft.is_new:
        if plan.company is not None:
            where = f" (line {plan.company.line})" if plan.company.line else ""
            name = quoted(plan.company.entity.name or "")
            cells.refuse("parent", f"The company is {name}{where} already; name the team above this one.")
            return False
        plan.company = draft
    return True


def _take_kind(plan: Plan, draft: Draft[Team], cells: Cells) -> None:
    kind, is_company = cells.choice("kind", TeamKind), draft is plan.company
    if kind is not None and (kind is TeamKind.COMPANY) != is_company:
        cells.refuse("kind", "The team without a parent, and no other, is of kind COMPANY.")
    elif kind is None and draft.is_new:
        draft.entity.kind = TeamKind.COMPANY if is_company else TeamKind.TEAM
    else:
        draft.take("kind", kind)


def plan_people(plan: Plan) -> None:
    """Take name, status, manager, administration and memberships of each person."""
    for draft, cells in plan.named_in_file(Person):
        person = draft.entity
        if draft.is_new:
            cells.require("title")
            person.status = PersonStatus.ACTIVE
        draft.take("name", cells.line("title", "The name", NAME_LENGTH))
        draft.take("status", cells.choice("state", PersonStatus))
        draft.take("time_zone", cells.time_zone("time_zone"))
        manager = plan.person(cells, "parent")
        draft.take("manager_id", manager and manager.entity.id)
        kind = cells.word("kind")
        if kind == _ADMINISTRATOR:
            person.is_admin = True
        elif kind is not None:
            cells.refuse(
                "kind", f"{quoted(kind)} is not {_ADMINISTRATOR}; leave it empty for everybody else."
            )
        _plan_memberships(plan, draft, cells)


def _plan_memberships(plan: Plan, draft: Draft[Person], cells: Cells) -> None:
    """Open the memberships that are named, each with the role that is named, else MEMBER; end none."""
    named = set()
    for item in cells.items("team"):
        found = _membership(plan, cells, item)
        if found is None:
            continue
        team, role = found
        if team.entity.id in named:
            cells.refuse("team", f"The team of {quoted(item)} is named twice.")
            continue
        named.add(team.entity.id)
        place = (draft.entity.id, team.entity.id)
        if place not in plan.memberships:
            plan.memberships[place] = Draft(
                Membership(
                    id=new_key(),
                    organization_id=plan.organization_id,
                    person_id=draft.entity.id,
                    team_id=team.entity.id,
                    joined_at=plan.at,
                )
            )
        membership = plan.memberships[place]
        membership.entity.role = role
        draft.edited_beside |= not draft.is_new and (membership.is_new or membership.is_changed)


def _membership(plan: Plan, cells: Cells, item: str) -> tuple[Draft[Team], MemberRole] | None:
    """Read `key` or `key:ROLE`; a key may hold a colon itself.

    Where a team is called `a` and another `a:LEAD`, that is the lead of `a`; `a:LEAD:MEMBER` is the other.
    """
    key, role = item, MemberRole.MEMBER
    head, colon, word = (part.strip() for part in item.rpartition(_ROLE_SEPARATOR))
    if colon and word in tuple(MemberRole) and (head in plan.by_key or item not in plan.by_key):
        key, role = head, MemberRole(word)
    elif colon and item not in plan.by_key:
        cells.refuse("team", f"The role of {quoted(item)} is none of {', '.join(MemberRole)}.")
        return None
    team = plan.find(cells, "team", key, Team)
    return None if team is None else (team, role)
