"""One subscription from its cursor on: catching up by itself, then with the others, and told when it cannot."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from graphql import GraphQLError

from okrgraph.events import log
from okrgraph.events.entry import LoggedEntry
from okrgraph.graph.change_types import Checkpoint, Resync, ResyncReason
from okrgraph.graph.context import Context, Info, Session
from okrgraph.graph.live.batches import ChangeBatch, cursor_at, cut_into_batches, verdicts
from okrgraph.graph.live.channel import Channel
from okrgraph.graph.live.conflation import conflated
from okrgraph.graph.live.filters import Wanted, nothing_there
from okrgraph.graph.live.follower import Follower
from okrgraph.graph.live.rendering import Rendering
from okrgraph.graph.live.starting import REPLAY_LIMIT, Start, start_after
from okrgraph.graph.transport.session import CALL, Call
from okrgraph.kit import metrics
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import TokenScope

# A subscriber so many entries, or so long, behind what happens while it listens is spared the states between.
CONFLATED_BEYOND = 512
CONFLATED_AFTER_SECONDS = 5.0
# A batch that cannot be executed is tried again for so long; then the operation ends, and the client resumes.
GIVEN_UP_AFTER_SECONDS = 60.0
REFUSED_SECONDS = 5.0
RETRY_SECONDS = 0.5
_NOBODY = UUID(int=0)


def _nobody_of(viewer: Viewer) -> Viewer:
    """Somebody of the organisation who has no rights: what everyone gets is executed for them."""
    return replace(
        viewer,
        person_id=_NOBODY,
        token_id=_NOBODY,
        token_scope=TokenScope.READ,
        is_admin=False,
        roles=(),
        receipt=None,
    )


async def feed(info: Info, wanted: Wanted | None, after: str | None) -> AsyncGenerator[ChangeBatch, None]:
    """Follow the log after a cursor, or from now, until the client leaves or the credential no longer holds.

    Nothing is yielded to graphql-core: batches are executed here, for as many subscribers as ask alike, and
    pushed into the call's sink. The first comes at once and carries a Checkpoint, and a Resync where the
    cursor cannot be continued from.

    Raises GraphQLError NOT_FOUND where nothing is wanted, BAD_USER_INPUT for what is no cursor,
    UNAUTHENTICATED once the credential no longer holds.
    """
    if wanted is None:
        raise nothing_there()
    call = CALL.get()
    assert call is not None, "a subscription comes through a transport"
    assert call.sink is not None, "a subscription needs a transport with a lane for it"
    context = info.context
    async with context.feeds.following(context.viewer.organization_id) as channel:
        live_from, start = await _begin(context, call, channel, after)
        rendering, key = _rendering(info, call, channel, wanted)
        follower = Follower(call.admission, call.sink, wanted, rendering)
        with _joined(channel, follower, key), metrics.SUBSCRIBERS.track_inprogress():
            await _Feed(channel, follower, live_from).run(start)
    yield cast(ChangeBatch, None)  # never reached: makes this a generator, as graphql-core wants it


async def _begin(context: Context, call: Call, channel: Channel, after: str | None) -> tuple[int, Start]:
    """Where the log stands, and where to start. It is not read for each of many who come back at once."""
    organization_id = context.viewer.organization_id
    cursor = call.last_event_id if after is None else after
    head = log.Head(channel.topic.head, channel.topic.floor)
    start = start_after(organization_id, cursor, channel.epoch, head, limited=True)
    if start.resync is ResyncReason.AHEAD_OF_LOG:
        # Or this worker has not heard of it yet.
        epoch, head = await context.feeds.ends_of(organization_id)
        start = start_after(organization_id, cursor, epoch, head, limited=True)
    return head.position, start


def _rendering(info: Info, call: Call, channel: Channel, wanted: Wanted) -> tuple[Rendering, Hashable]:
    """Find who else asks for the same, or begin; alone when the document depends on who is asking."""
    executor = call.executor
    assert executor is not None, "the transport's executor has resolved this field"
    context, raw = info.context, info._raw_info  # noqa: SLF001 - nothing else holds the fragments
    feeds, asked = context.feeds, context.feeds.documents.asked(raw)
    if not asked.is_shared:
        session = cast(Session, call.admission.session)
        return Rendering(executor, lambda: Context(session.viewer, feeds), None), None
    values = executor.variable_values.coerced
    used = tuple((name, repr(values[name])) for name in sorted(asked.variables) if name in values)
    source = raw.operation.loc.source.body if raw.operation.loc else raw.operation
    name = raw.operation.name.value if raw.operation.name else None
    key = (source, name, used, wanted.selection)
    found = channel.renderings.get(key)
    if found is None:
        nobody = _nobody_of(context.viewer)
        found = Rendering(executor, lambda: Context(nobody, feeds), feeds.remembered)
        channel.renderings[key] = found
    return found, key


@contextmanager
def _joined(channel: Channel, follower: Follower, key: Hashable) -> Iterator[None]:
    """Be one of the channel's followers, for what runs inside."""
    rendering = follower.rendering
    rendering.followers += 1
    channel.followers.add(follower)
    try:
        yield
    finally:
        channel.followers.discard(follower)
        rendering.followers -= 1
        if rendering.followers == 0 and channel.renderings.get(key) is rendering:
            del channel.renderings[key]


