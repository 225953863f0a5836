import pytest

from okrgraph.transfer.outline.names import Names, TeamName
from tests.transfer.outlines import NAMES, cells, read


@pytest.mark.parametrize(
    ("text", "team", "owner"),
    [
        ("- Grow", "company", None),
        ("- Growth: Grow", "growth", None),
        ("- sales & marketing : Grow", "s+m", None),
        ("- Growth, Platform: Grow", "growth;plat", None),
        ("- Growth / Ada: Grow", "growth", "ada@acme.example"),
        ("- Growth (Ada Berg): Grow", "growth", "ada@acme.example"),
        ("- Grow (Platform, Ada)", "plat", "ada@acme.example"),
        ("- Grow (@Ada)", "company", "ada@acme.example"),
        ("- Grow @ada@acme.example", "company", "ada@acme.example"),
        ("- Grow \u2013 Bo Lund", "growth", "bo@acme.example"),
        ("- BO: Grow", "growth", "bo@acme.example"),
        ("- Cy: Grow", "company", "cy@acme.example"),
        ("- O1: Bo: Grow", "growth", "bo@acme.example"),
        ("- **Bo**: Grow", "growth", "bo@acme.example"),
        ("- Grow\n  - Owner: Bo\n  - Team: Platform", "plat", "bo@acme.example"),
        ("- Grow\n  Owner: Bo", "growth", "bo@acme.example"),
        ("# Platform\n- Bo: Grow", "plat", "bo@acme.example"),
        ("# Bo\n- Grow", "growth", "bo@acme.example"),
        ("# Growth & Platform\n- Grow", "growth;plat", None),
        ("# Company\n- Bo: Grow", "company", "bo@acme.example"),
    ],
)
def test_the_team_and_the_owner_are_those_named_then_the_headings_then_the_owners_team(text, team, owner):
    [objective] = cells(text)
    assert (objective["title"], objective["team"], objective.get("owner")) == ("Grow", team, owner)


@pytest.mark.parametrize(
    ("text", "title", "remark"),
    [
        (
            "- Marketing: Grow",
            "Marketing: Grow",
            "No team or person is called 'Marketing', so it stays in the title.",
        ),
        ("- Grow (@Zed)", "Grow (@Zed)", "No team or person is called '@Zed', so it stays in the title."),
        ("- Grow @Zed", "Grow @Zed", "No team or person is called 'Zed', so it stays in the title."),
        (
            "- Eva: Grow",
            "Eva: Grow",
            (
                "'Eva' may be Eva One (eva1@acme.example) or Eva Two (eva2@acme.example); "
                "it was not taken as the owner, so say which."
            ),
        ),
        (
            "- Ada & Bo: Grow",
            "Ada & Bo: Grow",
            "One person is the owner, so 'Ada Berg and Bo Lund' was not taken.",
        ),
        ("- Ada: Grow (Bo)", "Ada: Grow", "One person is the owner, so 'Ada Berg' was not taken."),
        ("- Grow\n  - Owner: Zed", "Grow", "No team or person is called 'Zed', so the line was left out."),
        ("- Grow 1 -> 2", "Grow 1 -> 2", "An objective has no measure; its numbers stay in the title."),
        (
            "- Grow (confidence 3)",
            "Grow",
            "A confidence belongs to a key result; the objective's was not taken.",
        ),
        ("- [x] Grow", "Grow", "A tick does not close an objective; close it with its outcome."),
    ],
)
def test_what_is_not_plain_about_an_objective_is_told(text, title, remark):
    outline = read(text)
    assert [record.cells["title"] for record in outline.records] == [title]
    assert [problem.reason for problem in outline.not_understood] == [remark]


