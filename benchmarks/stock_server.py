"""A GraphQL server as one writes it with Strawberry alone: its ASGI view, asyncpg, DataLoaders, dataclass types.

It answers the documents of workloads.py from okrgraph's tables and is what okrgraph is compared with. Strawberry
is left as it comes: no extension, its own JSON, one DataLoader a relation and request.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry
from cross_web import HTTPException
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from benchmarks.stock_reads import Reads, asker_of, pool_of
from okrgraph.discussion.vocabulary import CommentKind
from okrgraph.okrs.vocabulary import MetricKind, ObjectiveLevel, ObjectiveState
from okrgraph.people.vocabulary import TeamKind

for words in (CommentKind, MetricKind, ObjectiveLevel, ObjectiveState, TeamKind):
    strawberry.enum(words)


Record = Any
Read = Callable[[list[UUID]], Awaitable[list[Any]]]
Entity = TypeVar("Entity")


def one(read: Read, make: Callable[[Record], Entity]) -> DataLoader[UUID, Entity | None]:
    """Make a loader of what each key names."""

    async def load(keys: list[UUID]) -> list[Entity | None]:
        return [None if record is None else make(record) for record in await read(keys)]

    return DataLoader(load_fn=load)


def many(read: Read, make: Callable[[Record], Entity]) -> DataLoader[UUID, list[Entity]]:
    """Make a loader of the list that belongs to each key."""

    async def load(keys: list[UUID]) -> list[list[Entity]]:
        return [[make(record) for record in records] for records in await read(keys)]

    return DataLoader(load_fn=load)


class Context:
    """One request: who asks, and a loader for each relation."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.people = one(reads.people, Person.of)
        self.teams = one(reads.teams, Team.of)
        self.members = many(reads.members, Person.of)
        self.key_results = many(reads.key_results, KeyResult.of)
        self.aligned_objectives = many(reads.aligned_objectives, Objective.of)
        self.replies = many(reads.replies, Comment.of)


Info = strawberry.Info[Context, None]


def public_id(prefix: str, key: UUID) -> strawberry.ID:
    """Write an id as okrgraph does."""
    return strawberry.ID(f"{prefix}_{key.hex}")


def key_of(text: strawberry.ID) -> UUID:
    """Read the key in an id."""
    return UUID(hex=text.partition("_")[2])


@strawberry.type
class Person:
    id: strawberry.ID
    name: str
    email: str

    @classmethod
    def of(cls, record: Any) -> "Person":
        """Make it from a row."""
        return cls(id=public_id("per", record["id"]), name=record["name"], email=record["email"])


@strawberry.type
class Team:
    key: strawberry.Private[UUID]
    id: strawberry.ID
    name: str
    kind: TeamKind

    @classmethod
    def of(cls, record: Any) -> "Team":
        """Make it from a row."""
        key = record["id"]
        return cls(key=key, id=public_id("team", key), name=record["name"], kind=TeamKind(record["kind"]))

    @strawberry.field
    async def members(self, info: Info) -> list[Person]:
        """Its people."""
        return await info.context.members.load(self.key)

    @strawberry.field
    async def objectives(self, info: Info, cycle_id: strawberry.ID) -> list["Objective"]:
        """What it owns in a cycle."""
        found = await info.context.reads.objectives_of_teams(key_of(cycle_id), [self.key])
        return [Objective.of(record) for record in found[0]]


@strawberry.type
class KeyResult:
    key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID | None]
    id: strawberry.ID
    title: str
    metric_kind: MetricKind
    target_value: float | None
    current_value: float | None
    progress: float | None
    confidence: int | None

    @classmethod
    def of(cls, record: Any) -> "KeyResult":
        """Make it from a row."""
        return cls(
            key=record["id"],
            owner_key=record["owner_id"],
            id=public_id("kr", record["id"]),
            title=record["title"],
            metric_kind=MetricKind(record["metric_kind"]),
            target_value=record["target_value"],
            current_value=record["current_value"],
            progress=record["progress"],
            confidence=record["confidence"],
        )

    @strawberry.field
    async def owner(self, info: Info) -> Person | None:
        """Who is accountable."""
        return None if self.owner_key is None else await info.context.people.load(self.owner_key)

    @strawberry.field
    async def aligned_objectives(self, info: Info) -> list["Objective"]:
        """What supports it."""
        return await info.context.aligned_objectives.load(self.key)


@strawberry.type
class ConfidenceSummary:
    min: int | None
    distribution: list[int]
    unrated: int
    declining: int


@strawberry.type
class Comment:
    key: strawberry.Private[UUID]
    author_key: strawberry.Private[UUID]
    id: strawberry.ID
    version: int
    kind: CommentKind
    body: str
    created_at: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, record: Any) -> "Comment":
        """Make it from a row."""
        return cls(
            key=record["id"],
            author_key=record["author_id"],
            id=public_id("cmt", record["id"]),
            version=record["version"],
            kind=CommentKind(record["kind"]),
            body=record["body"],
            created_at=record["created_at"],
            resolved_at=record["resolved_at"],
        )

    @strawberry.field
    async def author(self, info: Info) -> Person | None:
        """Who wrote it."""
        return await info.context.people.load(self.author_key)

    @strawberry.field
    async def replies(self, info: Info) -> list["Comment"]:
        """What was answered."""
        return await info.context.replies.load(self.key)


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class CommentConnection:
    objective: strawberry.Private[UUID]
    nodes: list[Comment]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        """How many there are."""
        return await info.context.reads.comment_count(self.objective)


