"""Who may change what: the default rights, pure, over a viewer and what an objective says of itself."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from okrgraph.okrs.vocabulary import ObjectiveLevel
from okrgraph.people.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Stewardship:
    """What decides over an objective. team_ids: the owning team and the co-owning ones."""

    level: ObjectiveLevel
    owner_id: UUID | None
    team_ids: Collection[UUID]


def can_edit(viewer: Viewer, objective: Stewardship) -> bool:
    """May create, edit, publish, close it and its key results, and propose and withdraw its links.

    Its owner always; then, by level: members of the company team for COMPANY, a LEAD of its team for
    INDIVIDUAL, members of an owning team otherwise. A VIEWER of a team edits nothing of it.
    Source: domain.md, section 1, default rights.
    """
    if objective.owner_id == viewer.person_id:
        return True
    match objective.level:
        case ObjectiveLevel.COMPANY:
            return viewer.company_id in viewer.working_team_ids
        case ObjectiveLevel.INDIVIDUAL:
            return not viewer.led_team_ids.isdisjoint(objective.team_ids)
        case _:
            return not viewer.working_team_ids.isdisjoint(objective.team_ids)


def can_check_in(viewer: Viewer, objective: Stewardship, key_result_owner_id: UUID | None) -> bool:
    """Whoever may edit the objective, and the key result's own owner."""
    return key_result_owner_id == viewer.person_id or can_edit(viewer, objective)


def can_decide_link(viewer: Viewer, parent: Stewardship) -> bool:
    """Accepting or declining is for whoever may edit what the link points to."""
    return can_edit(viewer, parent)
