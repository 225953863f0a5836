"""What the two sides and those above them answer: accept, counter, decline, deliver, confirm and what follows."""

from datetime import date
from uuid import UUID

from okrgraph.dependencies.steps import NOTHING_SAID, Said, begin, checked_day, finish
from okrgraph.dependencies.vocabulary import DependencyAction, DependencyState
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import invalid, wrong_state
from okrgraph.kit.text import TITLE_LENGTH, optional_text
from okrgraph.okrs.subjects import require_person
from okrgraph.okrs.vocabulary import ObjectiveState
from okrgraph.people.viewer import Viewer

URL_LENGTH = 2_000
_SCHEMES = ("https://", "http://")
_WITH_PROMISE = (DependencyState.COUNTERED, DependencyState.ACCEPTED, DependencyState.IN_PROGRESS)


@action
async def accept_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    promised_by: date | None = None,
    said: Said = NOTHING_SAID,
) -> UUID:
    """Agree to a request, for the provider, or to the provider's offer, for the consumer.

    Raises DomainError NOT_FOUND, FORBIDDEN, CONFLICT, STATE, INVALID. Records DependencyChanged.
    """
    begun = await begin(viewer, dependency_id, DependencyAction.ACCEPT, said)
    dependency = begun.dependency
    if begun.state_before is DependencyState.COUNTERED:
        if promised_by is not None:
            raise invalid(
                "The provider has said its date; accept it, or ask again for another.", "promised_by"
            )
        dependency.need = dependency.offered_need or dependency.need
    dependency.promised_by = checked_day(promised_by, "promised_by") or dependency.promised_by
    return await finish(work, begun)


@action
async def counter_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    promised_by: date | None = None,
    need: str | None = None,
    *,
    said: Said = NOTHING_SAID,
) -> UUID:
    """Offer another day, or something else, than was asked for. Raises and records as `accept_dependency`."""
    begun = await begin(viewer, dependency_id, DependencyAction.COUNTER, said)
    offered = optional_text(need, "need", "The need", TITLE_LENGTH)
    if promised_by is None and offered is None:
        raise invalid("Offer another date or another need; to refuse both, decline.")
    begun.dependency.promised_by = checked_day(promised_by, "promised_by")
    begun.dependency.offered_need = None if offered is None else offered.strip()
    return await finish(work, begun)


async def _take(
    work: UnitOfWork, viewer: Viewer, dependency_id: UUID, step: DependencyAction, said: Said
) -> UUID:
    """A step that says no more than its note."""
    return await finish(work, await begin(viewer, dependency_id, step, said))


@action
async def decline_dependency(work: UnitOfWork, viewer: Viewer, dependency_id: UUID, said: Said) -> UUID:
    """Refuse a request, with a note. Raises and records as `accept_dependency`."""
    return await _take(work, viewer, dependency_id, DependencyAction.DECLINE, said)


@action
async def start_dependency(
    work: UnitOfWork, viewer: Viewer, dependency_id: UUID, said: Said = NOTHING_SAID
) -> UUID:
    """Say that the work has begun. Raises and records as `accept_dependency`."""
    return await _take(work, viewer, dependency_id, DependencyAction.START, said)


@action
async def withdraw_dependency(work: UnitOfWork, viewer: Viewer, dependency_id: UUID, said: Said) -> UUID:
    """Take a promise back, with a note. Raises and records as `accept_dependency`."""
    return await _take(work, viewer, dependency_id, DependencyAction.WITHDRAW, said)


@action
async def confirm_dependency(
    work: UnitOfWork, viewer: Viewer, dependency_id: UUID, said: Said = NOTHING_SAID
) -> UUID:
    """Say, for the consumer, that what was delivered is what was needed. Raises and records as above."""
    return await _take(work, viewer, dependency_id, DependencyAction.CONFIRM, said)


@action
async def reopen_dependency(work: UnitOfWork, viewer: Viewer, dependency_id: UUID, said: Said) -> UUID:
    """Say, for the consumer, what the delivery lacks. Raises and records as `accept_dependency`."""
    return await _take(work, viewer, dependency_id, DependencyAction.REOPEN, said)


@action
async def cancel_dependency(
    work: UnitOfWork, viewer: Viewer, dependency_id: UUID, said: Said = NOTHING_SAID
) -> UUID:
    """End a dependency that nobody needs any more; once it was accepted, with a note. Raises and records as above."""
    return await _take(work, viewer, dependency_id, DependencyAction.CANCEL, said)


def checked_url(text: str | None) -> str | None:
    """Only what a browser may open: a page shows it as a link. Raises DomainError INVALID."""
    url = optional_text(text, "evidence_url", "The address", URL_LENGTH)
    if url is None:
        return None
    url = url.strip()
    if not url.lower().startswith(_SCHEMES) or any(each.isspace() for each in url):
        raise invalid("The evidence is an address that begins with https:// or http://.", "evidence_url")
    return url


@action
async def deliver_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    evidence_url: str | None = None,
    said: Said = NOTHING_SAID,
) -> UUID:
    """Say, for the provider, that it is there. Raises and records as `accept_dependency`."""
    begun = await begin(viewer, dependency_id, DependencyAction.DELIVER, said)
    begun.dependency.evidence_url = checked_url(evidence_url) or begun.dependency.evidence_url
    return await finish(work, begun)


@action
async def escalate_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    risk_owner_id: UUID | None = None,
    said: Said = NOTHING_SAID,
) -> UUID:
    """Hand what was declined or withdrawn to those above both teams, with a note and an owner of the risk.

    Raises and records as `accept_dependency`; STATE, too, while what it serves is a draft, which they do not see.
    """
    begun = await begin(viewer, dependency_id, DependencyAction.ESCALATE, said)
    await require_person(viewer, risk_owner_id, "risk_owner_id")
    begun.dependency.risk_owner_id = risk_owner_id or begun.dependency.risk_owner_id
    if begun.dependency.risk_owner_id is None:
        raise invalid("Name who owns the risk before others decide.", "risk_owner_id")
    if begun.served.state is ObjectiveState.DRAFT:
        raise wrong_state(
            "Publish what it serves first, so that those who decide can see it.", entity_id=dependency_id
        )
    return await finish(work, begun)


@action
async def settle_dependency(
    work: UnitOfWork,
    viewer: Viewer,
    dependency_id: UUID,
    state: DependencyState,
    promised_by: date | None = None,
    *,
    said: Said = NOTHING_SAID,
) -> UUID:
    """Decide an escalated dependency, for those above both teams: the state in which it goes on.

    promised_by: the day that was settled, where the state has one. Raises and records as `accept_dependency`.
    """
    begun = await begin(viewer, dependency_id, DependencyAction.SETTLE, said, state)
    if promised_by is not None and state not in _WITH_PROMISE:
        raise invalid(f"A dependency that is {state} has no date of the provider.", "promised_by")
    if promised_by is None and state is DependencyState.COUNTERED:
        raise invalid("Say for which date the offer to the consumer is.", "promised_by")
    begun.dependency.promised_by = checked_day(promised_by, "promised_by") or begun.dependency.promised_by
    return await finish(work, begun)