def test_a_sentence_with_a_colon_or_a_measured_name_is_no_unknown_owner():
    text = "- We all agree on one thing: Grow\n  - NPS: 38 -> 55\n  - Launch: 12/20 (Ada)\n"
    assert [str(problem) for problem in read(text).not_understood] == [
        (
            "line 3: A current value of 12 was read but not taken: say how confident you are, "
            "for example (confidence 3)."
        ),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sell 10 -> 50 pilots", {"metric": "NUMBER", "unit": "pilots", "start": "10", "target": "50"}),
        (
            "Sell 12/20 (confidence 4)",
            {"metric": "NUMBER", "start": "0", "target": "20", "current": "12", "confidence": "4"},
        ),
        (
            "Sell (12/20; confidence 4)",
            {"metric": "NUMBER", "start": "0", "target": "20", "current": "12", "confidence": "4"},
        ),
        ("Sell 10 -> 20 (4/5)", {"metric": "NUMBER", "start": "10", "target": "20", "confidence": "4"}),
        (
            "Sell 10 -> 20 [Bo, confidence 4/5]",
            {
                "owner": "bo@acme.example",
                "metric": "NUMBER",
                "start": "10",
                "target": "20",
                "confidence": "4",
            },
        ),
        (
            "Sell 10 -> 20 (15/20), confidence: 2",
            {"metric": "NUMBER", "start": "10", "target": "20", "current": "15", "confidence": "2"},
        ),
        (
            "Sell: 40% (confidence 1)",
            {
                "metric": "PERCENT",
                "unit": "%",
                "start": "0",
                "target": "100",
                "current": "40",
                "confidence": "1",
            },
        ),
        ("[x] Sell (confidence 5)", {"metric": "BINARY", "current": "1", "confidence": "5"}),
        ("[ ] Sell", {"metric": "BINARY"}),
        ("Sell\n    - Confidence: 3", {"confidence": "3"}),
        ("Sell", {}),
    ],
)
def test_the_measures_of_a_key_result_become_cells(text, expected):
    outline = read(f"- Ada: Grow\n  - {text}")
    kept = ("type", "key", "parent", "title")
    assert {name: cell for name, cell in outline.records[1].cells.items() if name not in kept} == expected
    assert outline.records[1].cells["key"] == "outline/q4/company/grow#sell"
    assert outline.not_understood == []


@pytest.mark.parametrize(
    ("text", "title", "remark"),
    [
        (
            "Sell 12/20",
            "Sell 12/20",
            "A current value of 12 was read but not taken: say how confident you are, for example (confidence 3).",
        ),
        (
            "Sell 10 -> 20 (now 12)",
            "Sell 10 -> 20 (now 12)",
            "A current value of 12 was read but not taken: say how confident you are, for example (confidence 3).",
        ),
        (
            "Sell (2/5)",
            "Sell (2/5)",
            (
                "(2/5) may be a confidence or a measure, so it was not taken; "
                "write (confidence 2), or 2/5 without brackets."
            ),
        ),
        (
            "Sell (confidence 8/10)",
            "Sell (confidence 8/10)",
            "A confidence is a whole number from 1 (will miss) to 5 (certain); 'confidence 8/10' was not taken.",
        ),
        ("Sell 1 -> 2 (5/9)", "Sell 1 -> 2 (5/9)", "There is more than one measure; the first was taken."),
        (
            "Sell (now 3)",
            "Sell (now 3)",
            "A value of now needs a measure in the same unit; it was not taken.",
        ),
        (
            "Sell 3 cars",
            "Sell 3 cars",
            "Its numbers are not plain, so no measure was read; end the line with 10 -> 50, from 10 to 50 or 12/50.",
        ),
        ("[x] Sell 1 -> 2", "Sell 1 -> 2", "The tick was not taken, since a measure tells how far this is."),
        (
            "Platform: Sell",
            "Platform: Sell",
            "A key result has no team of its own, so 'Platform' stays in its title.",
        ),
    ],
)
def test_what_is_not_plain_about_a_key_result_is_told(text, title, remark):
    outline = read(f"- Ada: Grow\n  - {text}")
    assert outline.records[1].cells["title"] == title
    assert "confidence" not in outline.records[1].cells
    assert [problem.reason for problem in outline.not_understood] == [remark]


@pytest.mark.parametrize(
    ("text", "kind", "state"),
    [
        ("- Objective: Grow", None, None),
        ("- Individual objective: Grow", "INDIVIDUAL", None),
        ("- Personal objective 3: Grow", "INDIVIDUAL", None),
        ("- Department objective: Grow", "DEPARTMENT", None),
        ("- Draft: Grow", None, "DRAFT"),
        ("- O1: Draft: Grow", None, "DRAFT"),
        ("- Draft objective: Grow", None, "DRAFT"),
        ("- Grow (draft)", None, "DRAFT"),
        ("# Drafts\n- Grow", None, "DRAFT"),
        ("# Company, draft\n- Grow", None, "DRAFT"),
    ],
)
def test_a_level_and_a_draft_are_taken_where_they_are_said(text, kind, state):
    [objective] = cells(text)
    assert (objective["title"], objective.get("kind"), objective.get("state")) == ("Grow", kind, state)


def test_a_name_with_a_comma_is_read_in_brackets_as_a_whole():
    names = Names("acme", (*NAMES.teams, TeamName("sn", "Sales, Nordic")), NAMES.people, NAMES.cycles)
    [record] = read("- Grow (Sales, Nordic)", names=names).records
    assert (record.cells["title"], record.cells["team"]) == ("Grow", "sn")


@pytest.mark.parametrize(
    "text", ["Grow - Eva", "Grow - Growth", "Grow (Eva and others)", "(Ada)", "Grow (fast)"]
)
def test_what_may_be_a_part_of_the_sentence_stays_in_it(text):
    outline = read(f"- {text}")
    assert ([record.cells["title"] for record in outline.records], outline.not_understood) == ([text], [])
