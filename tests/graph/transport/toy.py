"""A toy schema with one field for each thing a transport can meet, and who may call it."""

import asyncio
import enum
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import GraphQLError

from okrgraph.graph.limits import extensions
from okrgraph.graph.masking import MaskedSchema
from okrgraph.graph.transport.session import CALL, Call

SECRET = "postgres://okr:hunter2@db/okr"
TOKENS = {"Bearer ada": "ada", "Bearer bob": "bob"}


@dataclass
class World:
    """What the test and the served schema share."""

    tokens: dict[str, str] = field(default_factory=lambda: dict(TOKENS))
    contexts: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    changes: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    calls: asyncio.Queue[Call] = field(default_factory=asyncio.Queue)
    mutations: int = 0

    def __post_init__(self) -> None:
        self.may_end.set()

    async def admit(self, authorization: str | None) -> "ToySession | None":
        if authorization == "Bearer broken":
            raise ConnectionError(SECRET)
        name = self.tokens.get(authorization or "")
        return ToySession(self, name) if name else None


@dataclass
class ToyAdmit:
    world: World

    async def __call__(self, authorization: str | None) -> "ToySession | None":
        return await self.world.admit(authorization)

    async def again(self, sessions: "Sequence[ToySession]") -> "Sequence[ToySession | None]":
        return [await self.world.admit(f"Bearer {session.name}") for session in sessions]


@dataclass
class ToySession:
    world: World
    name: str

    @property
    def key(self) -> str:
        return self.name

    def operation(self) -> "ToyContext":
        self.world.contexts += 1
        return ToyContext(self.world, self.name, self.world.contexts)


@dataclass
class ToyContext:
    world: World
    name: str
    number: int


Info = strawberry.Info[ToyContext, None]


@strawberry.enum
class Colour(enum.Enum):
    GREEN = "green"
    AMBER = "amber"


@strawberry.input
class Point:
    xs: list[int]


@strawberry.type
class Thing:
    name: str = "thing"

    @strawberry.field
    def child(self) -> "Thing":
        return Thing()

    @strawberry.field
    def boom(self) -> str:
        raise ValueError(SECRET)


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: Info) -> str:
        return info.context.name

    @strawberry.field
    def context(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def paint(self, colour: Colour) -> str:
        return colour.value

    @strawberry.field
    def total(self, numbers: list[int]) -> int:
        return sum(numbers)

    @strawberry.field
    def points(self, point: Point) -> int:
        return len(point.xs)

    @strawberry.field
    def thing(self) -> Thing:
        return Thing()

    @strawberry.field
    def things(self, count: int) -> list[Thing | None]:
        return [Thing()] * count

    @strawberry.field
    def boom(self) -> str | None:
        raise ValueError(SECRET)

    @strawberry.field
    def deliberate(self) -> str | None:
        raise GraphQLError("No such thing. Did you mean another?", extensions={"code": "NOT_FOUND"})

    @strawberry.field
    async def slow(self, info: Info) -> str:
        world = info.context.world
        world.started.set()
        try:
            await world.released.wait()
        except asyncio.CancelledError:
            world.cancelled.set()
            raise
        return "done"

    @strawberry.field
    def huge(self) -> strawberry.scalars.JSON:
        return 2**70  # type: ignore[return-value]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def add(self, info: Info) -> int:
        info.context.world.mutations += 1
        return info.context.world.mutations


@strawberry.type
class Event:
    text: str

    @strawberry.field
    def context(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def name(self, info: Info) -> str:
        return info.context.name

    @strawberry.field
    def boom(self) -> str | None:
        raise ValueError(SECRET)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def changes(self, info: Info) -> AsyncIterator[Event]:
        """What the test puts into the queue; an exception there is raised."""
        world = info.context.world
        world.started.set()
        try:
            while True:
                change = await world.changes.get()
                if isinstance(change, Exception):
                    raise change
                yield Event(text=str(change))
        finally:
            world.closed.set()

    @strawberry.subscription
    async def pushed(self, info: Info) -> AsyncIterator[str]:
        """Left to the test, which gets the call to push into; and what it puts into the queue, until None."""
        world = info.context.world
        world.calls.put_nowait(CALL.get())
        try:
            while (change := await world.changes.get()) is not None:
                yield change
        finally:
            await world.may_end.wait()
            world.closed.set()

    @strawberry.subscription
    async def flood(self, info: Info) -> AsyncIterator[str]:
        """More than any buffer between here and a client that does not read."""
        world = info.context.world
        try:
            while True:
                yield "x" * 100_000
        finally:
            world.closed.set()


def make_schema() -> MaskedSchema:
    return MaskedSchema(query=Query, mutation=Mutation, subscription=Subscription, extensions=extensions())
