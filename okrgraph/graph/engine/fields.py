"""How a field is declared so that it can be read for many sources at once, by the engine and by graphql-core alike."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from strawberry.extensions import FieldExtension

# Metadata of a field with a plain resolver: the attributes of the source that it reads. Unsaid means all.
NEEDS = "needs"


class BatchField(FieldExtension):
    """A field whose values are awaited together, for all sources of a layer.

    needs: the attributes of the source that `column` reads; None for any of them.
    """

    needs: tuple[str, ...] | None = None

    async def column(self, context: Any, sources: Sequence[Any], arguments: dict[str, Any]) -> Sequence[Any]:
        """Give the value for each source, in their order."""
        raise NotImplementedError

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        """Give graphql-core the same, for one source at a time; what `column` loads is batched there."""
        return (await self.column(info.context, (source,), kwargs))[0]


class ColumnField(FieldExtension):
    """A field whose values follow from the sources alone, without waiting and without arguments."""

    def __init__(self, column: Callable[[Any, Sequence[Any]], Sequence[Any]], needs: tuple[str, ...] | None):
        self.column = column
        self.needs = needs

    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return self.column(info.context, (source,))[0]


class LoadedField(BatchField):
    """A field computed from its sources and from what its function loads through the context."""

    def __init__(
        self,
        function: Callable[[Any, Sequence[Any]], Awaitable[Sequence[Any]]],
        needs: tuple[str, ...] | None,
    ) -> None:
        self._function = function
        self.needs = needs

    async def column(self, context: Any, sources: Sequence[Any], arguments: dict[str, Any]) -> Sequence[Any]:
        return await self._function(context, sources)
