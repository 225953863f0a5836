"""One organisation's live changes in this worker: followed once, decided for each, executed once, sent to many."""

import asyncio
import logging
import time
from collections.abc import Hashable, Sequence
from uuid import UUID

from okrgraph.events.entry import BULK, LoggedEntry
from okrgraph.events.hub import Topic
from okrgraph.graph.change_types import ACCESS_KIND
from okrgraph.graph.live.batches import Verdicts, cursor_at, cut_into_batches, verdicts
from okrgraph.graph.live.follower import Follower
from okrgraph.graph.live.rendering import Rendering
from okrgraph.graph.live.waiting import Waiting
from okrgraph.kit import metrics
from okrgraph.people.events import PersonChanged, TeamChanged, TokenRevoked
from okrgraph.people.tokens import viewers_again
from okrgraph.people.viewer import EVERYONE

# After so many frames others of the event loop get their turn.
FRAMES_AT_ONCE = 256
_CREDENTIALS_AT_ONCE = 1_000
_RETRY_SECONDS = 0.5
# What may change who sees what: behind one of these, nothing goes out under roles that are older than it.
_REGRANTING = frozenset(
    {ACCESS_KIND, PersonChanged.__name__, TeamChanged.__name__, TokenRevoked.__name__, BULK}
)
_ALL = frozenset({EVERYONE})
_logger = logging.getLogger(__name__)


