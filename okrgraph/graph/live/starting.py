"""Where a reader of the log may begin, given the cursor it holds."""

from dataclasses import dataclass
from uuid import UUID

from okrgraph.events import cursors, log
from okrgraph.graph.change_types import ResyncReason
from okrgraph.graph.live.filters import bad_input

# Further behind than this, reading everything anew is cheaper for both sides. Never asked of polling.
REPLAY_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reader begins. resync: why it cannot be where it asked."""

    position: int
    resync: ResyncReason | None = None


def start_after(
    organization_id: UUID, after: str | None, epoch: str, head: log.Head, *, limited: bool
) -> Start:
    """Check a cursor against an organisation's log. Raises GraphQLError BAD_USER_INPUT for what is no cursor."""
    if after is None:
        return Start(head.position)
    cursor = cursors.decode(after)
    if cursor is None:
        raise bad_input("after must be a cursor that this server gave.")
    if (cursor.organization_id, cursor.epoch) != (organization_id, epoch):
        return Start(head.position, ResyncReason.EPOCH_CHANGED)
    if cursor.position > head.position:
        return Start(head.position, ResyncReason.AHEAD_OF_LOG)
    if cursor.position < head.floor:
        return Start(head.position, ResyncReason.EXPIRED)
    if limited and head.position - cursor.position > REPLAY_LIMIT:
        return Start(head.position, ResyncReason.TOO_FAR)
    return Start(cursor.position)
