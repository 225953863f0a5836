"""A schema of a few types whose values misbehave in every way that the engine must leave to graphql-core."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
import strawberry
from graphql import GraphQLError

from okrgraph.graph.engine.engine import Engine
from okrgraph.graph.engine.fields import ColumnField, LoadedField
from okrgraph.graph.engine.loading import Loader


@dataclass
class Context:
    """calls: keys of each call of the one batch function. starts: how often it was told to start anew."""

    calls: list[list[int]] = field(default_factory=list)
    starts: int = 0

    def __post_init__(self) -> None:
        self.loader = Loader()

    async def run(self, batch: Any, keys: Sequence[int], arguments: dict[str, Any]) -> dict[int, Any]:
        self.calls.append(list(keys))
        return {key: Leaf(key) for key in keys if key < 100}

    async def start_anew(self) -> None:
        self.starts += 1
        await self.loader.close()


@dataclass
class Leaf:
    number: int
    text: Any = "text"
    real: Any = 0.5
    items: Any = ()
    maybe: Any = None


async def _next(context: Context, leaves: Sequence[Leaf]) -> list[Leaf | None]:
    keys = [leaf.number + 1 for leaf in leaves]
    found = await context.loader.load_many(context.run, _next, keys, {})
    return [found.get(key) for key in keys]


async def _failing(context: Context, leaves: Sequence[Leaf]) -> list[int]:
    raise GraphQLError("It fails", extensions={"code": "FAILED"})


def _doubled(_context: object, leaves: Sequence[Leaf]) -> list[int]:
    return [leaf.number * 2 for leaf in leaves]


@strawberry.type
class Number:
    number: int
    text: str
    real: float
    items: list[int]
    maybe: str | None
    doubled: int = strawberry.field(extensions=[ColumnField(_doubled, ("number",))])
    next: "Number | None" = strawberry.field(extensions=[LoadedField(_next, ("number",))])
    sure: "Number" = strawberry.field(extensions=[LoadedField(_next, ("number",))])
    failing: int | None = strawberry.field(extensions=[LoadedField(_failing, ())])

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, Leaf)

    @strawberry.field
    @staticmethod
    def said(root: strawberry.Parent[Leaf]) -> str:
        return f"said {root.number}"

    @strawberry.field
    @staticmethod
    async def slow(root: strawberry.Parent[Leaf]) -> int:
        return root.number


@strawberry.type
class Word:
    word: str = "word"


Thing = Annotated[Number | Word, strawberry.union("Thing")]


@strawberry.type
class Query:
    @strawberry.field
    @staticmethod
    def number(root: strawberry.Parent[Callable[[], Leaf]], info: strawberry.Info) -> Number:
        return root()  # type: ignore[return-value]

    @strawberry.field
    @staticmethod
    async def numbers(count: int = 3) -> list[Number]:
        return [Leaf(place) for place in range(count)]  # type: ignore[misc]

    @strawberry.field
    @staticmethod
    def things() -> list[Thing]:
        return [Leaf(1), Word(), Leaf(2)]  # type: ignore[list-item]

    @strawberry.field
    @staticmethod
    def strange() -> Thing:
        return object()  # type: ignore[return-value]


@strawberry.type
class Mutation:
    @strawberry.field
    def change(self) -> int:
        return 1


class ToySchema(strawberry.Schema):
    def __init__(self, *, engine: bool = True) -> None:
        super().__init__(Query, Mutation)
        self.engine = Engine(self._schema, self.config, self.schema_converter.scalar_registry)
        self.engine.is_on = engine

    def _get_execute_function(self) -> Callable[..., Any]:
        return self.engine.in_front_of(super()._get_execute_function())


async def answer(schema: ToySchema, document: str, leaf: Leaf, **variables: Any) -> tuple[bytes, Context]:
    """The bytes of the answer and the context that it was made with."""
    context = Context()
    result = await schema.execute(
        document, variable_values=variables, context_value=context, root_value=lambda: leaf
    )
    errors = [error.formatted for error in result.errors or ()]
    return orjson.dumps({"data": result.data, "errors": errors}), context
