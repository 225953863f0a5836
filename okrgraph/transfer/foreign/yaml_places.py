"""Walks a small YAML file place by place and keeps its faults with their lines; every scalar is text."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from okrgraph.transfer.formats.records import quoted


@dataclass(slots=True)
class Faults:
    """What is wrong with a file: line, sentence."""

    found: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(f"line {line}: {reason}" for line, reason in sorted(set(self.found)))


@dataclass(frozen=True, slots=True)
class Place:
    """A node and the way to it. Each reading method notes a fault and gives nothing when the node is otherwise."""

    node: yaml.Node
    path: str
    faults: Faults

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def is_text(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def refuse(self, reason: str) -> None:
        self.faults.found.append((self.line, f"{self.path}: {reason}" if self.path else reason))

    def text(self, what: str) -> str | None:
        """What is written there, blanks around it removed. what: it should be, for the fault."""
        if isinstance(self.node, yaml.ScalarNode) and (text := str(self.node.value).strip()):
            return text
        self.refuse(f"Write {what} here.")
        return None

    def texts(self, what: str) -> tuple[str, ...]:
        """One text or a list of them."""
        places = [self] if self.is_text else list(self.items(what))
        return tuple(text for place in places if (text := place.text(what)) is not None)

    def items(self, what: str) -> "Iterator[Place]":
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse(f"Write a list here: {what}.")
            return
        for number, node in enumerate(self.node.value, 1):
            yield Place(node, f"{self.path} {number}", self.faults)

    def entries(self, what: str) -> "dict[str, Place]":
        """The entries by their names; a name that is there twice is a fault."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"Write {what} here, as name: value.")
            return {}
        found: dict[str, Place] = {}
        lines: dict[str, int] = {}
        for key, value in self.node.value:
            name = str(key.value).strip() if isinstance(key, yaml.ScalarNode) else ""
            place = Place(key, f"{self.path}, {name}".removeprefix(", "), self.faults)
            if not name:
                Place(key, self.path, self.faults).refuse("The name of an entry is text.")
            elif name in found:
                place.refuse(f"{quoted(name)} is there twice, first in line {lines[name]}.")
            else:
                lines[name] = place.line
                found[name] = Place(value, place.path, self.faults)
        return found


def place_of(text: str, faults: Faults) -> Place | None:
    """The whole of a YAML text; None when it is empty or no YAML, which is noted."""
    try:
        # The parser in Python: the one in C ends the process at a text that is nested deep enough.
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"This is not YAML: {error.problem or error.context}."
        faults.found.append((1 if mark is None else mark.line + 1, reason))
        return None
    except yaml.YAMLError as error:
        faults.found.append((1, f"This is not YAML: {str(error).splitlines()[0]}."))
        return None
    except RecursionError:
        faults.found.append((1, "This is nested too deep."))
        return None
    if node is None:
        faults.found.append((1, "The file is empty."))
        return None
    return Place(node, "", faults)
