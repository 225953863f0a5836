"""The size of GraphQL operations: each definition is walked once, however often its fragments are spread."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
)

# Where the fields of introspection start to be counted from: further up than the parser lets anything nest.
_UNCOUNTED = -1_000


@dataclass(slots=True)
class Measure:
    """Sums, as if every fragment were written out where it is spread; list_items is of the longest list."""

    depth: int = 0
    aliases: int = 0
    repeats: int = 0
    directives: int = 0
    root_fields: int = 0
    list_items: int = 0

    def add(self, other: "Measure", depth: int) -> None:
        self.depth = max(self.depth, depth + other.depth)
        self.aliases += other.aliases
        self.repeats += other.repeats
        self.directives += other.directives
        self.root_fields += other.root_fields if depth == 0 else 0
        self.list_items = max(self.list_items, other.list_items)


@dataclass(frozen=True, slots=True)
class _Spread:
    name: str
    depth: int


@dataclass(slots=True)
class _Part:
    """One definition by itself, and the fragments it spreads."""

    own: Measure = field(default_factory=Measure)
    spreads: list[_Spread] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Level:
    selections: SelectionSetNode
    depth: int
    condition: str | None = None
    "The type that the selections are for, by an inline fragment."
    seen: set[tuple[str | None, str]] = field(default_factory=set)
    "Of the same object: what has been asked for, and for which type."


def measure(document: DocumentNode) -> list[tuple[OperationDefinitionNode, Measure]]:
    """Measure every operation of a document that need not be valid, in time linear in its length."""
    fragments = {
        definition.name.value: _part_of(definition)
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    totals = _totals_of(fragments)
    return [
        (definition, _total_of(_part_of(definition), totals))
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]


def longest_list(value: object) -> int:
    """Give the length of the longest list anywhere in a JSON value."""
    longest = 0
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            longest = max(longest, len(item))
            stack.extend(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
    return longest


def _part_of(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Part:
    part = _Part()
    _count_directives(definition.directives, part.own)
    for variable in definition.variable_definitions or ():
        _count_directives(variable.directives, part.own)
        if variable.default_value:
            _count_lists(variable.default_value, part.own)
    stack = [_Level(definition.selection_set, 0)]
    while stack:
        stack.extend(_below(stack.pop(), part))
    return part


def _below(level: _Level, part: _Part) -> Iterator[_Level]:
    own = part.own
    for node in level.selections.selections:
        _count_directives(node.directives, own)
        if isinstance(node, FragmentSpreadNode):
            part.spreads.append(_Spread(node.name.value, level.depth))
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else level.condition
            yield _Level(node.selection_set, level.depth, condition, level.seen)
        elif isinstance(node, FieldNode):
            depth = _UNCOUNTED if node.name.value.startswith("__") else level.depth
            own.depth = max(own.depth, depth + 1)
            own.aliases += node.alias is not None
            own.root_fields += level.depth == 0
            key = (level.condition, (node.alias or node.name).value)
            own.repeats += key in level.seen
            level.seen.add(key)
            for argument in node.arguments or ():
                _count_lists(argument.value, own)
            if node.selection_set:
                yield _Level(node.selection_set, depth + 1)


def _count_directives(directives: Iterable[DirectiveNode] | None, own: Measure) -> None:
    for directive in directives or ():
        own.directives += 1
        for argument in directive.arguments or ():
            _count_lists(argument.value, own)


def _count_lists(value: ValueNode, own: Measure) -> None:
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, ListValueNode):
            own.list_items = max(own.list_items, len(node.values))
            stack.extend(node.values)
        elif isinstance(node, ObjectValueNode):
            stack.extend(each.value for each in node.fields)


def _totals_of(fragments: dict[str, _Part]) -> dict[str, Measure]:
    """Sum each fragment after those it spreads; without recursion, since a chain of them may be long."""
    totals: dict[str, Measure] = {}
    for root, part in fragments.items():
        path = [(root, iter(part.spreads))]
        on_path = {root}
        while path:
            name, spreads = path[-1]
            for spread in spreads:
                # A spread that closes a circle adds nothing: validation refuses the document.
                if spread.name in fragments and spread.name not in totals and spread.name not in on_path:
                    path.append((spread.name, iter(fragments[spread.name].spreads)))
                    on_path.add(spread.name)
                    break
            else:
                path.pop()
                on_path.remove(name)
                totals[name] = _total_of(fragments[name], totals)
    return totals


def _total_of(part: _Part, totals: dict[str, Measure]) -> Measure:
    total = Measure()
    total.add(part.own, 0)
    for spread in part.spreads:
        if spread.name in totals:
            total.add(totals[spread.name], spread.depth)
    return total
