"""The teams, people and cycles of an organisation, and which of them a piece of an outline names."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from okrgraph.events.database import fetch_all, fetch_one
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import global_id
from okrgraph.kit.text import is_storable
from okrgraph.okrs.vocabulary import CycleKind, CycleState
from okrgraph.transfer.formats.records import quoted

_TOKEN = re.compile(r"\w+|[^\w\s]")
# Longer than any name with a few words beside it; what is longer is a sentence.
_TOKENS_READ = 40
# What may stand between names and around them, wherever names are read.
BETWEEN_NAMES = frozenset({*"/,&+()|@", "and", "team", "teams"})

# Subqueries rather than joins: right after an import PostgreSQL knows nothing of the tables yet, and then
# joins keys to things by comparing each with each.
_TEAMS = """
SELECT t.id, t.name, t.parent_id, (
    SELECT MIN(k.entity_key) FROM import_key k
    WHERE k.organization_id = t.organization_id AND k.entity_type = 'team' AND k.entity_id = t.id
) FROM team t WHERE t.organization_id = :organization ORDER BY t.id
"""
_CYCLES = """
SELECT c.id, c.name, c.kind, c.state, (
    SELECT MIN(k.entity_key) FROM import_key k
    WHERE k.organization_id = c.organization_id AND k.entity_type = 'cycle' AND k.entity_id = c.id
) FROM cycle c WHERE c.organization_id = :organization ORDER BY c.id
"""
# A viewer of a team looks at its work; it is not theirs.
_MEMBERS = """
SELECT p.id, p.name, p.email, m.team_id FROM person p
LEFT JOIN membership m ON m.person_id = p.id AND m.left_at IS NULL AND m.role <> 'VIEWER'
WHERE p.organization_id = :organization ORDER BY p.id, m.id
"""


@dataclass(frozen=True, slots=True)
class TeamName:
    """A team. key: by which an import speaks of it."""

    key: str
    name: str
    is_company: bool = False


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person. teams: keys of those they work in."""

    email: str
    name: str
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CycleName:
    """A cycle. key: by which an import speaks of it."""

    key: str
    name: str
    state: CycleState = CycleState.ACTIVE
    kind: CycleKind = CycleKind.QUARTER


Named: TypeAlias = TeamName | PersonName | CycleName


@dataclass(slots=True)
class Resolution:
    """Who and what a text names. ambiguous: a word that several have, with what tells them apart."""

    teams: list[TeamName] = field(default_factory=list)
    people: list[PersonName] = field(default_factory=list)
    cycles: list[CycleName] = field(default_factory=list)
    ambiguous: tuple[str, tuple[str, ...]] | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.teams or self.people or self.cycles)

    def add(self, thing: Named) -> None:
        found: list[TeamName] | list[PersonName] | list[CycleName]
        match thing:
            case TeamName():
                found = self.teams
            case PersonName():
                found = self.people
            case CycleName():
                found = self.cycles
        if thing not in found:
            found.append(thing)  # type: ignore[arg-type] # the list of its type


