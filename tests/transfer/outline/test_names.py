import pytest

from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import global_id
from okrgraph.okrs.vocabulary import CycleKind, CycleState
from okrgraph.people.vocabulary import MemberRole
from okrgraph.transfer.importing import import_reading
from okrgraph.transfer.outline.names import (
    BETWEEN_NAMES,
    CycleName,
    Names,
    PersonName,
    TeamName,
    folded,
    read_names,
)
from okrgraph.transfer.outline.reading import read_outline
from tests.building import make_organization
from tests.transfer.files import changed, load, one, organization, row, stand
from tests.transfer.outlines import NAMES


async def test_the_names_of_an_organisation_are_read_with_the_keys_of_its_import(database):
    backlog = row("cycle", "later", title="Later", state="PLANNING", kind="BACKLOG")
    await load([*organization(), backlog])
    await load(changed(organization("other"), "company", title="Other"))
    assert await read_names("acme") == Names(
        "acme",
        (TeamName("company", "Acme", is_company=True), TeamName("growth", "Growth")),
        (
            PersonName("ada@acme.example", "Ada", ("company",)),
            PersonName("bo@acme.example", "Bo", ("growth",)),
            PersonName("cy@acme.example", "Cy", ("growth",)),
        ),
        (
            CycleName("q4", "Q4 2026", CycleState.ACTIVE, CycleKind.QUARTER),
            CycleName("later", "Later", CycleState.PLANNING, CycleKind.BACKLOG),
        ),
    )


async def test_what_no_import_named_is_known_by_its_public_id(database):
    org = await make_organization("acme")
    team = await org.team("Growth")
    await org.person("Ada", {team: MemberRole.MEMBER})
    await org.cycle()
    names = await read_names("acme")
    growth = TeamName(global_id("Team", team.id), "Growth")
    assert growth in names.teams
    assert [person.teams for person in names.people if person.name == "Ada"] == [(growth.key,)]
    assert all(cycle.key.startswith("cyc_") for cycle in names.cycles)
    outline = read_outline("- Growth: Grow\n  - Sell 1 -> 2\n", names, None, None)
    result = await import_reading(iter(outline.records), organization="acme")
    assert dict(result.created) == {"objective": 1, "key_result": 1}


@pytest.mark.parametrize("slug", ["nobody", "a\x00b", "\ud800"])
async def test_an_organisation_that_is_not_there_is_refused_in_one_sentence(database, slug):
    with pytest.raises(OperatorError) as refused:
        await read_names(slug)
    assert str(refused.value) == (
        f"There is no organisation {slug!r}; an outline is loaded into one that is there, so import its teams, "
        "people and cycles first, for example from a CSV file."
    )


OUTLINE = """\
# Company

- O1: Win (Ada)
  - Deals 0 -> 10 (now 4, confidence 3)
    - Bo: Grow
      - Leads: 100 -> 200
      - [x] Site is live (confidence 5)

# Growth (draft)

- Ideas
  - Write it down
"""


async def test_an_outline_is_imported_and_once_more_changes_nothing(database):
    await load(organization())
    names = await read_names("acme")
    first = await import_reading(iter(read_outline(OUTLINE, names, None, None).records), organization="acme")
    assert dict(first.created) == {"objective": 3, "key_result": 4, "link": 1, "check_in": 2}
    assert await one("SELECT COUNT(*) FROM objective WHERE state = 'PUBLISHED'") == 2
    assert await one("SELECT team_id FROM objective WHERE title = 'Grow'") == await one(
        "SELECT id FROM team WHERE name = 'Growth'"
    )
    assert (
        await one("SELECT progress FROM key_result WHERE title = 'Deals 0 -> 10'"),
        await one("SELECT progress FROM key_result WHERE title = 'Site is live'"),
    ) == (0.4, 1.0)
    before = await stand()
    again = read_outline(OUTLINE, await read_names("acme"), None, None)
    second = await import_reading(iter(again.records), organization="acme")
    assert (dict(second.created), dict(second.changed)) == ({}, {})
    assert await stand() == before


async def test_an_edited_measure_changes_the_key_result_and_adds_none(database):
    await load(organization())
    names = await read_names("acme")
    await import_reading(iter(read_outline(OUTLINE, names, None, None).records), organization="acme")
    edited = OUTLINE.replace("100 -> 200", "100 -> 300")
    result = await import_reading(iter(read_outline(edited, names, None, None).records), organization="acme")
    assert (dict(result.created), dict(result.changed)) == ({}, {"key_result": 1})
    assert await one("SELECT target_value FROM key_result WHERE title = 'Leads: 100 -> 300'") == 300


def test_names_are_the_same_however_they_are_spaced_and_written():
    assert folded(" Sales&Marketing ") == folded("SALES & marketing") == "sales & marketing"
    assert [thing.name for thing in NAMES.called("q4 2026")] == ["Q4 2026"]
    assert [thing.name for thing in NAMES.called("EVA")] == ["Eva One", "Eva Two"]
    assert [thing.name for thing in NAMES.called("company")] == ["Acme"]
    assert NAMES.called("") == NAMES.called("Zed") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Growth and Platform teams", (["Growth", "Platform"], [])),
        ("Sales & Marketing / Ada Berg", (["Sales & Marketing"], ["Ada Berg"])),
        ("Ada, ada@acme.example", ([], ["Ada Berg"])),
        ("", ([], [])),
    ],
)
def test_a_text_of_names_is_resolved_by_the_longest_names(text, expected):
    found = NAMES.resolve(text, BETWEEN_NAMES, (TeamName, PersonName))
    assert found is not None
    assert ([team.name for team in found.teams], [person.name for person in found.people]) == expected


def test_a_text_with_anything_but_names_is_not_resolved_and_one_name_of_two_is_told():
    assert NAMES.resolve("Growth wins", BETWEEN_NAMES, (TeamName, PersonName)) is None
    assert NAMES.resolve("Eva wins", BETWEEN_NAMES, (TeamName, PersonName)) is None
    assert NAMES.resolve("Ada " * 41, BETWEEN_NAMES, (TeamName, PersonName)) is None
    found = NAMES.resolve("Growth, Eva", BETWEEN_NAMES, (TeamName, PersonName))
    assert found is not None
    assert found.ambiguous == ("Eva", ("Eva One (eva1@acme.example)", "Eva Two (eva2@acme.example)"))


def test_company_means_the_company_unless_a_team_is_called_so():
    acme, other = TeamName("a", "Acme", is_company=True), TeamName("c", "Company")
    assert Names("acme", (acme,), (), ()).called("Company") == [acme]
    assert Names("acme", (acme, other), (), ()).called("Company") == [other]
