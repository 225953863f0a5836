"""On which sides of a dependency somebody may act; pure, over a viewer and the dependency's teams."""

from collections.abc import Collection
from uuid import UUID

from okrgraph.dependencies.vocabulary import Side
from okrgraph.people.viewer import Viewer


def sides_of(
    viewer: Viewer, consumer_team_id: UUID, provider_team_id: UUID, teams_above: Collection[UUID] = ()
) -> frozenset[Side]:
    """Members of a team act on its side, a VIEWER of it does not; leads above both and administrators lead.

    teams_above: the teams that stand above both. Source: domain.md, section 1, default rights.
    """
    sides = set()
    if consumer_team_id in viewer.working_team_ids:
        sides.add(Side.CONSUMER)
    if provider_team_id in viewer.working_team_ids:
        sides.add(Side.PROVIDER)
    if viewer.may_administer or not viewer.led_team_ids.isdisjoint(teams_above):
        sides.add(Side.LEADERSHIP)
    return frozenset(sides)


def can_appoint_liaison(viewer: Viewer, team_a_id: UUID, team_b_id: UUID) -> bool:
    """Leads of either team and administrators name who stands between the two."""
    return viewer.may_administer or not viewer.led_team_ids.isdisjoint({team_a_id, team_b_id})
