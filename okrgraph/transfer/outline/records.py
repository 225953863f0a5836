"""Makes the records of what an outline says, with keys that stay the same while titles do."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from okrgraph.kit.text import TEXT_LENGTH, TITLE_LENGTH
from okrgraph.okrs.vocabulary import MetricKind, ObjectiveState
from okrgraph.transfer.formats.keys import KEY_LENGTH
from okrgraph.transfer.formats.records import LIST_SEPARATOR, FileProblem, Record, RecordType, quoted
from okrgraph.transfer.outline.item import Phrase
from okrgraph.transfer.outline.names import CycleName, Names, PersonName, TeamName
from okrgraph.transfer.outline.tree import Node
from okrgraph.transfer.outline.words import What

_WORD = re.compile(r"\w+")
_HASH_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Understood:
    """One thing that was read. depth: how many such things it stands below. facts: what was read of it.

    supports: the key of the objective or key result that an objective supports.
    """

    line: int
    depth: int
    what: What
    title: str
    key: str
    facts: tuple[str, ...] = ()
    supports: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What headings and options say. teams: none when they say nothing, which is not the company."""

    teams: tuple[TeamName, ...] = ()
    person: PersonName | None = None
    cycle: CycleName | None = None
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """An objective or a key result that was read. path: what its key is made of."""

    what: What
    path: str
    key: str
    title: str
    depth: int
    teams: tuple[TeamName, ...]
    person: PersonName | None
    cycle: CycleName


