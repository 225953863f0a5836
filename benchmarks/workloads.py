"""What the servers are asked, and the rows that the reference data needs besides for it; no measuring."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.reference_data import COMMENT_START, CYCLE_KEY, Row, reference_rows, row
from benchmarks.reference_shape import (
    COMPANY_KEY_RESULTS,
    Sizes,
    email_of,
    key_result_key,
    lead_of,
    member_of,
    objective_key,
    team_key,
)
from benchmarks.reference_words import COMMENT_BODIES, REPLIES

# The team whose page is asked for, the number of its first objective, and somebody of another team who asks.
TEAM = 7
DISCUSSED = 3 + 3 * TEAM
VIEWER = email_of(lead_of(3) + 1)
COMMENTS_ASKED_FOR = 50
THREADS = 60
HIDDEN_TITLE = "A draft of another team, which nobody may be told of"

OBJECTIVE_FIELDS = "id title level state progress version team { name } owner { name }"
KEY_RESULT_FIELDS = "id title metricKind targetValue currentValue progress confidence owner { name }"


@dataclass(frozen=True, slots=True)
class Workload:
    """One operation. bounded: its answer does not grow with the organisation. has_floor: see floor.py."""

    name: str
    document: str
    variables: tuple[str, ...] = ()
    bounded: bool = True
    has_floor: bool = False

    def body(self, ids: Mapping[str, str]) -> dict[str, object]:
        """Give what is sent: `ids` has the value of each variable by name."""
        return {"query": self.document, "variables": {name: ids[name] for name in self.variables}}


def _level(levels: int) -> str:
    below = f"alignedObjectives {{ {_level(levels - 1)} }}" if levels > 1 else ""
    return f"{OBJECTIVE_FIELDS} keyResults {{ {KEY_RESULT_FIELDS} {below} }}"


TREE = f"""query Tree($cycle: ID!) {{
  objectives(filter: {{ levels: [COMPANY], cycleId: $cycle }}) {{ nodes {{ {_level(3)} }} }}
}}"""

ALIGNMENT_TREE = f"""query AlignmentTree($cycle: ID!) {{
  alignmentTree(cycleId: $cycle) {{
    depth childCount parentId
    node {{
      __typename
      ... on Objective {{ {OBJECTIVE_FIELDS} }}
      ... on KeyResult {{ {KEY_RESULT_FIELDS} }}
    }}
  }}
}}"""

TEAM_PAGE = f"""query TeamPage($team: ID!, $cycle: ID!) {{
  team(id: $team) {{
    id name kind
    members {{ id name email }}
    objectives(cycleId: $cycle) {{
      {OBJECTIVE_FIELDS}
      confidenceSummary {{ min distribution unrated declining }}
      keyResults {{ {KEY_RESULT_FIELDS} }}
    }}
  }}
}}"""

DISCUSSION = f"""query Discussion($objective: ID!) {{
  objective(id: $objective) {{
    {OBJECTIVE_FIELDS}
    comments(first: {COMMENTS_ASKED_FOR}) {{
      totalCount
      pageInfo {{ hasNextPage }}
      nodes {{
        id version kind body createdAt resolvedAt author {{ id name }}
        replies {{ id version kind body createdAt author {{ id name }} }}
      }}
    }}
  }}
}}"""

SMALLEST = "{ viewer { person { name } } }"

WORKLOADS = (
    Workload("three-level tree", TREE, ("cycle",), bounded=False, has_floor=True),
    Workload("alignmentTree", ALIGNMENT_TREE, ("cycle",), bounded=False),
    Workload("team page", TEAM_PAGE, ("team", "cycle")),
    Workload("objective, 50 comments", DISCUSSION, ("objective",)),
    Workload("smallest query", SMALLEST),
)

# Asks any okrgraph server for the values of the variables.
IDS = """query Ids {
  organization { cycles { id } teams { id name } }
}"""
FIRST_OBJECTIVE = """query First($team: ID!) {
  objectives(filter: { teamId: $team, levels: [TEAM] }, first: 1) { nodes { id } }
}"""


def benchmark_rows(scale: int) -> Iterator[Row]:
    """Give the reference data with one draft that the viewer may not see and one long discussion."""
    has_draft = False
    for each in reference_rows(scale):
        if each["type"] == "key_result" and not has_draft:
            yield _draft()
            has_draft = True
        yield each
    yield from _discussion(Sizes.at(scale))


def _draft() -> Row:
    """It supports a key result of the company, so that every tree would show it if it could be seen."""
    return row(
        "objective",
        "objective-draft",
        title=HIDDEN_TITLE,
        parent=key_result_key(COMPANY_KEY_RESULTS - 1),
        team=team_key(TEAM),
        owner=email_of(member_of(TEAM, 1)),
        cycle=CYCLE_KEY,
        kind="TEAM",
        state="DRAFT",
    )


def _discussion(sizes: Sizes) -> Iterator[Row]:
    """One thread in five has a reply; all of it was said before any other comment of the reference data."""
    at = COMMENT_START.replace(hour=1)
    kinds = sorted(COMMENT_BODIES)
    for number in range(THREADS):
        kind = kinds[number % len(kinds)]
        thread = row(
            "comment",
            f"discussion-{number + 1:03}",
            parent=objective_key(DISCUSSED),
            owner=email_of((number * 37 + 200) % sizes.people),
            title=COMMENT_BODIES[kind][number % len(COMMENT_BODIES[kind])],
            kind=kind,
            at=at.replace(minute=number).isoformat(),
        )
        yield thread
        if number % 5 == 0:
            yield thread | {
                "key": f"{thread['key']}-reply",
                "owner": email_of(lead_of(TEAM)),
                "title": REPLIES[number % len(REPLIES)],
                "kind": "COMMENT",
                "at": at.replace(hour=2, minute=number).isoformat(),
                "reply_to": thread["key"],
            }
