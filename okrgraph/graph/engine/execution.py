"""One run of a plan: down through its layers, each awaited as a whole, then the response built from below."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path, is_awaitable
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_arguments

from okrgraph.graph.engine.compiling import Operation
from okrgraph.graph.engine.declined import Declined, Reason
from okrgraph.graph.engine.plan import (
    Awaited,
    Items,
    Leaves,
    ObjectPlan,
    Objects,
    Plan,
    Selection,
    Shape,
    Taken,
)
from okrgraph.graph.engine.values import NONE, Column, kinds_of

Done = Callable[[Column], None]
# Values of leaves that are worth a turn of the event loop to be completed while the database works.
_LARGE = 2_000


@dataclass(frozen=True, slots=True)
class Given:
    """What an operation is run with. scalars: how Strawberry finds the Python form of an argument."""

    schema: GraphQLSchema
    operation: Operation
    variables: VariableValues
    context: Any
    root_value: Any
    config: StrawberryConfig
    scalars: Any


class _Layer:
    """Sources of one object type in one place of the document, and the columns found for them so far."""

    __slots__ = ("columns", "plan", "sources")

    def __init__(self, plan: ObjectPlan, sources: Sequence[Any]) -> None:
        self.plan = plan
        self.sources = sources
        self.columns: list[Column] = [()] * len(plan.fields)

    def objects(self) -> list[dict[str, Any]]:
        if not self.columns:
            return [{} for _ in self.sources]
        return self.plan.build(*self.columns)


class Run:
    """Raises Declined, or whatever a read raises."""

    def __init__(self, plan: Plan, given: Given) -> None:
        self._plan = plan
        self._given = given
        self._new: list[_Layer] = []
        self._awaited: list[tuple[Awaited, _Layer, Done]] = []
        self._leaves: list[tuple[Taken, _Layer, Done]] = []
        self._builds: list[Callable[[], None]] = []

    async def data(self) -> dict[str, Any]:
        root = _Layer(self._plan.root, [self._given.root_value])
        self._new.append(root)
        self._descend()
        while self._awaited:
            awaited, self._awaited = self._awaited, []
            columns = await self._columns(awaited)
            for (field, _, done), column in zip(awaited, columns, strict=True):
                self._complete(field.shape, column, done)
            self._descend()
        self._take_leaves()
        # What lies below was met later, so the last objects are built first.
        for build in reversed(self._builds):
            build()
        return root.objects()[0]

    def _descend(self) -> None:
        """Take what is there without waiting, layer by layer."""
        while self._new:
            layers, self._new = self._new, []
            for layer in layers:
                for place, field in enumerate(layer.plan.fields):
                    done = _into(layer.columns, place)
                    if isinstance(field, Awaited):
                        self._awaited.append((field, layer, done))
                    elif isinstance(field.shape, Leaves):
                        self._leaves.append((field, layer, done))
                    else:
                        column = field.column(self._given.context, layer.sources)
                        self._complete(field.shape, column, done)

    def _take_leaves(self, at_most: int | None = None) -> None:
        taken, self._leaves = self._leaves[:at_most], self._leaves[at_most:] if at_most is not None else []
        for field, layer, done in taken:
            self._complete(field.shape, field.column(self._given.context, layer.sources), done)

    async def _columns(self, awaited: Sequence[tuple[Awaited, _Layer, Done]]) -> list[Column]:
        is_large = sum(len(layer.sources) for _, layer, _ in self._leaves) >= _LARGE
        if len(awaited) == 1 and not is_large:
            ((field, layer, _),) = awaited
            return [await self._column(field, layer.sources)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._column(field, layer.sources)) for field, layer, _ in awaited]
            # Turn by turn, so that the reads are on their way, and the leaves are there when they come back.
            while is_large and self._leaves:
                await asyncio.sleep(0)
                self._take_leaves(1)
        return [task.result() for task in tasks]

    async def _column(self, field: Awaited, sources: Sequence[Any]) -> Column:
        if field.batch is None:
            return [await self._resolved(field, sources[0])]
        arguments = self._arguments(field) if field.definition.args else {}
        column = await field.batch.column(self._given.context, sources, arguments)
        if len(column) != len(sources):
            raise Declined(Reason.EXCEPTION, f"{field.name} gave {len(column)} values for {len(sources)}")
        return column

    async def _resolved(self, field: Awaited, source: Any) -> Any:
        """A root field, by its ordinary resolver."""
        resolve = field.definition.resolve
        if resolve is None:
            raise Declined(Reason.FIELD, field.name)
        info = self._info(field.nodes, field.definition, field.parent, field.key)
        value = resolve(source, info, **self._values(field))
        return await value if is_awaitable(value) else value

    def _values(self, field: Awaited) -> dict[str, Any]:
        if not field.definition.args:
            return {}
        try:
            return get_argument_values(field.definition, field.nodes[0], self._given.variables)
        except Exception as error:
            raise Declined(Reason.ARGUMENTS, field.name) from error

    def _arguments(self, field: Awaited) -> dict[str, Any]:
        values = self._values(field)
        given = self._given
        raw = self._info(field.nodes, field.definition, field.parent, field.key)
        try:
            return convert_arguments(
                values,
                field.declared.arguments,
                scalar_registry=given.scalars,
                config=given.config,
                info=given.config.info_class(_raw_info=raw, _field=field.declared),
            )
        except Exception as error:
            raise Declined(Reason.ARGUMENTS, field.name) from error

    def _info(self, nodes: Any, definition: Any, parent: Any, key: str) -> GraphQLResolveInfo[Any]:
        given = self._given
        return GraphQLResolveInfo(
            nodes[0].name.value,
            nodes,
            definition.type,
            parent,
            Path(None, key, parent.name),
            given.schema,
            given.operation.fragments,
            given.root_value,
            given.operation.node,
            given.variables,
            given.context,
            is_awaitable,
            None,
            None,  # type: ignore[arg-type] # its helpers are for resolvers that leave work behind
        )

    def _complete(self, shape: Shape, column: Column, done: Done) -> None:
        """Hand the completed column to `done`, at once or, where there are objects, when they are built."""
        match shape:
            case Leaves(complete):
                done(complete(column))
            case Items(item, nullable):
                self._complete_lists(item, nullable, column, done)
            case Objects(selection, nullable):
                self._complete_objects(selection, nullable, column, done)

    def _complete_lists(self, item: Shape, nullable: bool, column: Column, done: Done) -> None:
        if not kinds_of(column, nullable=nullable) <= {list, tuple}:
            raise Declined(Reason.VALUE, "a list of another kind")
        lists = [each for each in column if each is not None] if nullable else column

        def regroup(items: Column) -> None:
            left = iter(items)
            done([None if each is None else list(islice(left, len(each))) for each in column])

        self._complete(item, list(chain.from_iterable(lists)), regroup)

    def _complete_objects(self, selection: Selection, nullable: bool, column: Column, done: Done) -> None:
        kinds = set(map(type, column))
        if NONE in kinds:
            if not nullable:
                raise Declined(Reason.NULL)
            kinds.discard(NONE)
            sources: Sequence[Any] = [each for each in column if each is not None]
        else:
            sources = column
        # One source met many times is built once, where nothing below could make that more than was counted.
        places = None
        if not selection.has_lists:
            unique = dict(zip(map(id, sources), sources, strict=True))
            if len(unique) < len(sources):
                places, sources = list(map(id, sources)), list(unique.values())
        layers = self._layers(selection, kinds, sources)

        def build() -> None:
            objects = _in_order(layers, sources)
            if places is not None:
                built = dict(zip(map(id, sources), objects, strict=True))
                objects = list(map(built.__getitem__, places))
            if len(objects) < len(column):
                left = iter(objects)
                objects = [None if each is None else next(left) for each in column]
            done(objects)

        self._builds.append(build)

    def _layers(self, selection: Selection, kinds: set[type], sources: Sequence[Any]) -> dict[type, _Layer]:
        """A layer for each class of sources; they are of one class almost always."""
        layers = {}
        for kind in kinds:
            of_kind = sources if len(kinds) == 1 else [each for each in sources if type(each) is kind]
            layers[kind] = _Layer(self._plan_of(selection, of_kind[0]), of_kind)
        self._new.extend(layers.values())
        return layers

    def _plan_of(self, selection: Selection, source: Any) -> ObjectPlan:
        """The plan for the type of a source, which follows from its class."""
        plan = selection.by_class.get(type(source))
        if plan is None:
            plan = self._resolve_type(selection, source)
            if len(selection.by_class) < 1_000:  # a resolver may make up classes without end
                selection.by_class[type(source)] = plan
        return plan

    def _resolve_type(self, selection: Selection, source: Any) -> ObjectPlan:
        info = self._info(selection.nodes, selection.definition, selection.parent, "")
        abstract = selection.abstract
        if abstract is None:
            (plan,) = selection.plans.values()
        else:
            if abstract.resolve_type is None:
                raise Declined(Reason.TYPE, abstract.name)
            name = abstract.resolve_type(source, info, abstract)
            found = selection.plans.get(name) if isinstance(name, str) else None
            if found is None:
                raise Declined(Reason.TYPE, abstract.name)
            plan = found
        if plan.type.is_type_of is not None and plan.type.is_type_of(source, info) is not True:
            raise Declined(Reason.TYPE, plan.type.name)
        return plan


def _into(columns: list[Column], place: int) -> Done:
    def done(column: Column) -> None:
        columns[place] = column

    return done


def _in_order(layers: dict[type, _Layer], sources: Sequence[Any]) -> list[Any]:
    """The objects of the sources, in their order."""
    if len(layers) == 1:
        (layer,) = layers.values()
        return layer.objects()
    left = {kind: iter(layer.objects()) for kind, layer in layers.items()}
    return [next(left[type(source)]) for source in sources]
