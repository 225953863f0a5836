import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.kit.errors import OperatorError
from okrgraph.okrs.vocabulary import CycleState
from okrgraph.transfer.outline.names import CycleName, Names
from okrgraph.transfer.outline.reading import account, outline_text, read_outline
from tests.transfer.outlines import NAMES, cells, read, told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- Grow", ["Objective: Grow"]),
        ("- Grow\n  - Sell", ["Objective: Grow", "  Key result: Sell"]),
        (
            "- Grow\n  - Lead\n    - Sell",
            ["Objective: Grow", "  Objective: Lead", "    Key result: Sell"],
        ),
        (
            "- Grow\n  - Lead 1 -> 2\n    - Platform: Help",
            ["Objective: Grow", "  Key result: Lead 1 -> 2", "    Objective: Help"],
        ),
        ("- Grow\n  - O: Lead", ["Objective: Grow", "  Objective: Lead"]),
        (
            "- Grow\n  - KR: Lead\n    - O: Sell",
            ["Objective: Grow", "  Key result: Lead", "    Objective: Sell"],
        ),
        (
            "- O1: Grow\n- KR1: Sell\n- KR2: Keep",
            ["Objective: Grow", "  Key result: Sell", "  Key result: Keep"],
        ),
        (
            "O1: Grow\nKR1: Sell\nover two lines\nO2: Win",
            ["Objective: Grow", "  Key result: Sell over two lines", "Objective: Win"],
        ),
        ("**Objective 1 - Grow**\n\n- Sell", ["Objective: Grow", "  Key result: Sell"]),
        (
            "# O1 Grow\n## KR1 Sell\n- Team Platform: Help\n## KR2 Keep",
            ["Objective: Grow", "  Key result: Sell", "    Objective: Help", "  Key result: Keep"],
        ),
        ("# Grow\n- Sell\n- Keep", ["Objective: Grow", "  Key result: Sell", "  Key result: Keep"]),
        (
            "# Grow\n## Key results\n- Sell\n  - Much\n    - More",
            ["Objective: Grow", "  Key result: Sell", "    Objective: Much", "      Key result: More"],
        ),
        ("## Objective\nGrow\n\n## Key results\n- Sell", ["Objective: Grow", "  Key result: Sell"]),
        ("# Growth\n- Sell\n- Keep", ["Objective: Sell", "Objective: Keep"]),
        ("- Growth\n  - Sell\n    - Much", ["Objective: Sell", "  Key result: Much"]),
        ("- OKRs:\n  - Sell\n    - KRs:\n      - Much", ["Objective: Sell", "  Key result: Much"]),
        (
            "- Grow\n  - Keep\n  -\n    - Sell",
            ["Objective: Grow", "  Key result: Keep", "  Key result: Sell"],
        ),
        ("# Page\n- ~~Old~~ Grow ~~fast~~", ["Objective: Old Grow fast"]),
        ("# Strategy\n- Grow\n  - Sell\n- Win", ["Objective: Grow", "  Key result: Sell", "Objective: Win"]),
        (
            "# Grow\n- Sell 1 -> 2\n  - O: Help\n- Keep",
            ["Objective: Grow", "  Key result: Sell 1 -> 2", "    Objective: Help", "  Key result: Keep"],
        ),
        ("# Grow\n- Sell\n  - Owner: Ada", ["Objective: Grow", "  Key result: Sell"]),
        ("# Grow\n- KR: Lead\n  - O: Sell", ["Objective: Grow", "  Key result: Lead", "    Objective: Sell"]),
        ("- Grow\n  KR1: Sell", ["Objective: Grow", "  Key result: Sell"]),
    ],
)
def test_what_a_line_is_follows_from_its_mark_or_from_its_place(text, expected):
    things = read(text).understood
    assert [f"{'  ' * thing.depth}{thing.what.capitalize()}: {thing.title}" for thing in things] == expected


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("Hello\n\n- Grow", 1, "The text 'Hello' was left out."),
        ("# Growth\n- Owner: Bo\n- Grow", 2, "'Owner: Bo' stands below no objective and was left out."),
        ("- Grow\n  - Confidence: 3", 2, "The text 'Confidence: 3' was left out."),
        ("- Grow\n  - Sell\n    - Confidence: high", 3, "The text 'Confidence: high' was left out."),
        ("- Grow\n  - Sell\n    - Why now: x", 3, "The text 'Why now: x' was left out."),
    ],
)
def test_a_line_about_something_that_has_no_place_for_it_is_left_out(text, line, said):
    outline = read(text)
    assert [(problem.line, problem.reason) for problem in outline.not_understood] == [(line, said)]
    assert all(record.cells["title"] in ("Grow", "Sell") for record in outline.records)


def test_what_has_no_place_is_left_out_and_named():
    assert told("KR1: Sell\n\n# Key results\n- Keep\n") == [
        "Not understood:",
        "line 1: 'KR1: Sell' stands below no objective and was left out.",
        "line 4: 'Keep' stands below no objective and was left out.",
    ]
    assert told("- Grow\n  - KR: Sell\n    - KR: Much\n      - a\n      - b\n- O3:\n  - c\n")[2:] == [
        "Not understood:",
        "line 3: 'KR: Much' is a key result below a key result and was left out, with the 2 lines below it.",
        "line 6: 'O3:' has no title and was left out, with the line below it.",
    ]


