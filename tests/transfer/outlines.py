"""An organisation for tests of outlines, and what an outline for it gives."""

from okrgraph.okrs.vocabulary import CycleKind, CycleState
from okrgraph.transfer.outline.names import CycleName, Names, PersonName, TeamName
from okrgraph.transfer.outline.reading import Outline, account, read_outline

NAMES = Names(
    "acme",
    (
        TeamName("company", "Acme", is_company=True),
        TeamName("growth", "Growth"),
        TeamName("plat", "Platform"),
        TeamName("s+m", "Sales & Marketing"),
    ),
    (
        PersonName("ada@acme.example", "Ada Berg", ("company",)),
        PersonName("bo@acme.example", "Bo Lund", ("growth",)),
        PersonName("cy@acme.example", "Cy Day", ("growth", "plat")),
        PersonName("eva1@acme.example", "Eva One"),
        PersonName("eva2@acme.example", "Eva Two"),
    ),
    (
        CycleName("q4", "Q4 2026"),
        CycleName("q1", "Q1 2027", CycleState.PLANNING),
        CycleName("ideas", "Ideas", CycleState.ACTIVE, CycleKind.BACKLOG),
    ),
)


def read(text: str, cycle: str | None = None, team: str | None = None, names: Names = NAMES) -> Outline:
    return read_outline(text, names, cycle, team)


def told(text: str, cycle: str | None = None, team: str | None = None) -> list[str]:
    """The account without its last line."""
    return list(account(read(text, cycle, team)))[:-1]


def cells(text: str, cycle: str | None = None, team: str | None = None) -> list[dict[str, str]]:
    return [dict(record.cells) for record in read(text, cycle, team).records]
