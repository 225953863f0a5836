"""Writes an organisation as YAML or JSON: things inside what they belong to, objective by objective."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

import yaml

from okrgraph.transfer.export.stored import Id, Reader, Stored
from okrgraph.transfer.formats.records import RecordType

# The cells of a thing and, by the name of their list, the things that stand in it.
Item: TypeAlias = dict[str, Any]

_SECTIONS = {
    RecordType.TEAM: "teams",
    RecordType.PERSON: "people",
    RecordType.CYCLE: "cycles",
    RecordType.LIAISON: "liaisons",
}
_OBJECTIVES = "objectives"
# What can stand inside something else: the name of its list there, and the cell that its place says already.
_INSIDE = {
    RecordType.LINK: ("links", "child"),
    RecordType.KEY_RESULT: ("keyResults", "parent"),
    RecordType.CHECK_IN: ("checkIns", "parent"),
    RecordType.DEPENDENCY: ("dependencies", "parent"),
    RecordType.DEPENDENCY_CHECK_IN: ("dependencyChecks", "parent"),
    RecordType.COMMENT: ("comments", "parent"),
}


# Line breaks of any kind, blanks that are no space, and what YAML has no other way to write.
_NEEDS_ESCAPES = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\u2028\u2029]")


class _Dumper(yaml.CSafeDumper):
    """Says everything where it stands, and texts so that a reader gives them back exactly."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        style = '"' if _NEEDS_ESCAPES.search(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


class NestedFormat(Protocol):
    """Writes the parts of a file in their order; it keeps what it needs for the next part."""

    def begin(self, organization: Item) -> str: ...

    def items(self, section: str, items: Iterable[Item]) -> str:
        """Write some items of a section: of the one that was begun, or of the next."""
        ...

    def end(self) -> str: ...


async def write_nested(
    form: NestedFormat, reader: Reader, write: Callable[[str], object], told: Callable[[int], object]
) -> None:
    """Write everything, in lists that hold something. told: how many things came next."""
    async for (organization,) in reader.things(RecordType.ORGANIZATION):
        write(form.begin(organization.cells))
    for kind, section in _SECTIONS.items():
        async for things in reader.things(kind):
            write(form.items(section, (thing.cells for thing in things)))
            told(len(things))
    async for objective, below in reader.objectives(*_INSIDE):
        _nest(objective, below)
        write(form.items(_OBJECTIVES, [objective.cells]))
        told(1 + sum(map(len, below.values())))
    write(form.end())


def _nest(objective: Stored, below: Mapping[RecordType, list[Stored]]) -> None:
    """Put everything below into the cells of what it stands in."""
    cells_of: dict[Id, Item] = {objective.id: objective.cells}
    cells_of |= {thing.id: thing.cells for things in below.values() for thing in things}
    for kind, (name, said) in _INSIDE.items():
        for thing in below[kind]:
            thing.cells.pop(said)
            cells_of[thing.inside].setdefault(name, []).append(thing.cells)


class Json:
    """JSON with an indentation of two."""

    def __init__(self) -> None:
        self._section = ""

    def begin(self, organization: Item) -> str:
        return '{\n  "organization": ' + self._text(organization, "  ")

    def items(self, section: str, items: Iterable[Item]) -> str:
        texts = [self._text(item, "    ") for item in items]
        if section == self._section:
            opening = ",\n    "
        else:
            opening = f'{self._end_of_section()},\n  "{section}": [\n    '
            self._section = section
        return opening + ",\n    ".join(texts)

    def end(self) -> str:
        return f"{self._end_of_section()}\n}}\n"

    def _end_of_section(self) -> str:
        return "\n  ]" if self._section else ""

    @staticmethod
    def _text(item: Item, indentation: str) -> str:
        # A line break inside of text is escaped, so each of these is one between the parts.
        return json.dumps(item, ensure_ascii=False, indent=2).replace("\n", f"\n{indentation}")


class Yaml:
    """YAML in blocks; text of several lines stands in one, escaped, so that it reads back exactly."""

    def __init__(self) -> None:
        self._section = ""

    def begin(self, organization: Item) -> str:
        return self._text({"organization": organization})

    def items(self, section: str, items: Iterable[Item]) -> str:
        opening = "" if section == self._section else f"{section}:\n"
        self._section = section
        return opening + "".join(self._text([item]) for item in items)

    def end(self) -> str:
        return ""

    @staticmethod
    def _text(part: Item | list[Item]) -> str:
        # A width below zero is none.
        return yaml.dump(part, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=-1)
