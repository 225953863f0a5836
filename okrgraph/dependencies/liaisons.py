"""Naming the people who stand between two teams."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from okrgraph.dependencies.events import LiaisonChanged
from okrgraph.dependencies.liaison_reads import liaisons_by_id
from okrgraph.dependencies.models import Liaison
from okrgraph.dependencies.rights import can_appoint_liaison
from okrgraph.dependencies.rows import LiaisonRow
from okrgraph.events.change import Place
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import conflict, duplicate, forbidden, invalid, not_found, wrong_state
from okrgraph.kit.ids import new_key
from okrgraph.kit.text import TITLE_LENGTH, optional_text
from okrgraph.okrs.subjects import cycle_of, lock_alignment, require_person, require_team
from okrgraph.people.viewer import EVERYONE, Viewer


@dataclass(frozen=True, slots=True)
class NewLiaison:
    """The two teams in any order. cycle_id None: in every cycle."""

    person_id: UUID
    team_a_id: UUID
    team_b_id: UUID
    cycle_id: UUID | None = None
    purpose: str | None = None


def _record(work: UnitOfWork, liaison: Liaison) -> None:
    teams = (liaison.team_a_id, liaison.team_b_id)
    place = Place((liaison.id,), teams, frozenset({EVERYONE}))
    work.record(LiaisonChanged(row_of(LiaisonRow, liaison)).entry(place))


@action
async def appoint_liaison(work: UnitOfWork, viewer: Viewer, new: NewLiaison) -> UUID:
    """Name somebody who stands between two teams; leads of either and administrators may.

    Raises DomainError NOT_FOUND, FORBIDDEN, INVALID, STATE for a suspended person, DUPLICATE.
    Records LiaisonChanged.
    """
    await require_team(viewer, new.team_a_id, "team_a_id")
    await require_team(viewer, new.team_b_id, "team_b_id")
    if new.cycle_id is not None:
        await cycle_of(viewer, new.cycle_id)
    viewer.require_write()
    if not can_appoint_liaison(viewer, new.team_a_id, new.team_b_id):
        raise forbidden("Only leads of one of the teams and administrators name a liaison.", "team_a_id")
    if new.team_a_id == new.team_b_id:
        raise invalid("A liaison stands between two teams; name another one.", "team_b_id")
    await require_person(viewer, new.person_id, "person_id")
    await lock_alignment(viewer)
    low, high = sorted((new.team_a_id, new.team_b_id))
    place: dict[str, Any] = {
        "person_id": new.person_id,
        "team_a_id": low,
        "team_b_id": high,
        "cycle_id": new.cycle_id,
    }
    known = await Liaison.get_or_none(ended_at=None, **place)
    if known is not None:
        raise duplicate("This person stands between these teams already.", entity_id=known.id)
    liaison = await Liaison.create(
        id=new_key(),
        organization_id=viewer.organization_id,
        purpose=optional_text(new.purpose, "purpose", "The purpose", TITLE_LENGTH),
        created_by_id=viewer.person_id,
        created_at=work.at,
        updated_at=work.at,
        **place,
    )
    _record(work, liaison)
    return liaison.id


@action
async def end_liaison(
    work: UnitOfWork, viewer: Viewer, liaison_id: UUID, expected_version: int | None = None
) -> UUID:
    """Say that somebody no longer stands between two teams; the person, too, may.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE. Records LiaisonChanged.
    """
    if liaison_id not in await liaisons_by_id(viewer, [liaison_id]):
        raise not_found("liaison", "id")
    viewer.require_write()
    liaison = await Liaison.select_for_update().get(id=liaison_id)
    may_end = can_appoint_liaison(viewer, liaison.team_a_id, liaison.team_b_id)
    if not may_end and liaison.person_id != viewer.person_id:
        raise forbidden(
            "Only leads of one of the teams, administrators and the liaison end it.",
            "id",
            entity_id=liaison_id,
        )
    if expected_version is not None and liaison.version > expected_version:
        raise conflict(
            f"Somebody changed this after version {expected_version}; "
            f"look at version {liaison.version} and try again.",
            entity_id=liaison_id,
        )
    if liaison.ended_at is not None:
        raise wrong_state("This liaison has ended already.", entity_id=liaison_id)
    liaison.ended_at = work.at
    liaison.version += 1
    liaison.updated_at = work.at
    await liaison.save()
    _record(work, liaison)
    return liaison_id
