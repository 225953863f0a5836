"""What one operation knows: its viewer, its loaders and the head of the log; made anew for each operation."""

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError

from okrgraph.events import log
from okrgraph.events.cursors import Cursor
from okrgraph.events.rows import narrowed
from okrgraph.graph.engine.loading import Loader
from okrgraph.graph.node import ROW_OF_TYPE
from okrgraph.people.tokens import viewer_of_token, viewers_again
from okrgraph.people.viewer import Viewer

if TYPE_CHECKING:
    from okrgraph.graph.live.feeds import Feeds

# Rows that one operation may load before it is ended; the nested tree of a whole company passes.
NODE_LIMIT = 100_000

Value = TypeVar("Value")
Batch = Callable[Concatenate[Viewer, Sequence[UUID], ...], Awaitable[Mapping[UUID, Value]]]


class Context:
    """The `info.context` of one operation, or of one event of a subscription."""

    def __init__(self, viewer: Viewer, feeds: "Feeds", node_limit: int = NODE_LIMIT) -> None:
        self.viewer = viewer
        self.feeds = feeds
        self._node_limit = node_limit
        self._nodes = 0
        self._loader = Loader()
        self._attributes: dict[type, frozenset[str] | None] = {}
        self._head: int | None = None

    async def load(self, batch: Batch[Value], key: UUID, **arguments: Any) -> Value | None:
        """Load what a batch function gives for one key, together with the other keys of the same layer."""
        return (await self._loader.load_many(self._run, batch, (key,), arguments)).get(key)

    async def load_many(
        self, batch: Batch[Value], keys: Iterable[UUID | None], **arguments: Any
    ) -> Mapping[UUID, Value | None]:
        """Load for many keys at once; None among them is passed over. What is given may hold other keys too."""
        return await self._loader.load_many(self._run, batch, keys, arguments)

    def narrow(self, needs: Mapping[str, frozenset[str] | None]) -> None:
        """Say which attributes the operation reads of each type, before anything is loaded."""
        self._attributes = {
            ROW_OF_TYPE[name]: attributes for name, attributes in needs.items() if name in ROW_OF_TYPE
        }

    async def start_anew(self) -> None:
        """Drop what was loaded, counted and said: another executor takes the operation from its beginning."""
        await self._loader.close()
        self._nodes = 0
        self._attributes = {}

    def forget(self) -> None:
        """Drop what was loaded, for what runs next reads anew."""
        self._loader.forget()

    async def _run(
        self, batch: Batch[Any], keys: Sequence[UUID], arguments: dict[str, Any]
    ) -> Mapping[UUID, Any]:
        with narrowed(batch, self._attributes):
            return await batch(self.viewer, keys, **arguments)

    def count(self, nodes: int) -> None:
        """Count the items of lists, each time they are returned. Raises GraphQLError LIMIT_EXCEEDED past the limit."""
        self._nodes += nodes
        if self._nodes > self._node_limit:
            raise GraphQLError(
                f"The operation would return more than {self._node_limit:,} nodes; ask for less at once.",
                extensions={"code": "LIMIT_EXCEEDED"},
            )

    async def read_head(self) -> int:
        """Position of the log's head, read once an operation, before its data when the document asks for it."""
        if self._head is None:
            self._head = (await log.head_of(self.viewer.organization_id)).position
        return self._head

    def cursor(self, position: int) -> str:
        return Cursor(self.viewer.organization_id, self.feeds.epoch, position).encode()


Info = strawberry.Info[Context, None]


class Session:
    """An admitted credential, for the life of a request or socket; its viewer is renewed in place.

    asked_at: when the viewer's roles were asked for, on the clock of time.monotonic: they are at least as new.
    """

    __slots__ = ("asked_at", "feeds", "viewer")

    def __init__(self, viewer: Viewer, feeds: "Feeds", asked_at: float) -> None:
        self.viewer = viewer
        self.feeds = feeds
        self.asked_at = asked_at

    @property
    def key(self) -> Hashable:
        """Whose connections are counted together."""
        return self.viewer.person_id

    def operation(self) -> Context:
        return Context(self.viewer, self.feeds)

    def renew(self, viewer: Viewer, asked_at: float) -> None:
        """Take a viewer that was asked for later; an answer that was overtaken would bring back lost rights."""
        if asked_at > self.asked_at:
            self.asked_at = asked_at
            if viewer != self.viewer:
                self.viewer = viewer


class Admitting:
    """Turns an Authorization value into a session, and sessions into what they are now; None refuses."""

    def __init__(self, feeds: "Feeds") -> None:
        self._feeds = feeds

    async def __call__(self, authorization: str | None) -> Session | None:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        asked_at = time.monotonic()
        viewer = await viewer_of_token(token.strip())
        return Session(viewer, self._feeds, asked_at) if viewer is not None else None

    async def again(self, sessions: Sequence[Session]) -> Sequence[Session | None]:
        """Renew sessions in two statements; None where the credential no longer holds."""
        asked_at = time.monotonic()
        viewers = await viewers_again({session.viewer.token_id for session in sessions})
        return [_renewed(session, viewers, asked_at) for session in sessions]


def _renewed(session: Session, viewers: Mapping[UUID, Viewer], asked_at: float) -> Session | None:
    viewer = viewers.get(session.viewer.token_id)
    if viewer is None:
        return None
    session.renew(viewer, asked_at)
    return session
