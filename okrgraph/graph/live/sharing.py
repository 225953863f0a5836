"""Which documents give every subscriber the same: those that ask for nothing that depends on who is asking."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)
from graphql.language import Visitor, visit
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from okrgraph.graph.engine.fields import ColumnField
from okrgraph.graph.relations import SHARED

_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a subscription's document asks of each change. variables: the names that its selection uses."""

    is_shared: bool
    variables: frozenset[str]


def is_same_for_all(field: Any) -> bool:
    """Whether a field of the schema has one value for all who may see its source; so only if it is known."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(declared, StrawberryField):
        return False
    said: bool | None = declared.metadata.get(SHARED)
    if said is not None:
        return said
    return declared.base_resolver is None and all(
        isinstance(extension, ColumnField) for extension in declared.extensions
    )


class Documents:
    """Remembers what documents ask for."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], Asked] = {}

    def asked(self, info: GraphQLResolveInfo[Any]) -> Asked:
        """Look at what is selected below the root field that is being resolved."""
        operation = info.operation
        source = operation.loc.source.body if operation.loc else ""
        key = (source, operation.name.value if operation.name else None)
        found = self._known.get(key) if source else None
        if found is None:
            found = _look(info)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return found


def _look(info: GraphQLResolveInfo[Any]) -> Asked:
    looking = _Looking(info.schema, info.fragments)
    is_shared = all(
        looking.is_shared(node.selection_set, info.return_type)
        for node in info.field_nodes
        if node.selection_set is not None
    )
    return Asked(is_shared, frozenset(looking.variables))


class _Variables(Visitor):
    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self._names = names

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self._names.add(node.name.value)


class _Looking:
    """One walk; a fragment is looked at once, with the type that it is on."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._seen: dict[str, bool] = {}
        self.variables: set[str] = set()

    def is_shared(self, selections: SelectionSetNode, output: Any) -> bool:
        within = get_named_type(output)
        # Every selection is looked at, for its variables.
        shared = [self._is_selection_shared(selection, within) for selection in selections.selections]
        return all(shared)

    def _is_selection_shared(self, node: Any, within: Any) -> bool:
        self._note(node.directives)
        match node:
            case FieldNode():
                return self._is_field_shared(node, within)
            case InlineFragmentNode():
                condition = node.type_condition
                on = self._schema.type_map[condition.name.value] if condition else within
                return self.is_shared(node.selection_set, on)
            case FragmentSpreadNode():
                return self._is_fragment_shared(node.name.value)
        return False

    def _is_field_shared(self, node: FieldNode, within: Any) -> bool:
        self._note(node.arguments)
        if node.name.value == "__typename":
            return True
        assert isinstance(within, GraphQLObjectType | GraphQLInterfaceType), "the document is valid"
        field = within.fields[node.name.value]
        below = node.selection_set is None or self.is_shared(node.selection_set, field.type)
        return below and is_same_for_all(field)

    def _is_fragment_shared(self, name: str) -> bool:
        if name not in self._seen:
            self._seen[name] = True
            fragment = self._fragments[name]
            self._note(fragment.directives)
            on: Any = self._schema.type_map[fragment.type_condition.name.value]
            self._seen[name] = self.is_shared(fragment.selection_set, on)
        return self._seen[name]

    def _note(self, nodes: Iterable[ArgumentNode | DirectiveNode] | None) -> None:
        for value in _values(nodes or ()):
            visit(value, _Variables(self.variables))


def _values(nodes: Iterable[ArgumentNode | DirectiveNode]) -> Iterator[ValueNode]:
    for node in nodes:
        if isinstance(node, DirectiveNode):
            yield from _values(node.arguments or ())
        else:
            yield node.value