class _Feed:
    """Sends one follower what it has not been told, page by page, and leaves it to the channel in between.

    live_from: the head when the subscription began; what came before it is replayed.
    """

    def __init__(self, channel: Channel, follower: Follower, live_from: int) -> None:
        self._channel = channel
        self._follower = follower
        self._live_from = live_from
        self._epoch = channel.epoch
        self._said_at = 0.0
        # Since when the follower has not been up to date; None while it is.
        self._behind_since: float | None = None
        self._failing_since: float | None = None

    async def run(self, start: Start) -> None:
        self._follower.position = start.position
        await self._require_roles()
        await self._notify(start.position, start.resync, with_checkpoint=True)
        while True:
            try:
                await self._step()
                self._failing_since = None
            except GraphQLError:
                raise
            except Exception as error:  # noqa: BLE001 - raised when it does not pass
                await self._try_again_later(error)

    async def _step(self) -> None:
        """Tell the client something, or wait until there is something."""
        follower, channel = self._follower, self._channel
        await self._require_roles()
        reason = self._reason_to_resync()
        if reason is not None:
            self._epoch = channel.epoch
            await self._notify(channel.position, reason)
        elif follower.position < channel.position:
            await self._catch_up()
        else:
            await self._stay_up_to_date()

    async def _try_again_later(self, error: Exception) -> None:
        """Wait, having told the client nothing: the database may be away. Raises the error when it stays so."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since > GIVEN_UP_AFTER_SECONDS:
            raise error
        await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, hides nothing

    async def _require_roles(self) -> None:
        await self._channel.require_fresh_roles(self._follower)
        if self._follower.is_refused:
            # The connection is being ended, and says why in its own way; this is for one that is not.
            await asyncio.sleep(REFUSED_SECONDS)
            raise GraphQLError("The credential no longer holds.", extensions={"code": "UNAUTHENTICATED"})

    def _reason_to_resync(self) -> ResyncReason | None:
        if self._epoch != self._channel.epoch:
            return ResyncReason.EPOCH_CHANGED
        behind = self._channel.position - self._follower.position
        return ResyncReason.TOO_FAR if behind > REPLAY_LIMIT else None

    async def _notify(
        self, position: int, reason: ResyncReason | None, *, with_checkpoint: bool = False
    ) -> None:
        """Say where the log stands, and why the client cannot go on from where it is."""
        cursor = cursor_at(self._channel.topic.organization_id, self._epoch, position)
        notices: list[Any] = []
        if reason is not None:
            metrics.RESYNCS.labels(reason.name).inc()
            notices.append(Resync(cursor=cursor, reason=reason))
        if with_checkpoint:
            notices.append(Checkpoint(cursor=cursor))
        await self._say(await self._follower.rendering.notice(cursor, notices), position)

    async def _say(self, body: str, position: int) -> None:
        follower = self._follower
        self._said_at = time.monotonic()
        follower.said = follower.position = position
        metrics.DELIVERIES.inc()
        if not follower.sink.push(
            body, cursor_at(self._channel.topic.organization_id, self._epoch, position)
        ):
            await follower.sink.drained()

    async def _catch_up(self) -> None:
        """Send the next page of what the channel has passed."""
        follower, channel = self._follower, self._channel
        begun = follower.position
        if self._behind_since is None:
            self._behind_since = time.monotonic()
        page = await channel.topic.read_after(begun)
        if channel.topic.epoch != self._epoch:
            # What was read may be another history's. The channel sees it in a moment, and then this does.
            if channel.epoch == self._epoch:
                await channel.wait_beyond(channel.position, channel.checkpoint_seconds)
            return
        if not page or page[0].position != begun + 1:
            # The rows behind the position were deleted meanwhile.
            await self._notify(channel.position, ResyncReason.EXPIRED)
            return
        page = [entry for entry in page if entry.position <= channel.position]
        if begun >= self._live_from and self._is_too_slow(channel.position - begun):
            await self._send(conflated(page), conflated=True)
            return
        for batch in cut_into_batches(page):
            await self._send(batch, replay=batch[0].position <= self._live_from)
            if self._epoch != channel.epoch:
                return

    def _is_too_slow(self, lag: int) -> bool:
        assert self._behind_since is not None
        behind_for = time.monotonic() - self._behind_since
        return lag > CONFLATED_BEYOND or behind_for > CONFLATED_AFTER_SECONDS

    async def _send(
        self, batch: Sequence[LoggedEntry], *, replay: bool = False, conflated: bool = False
    ) -> None:
        follower = self._follower
        await self._require_roles()
        decided = verdicts(batch, follower.wanted, follower.person, follower.scopes)
        end = batch[-1].position
        if any(decided):
            body = await follower.rendering.entries(
                batch, decided, self._epoch, replay=replay, conflated=conflated
            )
            await self._say(body, end)
        else:
            follower.position = end

    async def _stay_up_to_date(self) -> None:
        """Leave it to the channel where many get the same; otherwise wait for what comes."""
        follower, channel = self._follower, self._channel
        if follower.position == channel.position:
            self._behind_since = None
            if follower.rendering.is_shared:
                follower.position = await channel.delivered(follower)
                self._behind_since = time.monotonic()
                await follower.sink.drained()
                return
        due = self._said_at + channel.checkpoint_seconds
        await channel.wait_beyond(follower.position, max(0.0, due - time.monotonic()))
        if time.monotonic() >= due and follower.said < follower.position:
            await self._say(
                await follower.rendering.checkpoint(
                    channel.topic.organization_id, self._epoch, follower.position
                ),
                follower.position,
            )
