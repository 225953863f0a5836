"""Connections: keyset pages of a list, their GraphQL types and the relation that reads them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError

from okrgraph.events.pages import Order, Page, PageRequest, empty_page
from okrgraph.graph.context import Batch, Context
from okrgraph.graph.relations import SHARED, Bind, Relation, loaded

PAGE_SIZE = 50
LARGEST_PAGE = 100
_PAGING = ("first", "after", "last", "before")

Item = TypeVar("Item")

First = Annotated[
    int | None,
    strawberry.argument(description="How many to return from the start: 0 to 100, 50 unless given."),
]
After = Annotated[str | None, strawberry.argument(description="Return what comes after this edge cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many to return from the end: 0 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="Return what comes before this edge cursor.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before this page.")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first edge; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge; null on an empty page.")


@strawberry.type(description="One item of a list and where it stands.")
class Edge(Generic[Item]):
    cursor: str = strawberry.field(description="Opaque position in the list, for `after` and `before`.")
    node: Item = strawberry.field(description="The item.")


async def _total_counts(context: Context, pages: Sequence["PageView"]) -> list[int]:
    found = await asyncio.gather(*(context.load(page.count, page.parent, **page.arguments) for page in pages))
    return [count or 0 for count in found]


@strawberry.type(description="A page of a list.")
class Connection(Generic[Item]):
    edges: list[Edge[Item]] = strawberry.field(description="The items with their cursors.")
    nodes: list[Item] = strawberry.field(description="The items alone.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    total_count: int = loaded(_total_counts, "How many items the whole list has that the viewer may see.")


@dataclass
class EdgeView:
    cursor: str
    node: object


@dataclass
class PageView:
    """The source of a Connection: the page and how to count the whole list."""

    page: Page[Any]
    order: Order
    count: Batch[int]
    parent: UUID
    arguments: dict[str, Any]

    @cached_property
    def edges(self) -> list[EdgeView]:
        return [EdgeView(self.order.cursor_of(row), row) for row in self.page.rows]

    @property
    def nodes(self) -> Sequence[object]:
        return self.page.rows

    @property
    def page_info(self) -> PageInfo:
        rows = self.page.rows
        return PageInfo(
            has_next_page=self.page.has_next,
            has_previous_page=self.page.has_previous,
            start_cursor=self.order.cursor_of(rows[0]) if rows else None,
            end_cursor=self.order.cursor_of(rows[-1]) if rows else None,
        )


def _refused(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def page_request(
    order: Order,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> PageRequest:
    """Read the four arguments of a connection. Raises GraphQLError BAD_USER_INPUT."""
    backward = last is not None or before is not None
    if backward and (first is not None or after is not None):
        raise _refused("Page forward with first and after, or backward with last and before, not both.")
    name, size = ("last", last) if backward else ("first", first)
    if size is None:
        size = PAGE_SIZE
    if not 0 <= size <= LARGEST_PAGE:
        raise _refused(f"{name} must be from 0 to {LARGEST_PAGE}.")
    text = before if backward else after
    position = order.read_cursor(text) if text is not None else None
    if text is not None and position is None:
        raise _refused(f"{'before' if backward else 'after'} must be a cursor that this list gave.")
    return PageRequest(size, position, backward)


class ConnectionRelation(Relation):
    """A relation that reads one page for each parent; the four paging arguments are its own."""

    def __init__(
        self, batch: Batch[Page[Any]], count: Batch[int], order: Order, key: str, bind: Bind | None = None
    ) -> None:
        super().__init__(batch, key, many=False, bind=bind)
        self.count = count
        self.order = order

    async def column(
        self, context: Context, sources: Sequence[Any], arguments: dict[str, Any]
    ) -> Sequence[Any]:
        paging = {name: value for name, value in arguments.items() if name in _PAGING}
        others = {name: value for name, value in arguments.items() if name not in _PAGING}
        request = page_request(self.order, **paging)
        return await self.pages(context, [getattr(source, self.key) for source in sources], request, others)

    async def pages(
        self, context: Context, parents: Sequence[UUID], request: PageRequest, arguments: dict[str, Any]
    ) -> list[PageView]:
        """Give the page of each parent."""
        bound = self.bind(**arguments) if self.bind is not None else arguments
        if bound is None:
            return [PageView(empty_page(request), self.order, _nothing, parent, {}) for parent in parents]
        found = await context.load_many(self.batch, parents, page=request, **bound)
        pages = [found.get(parent) or empty_page(request) for parent in parents]
        context.count(sum(len(page.rows) for page in pages))
        return [
            PageView(page, self.order, self.count, parent, bound)
            for page, parent in zip(pages, parents, strict=True)
        ]


async def _nothing(viewer: object, keys: Sequence[UUID]) -> dict[UUID, int]:
    return {}


def connection(
    batch: Batch[Page[Any]],
    count: Batch[int],
    order: Order,
    description: str,
    bind: Bind | None = None,
) -> Any:
    """Decorate a method that declares an entity's connection, its arguments and type; its body is never run."""
    relation = ConnectionRelation(batch, count, order, "id", bind)
    return lambda method: strawberry.field(
        method, description=description, extensions=[relation], metadata={SHARED: False}
    )
