"""From a document to its plan; fields are collected by graphql-core itself, once for each type that can occur."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.language import DocumentNode
from graphql.language.visitor import Visitor, visit
from strawberry.types.field import StrawberryField

from okrgraph.graph.engine.declined import Declined, Reason
from okrgraph.graph.engine.fields import NEEDS, BatchField, ColumnField
from okrgraph.graph.engine.plan import (
    Awaited,
    FieldPlan,
    Items,
    Leaves,
    ObjectPlan,
    Objects,
    Plan,
    Selection,
    Shape,
    Taken,
    builder_of,
)
from okrgraph.graph.engine.values import completion_of

_CONDITIONS = ("skip", "include")
# Of one plan. A document without fragments has no more than a thousand fields; with them it may have 3 ** 12.
MOST_FIELDS = 3_000


class Operation:
    """One operation of a document, with what every plan of it shares. conditions: variables of @skip and @include."""

    def __init__(self, document: DocumentNode, name: str | None) -> None:
        self.node = _operation_in(document, name)
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        if any(fragment.variable_definitions for fragment in self.fragments.values()):
            raise Declined(Reason.VARIABLES, "of a fragment")
        self.details = {name: FragmentDetails(fragment) for name, fragment in self.fragments.items()}
        self.conditions = _conditions_of(document)


def _operation_in(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and (name is None or (definition.name is not None and definition.name.value == name))
    ]
    if len(found) != 1 or found[0].operation is not OperationType.QUERY:
        raise Declined(Reason.OPERATION)
    return found[0]


class _Directives(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value not in _CONDITIONS:
            raise Declined(Reason.DIRECTIVE, node.name.value)
        self.variables.update(
            argument.value.name.value
            for argument in node.arguments or ()
            if isinstance(argument.value, VariableNode)
        )


def _conditions_of(document: Node) -> tuple[str, ...]:
    directives = _Directives()
    visit(document, directives)
    return tuple(sorted(directives.variables))


def compile_plan(schema: GraphQLSchema, operation: Operation, variables: VariableValues) -> Plan:
    """Plan an operation for the values that its conditions have. Raises Declined."""
    return _Compiling(schema, operation, variables).plan()


class _Compiling:
    def __init__(self, schema: GraphQLSchema, operation: Operation, variables: VariableValues) -> None:
        self._schema = schema
        self._operation = operation
        self._variables = variables
        self._needs: dict[str, set[str] | None] = {}
        self._size = 0

    def plan(self) -> Plan:
        root = self._schema.query_type
        assert root is not None
        operation = self._operation
        try:
            collected = collect_fields(
                self._schema, operation.details, self._variables, root, operation.node
            ).grouped_field_set
        except GraphQLError as error:
            raise Declined(Reason.ARGUMENTS, "of a directive") from error
        plan = self._object(root, collected, is_root=True)
        needs = {name: None if read is None else frozenset(read) for name, read in self._needs.items()}
        return Plan(plan, needs, self._size)

    def _object(
        self, parent: GraphQLObjectType, collected: dict[str, list[FieldDetails]], *, is_root: bool = False
    ) -> ObjectPlan:
        fields = [self._field(parent, key, details, is_root) for key, details in collected.items()]
        if not fields:
            return ObjectPlan(parent, [], _without_fields)
        return ObjectPlan(parent, fields, builder_of(tuple(collected)))

    def _field(
        self, parent: GraphQLObjectType, key: str, details: list[FieldDetails], is_root: bool
    ) -> FieldPlan:
        self._size += 1
        if self._size > MOST_FIELDS:
            raise Declined(Reason.SIZE)
        nodes = [detail.node for detail in details]
        name = nodes[0].name.value
        definition = self._schema.get_field(parent, name)
        if definition is None:
            raise Declined(Reason.FIELD, f"{parent.name}.{name}")
        if name == "__typename":
            # parent, because each type has a plan of its own.
            return Taken(_constant(parent.name), self._shape(definition.type, parent, definition, details))
        if name.startswith("__"):
            raise Declined(Reason.INTROSPECTION)
        declared = definition.extensions.get("strawberry-definition")
        if not isinstance(declared, StrawberryField):
            raise Declined(Reason.FIELD, f"{parent.name}.{name}")
        shape = self._shape(definition.type, parent, definition, details)
        if is_root:
            return Awaited(None, shape, name, key, nodes, definition, declared, parent)
        return self._source(Awaited(None, shape, name, key, nodes, definition, declared, parent))

    def _source(self, field: Awaited) -> FieldPlan:
        declared, type_name = field.declared, field.parent.name
        if declared.is_basic_field:
            self._need(type_name, (declared.python_name,))
            return Taken(_attribute(declared.python_name), field.shape)
        match declared.extensions:
            case [BatchField() as batch]:
                self._need(type_name, batch.needs)
                rest = (field.name, field.key, field.nodes, field.definition, declared, field.parent)
                return Awaited(batch, field.shape, *rest)
            case [ColumnField() as column]:
                self._need(type_name, column.needs)
                return Taken(column.column, field.shape)
            case []:
                self._need(type_name, declared.metadata.get(NEEDS))
                return Taken(_rule(declared, f"{type_name}.{field.name}"), field.shape)
        raise Declined(Reason.FIELD, f"{type_name}.{field.name}")

    def _need(self, type_name: str, attributes: Iterable[str] | None) -> None:
        known = self._needs.setdefault(type_name, set())
        if attributes is None or known is None:
            self._needs[type_name] = None
        else:
            known.update(attributes)

    def _shape(
        self,
        given: GraphQLOutputType,
        parent: GraphQLObjectType,
        definition: GraphQLField,
        details: list[FieldDetails],
    ) -> Shape:
        nullable = not is_non_null_type(given)
        plain: Any = given if nullable else given.of_type  # type: ignore[union-attr]
        if is_leaf_type(plain):
            return Leaves(completion_of(plain, nullable=nullable))
        if is_list_type(plain):
            return Items(self._shape(plain.of_type, parent, definition, details), nullable)
        return Objects(self._selection(plain, parent, definition, details), nullable)

    def _selection(
        self, given: Any, parent: GraphQLObjectType, definition: GraphQLField, details: list[FieldDetails]
    ) -> Selection:
        abstract = given if is_abstract_type(given) else None
        types = self._schema.get_possible_types(abstract) if abstract is not None else [given]
        plans = {each.name: self._object(each, self._subfields(each, details)) for each in types}
        nodes = [detail.node for detail in details]
        selection = Selection(abstract, plans, nodes, parent, definition)
        selection.has_lists = any(_has_lists(field.shape) for plan in plans.values() for field in plan.fields)
        return selection

    def _subfields(
        self, runtime_type: GraphQLObjectType, details: list[FieldDetails]
    ) -> dict[str, list[FieldDetails]]:
        self._needs.setdefault(runtime_type.name, set())
        operation = self._operation
        try:
            return collect_subfields(
                self._schema, operation.details, self._variables, operation.node, runtime_type, details
            ).grouped_field_set
        except GraphQLError as error:
            raise Declined(Reason.ARGUMENTS, "of a directive") from error


def _has_lists(shape: Shape) -> bool:
    match shape:
        case Items(item):
            return not isinstance(item, Leaves)
        case Objects(selection):
            return selection.has_lists
    return False


def _without_fields() -> list[dict[str, Any]]:
    raise AssertionError("never built: it has no columns")


def _constant(value: str) -> Any:
    return lambda _context, sources: [value] * len(sources)


def _attribute(name: str) -> Any:
    read = attrgetter(name)
    return lambda _context, sources: list(map(read, sources))


def _rule(declared: StrawberryField, path: str) -> Any:
    """A plain function over the source: no waiting, no arguments, no info."""
    resolver = declared.base_resolver
    if resolver is None or resolver.is_async or declared.arguments or resolver.info_parameter:
        raise Declined(Reason.FIELD, path)
    if resolver.self_parameter:
        return lambda _context, sources: [resolver(source) for source in sources]
    parameter = resolver.parent_parameter or resolver.root_parameter
    if parameter is None:
        raise Declined(Reason.FIELD, path)
    name = parameter.name
    return lambda _context, sources: [resolver(**{name: source}) for source in sources]