@strawberry.type
class Objective:
    key: strawberry.Private[UUID]
    team_key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID | None]
    ratings: strawberry.Private[tuple[int, ...]]
    id: strawberry.ID
    title: str
    level: ObjectiveLevel
    state: ObjectiveState
    progress: float | None
    version: int

    @classmethod
    def of(cls, record: Any, ratings: tuple[int, ...] | None = None) -> "Objective":
        """Make it from a row; the ratings are its last seven columns unless given."""
        return cls(
            key=record["id"],
            team_key=record["team_id"],
            owner_key=record["owner_id"],
            ratings=tuple(record)[-7:] if ratings is None else ratings,
            id=public_id("obj", record["id"]),
            title=record["title"],
            level=ObjectiveLevel(record["level"]),
            state=ObjectiveState(record["state"]),
            progress=record["progress"],
            version=record["version"],
        )

    @strawberry.field
    async def team(self, info: Info) -> Team | None:
        """The accountable team."""
        return await info.context.teams.load(self.team_key)

    @strawberry.field
    async def owner(self, info: Info) -> Person | None:
        """Who is accountable."""
        return None if self.owner_key is None else await info.context.people.load(self.owner_key)

    @strawberry.field
    async def key_results(self, info: Info) -> list[KeyResult]:
        """How one sees that it is reached."""
        return await info.context.key_results.load(self.key)

    @strawberry.field
    def confidence_summary(self) -> ConfidenceSummary:
        """How sure the people closest to it are."""
        *counts, unrated, declining = self.ratings
        lowest = next((rating for rating, count in enumerate(counts, 1) if count), None)
        return ConfidenceSummary(min=lowest, distribution=counts, unrated=unrated, declining=declining)

    @strawberry.field
    async def comments(self, info: Info, first: int = 50) -> CommentConnection:
        """What was said about it."""
        found = await info.context.reads.comments(self.key, first)
        return CommentConnection(
            objective=self.key,
            nodes=[Comment.of(record) for record in found[:first]],
            page_info=PageInfo(has_next_page=len(found) > first),
        )


@strawberry.type
class AlignmentTreeRow:
    depth: int
    child_count: int
    parent_id: strawberry.ID | None
    node: Annotated[Objective | KeyResult, strawberry.union("AlignmentTreeNode")]

    @classmethod
    def of(cls, record: Any) -> "AlignmentTreeRow":
        """Make it from a row of the recursive statement: an objective (2) or a key result (1)."""
        letter = "o" if record["tree_kind"] == 2 else "k"
        shared = {"id": f"{letter}_id", "title": f"{letter}_title", "progress": f"{letter}_progress"}
        named = dict(record) | {name: record[column] for name, column in shared.items()}
        named["owner_id"] = record[f"{letter}_owner"]
        parent = record["parent_id"]
        return cls(
            depth=record["depth"],
            child_count=record["children"],
            parent_id=parent and public_id("obj" if record["parent_kind"] == 2 else "kr", parent),
            node=Objective.of(named, ()) if letter == "o" else KeyResult.of(named),
        )


@strawberry.input
class ObjectiveFilter:
    cycle_id: strawberry.ID | None = None
    levels: list[ObjectiveLevel] | None = None


@strawberry.type
class ObjectiveConnection:
    nodes: list[Objective]


@strawberry.type
class Viewer:
    @strawberry.field
    async def person(self, info: Info) -> Person | None:
        """Who asks."""
        return await info.context.people.load(info.context.reads.asker.person)


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self) -> Viewer:
        """Who asks."""
        return Viewer()

    @strawberry.field
    async def team(self, info: Info, id: strawberry.ID) -> Team | None:  # noqa: A002 - the schema's word
        """A team by its id."""
        return await info.context.teams.load(key_of(id))

    @strawberry.field
    async def objective(self, info: Info, id: strawberry.ID) -> Objective | None:  # noqa: A002 - the same
        """An objective by its id."""
        record = await info.context.reads.objective(key_of(id))
        return None if record is None else Objective.of(record)

    @strawberry.field
    async def objectives(
        self,
        info: Info,
        filter: ObjectiveFilter | None = None,  # noqa: A002 - the same
    ) -> ObjectiveConnection:
        """Objectives, the first fifty."""
        given = filter or ObjectiveFilter()
        cycle = None if given.cycle_id is None else key_of(given.cycle_id)
        levels = None if given.levels is None else [level.value for level in given.levels]
        found = await info.context.reads.objectives(cycle, levels)
        return ObjectiveConnection(nodes=[Objective.of(record) for record in found])

    @strawberry.field
    async def alignment_tree(self, info: Info, cycle_id: strawberry.ID) -> list[AlignmentTreeRow]:
        """The whole tree as rows."""
        found = await info.context.reads.alignment_tree(key_of(cycle_id))
        return [AlignmentTreeRow.of(record) for record in found]


class Endpoint(GraphQL[Context, None]):
    """Strawberry's view, with a token asked for."""

    pool: Any = None

    async def get_context(self, request: Any, response: Any) -> Context:
        """Find out who asks. Raises HTTPException for whoever may not."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        asker = await asker_of(self.pool, token) if scheme.lower() == "bearer" else None
        if asker is None:
            raise HTTPException(401, "A token is needed.")
        return Context(Reads(self.pool, asker))


endpoint = Endpoint(strawberry.Schema(query=Query))


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Hold the pool open."""
    endpoint.pool = await pool_of(os.environ["STOCK_DSN"])
    try:
        yield
    finally:
        await endpoint.pool.close()


app = Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)
