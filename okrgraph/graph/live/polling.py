"""The feed by polling: the same events, order and guarantee as a subscription."""

from typing import Any

from okrgraph.events import log
from okrgraph.graph.change_types import Resync, ResyncReason
from okrgraph.graph.context import Info
from okrgraph.graph.live.batches import ChangePage, changes_of, cursor_at, transactions_in, verdicts
from okrgraph.graph.live.filters import ChangeFilter, bad_input, wanted_by
from okrgraph.graph.live.starting import start_after
from okrgraph.graph.scalars import CursorText

PAGE_SIZE = 100
LARGEST_PAGE = 500
# Log rows that one call of changesSince looks at; a filter may pass over all of them.
LOOKED_AT = 5_000


async def changes_since(info: Info, after: str, first: int | None, given: ChangeFilter | None) -> ChangePage:
    """Changes after a cursor. Whole transactions only, so a page may hold a few more than were asked for."""
    context = info.context
    viewer = context.viewer
    size = PAGE_SIZE if first is None else first
    if not 1 <= size <= LARGEST_PAGE:
        raise bad_input(f"first must be from 1 to {LARGEST_PAGE}.")
    organization_id = viewer.organization_id
    epoch, head = await context.feeds.ends_of(organization_id)
    start = start_after(organization_id, after, epoch, head, limited=False)
    if start.resync is not None:
        return _resync(cursor_at(organization_id, epoch, start.position), start.resync)
    wanted = await wanted_by(context, given)
    position, changes = start.position, list[Any]()
    while position < head.position and len(changes) < size and position - start.position < LOOKED_AT:
        entries = await log.read_after(organization_id, position)
        if not entries or entries[0].position != position + 1:
            # The rows behind the position were deleted meanwhile.
            return _resync(cursor_at(organization_id, epoch, head.position), ResyncReason.EXPIRED)
        for transaction in transactions_in(entries):
            position = transaction[-1].position
            if wanted is not None:
                decided = verdicts(transaction, wanted, viewer.person_id, viewer.scopes)
                changes += changes_of(transaction, decided, epoch)
            if len(changes) >= size:
                break
    context.count(len(changes))
    end = cursor_at(organization_id, epoch, position)
    return ChangePage(cursor=end, changes=changes, has_more=position < head.position)


def _resync(cursor: CursorText, reason: ResyncReason) -> ChangePage:
    return ChangePage(cursor=cursor, changes=[Resync(cursor=cursor, reason=reason)], has_more=False)
