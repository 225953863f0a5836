"""The door to the engine: takes an operation if it can, and otherwise lets graphql-core execute all of it."""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLSchema
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import DocumentNode
from strawberry.schema.config import StrawberryConfig
from strawberry.utils.await_maybe import await_maybe

from okrgraph.graph.engine.compiling import Operation, compile_plan
from okrgraph.graph.engine.declined import Declined, Reason
from okrgraph.graph.engine.execution import Given, Run
from okrgraph.graph.engine.plan import Plan

# Documents whose plans are kept.
DOCUMENTS = 256
# Of one document: @skip and @include with n variables make 2**n.
PLANS = 16
# Of all plans that are kept, which take about a kilobyte a field.
FIELDS = 50_000

Execute = Callable[..., Any]
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """Operations executed since the process started. tell: called for each, with its executor, and why it is not us."""

    taken: int = 0
    declined: Counter[Reason] = field(default_factory=Counter)
    tell: Callable[[str, Reason | None], None] | None = None

    def take(self) -> None:
        self.taken += 1
        self._tell("engine", None)

    def leave(self, reason: Reason | None) -> None:
        """Count one for graphql-core. reason: None when the engine is off."""
        if reason is not None:
            self.declined[reason] += 1
        self._tell("graphql-core", reason)

    def _tell(self, executor: str, reason: Reason | None) -> None:
        if self.tell is not None:
            self.tell(executor, reason)


@dataclass(slots=True)
class _Document:
    """A document's operation and its plans by the values of their conditions; why there can be none."""

    document: DocumentNode
    operation: Operation | None = None
    refusal: Reason | None = None
    plans: dict[tuple[object, ...], Plan | Reason] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(plan.size for plan in self.plans.values() if isinstance(plan, Plan))


class Engine:
    """Of one schema. fallback: graphql-core's execute."""

    def __init__(self, schema: GraphQLSchema, config: StrawberryConfig, scalars: Any) -> None:
        if config.default_resolver is not getattr:
            raise ValueError("plans read attributes; another default resolver would be passed over")
        self._schema = schema
        self._config = config
        self._scalars = scalars
        self._documents: OrderedDict[tuple[int, str | None], _Document] = OrderedDict()
        self._size = 0
        self.counts = Counts()
        self.is_on = True

    def in_front_of(self, fallback: Execute) -> Execute:
        """Give a function to be called in the place of graphql-core's execute."""

        def execute(schema: GraphQLSchema, document: DocumentNode, **rest: Any) -> Any:
            if not self.is_on or not _is_in_loop():
                self.counts.leave(None)
                return fallback(schema, document, **rest)
            return self._execute(schema, document, fallback, rest)

        return execute

    async def _execute(
        self, schema: GraphQLSchema, document: DocumentNode, fallback: Execute, rest: dict[str, Any]
    ) -> ExecutionResult:
        context = rest.get("context_value")
        try:
            run = self._prepared(document, rest)
            data = await run.data()
        except Declined as declined:
            await self._decline(declined.reason, declined, context)
        except BaseExceptionGroup as group:
            first = _first_of(group)
            if not isinstance(first, Exception):
                raise
            await self._decline(
                first.reason if isinstance(first, Declined) else Reason.EXCEPTION, first, context
            )
        except Exception as error:  # noqa: BLE001 - graphql-core meets it again and says where
            await self._decline(Reason.EXCEPTION, error, context)
        else:
            self.counts.take()
            return ExecutionResult(data, None)
        result: ExecutionResult = await await_maybe(fallback(schema, document, **rest))
        return result

    async def _decline(self, reason: Reason, error: Exception, context: Any) -> None:
        self.counts.leave(reason)
        logger.debug("Left to graphql-core: %s", reason, exc_info=error)
        start_anew: Callable[[], Awaitable[None]] | None = getattr(context, "start_anew", None)
        if start_anew is not None:
            await start_anew()

    def _prepared(self, document: DocumentNode, rest: dict[str, Any]) -> Run:
        if getattr(rest.get("middleware"), "middlewares", None):
            raise Declined(Reason.MIDDLEWARE)
        known = self._document(document, rest.get("operation_name"))
        if known.operation is None:
            raise Declined(known.refusal or Reason.OPERATION)
        variables = self._variables(known.operation, rest.get("variable_values"))
        plan = self._plan(known, known.operation, variables)
        context = rest.get("context_value")
        narrow = getattr(context, "narrow", None)
        if narrow is not None:
            narrow(plan.needs)
        given = Given(
            self._schema,
            known.operation,
            variables,
            context,
            rest.get("root_value"),
            self._config,
            self._scalars,
        )
        return Run(plan, given)

    def _document(self, document: DocumentNode, name: str | None) -> _Document:
        # By identity, because a document's hash walks all of it; kept, so that the identity stays its own.
        key = (id(document), name)
        known = self._documents.get(key)
        if known is not None:
            self._documents.move_to_end(key)
            return known
        known = _Document(document)
        try:
            known.operation = Operation(document, name)
        except Declined as refusal:
            known.refusal = refusal.reason
        self._documents[key] = known
        if len(self._documents) > DOCUMENTS:
            self._drop_oldest()
        return known

    def _drop_oldest(self) -> None:
        _, dropped = self._documents.popitem(last=False)
        self._size -= dropped.size

    def _variables(self, operation: Operation, given: dict[str, Any] | None) -> VariableValues:
        variables = get_variable_values(self._schema, operation.node.variable_definitions or (), given or {})
        if isinstance(variables, list):
            raise Declined(Reason.VARIABLES)
        return variables

    def _plan(self, known: _Document, operation: Operation, variables: VariableValues) -> Plan:
        conditions = tuple(variables.coerced.get(name) for name in operation.conditions)
        plan = known.plans.get(conditions)
        if plan is None:
            try:
                plan = compile_plan(self._schema, operation, variables)
            except Declined as refusal:
                plan = refusal.reason
            self._keep(known, conditions, plan)
        if isinstance(plan, Reason):
            raise Declined(plan)
        return plan

    def _keep(self, known: _Document, conditions: tuple[object, ...], plan: Plan | Reason) -> None:
        before = known.size
        if len(known.plans) >= PLANS:
            known.plans.pop(next(iter(known.plans)))
        known.plans[conditions] = plan
        self._size += known.size - before
        while self._size > FIELDS and len(self._documents) > 1:
            self._drop_oldest()


def _is_in_loop() -> bool:
    """Whether anything can be awaited; `Schema.execute_sync` comes by here too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