def test_the_cycle_is_the_one_of_the_option_else_the_only_one_under_way():
    planned = (CycleName("a", "Autumn", CycleState.CLOSED), CycleName("w", "Winter", CycleState.ALIGNING))
    assert cells("- Grow", cycle="q1")[0]["cycle"] == "q1"
    assert cells("- Grow", cycle="q1 2027")[0]["cycle"] == "q1"
    assert cells("- Grow")[0]["cycle"] == "q4"
    [record] = read("- Grow", names=Names("acme", NAMES.teams, (), planned)).records
    assert record.cells["cycle"] == "w"


@pytest.mark.parametrize(
    ("cycles", "cycle", "team", "sentence"),
    [
        (
            NAMES.cycles,
            "q9",
            None,
            "No cycle is called 'q9' in 'acme'; name it by key: q4 (Q4 2026), q1 (Q1 2027), ideas (Ideas).",
        ),
        (
            NAMES.cycles,
            None,
            "Zed",
            (
                "No team is called 'Zed' in 'acme'; name it by key: "
                "company (Acme), growth (Growth), plat (Platform), s+m (Sales & Marketing)."
            ),
        ),
        ((), None, None, "The organisation 'acme' has no cycle yet; import one first."),
        (
            (CycleName("a", "A"), CycleName("b", "B"), CycleName("c", "C", CycleState.PLANNING)),
            None,
            None,
            "Say with --cycle which cycle this is for: a (A), b (B), c (C).",
        ),
        (
            (CycleName("a", "A", CycleState.CLOSED),),
            None,
            None,
            "Say with --cycle which cycle this is for: a (A).",
        ),
        (
            (CycleName("a", "A"), CycleName("b", "A")),
            "A",
            None,
            "Several cycles are called 'A' in 'acme'; name it by key: a (A), b (A).",
        ),
    ],
)
def test_an_option_that_names_nothing_and_a_missing_cycle_are_refused_in_one_sentence(
    cycles, cycle, team, sentence
):
    with pytest.raises(OperatorError) as refused:
        read("- Grow", cycle, team, Names("acme", NAMES.teams, NAMES.people, cycles))
    assert str(refused.value) == sentence


def test_an_organisation_without_teams_is_refused():
    with pytest.raises(
        OperatorError, match=r"^The organisation 'acme' has no team yet; import its teams first\.$"
    ):
        read("- Grow", names=Names("acme", (), (), NAMES.cycles))


def test_an_outline_of_nothing_is_told_as_nothing():
    assert list(account(read(""))) == [
        "Understood: 0 objectives, 0 key results, 0 alignment links; 0 remarks."
    ]


def test_a_terminal_is_not_moved_by_what_an_outline_says():
    assert told("- Gr\x1b[2Jow\n") == ["1  Objective: Gr?[2Jow (team Acme; cycle Q4 2026)"]


def test_the_text_of_a_file_is_utf_8_with_or_without_a_mark():
    assert outline_text(io.BytesIO("\ufeff- Wächst".encode())) == "- Wächst"
    with pytest.raises(OperatorError) as refused:
        outline_text(io.BytesIO(b"- a\n- W\xe4chst\n"))
    assert str(refused.value) == "Line 2 of the outline is not UTF-8 (byte 0xE4); save it as UTF-8."
    with pytest.raises(OperatorError, match=r"^The outline is longer than 2 MB; split it into several\.$"):
        outline_text(io.BytesIO(b"x" * 2_000_001))
    assert len(outline_text(io.BytesIO(b"x" * 2_000_000))) == 2_000_000


PIECES = (
    "- |  - |    - |\t- |1. |# |## |O1: |KR1: |KR: |Objective: |Key results:|Ada|Bo: |Eva: |Growth / Ada: |(|[|)|]|"
    "(confidence 4)|(4/5)|12/20|10 -> 50|from 3 to 5|40%|€|@Ada|@x| - |~~|`|```\n|<!--|-->|<div>|> |---\n|\n|\n\n|"
    "\r|Q3 2025|Q4 2026|Company|Owner: Ada|Team: Growth|Why now: x|draft|[x] |[ ] |\\|&amp;|**|_|grow|:|now 3|,|"
    "1.200|½|²|\x00|\u2028"
)


@given(
    st.one_of(
        st.text(),
        st.lists(st.one_of(st.sampled_from(PIECES.split("|")), st.text(max_size=5)), max_size=60).map(
            "".join
        ),
    )
)
def test_any_text_is_read_into_sound_records_or_refused(text):
    try:
        outline = read_outline(text, NAMES, None, None)
    except OperatorError:
        return
    assert list(account(outline))
    keys = [record.cells["key"] for record in outline.records]
    assert len(keys) == len(set(keys))
    assert all(0 < len(key) <= 320 and ";" not in key for key in keys)
    assert {record.cells["parent"] for record in outline.records if "parent" in record.cells} <= set(keys)
    assert all(0 < len(record.cells["title"].strip()) <= 500 for record in outline.records)
    assert all("confidence" in record.cells for record in outline.records if "current" in record.cells)
    assert all(0 < record.line <= text.count("\n") + text.count("\r") + 1 for record in outline.records)
    assert [each.key for each in outline.understood] == keys
    assert read_outline(text, NAMES, None, None) == outline
