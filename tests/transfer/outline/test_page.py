import re
from pathlib import Path

from okrgraph.transfer.outline.reading import account
from tests.transfer.outlines import read

WIKI_PAGE = """\
---
owner: Ada
---
# Acme OKRs, Q4 2026

We look at this page every Monday.
<!-- Bo: link the
     deck here -->

## Company

- **O1: Win the Nordic market** (Ada)
    - KR1.1: Paying customers 120 → 180
        - Growth / Bo: Fill the pipeline
            - Qualified leads: 400 -> 900 leads (now 520, confidence 3)
            - Demo to trial from 12% to 20% (@Cy)
            - [ ] New [pricing page](https://acme.example/p) is live
        - Cy: Write a blog post
    - KR1.2: Revenue from €2M to €3M, confidence 4
- Hire well

## Growth team

### Objective 2: Be where customers look
Owner: Bo
Why now: the fair is in March

It was quiet last year.

1. Articles 3/12 pieces (confidence 2)
2. Events (40%)
3. ~~Podcast~~

### Grow partners
**Key results:**
* Partners 2 -> 8
  that sell
* [x] First contract signed

### Initiatives
- Send flowers

## Q3 2025
- Old
    - Older
"""
WIN = "outline/q4/company/win-the-nordic-market"
PIPELINE = f"{WIN}#paying-customers/growth/fill-the-pipeline"


def test_a_wiki_page_is_told_as_a_tree_with_what_was_not_understood():
    assert list(account(read(WIKI_PAGE))) == [
        "12  Objective: Win the Nordic market (team Acme; owner Ada Berg; cycle Q4 2026)",
        "13    Key result: Paying customers 120 → 180 (120 -> 180)",
        (
            "14      Objective: Fill the pipeline (team Growth; owner Bo Lund; cycle Q4 2026; "
            "supports the key result 'Paying customers 120 → 180')"
        ),
        "15        Key result: Qualified leads: 400 -> 900 leads (400 -> 900 leads, now 520, confidence 3)",
        "16        Key result: Demo to trial from 12% to 20% (owner Cy Day; 12 -> 20 %)",
        "17        Key result: New pricing page is live (yes or no)",
        "19    Key result: Revenue from €2M to €3M (2 -> 3 M€, confidence 4)",
        "20  Objective: Hire well (team Acme; cycle Q4 2026)",
        "24  Objective: Be where customers look (team Growth; owner Bo Lund; cycle Q4 2026; with a description)",
        "30    Key result: Articles 3/12 pieces (0 -> 12 pieces, now 3, confidence 2)",
        "31    Key result: Events (40%) (0 -> 100 %)",
        "34  Objective: Grow partners (team Growth; cycle Q4 2026)",
        "36    Key result: Partners 2 -> 8 that sell (no measure)",
        "38    Key result: First contract signed (yes or no)",
        "Not understood:",
        "line 6: The text 'We look at this page every Monday.' was left out.",
        (
            "line 18: 'Cy: Write a blog post' was not understood and was left out. Below a key result stands an "
            "objective: with key results of its own, marked O: or with its team."
        ),
        (
            "line 31: A current value of 40 was read but not taken: say how confident you are, for example "
            "(confidence 3)."
        ),
        "line 32: 'Podcast' is struck through and was left out.",
        (
            "line 36: Its numbers are not plain, so no measure was read; end the line with 10 -> 50, "
            "from 10 to 50 or 12/50."
        ),
        "line 38: The tick was read but not taken: say how confident you are, for example (confidence 3).",
        "line 40: 'Initiatives' is neither objective nor key result and was left out, with the line below it.",
        (
            "line 43: 'Q3 2025' was not understood and was left out, with the 2 lines below it. "
            "No cycle is called 'Q3 2025'."
        ),
        "Understood: 5 objectives, 9 key results, 1 alignment link; 8 remarks.",
    ]


def test_the_records_of_a_wiki_page_hold_what_was_told():
    outline = read(WIKI_PAGE)
    assert [(record.line, dict(record.cells)) for record in outline.records[:6]] == [
        (
            12,
            {
                "type": "objective",
                "key": WIN,
                "title": "Win the Nordic market",
                "team": "company",
                "owner": "ada@acme.example",
                "cycle": "q4",
            },
        ),
        (
            13,
            {
                "type": "key_result",
                "key": f"{WIN}#paying-customers",
                "parent": WIN,
                "title": "Paying customers 120 → 180",
                "metric": "NUMBER",
                "start": "120",
                "target": "180",
            },
        ),
        (
            14,
            {
                "type": "objective",
                "key": PIPELINE,
                "title": "Fill the pipeline",
                "team": "growth",
                "owner": "bo@acme.example",
                "cycle": "q4",
                "parent": f"{WIN}#paying-customers",
            },
        ),
        (
            15,
            {
                "type": "key_result",
                "key": f"{PIPELINE}#qualified-leads",
                "parent": PIPELINE,
                "title": "Qualified leads: 400 -> 900 leads",
                "metric": "NUMBER",
                "unit": "leads",
                "start": "400",
                "target": "900",
                "current": "520",
                "confidence": "3",
            },
        ),
        (
            16,
            {
                "type": "key_result",
                "key": f"{PIPELINE}#demo-to-trial",
                "parent": PIPELINE,
                "title": "Demo to trial from 12% to 20%",
                "owner": "cy@acme.example",
                "metric": "PERCENT",
                "unit": "%",
                "start": "12",
                "target": "20",
            },
        ),
        (
            17,
            {
                "type": "key_result",
                "key": f"{PIPELINE}#new-pricing-page-is-live",
                "parent": PIPELINE,
                "title": "New pricing page is live",
                "metric": "BINARY",
            },
        ),
    ]
    looked = next(record for record in outline.records if record.line == 24)
    assert dict(looked.cells) == {
        "type": "objective",
        "key": "outline/q4/growth/be-where-customers-look",
        "team": "growth",
        "title": "Be where customers look",
        "description": "It was quiet last year.",
        "cycle": "q4",
        "owner": "bo@acme.example",
        "why_now": "the fair is in March",
    }


def test_the_example_of_the_documentation_is_told_as_it_says():
    page = Path(__file__).parents[3] / "docs" / "outline.md"
    blocks = dict(re.findall(r"```(markdown|text)\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
    assert list(account(read(blocks["markdown"]))) == blocks["text"].splitlines()
