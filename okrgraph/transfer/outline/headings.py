"""Reads headings, and items like them, that say whose the objectives below are and in which cycle they run."""

import re
from dataclasses import dataclass

from okrgraph.transfer.formats.records import quoted
from okrgraph.transfer.outline.names import BETWEEN_NAMES, CycleName, Names, PersonName, TeamName
from okrgraph.transfer.outline.words import DASHES

_BESIDE_NAMES = BETWEEN_NAMES | frozenset(
    {
        *("our", "the", "of", "for", "in", "okr", "okrs", "objective", "objectives", "goal", "goals", "key"),
        *("results", "department", "cycle", "quarter", "overview", "page", "draft", "drafts", "owner"),
        *":;·•.#[]&",
        *DASHES,
    }
)
_CYCLE = re.compile(
    r"\b(?:q[1-4]|h[12])\W{0,3}(?:20)?[0-9]{2}\b|\b20[0-9]{2}\W{0,3}(?:q[1-4]|h[12])\b|\b(?:q[1-4]|h[12]|20[0-9]{2})\b",
    re.IGNORECASE,
)
_CYCLE_PARTS = re.compile(r"q[1-4]|h[12]|[0-9]{4}|[0-9]{2}")
_DRAFT = re.compile(r"\bdrafts?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """What a heading says about the things below it. refusal: why nothing below it can be taken."""

    teams: tuple[TeamName, ...] = ()
    person: PersonName | None = None
    cycle: CycleName | None = None
    is_draft: bool = False
    refusal: str | None = None


def heading_of(text: str, names: Names) -> Heading | None:
    """Read a heading that consists of names and of words such as `OKRs`; None for any other text."""
    found = names.resolve(text, _BESIDE_NAMES, (TeamName, PersonName, CycleName))
    cycles = [] if found is None else found.cycles
    unknown = None
    if found is None and (match := _CYCLE.search(text)) is not None:
        rest = f"{text[: match.start()]} {text[match.end() :]}"
        found = names.resolve(rest, _BESIDE_NAMES, (TeamName, PersonName))
        cycles = _cycles_like(match[0], names)
        unknown = match[0]
    if found is None:
        return None
    if found.ambiguous is not None:
        name, candidates = found.ambiguous
        return Heading(refusal=f"{quoted(name)} may be {' or '.join(candidates)}; say which")
    if len(cycles) != 1 and (cycles or unknown is not None):
        several = ", ".join(cycle.name for cycle in cycles)
        said = (
            f"{quoted(unknown or text)} may be {several}"
            if cycles
            else f"No cycle is called {quoted(unknown or '')}"
        )
        return Heading(refusal=said)
    if len(found.people) > 1:
        return Heading(refusal="It names several people, and an objective has one owner")
    person = found.people[0] if found.people else None
    cycle = cycles[0] if cycles else None
    return Heading(tuple(found.teams), person, cycle, _DRAFT.search(text) is not None)


def _cycles_like(text: str, names: Names) -> list[CycleName]:
    """Cycles whose name says the same year and quarter, in whatever form."""
    wanted = _parts(text)
    return [cycle for cycle in names.cycles if wanted <= _parts(cycle.name)]


def _parts(text: str) -> set[str]:
    parts = _CYCLE_PARTS.findall(text.casefold())
    return {f"20{part}" if len(part) == 2 and part.isdigit() else part for part in parts}