@dataclass(slots=True)
class Making:
    """The records so far."""

    names: Names
    company: TeamName
    records: list[Record] = field(default_factory=list)
    understood: list[Understood] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    _paths: dict[str, int] = field(default_factory=dict)

    def remark(self, line: int, *sentences: str) -> None:
        self.problems += [FileProblem(line, None, sentence) for sentence in dict.fromkeys(sentences)]

    def add_objective(
        self, node: Node, phrase: Phrase, context: Context, cycle: CycleName, above: Thing | None
    ) -> Thing:
        person = phrase.person or (context.person if above is None else None)
        teams = self._teams_of(phrase, context, person, above)
        said = phrase.teams or ((context.teams or (self.company,)) if above is None else ())
        path = self._path(_objective_base(cycle, said, above, phrase.stem))
        title, description = self._title_and_description(phrase.title, node)
        depth = 0 if above is None else above.depth + 1
        thing = Thing(What.OBJECTIVE, path, _key(path), title, depth, teams, person, cycle)
        is_draft = phrase.is_draft or context.is_draft
        cells = {
            "title": title,
            "description": description,
            "team": LIST_SEPARATOR.join(team.key for team in teams),
            "owner": None if person is None else person.email,
            "cycle": cycle.key,
            "why_now": phrase.why_now,
            "kind": phrase.level,
            "state": ObjectiveState.DRAFT if is_draft else None,
            "parent": None if above is None else above.key,
        }
        self._record(node.line, RecordType.OBJECTIVE, thing.key, cells)
        facts = [
            f"team {' and '.join(team.name for team in teams)}",
            person and f"owner {person.name}",
            f"cycle {cycle.name}",
            phrase.level and f"level {phrase.level}",
            is_draft and "draft",
            description and "with a description",
            above and f"supports the {above.what} {quoted(above.title)}",
        ]
        self._understand(node.line, thing, facts, above)
        return thing

    def add_key_result(self, node: Node, phrase: Phrase, objective: Thing) -> Thing:
        foreign = [team.name for team in phrase.teams if team not in objective.teams]
        if foreign:
            named = " and ".join(foreign)
            self.remark(node.line, f"A key result has no team of its own, so {named!r} stays in its title.")
        path = self._path(f"{objective.path}#{_slug(phrase.stem)}")
        title, description = self._title_and_description(phrase.whole if foreign else phrase.title, node)
        person = phrase.person
        author = person or objective.person
        depth = objective.depth + 1
        thing = Thing(
            What.KEY_RESULT, path, _key(path), title, depth, objective.teams, author, objective.cycle
        )
        measured = self._measured(node, phrase, author)
        cells = {
            "parent": objective.key,
            "title": title,
            "description": description,
            "owner": None if person is None else person.email,
            **measured,
        }
        self._record(node.line, RecordType.KEY_RESULT, thing.key, cells)
        facts = [
            person and f"owner {person.name}",
            _measure_words(measured),
            description and "with a description",
        ]
        self._understand(node.line, thing, facts, objective)
        return thing

    def _understand(self, line: int, thing: Thing, facts: Iterable[object], above: Thing | None) -> None:
        supported = None if above is None or thing.what is What.KEY_RESULT else above.key
        said = tuple(str(fact) for fact in facts if fact)
        self.understood.append(
            Understood(line, thing.depth, thing.what, thing.title, thing.key, said, supported)
        )

    def _measured(self, node: Node, phrase: Phrase, author: PersonName | None) -> dict[str, str | None]:
        """The cells of the measure; a value and a confidence only where they can become a check-in."""
        cells: dict[str, str | None] = {}
        measure, current = phrase.measure, phrase.current
        if measure is not None:
            cells = {
                "metric": measure.metric,
                "unit": measure.unit,
                "start": measure.start,
                "target": measure.target,
            }
            if node.is_ticked:
                self.remark(node.line, "The tick was not taken, since a measure tells how far this is.")
        elif node.is_ticked is not None:
            cells = {"metric": MetricKind.BINARY}
            current = "1" if node.is_ticked else None
        elif phrase.has_unread_numbers:
            self.remark(
                node.line,
                "Its numbers are not plain, so no measure was read; end the line with 10 -> 50, "
                "from 10 to 50 or 12/50.",
            )
        if current is not None and phrase.confidence is None and current != cells.get("start"):
            value = "The tick" if measure is None else f"A current value of {current}"
            self.remark(
                node.line,
                f"{value} was read but not taken: say how confident you are, for example (confidence 3).",
            )
        elif phrase.confidence is not None and author is None:
            self.remark(
                node.line,
                "The confidence was not taken: it becomes a check-in, and neither the key result nor its "
                "objective names an owner who could be its author.",
            )
        elif phrase.confidence is not None:
            cells |= {"current": current, "confidence": phrase.confidence}
        return cells

    def _teams_of(
        self, phrase: Phrase, context: Context, person: PersonName | None, above: Thing | None
    ) -> tuple[TeamName, ...]:
        """The accountable team and those beside it: those named, the heading's, the owner's, that of above."""
        only = self.names.team(person.teams[0]) if person is not None and len(person.teams) == 1 else None
        of_owner = () if only is None else (only,)
        if above is None:
            return tuple(phrase.teams) or context.teams or of_owner or (self.company,)
        return tuple(phrase.teams) or of_owner or above.teams[:1]

    def _title_and_description(self, title: str, node: Node) -> tuple[str, str | None]:
        """The title, and the paragraphs below it with what does not fit into the title."""
        notes = [note.text for note in node.notes]
        if len(title) > TITLE_LENGTH:
            self.remark(
                node.line,
                f"A title has at most {TITLE_LENGTH} characters, so this was cut; the description has all of it.",
            )
            notes.insert(0, title)
            title = f"{title[: TITLE_LENGTH - 3].rstrip()}..."
        description = "\n\n".join(notes)
        if len(description) > TEXT_LENGTH:
            self.remark(
                node.line, f"A description has at most {TEXT_LENGTH:,} characters, so the rest was left out."
            )
        return title, description[:TEXT_LENGTH].strip() or None

    def _record(self, line: int, kind: RecordType, key: str, cells: Mapping[str, str | None]) -> None:
        filled = {name: str(cell) for name, cell in cells.items() if cell}
        self.records.append(Record(line, kind, {"type": kind.value, "key": key, **filled}))

    def _path(self, base: str) -> str:
        path, count = base, self._paths.get(base, 0)
        while path in self._paths:
            count += 1
            path = f"{base}-{count}"
        # The next of the same name need not try again what is taken.
        self._paths[base] = max(count, 1)
        self._paths.setdefault(path, 1)
        return path


def _objective_base(cycle: CycleName, said: Iterable[TeamName], above: Thing | None, stem: str) -> str:
    """The path of an objective. Its team is part of it: two teams may have pages with the same titles.

    A team that was only guessed from its owner is not, since the owner may change teams.
    """
    parts = [f"outline/{_slug(cycle.key)}" if above is None else above.path]
    parts += [_slug(team.key) for team in list(said)[:1]]
    return "/".join([*parts, _slug(stem)])


def _slug(text: str) -> str:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return "-".join(words) or hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_HASH_LENGTH]


def _key(path: str) -> str:
    if len(path) <= KEY_LENGTH:
        return path
    digest = hashlib.sha256(path.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{path[: KEY_LENGTH - _HASH_LENGTH - 1]}-{digest}"


def _measure_words(cells: Mapping[str, str | None]) -> str:
    unit = f" {cells['unit']}" if cells.get("unit") else ""
    words = ["no measure"]
    if cells.get("target"):
        words = [f"{cells['start']} -> {cells['target']}{unit}"]
    elif cells.get("metric"):
        words = ["yes or no"]
    words += [f"now {cells['current']}"] if cells.get("current") else []
    words += [f"confidence {cells['confidence']}"] if cells.get("confidence") else []
    return ", ".join(words)
