"""Random operations that the schema takes: walked from the schema itself, so that a field added later is walked too."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from tests.graph.probing import SCHEMA

# Fields of one name that every type shows alike, so that they need no alias where types meet.
_ALIKE = ("__typename", "id")
_OFTEN = (*("Objective", "KeyResult", "Comment", "AlignmentLink") * 2, "Team", "Person", "CheckIn", "Cycle")
# Asked for more often than others, since more lies below them.
_ROOTS = (*("objectives", "nodes", "organization", "alignmentTree", "changesSince") * 2,)
# Below the limits of one operation.
ALIASES = 18
DIRECTIVES = 12
ARGUED = 8
# Fields with a selection of their own.
SELECTED = 50
DEPTH = 7


@dataclass
class Words:
    """Values that stand for `@own:Objective:17` and the like in an operation. foreign: ids of another organisation."""

    own: dict[str, list[str]]
    foreign: dict[str, list[str]]
    cursors: dict[str, list[str]]
    """Of "lists" and of the "log"."""

    def put_into(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            values = getattr(self, match[1])[match[2]]
            return str(values[int(match[3]) % len(values)])

        return re.sub(r"@(own|foreign|cursors):(\w+):(\d+)", value, text)


@dataclass
class Operation:
    """What was drawn, without a word of the database: drawn again on another one it is the same."""

    document: str
    variables: dict[str, Any]
    conditions: list[str]
    """The variables of @skip and @include."""

    def over(self, words: Words) -> "Operation":
        variables = json.loads(words.put_into(json.dumps(self.variables)))
        return Operation(words.put_into(self.document), variables, self.conditions)

    def flipped(self) -> dict[str, Any]:
        """The variables with every condition turned round: another plan of the same document."""
        return {**self.variables, **{name: not self.variables[name] for name in self.conditions}}


@dataclass
class _Making:
    draw: Any
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    fragments: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    selected: int = 0
    aliases: int = 0
    directives: int = 0
    argued: int = 0

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def pick(self, given: Any) -> Any:
        return self.draw(st.sampled_from(list(given)))

    # Values

    def value(self, argument: str, given: Any) -> Any:
        if not is_non_null_type(given) and self.chance(10):
            return None
        plain = get_nullable_type(given)
        if is_list_type(plain):
            return [self.value(argument, plain.of_type) for _ in range(self.draw(st.integers(0, 3)))]
        if isinstance(plain, GraphQLEnumType):
            return self.pick(plain.values)
        if isinstance(plain, GraphQLInputObjectType):
            return {
                name: self.value(name, each.type)
                for name, each in plain.fields.items()
                if is_non_null_type(each.type) or self.chance(25)
            }
        return self.scalar(argument, plain.name)

    def scalar(self, argument: str, type_name: str) -> Any:
        match argument, type_name:
            case _, "Boolean":
                return self.draw(st.booleans())
            case "first" | "last" | "maxDepth", "Int":
                usual = [1, 2, 5, 100] if argument != "maxDepth" else [0, 1, 3]
                return self.pick([*usual, -1]) if self.chance(10) else self.pick(usual)
            case "after" | "before", "String":
                return self.word("cursors:lists") if self.chance(95) else "no cursor"
            case _, "Cursor":
                return self.word("cursors:log") if self.chance(95) else "no cursor"
            case _, "ID":
                return self.id(argument)
        return self.pick(["", "P1", "win", "%"])

    def word(self, kind: str) -> str:
        return f"@{kind}:{self.draw(st.integers(0, 199))}"

    def id(self, argument: str) -> str:
        usual = {"cycleId": "Cycle", "teamId": "Team", "ownerId": "Person"}.get(argument)
        kind = usual if usual and not self.chance(10) else self.pick(_OFTEN)
        if self.chance(15):
            return self.word(f"foreign:{kind}") if self.chance(70) else "obj_nothing"
        return self.word(f"own:{kind}")

    def written(self, value: Any, given: Any) -> str:
        """A value as a literal."""
        if value is None:
            return "null"
        plain = get_nullable_type(given)
        if is_list_type(plain):
            return f"[{', '.join(self.written(each, plain.of_type) for each in value)}]"
        if isinstance(plain, GraphQLEnumType):
            return str(value)
        if isinstance(plain, GraphQLInputObjectType):
            parts = (f"{name}: {self.written(each, plain.fields[name].type)}" for name, each in value.items())
            return f"{{{', '.join(parts)}}}"
        return json.dumps(value)

    def argument(self, name: str, given: GraphQLArgument) -> str:
        value = self.value(name, given.type)
        if self.chance(50):
            return f"{name}: {self.written(value, given.type)}"
        variable = f"v{len(self.variables)}"
        self.variables[variable] = (str(given.type), value)
        return f"{name}: ${variable}"

    def arguments(self, given: GraphQLField) -> str:
        parts = [
            self.argument(name, each)
            for name, each in given.args.items()
            if is_non_null_type(each.type) or self.chance(40)
        ]
        return f"({', '.join(parts)})" if parts else ""

    def directive(self) -> str:
        if self.directives >= DIRECTIVES or not self.chance(8):
            return ""
        self.directives += 1
        name = self.pick(["skip", "include"])
        if self.chance(30):
            return f" @{name}(if: {json.dumps(self.draw(st.booleans()))})"
        variable = f"v{len(self.variables)}"
        self.variables[variable] = ("Boolean!", self.draw(st.booleans()))
        self.conditions.append(variable)
        return f" @{name}(if: ${variable})"

    # Selections

    def selection(self, given: Any, depth: int, owner: str = "") -> str:
        """owner: where members of a union or interface meet, the type whose fields are asked for."""
        if is_abstract_type(given):
            return self.members(given, depth)
        assert isinstance(given, GraphQLObjectType)
        leaves = ["__typename", *(n for n, f in given.fields.items() if is_leaf_type(get_named_type(f.type)))]
        names = self.draw(
            st.lists(st.sampled_from(leaves), min_size=1, max_size=5, unique=not self.chance(10))
        )
        parts = [self.leaf(name, owner) for name in names]
        below = [name for name, each in given.fields.items() if not is_leaf_type(get_named_type(each.type))]
        if depth > 0 and below:
            names = [self.pick(below) for _ in range(self.draw(st.integers(0, 3)))]
            parts += [self.nested(given, name, depth - 1, owner) for name in names]
        if not owner and self.chance(15):
            parts.append(self.wrapped(given, depth))
        return f"{{ {' '.join(filter(None, parts)) or '__typename'} }}"

    def members(self, given: Any, depth: int) -> str:
        parts = ["__typename"] if self.chance(60) else []
        if not isinstance(given, GraphQLUnionType):
            parts += [self.pick([name for name in given.fields if name in {"id", "cursor"}])]
        members = SCHEMA.get_possible_types(given)
        for _ in range(self.draw(st.integers(1, 4))):
            member = self.pick(members)
            parts.append(
                f"... on {member.name}{self.directive()} {self.selection(member, depth, member.name)}"
            )
        return f"{{ {' '.join(parts)} }}"

    def wrapped(self, given: GraphQLObjectType, depth: int) -> str:
        """The same type again in a fragment, so that fields met twice must be merged."""
        if self.fragments and self.chance(50):
            for name, (type_name, _, height) in self.fragments.items():
                if type_name == given.name and height <= depth:
                    return f"...{name}{self.directive()}"
        if self.chance(50):
            on = self.pick([f"on {given.name} ", "", *(f"on {each.name} " for each in given.interfaces)])
            inner = self.selection(given, depth - 1) if not on or given.name in on else "{ __typename }"
            return f"... {on.strip()}{self.directive()} {inner}"
        name = f"F{len(self.fragments)}"
        self.fragments[name] = (given.name, "", 99)
        self.fragments[name] = (given.name, self.selection(given, depth - 1), max(depth, 0))
        return f"...{name}{self.directive()}"

    def leaf(self, name: str, owner: str) -> str:
        alias = ""
        if name not in _ALIKE and owner:
            alias = f"{owner}_{name}: "
            self.aliases += 1
            if self.aliases > ALIASES:
                return ""
        elif self.aliases < ALIASES and self.chance(10):
            alias = f"x{self.aliases}: "
            self.aliases += 1
        return f"{alias}{name}{self.directive()}"

    def nested(self, given: GraphQLObjectType, name: str, depth: int, owner: str) -> str:
        self.selected += 1
        if self.selected > SELECTED:
            return ""
        each = given.fields[name]
        arguments = ""
        alias = f"{owner}_{name}: " if owner else ""
        if alias or each.args:
            self.aliases += 1
            self.argued += bool(each.args)
            if self.aliases > ALIASES or self.argued > ARGUED:
                return ""
        if each.args:
            arguments = self.arguments(each)
            alias = f"y{self.argued}: "
        inner = self.selection(get_named_type(each.type), depth)
        return f"{alias}{name}{arguments}{self.directive()} {inner}"

    def operation(self) -> Operation:
        root = SCHEMA.query_type
        assert root is not None
        parts = [
            self.nested(root, self.pick([*root.fields, *_ROOTS]), DEPTH, "")
            for _ in range(self.draw(st.integers(1, 3)))
        ]
        if self.chance(15):
            parts.append("__typename")
        parts = [part for part in parts if part] or ["__typename"]
        declared = ", ".join(f"${name}: {given}" for name, (given, _) in self.variables.items())
        texts = [f"fragment {name} on {on} {text}" for name, (on, text, _) in self.fragments.items()]
        head = f"query({declared})" if declared else "query"
        document = "\n".join([f"{head} {{ {' '.join(parts)} }}", *texts])
        values = {name: value for name, (_, value) in self.variables.items()}
        return Operation(document, values, self.conditions)


@st.composite
def operations(draw: Any) -> Operation:
    return _Making(draw).operation()
