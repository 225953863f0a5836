"""The change feed: live batches for a subscription, pages for polling, with the same events and order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

from okrgraph.events import cursors, log
from okrgraph.events.entry import BULK, LoggedEntry
from okrgraph.events.hub import Topic
from okrgraph.graph.change_types import (
    Change,
    ChangeKind,
    Checkpoint,
    Resync,
    ResyncReason,
    entity_of,
    kind_of,
    shown,
)
from okrgraph.graph.comments import SUBJECT_READS
from okrgraph.graph.context import Context, Info
from okrgraph.graph.scalars import CursorText
from okrgraph.kit.ids import read_global_id
from okrgraph.people import reads as people_reads
from okrgraph.people.tokens import viewer_again
from okrgraph.people.viewer import Viewer

# A filtered feed that stays silent still says how far it has come, so that its cursor never ages away.
CHECKPOINT_SECONDS = 15.0
REPLAY_LIMIT = 50_000
ENTITY_IDS = 250
PAGE_SIZE = 100
LARGEST_PAGE = 500
# Log rows that one call of changesSince looks at; a filter may pass over all of them.
LOOKED_AT = 5_000


@strawberry.input(description="Which changes a feed carries; what is absent does not narrow it.")
class ChangeFilter:
    kinds: list[ChangeKind] | None = strawberry.field(description="Only these kinds.", default=None)
    under_root_id: strawberry.ID | None = strawberry.field(
        description="Only what lies at or below this objective or key result in the alignment tree.",
        default=None,
    )
    team_id: strawberry.ID | None = strawberry.field(
        description="Only what this team owns or co-owns, and the team itself.", default=None
    )
    entity_ids: list[strawberry.ID] | None = strawberry.field(
        description="Only changes of these entities; at most 250.", default=None
    )
    exclude_own: bool | None = strawberry.field(
        description="Leave out what the viewer's own mutations caused.", default=None
    )


@strawberry.type(
    description="All changes of one or more whole transactions; all changes of a transaction carry its cursor. "
    "Apply each change only if its version is newer than yours, then store cursor."
)
class ChangeBatch:
    cursor: CursorText = strawberry.field(description="Go on from here.")
    changes: list[Change] = strawberry.field(description="In the order in which they happened.")
    replay: bool = strawberry.field(description="Whether it happened before the subscription began.")
    conflated: bool = strawberry.field(
        description="Whether intermediate states were left out for a slow subscriber."
    )


@strawberry.type(description="Changes after a cursor, for polling.")
class ChangePage:
    cursor: CursorText = strawberry.field(description="Go on from here.")
    changes: list[Change] = strawberry.field(description="In the order in which they happened.")
    has_more: bool = strawberry.field(description="Whether there is more already; ask again from cursor.")


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter with its ids decoded, entities as (type, key). below: the entry's path holds this.

    None narrows nothing.
    """

    kinds: frozenset[ChangeKind] | None = None
    below: UUID | None = None
    team: UUID | None = None
    entities: frozenset[tuple[str, UUID]] | None = None
    not_by: UUID | None = None

    def takes(self, entry: LoggedEntry) -> bool:
        if self.kinds is not None and kind_of(entry) not in self.kinds:
            return False
        if self.below is not None and self.below not in entry.path:
            return False
        if self.team is not None and self.team not in entry.teams and self.team != entry.entity_id:
            return False
        if self.entities is not None and entity_of(entry) not in self.entities:
            return False
        return self.not_by is None or entry.actor_id != self.not_by


