"""Relations and computed fields, declared once on a field by what reads them for many rows at once.

graphql-core and the engine go through the same function; nothing here runs SQL once a row.
"""

from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from typing import Any

import strawberry

from okrgraph.graph.context import Batch, Context
from okrgraph.graph.engine.fields import BatchField, ColumnField, LoadedField
from okrgraph.kit.ids import global_id

# Metadata of a field: whether it has one value for all who may see its source, so that a feed may execute it
# once for all its subscribers. Unsaid, that holds of columns and of what is computed from them alone.
SHARED = "shared"

Bind = Callable[..., dict[str, Any] | None]
Compute = Callable[[Context, Sequence[Any]], Sequence[Any]]
Load = Callable[[Context, Sequence[Any]], Awaitable[Sequence[Any]]]


class Relation(BatchField):
    """How a field gets its value.

    batch: the read. key: the source's attribute that holds the key; a None there gives null or an empty list.
    bind: GraphQL arguments to the batch's, or None when they name nothing, which gives the same.
    """

    def __init__(self, batch: Batch[Any], key: str, *, many: bool, bind: Bind | None) -> None:
        self.batch = batch
        self.key = key
        self.many = many
        self.bind = bind
        self.needs = (key,)
        self._keys_of = attrgetter(key)

    async def column(
        self, context: Context, sources: Sequence[Any], arguments: dict[str, Any]
    ) -> Sequence[Any]:
        bound = self.bind(**arguments) if self.bind is not None else arguments
        if bound is None:
            return [[] if self.many else None for _ in sources]
        keys = list(map(self._keys_of, sources))
        found = await context.load_many(self.batch, keys, **bound)
        column: list[Any] = list(map(found.get, keys))
        if self.many:
            column = [[] if items is None else items for items in column]
            context.count(sum(map(len, column)))
        return column


def _field(extension: Any, description: str, shared: bool) -> Any:
    field: Any = strawberry.field(description=description, extensions=[extension], metadata={SHARED: shared})
    # Some types are made as objects, and none of them is given what is read later.
    field.init = field.repr = field.compare = False
    return field


def one(batch: Batch[Any], key: str, description: str, *, shared: bool = False) -> Any:
    """A field with at most one entity, found by the key in the source's attribute."""
    return _field(Relation(batch, key, many=False, bind=None), description, shared)


def many(batch: Batch[Any], key: str, description: str, *, shared: bool = False) -> Any:
    """A field with a complete list."""
    return _field(Relation(batch, key, many=True, bind=None), description, shared)


def computed(
    compute: Compute,
    description: str,
    *,
    needs: tuple[str, ...] | None = None,
    shared: bool = True,
) -> Any:
    """A field that follows from the rows and the context without reading anything.

    needs: the attributes of the row that it looks at; any, unless said.
    """
    return _field(ColumnField(compute, needs), description, shared)


def reference(type_name: str, key: str, description: str) -> Any:
    """The id of the entity whose key is in the source's attribute, without reading it."""
    keys_of = attrgetter(key)

    def ids(_context: Context, sources: Sequence[Any]) -> list[str | None]:
        keys = map(keys_of, sources)
        return [None if found is None else global_id(type_name, found) for found in keys]

    return computed(ids, description, needs=(key,))


def loaded(
    load: Load, description: str, *, needs: tuple[str, ...] | None = None, shared: bool = False
) -> Any:
    """A field computed for many rows at once from what the context loads.

    needs: the attributes of the row that it looks at; any, unless said.
    """
    return _field(LoadedField(load, needs), description, shared)


def with_arguments(
    batch: Batch[Any],
    key: str,
    description: str,
    bind: Bind,
    *,
    many: bool = True,
    shared: bool = False,
) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a method that declares the arguments and the type of a relation; its body is never run."""
    relation = Relation(batch, key, many=many, bind=bind)
    return lambda method: strawberry.field(
        method, description=description, extensions=[relation], metadata={SHARED: shared}
    )