class Channel:
    """Takes new entries from the organisation's topic and delivers them to the followers that are up to date.

    position: what has been delivered up to. A follower that is not there yet reads for itself up to it, never
    beyond, and is then joined to the others (`delivered`). regranted_at: roles that were asked for before are
    too old. checkpoint_seconds: a feed that is silent for so long says how far it has come.
    """

    def __init__(self, topic: Topic, checkpoint_seconds: float) -> None:
        self.topic = topic
        self.checkpoint_seconds = checkpoint_seconds
        self.epoch = topic.epoch
        self.position = topic.head
        self.regranted_at = time.monotonic()
        self.followers: set[Follower] = set()
        self.renderings: dict[Hashable, Rendering] = {}
        self._up_to_date: dict[Rendering, dict[Follower, None]] = {}
        self._moved = Waiting()

    async def run(self) -> None:
        """Deliver until cancelled; a database that is away is waited for."""
        checkpoint_at = time.monotonic() + self.checkpoint_seconds
        is_failing = False
        while True:
            try:
                await self._turn(max(0.0, checkpoint_at - time.monotonic()))
                if time.monotonic() >= checkpoint_at:
                    checkpoint_at = time.monotonic() + self.checkpoint_seconds
                    await self._say_how_far()
                is_failing = False
            except Exception:
                if not is_failing:
                    _logger.exception("Changes could not be delivered; trying again")
                is_failing = True
                await asyncio.sleep(_RETRY_SECONDS)

    async def _turn(self, seconds: float) -> None:
        await self.topic.wait_beyond(self.position, seconds)
        if self.topic.epoch != self.epoch:
            self._start_anew()
            return
        if self.topic.head <= self.position:
            return
        entries = await self.topic.read_after(self.position)
        if not entries or entries[0].position != self.position + 1:
            # Deleted, or of another history: each follower finds out and tells its client.
            self._start_anew()
            return
        for batch in cut_into_batches(entries):
            await self._deliver(batch)

    def _start_anew(self) -> None:
        self._release_all(self.position)
        self.epoch = self.topic.epoch
        self.regranted_at = time.monotonic()
        self._move_to(self.topic.head)

    def _move_to(self, position: int) -> None:
        self.position = position
        self._moved.wake()

    def _release_all(self, position: int) -> None:
        for followers in self._up_to_date.values():
            for follower in followers:
                follower.depart(position)
        self._up_to_date.clear()

    async def _deliver(self, batch: Sequence[LoggedEntry]) -> None:
        if any(entry.kind in _REGRANTING for entry in batch):
            await self.regrant()
        begun = self.position
        targets = [(rendering, list(followers)) for rendering, followers in self._up_to_date.items()]
        # From here on who comes reads this batch for itself.
        self._move_to(batch[-1].position)
        for rendering, followers in targets:
            try:
                await self._deliver_to(rendering, followers, batch)
            except Exception:
                # A bug in one document must not hold up the others; these meet it again by themselves.
                _logger.exception("A batch could not be rendered")
                for follower in followers:
                    self._release(follower, max(begun, follower.said))

    async def _deliver_to(
        self, rendering: Rendering, followers: list[Follower], batch: Sequence[LoggedEntry]
    ) -> None:
        wanted_alike: dict[Verdicts, list[Follower]] = {}
        decide = _Deciding(batch, followers[0])
        for follower in followers:
            decided = decide.for_follower(follower)
            if decided is not None:
                wanted_alike.setdefault(decided, []).append(follower)
        for decided, alike in wanted_alike.items():
            body = await rendering.entries(batch, decided, self.epoch)
            await self._send(body, alike, batch[-1].position)

    async def _send(self, body: str, followers: Sequence[Follower], position: int) -> None:
        event_id = cursor_at(self.topic.organization_id, self.epoch, position)
        sent = 0
        for follower in followers:
            if not follower.is_delivered_to:
                continue
            follower.said = position
            if not follower.sink.push(body, event_id):
                self._release(follower, position)
            sent += 1
            if sent % FRAMES_AT_ONCE == 0:
                await asyncio.sleep(0)
        metrics.DELIVERIES.inc(sent)

    async def _say_how_far(self) -> None:
        """Tell those who have heard nothing for long that there was nothing for them."""
        position, epoch = self.position, self.epoch
        for rendering, followers in list(self._up_to_date.items()):
            silent = [follower for follower in followers if follower.said < position]
            if silent:
                body = await rendering.checkpoint(self.topic.organization_id, epoch, position)
                await self._send(body, silent, position)
        metrics.RING_LAG.set(
            max((position - f.position for f in self.followers if not f.is_delivered_to), default=0)
        )

    async def regrant(self) -> None:
        """Ask for the roles of all followers anew; those whose credential no longer holds are ended."""
        self.regranted_at = asked_at = time.monotonic()
        sessions: dict[UUID, list[Follower]] = {}
        for follower in self.followers:
            sessions.setdefault(follower.viewer.token_id, []).append(follower)
        tokens = list(sessions)
        for start in range(0, len(tokens), _CREDENTIALS_AT_ONCE):
            part = tokens[start : start + _CREDENTIALS_AT_ONCE]
            viewers = await viewers_again(part)
            for token in part:
                viewer = viewers.get(token)
                for follower in sessions[token]:
                    if viewer is None:
                        self._refuse(follower)
                    else:
                        follower.session.renew(viewer, asked_at)

    def _refuse(self, follower: Follower) -> None:
        follower.is_refused = True
        self._release(follower, self.position)
        follower.admission.refuse()

    async def require_fresh_roles(self, follower: Follower) -> None:
        """See that the follower's roles are no older than the last change of roles that was passed here."""
        while follower.session.asked_at < self.regranted_at and not follower.is_refused:
            asked_at = time.monotonic()
            viewer = (await viewers_again([follower.viewer.token_id])).get(follower.viewer.token_id)
            if viewer is None:
                self._refuse(follower)
            else:
                follower.session.renew(viewer, asked_at)

    def _release(self, follower: Follower, position: int) -> None:
        followers = self._up_to_date.get(follower.rendering)
        if followers is not None:
            followers.pop(follower, None)
            if not followers:
                del self._up_to_date[follower.rendering]
        follower.depart(position)

    async def delivered(self, follower: Follower) -> int:
        """Have the channel deliver to a follower that is up to date, until it falls behind; its position then."""
        assert follower.position == self.position, "what lies between would be lost"
        follower.departure = asyncio.get_running_loop().create_future()
        self._up_to_date.setdefault(follower.rendering, {})[follower] = None
        try:
            return await follower.departure
        finally:
            self._release(follower, self.position)
            follower.departure = None

    async def wait_beyond(self, position: int, seconds: float) -> None:
        """Wait until the channel has passed a position, or begun another history; at most so long."""
        if self.position <= position:
            await self._moved.wait(seconds)


class _Deciding:
    """What a batch is for each follower of one rendering, whose selections are equal."""

    def __init__(self, batch: Sequence[LoggedEntry], any_of_them: Follower) -> None:
        self._batch = batch
        selection = any_of_them.wanted.selection
        taken = [entry for entry in batch if entry.kind == BULK or selection.takes(entry)]
        self._is_nothing = not taken
        # Most of what happens is open to everyone: decided once.
        self._is_open = all(
            entry.kind != ACCESS_KIND and entry.is_visible_to(_ALL) and entry.was_visible_to(_ALL)
            for entry in taken
        )
        self._actors = {entry.actor_id for entry in taken}
        self._common: Verdicts | None = None

    def for_follower(self, follower: Follower) -> Verdicts | None:
        """Decide; None when there is nothing for it."""
        if self._is_nothing:
            return None
        is_common = self._is_open and not (follower.wanted.exclude_own and follower.person in self._actors)
        if is_common and self._common is not None:
            return self._common
        decided = verdicts(self._batch, follower.wanted, follower.person, follower.scopes)
        if is_common:
            self._common = decided
        return decided if any(decided) else None