def _bad_input(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def hidden() -> GraphQLError:
    """What subscribing to a wrong, foreign, hidden or malformed id gives."""
    return GraphQLError("There is nothing with this id.", extensions={"code": "NOT_FOUND"})


async def subject_key(context: Context, text: str) -> UUID | None:
    """The key of an objective, key result, check-in or link that the viewer may see."""
    found = read_global_id(text)
    batch = next((read for kind, read in SUBJECT_READS.items() if found and kind == found[0]), None)
    if found is None or batch is None:
        return None
    return found[1] if await context.load(batch, found[1]) is not None else None


async def _node_key(context: Context, text: str) -> UUID | None:
    """The key of an objective or key result that the viewer may see."""
    found = read_global_id(text)
    if found is None or found[0] not in ("Objective", "KeyResult"):
        return None
    return await subject_key(context, text)


async def selection_of(context: Context, given: ChangeFilter | None) -> Selection | None:
    """Decode a filter; None when an id in it names nothing that the viewer may see."""
    if given is None:
        return Selection()
    below = team = entities = None
    if given.under_root_id is not None:
        below = await _node_key(context, given.under_root_id)
        if below is None:
            return None
    if given.team_id is not None:
        team = await _team_key(context, given.team_id)
        if team is None:
            return None
    if given.entity_ids is not None:
        if len(given.entity_ids) > ENTITY_IDS:
            raise _bad_input(f"Name at most {ENTITY_IDS} entityIds.")
        found = (read_global_id(text) for text in given.entity_ids)
        entities = frozenset(entity for entity in found if entity is not None)
    return Selection(
        kinds=frozenset(given.kinds) if given.kinds is not None else None,
        below=below,
        team=team,
        entities=entities,
        not_by=context.viewer.person_id if given.exclude_own else None,
    )


async def _team_key(context: Context, text: str) -> UUID | None:
    found = read_global_id(text)
    if found is None or found[0] != "Team":
        return None
    return found[1] if await context.load(people_reads.teams_by_id, found[1]) is not None else None


async def node_selection(context: Context, root_id: str | None, kind: ChangeKind) -> Selection | None:
    """Changes of one kind at or below a node, or in the whole organisation."""
    below = None
    if root_id is not None:
        below = await _node_key(context, root_id)
        if below is None:
            return None
    return Selection(kinds=frozenset({kind}), below=below)


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a reader begins. resync: why it cannot be where it asked."""

    position: int
    resync: ResyncReason | None = None


def start_after(context: Context, after: str | None, head: log.Head, *, limited: bool) -> _Start:
    """Check a cursor against the log. Raises GraphQLError BAD_USER_INPUT for what is no cursor."""
    if after is None:
        return _Start(head.position)
    cursor = cursors.decode(after)
    if cursor is None:
        raise _bad_input("after must be a cursor that this server gave.")
    if (cursor.organization_id, cursor.epoch) != (context.viewer.organization_id, context.hub.epoch):
        return _Start(head.position, ResyncReason.EPOCH_CHANGED)
    if cursor.position > head.position:
        return _Start(head.position, ResyncReason.AHEAD_OF_LOG)
    if cursor.position < head.floor:
        return _Start(head.position, ResyncReason.EXPIRED)
    if limited and head.position - cursor.position > REPLAY_LIMIT:
        return _Start(head.position, ResyncReason.TOO_FAR)
    return _Start(cursor.position)


def visible_changes(
    context: Context, viewer: Viewer, selection: Selection, entries: Sequence[LoggedEntry]
) -> list[Any]:
    """What whole transactions are for a viewer; every change carries the cursor of its transaction's end."""
    changes: list[Any] = []
    scopes = viewer.scopes
    end = 0
    for entry in reversed(entries):
        if entry.tx_end:
            end = entry.position
        cursor = context.cursor(end)
        if entry.kind == BULK:
            changes.append(Resync(cursor=CursorText(cursor), reason=ResyncReason.BULK_CHANGE))
        elif selection.takes(entry):
            change = shown(entry, scopes, cursor)
            if change is not None:
                changes.append(change)
    return changes[::-1]


async def changes_since(info: Info, after: str, first: int | None, given: ChangeFilter | None) -> ChangePage:
    """The feed by polling. Whole transactions only, so a page may hold a few more than were asked for."""
    context = info.context
    size = PAGE_SIZE if first is None else first
    if not 1 <= size <= LARGEST_PAGE:
        raise _bad_input(f"first must be from 1 to {LARGEST_PAGE}.")
    head = await log.head_of(context.viewer.organization_id)
    start = start_after(context, after, head, limited=False)
    cursor = CursorText(context.cursor(start.position))
    if start.resync is not None:
        return ChangePage(cursor=cursor, changes=[Resync(cursor=cursor, reason=start.resync)], has_more=False)
    selection = await selection_of(context, given)
    position, changes = start.position, list[Any]()
    while position < head.position and len(changes) < size and position - start.position < LOOKED_AT:
        entries = await log.read_after(context.viewer.organization_id, position)
        if not entries or entries[0].position != position + 1:
            # The rows behind the position were deleted meanwhile.
            end = CursorText(context.cursor(head.position))
            return ChangePage(
                cursor=end, changes=[Resync(cursor=end, reason=ResyncReason.EXPIRED)], has_more=False
            )
        for transaction in transactions_in(entries):
            position = transaction[-1].position
            if selection is not None:
                changes += visible_changes(context, context.viewer, selection, transaction)
            if len(changes) >= size:
                break
    context.count(len(changes))
    page_end = CursorText(context.cursor(position))
    return ChangePage(cursor=page_end, changes=changes, has_more=position < head.position)


def transactions_in(entries: Sequence[LoggedEntry]) -> list[list[LoggedEntry]]:
    """Group entries by the transaction that wrote them."""
    groups: list[list[LoggedEntry]] = [[]]
    for entry in entries:
        groups[-1].append(entry)
        if entry.tx_end:
            groups.append([])
    return groups[:-1]


async def feed(context: Context, selection: Selection, after: str | None) -> AsyncIterator[ChangeBatch]:
    """Batches after a cursor, or from now, until the credential no longer holds.

    The first batch comes at once and carries a Checkpoint, and a Resync where the cursor cannot be continued
    from.
    """
    async with context.hub.following(context.viewer.organization_id) as topic:
        head = await log.head_of(context.viewer.organization_id)
        start = start_after(context, after, head, limited=True)
        cursor = CursorText(context.cursor(start.position))
        first: list[Any] = [Checkpoint(cursor=cursor)]
        if start.resync is not None:
            first.insert(0, Resync(cursor=cursor, reason=start.resync))
        yield _batch(context, start.position, first)
        async for batch in _follow(context, selection, topic, start.position, head.position):
            yield batch


async def _follow(
    context: Context, selection: Selection, topic: Topic, position: int, live_from: int
) -> AsyncIterator[ChangeBatch]:
    loop = asyncio.get_running_loop()
    said, said_at = position, loop.time()
    while True:
        due = said_at + CHECKPOINT_SECONDS
        if await topic.wait_beyond(position, max(0.0, due - loop.time())):
            begun = position
            position, changes = await _next(context, selection, topic, position)
            if changes:
                yield _batch(context, position, changes, replay=begun < live_from)
                said, said_at = position, loop.time()
        if loop.time() >= due:
            if position != said:
                yield _batch(context, position, [Checkpoint(cursor=CursorText(context.cursor(position)))])
            said, said_at = position, loop.time()


async def _next(context: Context, selection: Selection, topic: Topic, position: int) -> tuple[int, list[Any]]:
    """What follows a position for the viewer as the roles stand now, and the position reached."""
    viewer = await viewer_again(context.viewer)
    if viewer is None:
        raise GraphQLError("The credential no longer holds.", extensions={"code": "UNAUTHENTICATED"})
    entries = await topic.read_after(position)
    if not entries or entries[0].position != position + 1:
        # The rows behind the position were deleted meanwhile.
        cursor = CursorText(context.cursor(topic.head))
        return topic.head, [Resync(cursor=cursor, reason=ResyncReason.EXPIRED)]
    return entries[-1].position, visible_changes(context, viewer, selection, entries)


def _batch(context: Context, position: int, changes: list[Any], *, replay: bool = False) -> ChangeBatch:
    cursor = CursorText(context.cursor(position))
    return ChangeBatch(cursor=cursor, changes=changes, replay=replay, conflated=False)


FilterArgument = Annotated[ChangeFilter | None, strawberry.argument(description="Which changes are wanted.")]
AfterArgument = Annotated[
    CursorText | None,
    strawberry.argument(description="Go on after this cursor; null starts now."),
]