def folded(text: str) -> str:
    """The text as names are compared: words and signs in lower case, however they are spaced."""
    return " ".join(token.casefold() for token in _TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class Names:
    """What an outline can name: the organisation's teams, people and cycles."""

    slug: str
    teams: tuple[TeamName, ...]
    people: tuple[PersonName, ...]
    cycles: tuple[CycleName, ...]
    _full: dict[str, list[Named]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _first: dict[str, list[Named]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for team in self.teams:
            self._add(self._full, team, team.name, team.key)
        for person in self.people:
            self._add(self._full, person, person.name, person.email)
            self._add(self._first, person, person.name.split()[0] if person.name.strip() else "")
        for cycle in self.cycles:
            self._add(self._full, cycle, cycle.name, cycle.key)
        if self.company is not None and "company" not in self._full:
            self._add(self._full, self.company, "company")

    @staticmethod
    def _add(index: dict[str, list[Named]], thing: Named, *texts: str) -> None:
        for text in {folded(each) for each in texts} - {""}:
            index.setdefault(text, []).append(thing)

    @property
    def company(self) -> TeamName | None:
        return next((team for team in self.teams if team.is_company), None)

    def called(self, text: str) -> list[Named]:
        """What a text names as a whole: a name, a key, an address; else a first name."""
        name = folded(text)
        return self._full.get(name) or self._first.get(name) or []

    def team(self, key: str) -> TeamName | None:
        return next((team for team in self.teams if team.key == key), None)

    def resolve(
        self, text: str, between: Collection[str], kinds: tuple[type[Named], ...]
    ) -> Resolution | None:
        """Read a text that consists of names alone; `between`: other words that may stand in it.

        None when anything else stands in it. The longest name wins.
        """
        words = _TOKEN.findall(text)
        tokens = [word.casefold() for word in words]
        resolution = Resolution()
        if len(tokens) > _TOKENS_READ:
            return None
        place = 0
        while place < len(tokens):
            end, found = self._longest(tokens, place, kinds)
            if len(found) > 1:
                resolution.ambiguous = (" ".join(words[place:end]), tuple(_distinct(found)))
            elif found:
                resolution.add(found[0])
            elif tokens[place] not in between:
                return None
            place = end
        return resolution

    def _longest(
        self, tokens: list[str], place: int, kinds: tuple[type[Named], ...]
    ) -> tuple[int, list[Named]]:
        for index in (self._full, self._first):
            for end in range(len(tokens), place, -1):
                found = [
                    each for each in index.get(" ".join(tokens[place:end]), []) if isinstance(each, kinds)
                ]
                if found:
                    return end, found
        return place + 1, []


def _distinct(found: Iterable[Named]) -> Iterable[str]:
    for each in found:
        yield f"{each.name} ({each.email if isinstance(each, PersonName) else each.key})"


async def read_names(slug: str) -> Names:
    """Read what an outline for this organisation can name. Raises OperatorError when it is not there."""
    found = (
        await fetch_one("SELECT id FROM organization WHERE slug = :slug", slug=slug)
        if is_storable(slug)
        else None
    )
    if found is None:
        raise OperatorError(
            f"There is no organisation {quoted(slug)}; an outline is loaded into one that is there, so import "
            "its teams, people and cycles first, for example from a CSV file."
        )
    organization_id = UUID(str(found[0]))
    teams = await _teams(organization_id)
    people = await _people(organization_id, {key: team.key for key, team in teams.items()})
    return Names(slug, tuple(teams.values()), people, await _cycles(organization_id))


async def _teams(organization_id: UUID) -> dict[UUID, TeamName]:
    teams: dict[UUID, TeamName] = {}
    for found_id, name, parent_id, key in await fetch_all(_TEAMS, organization=organization_id):
        team_id = UUID(str(found_id))
        teams[team_id] = TeamName(key or global_id("Team", team_id), name, parent_id is None)
    return teams


async def _people(organization_id: UUID, key_of: dict[UUID, str]) -> tuple[PersonName, ...]:
    people: dict[UUID, tuple[str, str]] = {}
    teams: dict[UUID, list[str]] = {}
    for found_id, name, email, team_id in await fetch_all(_MEMBERS, organization=organization_id):
        person_id = UUID(str(found_id))
        people[person_id] = (email, name)
        if team_id is not None:
            teams.setdefault(person_id, []).append(key_of[UUID(str(team_id))])
    return tuple(PersonName(*person, tuple(teams.get(key, ()))) for key, person in people.items())


async def _cycles(organization_id: UUID) -> tuple[CycleName, ...]:
    return tuple(
        CycleName(key or global_id("Cycle", UUID(str(cycle_id))), name, CycleState(state), CycleKind(kind))
        for cycle_id, name, kind, state, key in await fetch_all(_CYCLES, organization=organization_id)
    )
