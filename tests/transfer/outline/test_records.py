from okrgraph.transfer.outline.names import Names, TeamName
from tests.transfer.outlines import NAMES, cells, read


def test_an_objective_below_another_has_its_owners_team_or_that_of_the_objective_above():
    text = "# Company\n- Platform: Grow\n  - KR: Sell\n    - O: Help\n    - O: Bo: Call\n"
    assert [objective["team"] for objective in cells(text) if objective["type"] == "objective"] == [
        *("plat", "plat", "growth"),
    ]


def test_of_several_teams_the_first_stands_in_the_key_and_is_inherited():
    assert [(each["team"], each["key"]) for each in cells("- Growth, Platform: Grow\n  - O: Sell\n")] == [
        ("growth;plat", "outline/q4/growth/grow"),
        ("growth", "outline/q4/growth/grow/sell"),
    ]


def test_a_team_of_the_option_owns_what_names_no_team():
    assert [each["team"] for each in cells("- Bo: Grow\n- Growth: Win", team="Platform")] == [
        "plat",
        "growth",
    ]
    assert cells("- Grow", team="s+m")[0]["team"] == "s+m"


def test_a_confidence_without_anybody_who_could_have_said_it_is_not_taken():
    outline = read("- Grow\n  - Sell 12/20 (confidence 3)\n  - Bo: Call 1/2 (confidence 4)")
    assert [record.cells.get("confidence") for record in outline.records] == [None, None, "4"]
    assert [str(problem) for problem in outline.not_understood] == [
        (
            "line 2: The confidence was not taken: it becomes a check-in, and neither the key result nor its objective "
            "names an owner who could be its author."
        ),
    ]


def test_a_key_stays_while_measure_owner_number_and_confidence_change():
    before = cells("- O1: Grow\n  - KR1: Sell: 10 -> 50\n  - KR2: Keep\n")
    after = cells("- **O7: Grow** (Bo)\n  - Keep (Ada)\n  - Bo: Sell: 12 -> 60 cars (confidence 3)\n")
    keys = ["outline/q4/company/grow", "outline/q4/company/grow#sell", "outline/q4/company/grow#keep"]
    assert [each["key"] for each in before] == keys
    assert sorted(each["key"] for each in after) == sorted(keys)


def test_keys_tell_teams_cycles_and_things_of_the_same_title_apart():
    text = "- Grow\n  - Sell\n  - Sell\n  - O: Sell\n- Growth: Grow\n- Grow\n- grow 2\n# Q1 2027\n- Grow\n- !!!\n"
    assert [each["key"] for each in cells(text)] == [
        "outline/q4/company/grow",
        "outline/q4/company/grow#sell",
        "outline/q4/company/grow#sell-2",
        "outline/q4/company/grow/sell",
        "outline/q4/growth/grow",
        "outline/q4/company/grow-2",
        "outline/q4/company/grow-2-2",
        "outline/q1/company/grow",
        "outline/q1/company/e84c538e7fe25073",
    ]


def test_a_long_key_is_cut_and_stays_unique():
    keys = [each["key"] for each in cells(f"- {'x' * 400}\n  - a\n  - b\n")]
    assert [len(key) for key in keys] == [320, 320, 320]
    assert len(set(keys)) == 3


def test_a_text_too_long_for_a_title_is_cut_and_stands_in_the_description():
    long = "word " * 120
    [objective] = cells(f"- {long}\n\n  More.\n")
    assert objective["title"] == f"{long[:497].rstrip()}..."
    assert objective["description"] == f"{long.strip()}\n\nMore."
    outline = read(f"- {'x' * 30_000}\n")
    assert len(outline.records[0].cells["description"]) == 20_000
    assert [problem.reason for problem in outline.not_understood] == [
        "A description has at most 20,000 characters, so the rest was left out.",
        "A title has at most 500 characters, so this was cut; the description has all of it.",
    ]


def test_a_team_known_by_its_id_only_is_named_by_it():
    key = "team_0192f0c1a2b37c4d8e9f001122334455"
    names = Names("acme", (TeamName(key, "Acme", is_company=True),), (), NAMES.cycles)
    [record] = read("- Grow", names=names).records
    assert (record.cells["team"], record.cells["key"]) == (key, f"outline/q4/{key}/grow")
