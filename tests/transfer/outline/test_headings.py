import pytest

from okrgraph.transfer.outline.headings import Heading, heading_of
from okrgraph.transfer.outline.names import CycleName, Names
from tests.transfer.outlines import NAMES, cells, told


@pytest.mark.parametrize(
    "heading", ["Q1 2027", "2027-Q1", "OKRs Q1/27", "Company: Q1 2027", "q1", "Acme Q1 2027 goals"]
)
def test_a_heading_sets_the_cycle_however_it_writes_it(heading):
    assert [each["cycle"] for each in cells(f"- Grow\n# {heading}\n- Win")] == ["q4", "q1"]


def test_below_a_cycle_that_is_not_there_nothing_is_taken():
    assert told("# Q1 2021\n- Grow\n  - Sell\n# Q4\n- Win") == [
        "5  Objective: Win (team Acme; cycle Q4 2026)",
        "Not understood:",
        (
            "line 1: 'Q1 2021' was not understood and was left out, with the 2 lines below it. "
            "No cycle is called 'Q1 2021'."
        ),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Growth team OKRs", Heading(teams=(NAMES.teams[1],))),
        ("Our objectives", Heading()),
        ("Drafts of Platform, Q1 2027", Heading((NAMES.teams[2],), None, NAMES.cycles[1], is_draft=True)),
        ("Owner: Bo", Heading(person=NAMES.people[1])),
        ("Ideas", Heading(cycle=NAMES.cycles[2])),
        ("Growth Q4", Heading((NAMES.teams[1],), None, NAMES.cycles[0])),
        ("Growth in Q2 26", Heading(refusal="No cycle is called 'Q2 26'")),
        ("Q4 2026 and Q1 2027", Heading(refusal="'Q4 2026 and Q1 2027' may be Q4 2026, Q1 2027")),
        ("Ada and Bo", Heading(refusal="It names several people, and an objective has one owner")),
        (
            "Eva",
            Heading(
                refusal="'Eva' may be Eva One (eva1@acme.example) or Eva Two (eva2@acme.example); say which"
            ),
        ),
        ("Grow in Q4 2026", None),
        ("Grow", None),
    ],
)
def test_a_heading_of_names_says_whose_and_when(text, expected):
    assert heading_of(text, NAMES) == expected


def test_two_years_of_one_quarter_have_to_be_told_apart():
    cycles = (CycleName("a", "Q4 2025"), CycleName("b", "Q4 2026"))
    found = heading_of("Q4", Names("acme", NAMES.teams, (), cycles))
    assert found == Heading(refusal="'Q4' may be Q4 2025, Q4 2026")


def test_below_a_heading_that_names_several_people_nothing_is_taken():
    assert told("# Ada and Bo\n- Grow\n") == [
        "Not understood:",
        (
            "line 1: 'Ada and Bo' was not understood and was left out, with the line below it. "
            "It names several people, and an objective has one owner."
        ),
    ]
