"""Relations, declared once on a field as a batch function: the DataLoader here and an engine later read the same.

A relation gives, for the keys of a whole layer, what belongs to each; no relation runs once a row.
"""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

from okrgraph.graph.context import Batch, Info

# Metadata of a field: two viewers may see different values, so a feed executes it for each subscriber.
VIEWER_DEPENDENT = "viewer_dependent"

Bind = Callable[..., dict[str, Any] | None]


class Relation(FieldExtension):
    """How a field gets its value.

    batch: the read. key: the source's attribute that holds the key; a None there gives null or an empty list.
    bind: GraphQL arguments to the batch's, or None when they name nothing, which gives the same.
    """

    def __init__(self, batch: Batch[Any], key: str, *, many: bool, bind: Bind | None) -> None:
        self.batch = batch
        self.key = key
        self.many = many
        self.bind = bind

    async def resolve_async(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        key = getattr(source, self.key)
        arguments = self.bind(**kwargs) if self.bind is not None else kwargs
        found = None
        if key is not None and arguments is not None:
            found = await info.context.load(self.batch, key, **arguments)
        return [] if found is None and self.many else found


def one(batch: Batch[Any], key: str, description: str, *, viewer_dependent: bool = False) -> Any:
    """A field with at most one entity, found by the key in the source's attribute."""
    relation = Relation(batch, key, many=False, bind=None)
    return strawberry.field(
        description=description, extensions=[relation], metadata={VIEWER_DEPENDENT: viewer_dependent}
    )


def many(batch: Batch[Any], key: str, description: str, *, viewer_dependent: bool = False) -> Any:
    """A field with a complete list."""
    relation = Relation(batch, key, many=True, bind=None)
    return strawberry.field(
        description=description, extensions=[relation], metadata={VIEWER_DEPENDENT: viewer_dependent}
    )


def with_arguments(
    batch: Batch[Any],
    key: str,
    description: str,
    bind: Bind,
    *,
    many: bool = True,
    viewer_dependent: bool = False,
) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a method that declares the arguments and the type of a relation; its body is never run."""
    relation = Relation(batch, key, many=many, bind=bind)
    return lambda method: strawberry.field(
        method, description=description, extensions=[relation], metadata={VIEWER_DEPENDENT: viewer_dependent}
    )
