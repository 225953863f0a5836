import re

import pytest

from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.formats.records import FileProblem
from okrgraph.transfer.outline.tree import Note, read_tree
from tests.transfer.outlines import read, told


@pytest.mark.parametrize("indentation", ["  ", "   ", "    ", "\t"])
@pytest.mark.parametrize("bullet", ["-", "*", "+", "1.", "2)", "•", "-  "])
def test_indentation_is_parentage_however_it_is_made(indentation, bullet):
    lines = ("Grow", f"{indentation}KR: Sell", f"{indentation * 2}O: Find", f"{indentation}Keep")
    text = "\n".join(re.sub(r"(?=\w)", f"{bullet} ", line, count=1) for line in lines)
    assert told(text) == [
        "1  Objective: Grow (team Acme; cycle Q4 2026)",
        "2    Key result: Sell (no measure)",
        "3      Objective: Find (team Acme; cycle Q4 2026; supports the key result 'Sell')",
        "4    Key result: Keep (no measure)",
    ]


def test_code_quotations_html_and_text_are_left_out_and_named():
    text = "# Welcome\n\n```\n- Grow\n```\n\n> - Win\n\n<div>\n- Sell\n</div>\n\nSome text.\n\n***\n"
    assert told(text) == [
        "Not understood:",
        "line 1: The heading 'Welcome' names no team, person or cycle; it was passed over.",
        "line 3: A code block was left out.",
        "line 7: A quotation was left out.",
        "line 9: HTML was left out.",
        "line 13: The text 'Some text.' was left out.",
    ]


def test_what_is_too_long_or_too_deep_is_refused():
    twelve = "".join(f"{'  ' * depth}- O: a\n" for depth in range(12))
    assert len(read(twelve).records) == 12
    with pytest.raises(OperatorError) as refused:
        read(f"{twelve}{'  ' * 12}- O: a\n")
    assert (
        str(refused.value)
        == "Line 13 of the outline is nested deeper than 12 levels; flatten the list there."
    )
    with pytest.raises(OperatorError, match=r"^The outline is longer than 2 MB; split it into several\.$"):
        read("x" * 2_000_001)
    assert read("x" * 2_000_000).records == []


def test_headings_items_and_paragraphs_keep_their_lines():
    problems: list[FileProblem] = []
    text = (
        "---\ntitle: x\n---\n##Growth\r\nIntro\rover two\n<!-- a\nb -->\n* **One** [two](http://x) `three` "
        "&amp; ![four](y)\n"
        "  five<br>six\n  Owner: Ada\n\n  More.\n  - [X] [[Page|seven]]\n  - [ ] ~~eight~~\n"
    )
    root = read_tree(text, problems)
    [heading] = root.children
    assert (heading.line, heading.level, heading.text) == (4, 2, "Growth")
    assert heading.notes == [Note(5, "Intro over two")]
    [item] = heading.children
    assert (item.line, item.level, item.text) == (9, None, "One two three & four five six")
    assert item.notes == [Note(11, "Owner: Ada"), Note(13, "More.")]
    assert [(child.line, child.text, child.is_ticked, child.is_struck) for child in item.children] == [
        (14, "seven", True, False),
        (15, "eight", False, True),
    ]
    assert (root.size(), problems) == (4, [])


def test_an_item_indented_too_far_is_taken_one_level_below_and_told():
    assert told("- O: Grow\n          - Sell\n") == [
        "1  Objective: Grow (team Acme; cycle Q4 2026)",
        "2    Key result: Sell (no measure)",
        "Not understood:",
        "line 2: This is indented by more than one level; it was read as one level below the line above.",
    ]


def test_a_comment_without_an_end_hides_what_follows_and_is_told():
    assert told("- Grow\n\n<!-- note\n- Win\n") == [
        "1  Objective: Grow (team Acme; cycle Q4 2026)",
        "Not understood:",
        "line 3: This comment does not end; all below it was left out.",
    ]


def test_a_comment_between_items_does_not_end_the_list():
    assert told("<!-- x -->\n- Grow") == ["2  Objective: Grow (team Acme; cycle Q4 2026)"]
    assert [record.line for record in read("- Grow\n<!-- x -->\n  - Sell <!-- y -->\n").records] == [1, 3]


def test_a_rule_at_the_top_is_no_front_matter():
    assert [record.line for record in read("---\n- Grow\n\n---\n- Win\n").records] == [2, 5]
