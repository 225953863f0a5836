"""What the consuming side asks for: drafting, requesting, sending again, changing."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from okrgraph.dependencies.dates import day_of_week
from okrgraph.dependencies.events import DependencyChanged
from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.places import place_of_dependency
from okrgraph.dependencies.rights import sides_of
from okrgraph.dependencies.rows import DependencyRow
from okrgraph.dependencies.steps import NOTHING_SAID, Said, act_of, begin, checked_day, enter, finish
from okrgraph.dependencies.vocabulary import DependencyAction, DependencyCriticality, DependencyState, Side
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import forbidden, invalid, not_found
from okrgraph.kit.ids import new_key
from okrgraph.kit.text import optional_text, required_text
from okrgraph.okrs import reads as okr_reads
from okrgraph.okrs.models import Cycle, Objective
from okrgraph.okrs.subjects import (
    locked_objective,
    require_open,
    require_person,
    require_phase,
    require_team,
)
from okrgraph.okrs.weeks import week_count
from okrgraph.people.viewer import Viewer


@dataclass(frozen=True, slots=True)
class NewDependency:
    """Exactly one of key_result_id and objective_id, and of needed_by and needed_by_week (1 and up).

    provider_objective_id or provider_key_result_id: what of the provider's work delivers it, if known.
    """

    need: str
    consumer_team_id: UUID
    provider_team_id: UUID
    key_result_id: UUID | None = None
    objective_id: UUID | None = None
    needed_by: date | None = None
    needed_by_week: int | None = None
    criticality: DependencyCriticality = DependencyCriticality.IMPORTANT
    acceptance_criteria: str | None = None
    provider_objective_id: UUID | None = None
    provider_key_result_id: UUID | None = None
    provider_owner_id: UUID | None = None


async def _served(viewer: Viewer, key_result_id: UUID | None, objective_id: UUID | None) -> Objective:
    """The objective that a dependency serves, locked. Raises DomainError NOT_FOUND, INVALID."""
    served_id = objective_id
    if key_result_id is not None:
        key_result = (await okr_reads.key_results_by_id(viewer, [key_result_id])).get(key_result_id)
        if key_result is None:
            raise not_found("key result", "key_result_id")
        served_id = key_result.objective_id
    if objective_id is not None and objective_id not in await okr_reads.objectives_by_id(
        viewer, [objective_id]
    ):
        raise not_found("objective", "objective_id")
    if served_id is None or (key_result_id is not None and objective_id is not None):
        raise invalid("Name either the key result or the objective that needs it.")
    return await locked_objective(served_id)


async def require_provider(
    viewer: Viewer, objective_id: UUID | None, key_result_id: UUID | None, owner_id: UUID | None
) -> None:
    """What delivers it is something that the viewer sees. Raises DomainError NOT_FOUND, INVALID, STATE."""
    if objective_id is not None and objective_id not in await okr_reads.objectives_by_id(
        viewer, [objective_id]
    ):
        raise not_found("objective", "provider_objective_id")
    if key_result_id is not None and key_result_id not in await okr_reads.key_results_by_id(
        viewer, [key_result_id]
    ):
        raise not_found("key result", "provider_key_result_id")
    if objective_id is not None and key_result_id is not None:
        raise invalid("Name one thing that delivers it: an objective or a key result.")
    await require_person(viewer, owner_id, "provider_owner_id")


def day_needed(cycle: Cycle, needed_by: date | None, week: int | None) -> date:
    """The day of a date or of a cycle's week. Raises DomainError INVALID."""
    if (needed_by is None) == (week is None):
        raise invalid("Say by when it is needed: either a date or a week of the cycle.")
    if week is None:
        day = checked_day(needed_by, "needed_by")
        assert day is not None, "one of both is given"
        return day
    day = day_of_week(cycle.starts_on, cycle.ends_on, week)
    if day is not None:
        return day
    if cycle.starts_on is None or cycle.ends_on is None:
        raise invalid("This cycle has no weeks; name a date.", "needed_by_week")
    weeks = week_count(cycle.starts_on, cycle.ends_on)
    raise invalid(f"This cycle has the weeks 1 to {weeks}.", "needed_by_week")


