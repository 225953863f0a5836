"""The one way to change anything: receipt, rows and log in one transaction, then the announcement."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Concatenate, ParamSpec, Protocol, TypeVar
from uuid import UUID

from okrgraph.events import log, receipts
from okrgraph.events.broker import Announcement, Broker
from okrgraph.events.entry import Entry
from okrgraph.events.receipts import Done, Receipt
from okrgraph.events.transactions import is_retryable, transaction
from okrgraph.kit import clock
from okrgraph.kit.errors import BusyError

ATTEMPTS = 4

Params = ParamSpec("Params")


class Author(Protocol):
    """Who changes something, and under which clientMutationId. No person: the operator, by an import."""

    @property
    def organization_id(self) -> UUID: ...
    @property
    def person_id(self) -> UUID | None: ...
    @property
    def receipt(self) -> Receipt | None: ...


Who = TypeVar("Who", bound=Author)
_broker: Broker | None = None
_begun: set[asyncio.Future[Done]] = set()


@contextmanager
def doorbell(broker: Broker) -> Iterator[None]:
    """Publish each commit of the process through this broker, for what runs inside."""
    global _broker  # noqa: PLW0603 - one process has one broker, as it has one database
    before, _broker = _broker, broker
    try:
        yield
    finally:
        _broker = before


class UnitOfWork:
    """What one transaction changes."""

    def __init__(self, organization_id: UUID, actor_id: UUID | None) -> None:
        self.organization_id = organization_id
        self.actor_id = actor_id
        self._at: datetime | None = None
        self.entries: list[Entry] = []

    @property
    def at(self) -> datetime:
        """The moment of the change, the same for rows and log.

        Taken when it is first asked for, which actions do behind their locks: of two that wait for each other
        the one that commits last is then also the later one.
        """
        if self._at is None:
            self._at = clock.now()
        return self._at

    def record(self, *entries: Entry) -> None:
        """Put changes into the log, in this order, when the transaction commits."""
        self.entries.extend(entries)


async def _write_log(
    work: UnitOfWork, receipt: Receipt | None, entity_id: UUID, counter_ms: int
) -> tuple[int, Announcement | None]:
    """The position of the change, and what there is to tell of it."""
    mutation_id = receipt.mutation_id if receipt else None
    if work.entries:
        appended = await log.append(
            work.organization_id,
            work.entries,
            actor_id=work.actor_id,
            mutation_id=mutation_id,
            entity_id=entity_id,
            at=work.at,
            timeout_ms=counter_ms,
        )
        return appended.head, Announcement(work.organization_id, appended.head, appended.carried)
    head = await log.head_of(work.organization_id)
    await log.finish_receipt(work.organization_id, work.actor_id, mutation_id, entity_id, head.position)
    return head.position, None


async def _attempt(
    author: Author, body: Callable[[UnitOfWork], Awaitable[UUID]], counter_ms: int
) -> tuple[Done, Announcement | None]:
    async with transaction():
        work = UnitOfWork(author.organization_id, author.person_id)
        if author.receipt is not None and author.person_id is not None:
            earlier = await receipts.claim(
                author.organization_id, author.person_id, author.receipt, clock.now()
            )
            if earlier is not None:
                return earlier, None
        entity_id = await body(work)
        position, announcement = await _write_log(work, author.receipt, entity_id, counter_ms)
        return Done(entity_id, position), announcement


async def perform(
    author: Author,
    body: Callable[[UnitOfWork], Awaitable[UUID]],
    *,
    counter_ms: int = log.COUNTER_TIMEOUT_MS,
) -> Done:
    """Run a body that changes rows and returns the entity it was about, as one transaction with its log.

    A deadlock or a lock that could not be had in time runs the body again, up to four times in all; counter_ms is
    the time for the lock that every change of the organisation takes last.
    Raises what the body raises, BusyError when every attempt met a lock; then nothing was written.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            done, announcement = await _attempt(author, body, counter_ms)
        except Exception as error:
            if not is_retryable(error):
                raise
            if attempt == ATTEMPTS:
                raise BusyError("Others are changing the same things; try again in a moment.") from error
            continue
        if announcement is not None and _broker is not None:
            _broker.publish(announcement)
        return done
    raise AssertionError("unreachable: the last attempt returns or raises")


def action(
    body: Callable[Concatenate[UnitOfWork, Who, Params], Awaitable[UUID]],
) -> Callable[Concatenate[Who, Params], Awaitable[Done]]:
    """Make an action of a function (work, viewer, ...): called as (viewer, ...), it is one unit of work.

    A caller that is cancelled (its client left) does not stop a transaction that has begun.
    """

    @functools.wraps(body)
    async def run(who: Who, /, *args: Params.args, **kwargs: Params.kwargs) -> Done:
        async def once(work: UnitOfWork) -> UUID:
            return await body(work, who, *args, **kwargs)

        begun = asyncio.ensure_future(perform(who, once))
        # The event loop itself holds tasks weakly: one whose caller has left could vanish halfway.
        _begun.add(begun)
        begun.add_done_callback(_begun.discard)
        return await asyncio.shield(begun)

    return run
