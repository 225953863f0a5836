"""What one operation knows: its viewer, its loaders and the head of the log; made anew for each operation."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Concatenate, Protocol, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from okrgraph.events import log
from okrgraph.events.cursors import Cursor
from okrgraph.events.hub import Hub
from okrgraph.events.pages import Page
from okrgraph.people.tokens import viewer_of_token
from okrgraph.people.viewer import Viewer

# Rows that one operation may load before it is ended; the nested tree of a whole company passes.
NODE_LIMIT = 100_000

Value = TypeVar("Value")
Batch = Callable[Concatenate[Viewer, Sequence[UUID], ...], Awaitable[Mapping[UUID, Value]]]


class Context:
    """The `info.context` of one operation, or of one event of a subscription."""

    def __init__(self, viewer: Viewer, hub: Hub, node_limit: int = NODE_LIMIT) -> None:
        self.viewer = viewer
        self.hub = hub
        self._node_limit = node_limit
        self._nodes = 0
        self._loaders: dict[Any, DataLoader[UUID, Any]] = {}
        self._head: int | None = None

    async def load(self, batch: Batch[Value], key: UUID, **arguments: Any) -> Value | None:
        """Load what a batch function gives for one key, together with the other keys of the same layer."""
        name = (batch, tuple(sorted(arguments.items())))
        loader = self._loaders.get(name)
        if loader is None:
            loader = DataLoader(load_fn=partial(self._run, batch, arguments))
            self._loaders[name] = loader
        found: Value | None = await loader.load(key)
        return found

    def forget(self) -> None:
        """Drop what was loaded, for what runs next reads anew."""
        self._loaders.clear()

    async def _run(
        self, batch: Batch[Value], arguments: dict[str, Any], keys: list[UUID]
    ) -> list[Value | None]:
        found = await batch(self.viewer, keys, **arguments)
        self.count(sum(_size(value) for value in found.values()))
        return [found.get(key) for key in keys]

    def count(self, nodes: int) -> None:
        """Count rows as they come. Raises GraphQLError LIMIT_EXCEEDED past the node limit."""
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
        return Cursor(self.viewer.organization_id, self.hub.epoch, position).encode()


def _size(value: object) -> int:
    if isinstance(value, list):
        return len(value)
    return len(value.rows) if isinstance(value, Page) else 1


Info = strawberry.Info[Context, None]


class Session:
    """An admitted credential, for the life of a request or socket; the transport renews it."""

    def __init__(self, viewer: Viewer, hub: Hub) -> None:
        self.viewer = viewer
        self.hub = hub

    def operation(self) -> Context:
        return Context(self.viewer, self.hub)


class HubSource(Protocol):
    """Gives the hub once the server has started."""

    def __call__(self) -> Hub: ...


def admission(hub: HubSource) -> Callable[[str | None], Awaitable[Session | None]]:
    """The function that turns an Authorization value into a session; None refuses it."""

    async def admit(authorization: str | None) -> Session | None:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        viewer = await viewer_of_token(token.strip())
        return Session(viewer, hub()) if viewer is not None else None

    return admit