async def _create(
    work: UnitOfWork, viewer: Viewer, new: NewDependency, step: DependencyAction, state: DependencyState
) -> UUID:
    served = await _served(viewer, new.key_result_id, new.objective_id)
    await require_team(viewer, new.consumer_team_id, "consumer_team_id")
    await require_team(viewer, new.provider_team_id, "provider_team_id")
    viewer.require_write()
    if Side.CONSUMER not in sides_of(viewer, new.consumer_team_id, new.provider_team_id):
        raise forbidden("Only members of the consuming team may ask in its name.", "consumer_team_id")
    if new.consumer_team_id == new.provider_team_id:
        raise invalid("A dependency is between two teams; name another provider.", "provider_team_id")
    consumer_field = "key_result_id" if new.key_result_id is not None else "objective_id"
    require_open(served, consumer_field)
    cycle = await Cycle.get(id=served.cycle_id)
    require_phase(cycle, act_of(step, None), field=consumer_field)
    await require_provider(
        viewer, new.provider_objective_id, new.provider_key_result_id, new.provider_owner_id
    )
    dependency = Dependency(
        id=new_key(),
        organization_id=viewer.organization_id,
        need=required_text(new.need, "need", "The need"),
        acceptance_criteria=optional_text(
            new.acceptance_criteria, "acceptance_criteria", "The acceptance criteria"
        ),
        consumer_team_id=new.consumer_team_id,
        objective_id=new.objective_id,
        key_result_id=new.key_result_id,
        served_objective_id=served.id,
        provider_team_id=new.provider_team_id,
        provider_objective_id=new.provider_objective_id,
        provider_key_result_id=new.provider_key_result_id,
        provider_owner_id=new.provider_owner_id,
        criticality=new.criticality,
        needed_by=day_needed(cycle, new.needed_by, new.needed_by_week),
        created_by_id=viewer.person_id,
        created_at=work.at,
        updated_at=work.at,
    )
    enter(dependency, state, work.at)
    await dependency.save(force_create=True)
    place = await place_of_dependency(dependency)
    work.record(DependencyChanged(row_of(DependencyRow, dependency), None, step).entry(place))
    return dependency.id


@action
async def draft_dependency(work: UnitOfWork, viewer: Viewer, new: NewDependency) -> UUID:
    """Write down what a team will need, for its own members' eyes until it is sent.

    Raises DomainError NOT_FOUND, FORBIDDEN, STATE, INVALID. Records DependencyChanged.
    """
    return await _create(work, viewer, new, DependencyAction.DRAFT, DependencyState.DRAFT)


@action
async def request_dependency(work: UnitOfWork, viewer: Viewer, new: NewDependency) -> UUID:
    """Ask another team for something by a day. Raises and records as `draft_dependency`."""
    return await _create(work, viewer, new, DependencyAction.REQUEST, DependencyState.REQUESTED)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for; None leaves it as it is. At most one of needed_by and needed_by_week."""

    need: str | None = None
    needed_by: date | None = None
    needed_by_week: int | None = None


@action
async def submit_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    terms: Terms = Terms(),
    said: Said = NOTHING_SAID,
) -> UUID:
    """Send a draft to the provider, or once more what was countered, declined or withdrawn, if wanted changed.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID. Records DependencyChanged.
    """
    begun = await begin(viewer, dependency_id, DependencyAction.SUBMIT, said)
    require_open(begun.served)
    dependency = begun.dependency
    if terms.need is not None:
        dependency.need = required_text(terms.need, "need", "The need")
    if terms.needed_by is not None or terms.needed_by_week is not None:
        cycle = await Cycle.get(id=begun.served.cycle_id)
        dependency.needed_by = day_needed(cycle, terms.needed_by, terms.needed_by_week)
    return await finish(work, begun)
