"""The tree of the reference data: nested query, rows and plain SQL all give the one that the file describes."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from benchmarks.reference_data import expected_tree, reference_rows
from okrgraph.events.database import fetch_all, fetch_one
from okrgraph.insight.alignment_tree import TreeRow, alignment_tree
from okrgraph.kit.ids import global_id

Tree = dict[str, Any]


def public(type_name: str, key: object) -> str:
    """The public id of a key as the database gives it, on SQLite as text."""
    return global_id(type_name, UUID(str(key)))


async def cycle_id() -> str:
    row = await fetch_one("SELECT id FROM cycle")
    assert row is not None
    return public("Cycle", row[0])


def in_order(tree: Tree) -> str:
    """Equality of dicts overlooks order; equality of their texts does not."""
    return json.dumps(tree, indent=1)


def nested(objectives: list[dict[str, Any]]) -> Tree:
    return {
        each["title"]: {
            key_result["title"]: nested(key_result.get("alignedObjectives", []))
            for key_result in each["keyResults"]
        }
        for each in objectives
    }


def levels(count: int) -> str:
    below = f"alignedObjectives {{ {levels(count - 1)} }}" if count > 1 else ""
    return f"title keyResults {{ title {below} }}"


PLAIN_SQL = """
SELECT o1.title, k1.title, o2.title, k2.title, o3.title, k3.title
FROM objective o1
LEFT JOIN key_result k1 ON k1.objective_id = o1.id
LEFT JOIN alignment_link l2 ON l2.parent_key_result_id = k1.id AND l2.state = 'ACCEPTED'
LEFT JOIN objective o2 ON o2.id = l2.child_id
LEFT JOIN key_result k2 ON k2.objective_id = o2.id
LEFT JOIN alignment_link l3 ON l3.parent_key_result_id = k2.id AND l3.state = 'ACCEPTED'
LEFT JOIN objective o3 ON o3.id = l3.child_id
LEFT JOIN key_result k3 ON k3.objective_id = o3.id
WHERE o1.level = 'COMPANY'
ORDER BY o1.id, k1.id, o2.id, k2.id, o3.id, k3.id
"""


async def test_the_nested_query_gives_the_tree_of_the_file_and_of_plain_sql(reference) -> None:
    document = f"""query($cycle: ID!) {{
        objectives(filter: {{ levels: [COMPANY], cycleId: $cycle }}) {{ nodes {{ {levels(3)} }} }} }}"""
    found = await reference.run(document, cycle=await cycle_id())
    tree = nested(found["objectives"]["nodes"])
    assert len(tree) == 3
    assert in_order(tree) == in_order(expected_tree(reference_rows(1)))
    plain: Tree = {}
    for titles in await fetch_all(PLAIN_SQL):
        below = plain
        for title in titles:
            if title is not None:
                below = below.setdefault(title, {})
    assert in_order(tree) == in_order(plain)


TREE = """query($cycle: ID!, $root: ID, $depth: Int) {
    alignmentTree(cycleId: $cycle, rootId: $root, maxDepth: $depth) { depth childCount parentId node { __typename
        ... on Objective { id title level } ... on KeyResult { id title objective { id } } } } }"""


async def test_the_rows_hold_every_objective_once_under_its_primary_parent(reference) -> None:
    rows = (await reference.run(TREE, cycle=await cycle_id()))["alignmentTree"]
    places = {row["node"]["id"]: row for row in rows}
    assert len(places) == len(rows) == 2_183 + 5_552
    links = await fetch_all(
        "SELECT child_id, parent_key_result_id FROM alignment_link WHERE is_primary AND state = 'ACCEPTED'"
    )
    parents = {public("Objective", child): public("KeyResult", parent) for child, parent in links}
    assert len(parents) == 2_180
    for key, row in places.items():
        node = row["node"]
        parent = node["objective"]["id"] if node["__typename"] == "KeyResult" else parents.get(key)
        assert row["parentId"] == parent
        assert row["depth"] == (0 if parent is None else places[parent]["depth"] + 1)
    assert {row["node"]["level"] for row in rows if row["parentId"] is None} == {"COMPANY"}
    objectives = {key for key in places if key.startswith("obj_")}
    assert objectives == {public("Objective", row[0]) for row in await fetch_all("SELECT id FROM objective")}
    require_tree_of_the_file(rows)
    await require_line_of_sight(reference, max(rows, key=lambda row: int(row["depth"])), places)


def require_tree_of_the_file(rows: list[dict[str, Any]]) -> None:
    tree: Tree = {}
    below: dict[str | None, Tree] = {None: tree}
    path: list[str] = []
    for row in rows:
        key = row["node"]["id"]
        # Depth first: what a row hangs on is the last one before it that is one higher up.
        path = [*path[: row["depth"]], key]
        assert row["parentId"] == (path[-2] if row["depth"] else None)
        below[key] = below[row["parentId"]].setdefault(row["node"]["title"], {})
    for row in rows:
        assert row["childCount"] == len(below[row["node"]["id"]])
    assert in_order(tree) == in_order(expected_tree(reference_rows(1)))


async def require_line_of_sight(reference: Any, row: Any, places: dict[str, Any]) -> None:
    """It leads from a row of the deepest layer up to the company."""
    way = []
    while row is not None:
        way.append(row["node"]["id"])
        row = places.get(row["parentId"])
    document = """query($id: ID!) { lineOfSight(id: $id) { depth node {
        ... on Objective { id } ... on KeyResult { id } } } }"""
    found = await reference.run(document, id=way[0])
    assert [step["node"]["id"] for step in found["lineOfSight"]] == way
    assert [step["depth"] for step in found["lineOfSight"]] == list(range(6))


async def test_a_root_and_a_depth_give_a_part_of_the_same_rows(reference) -> None:
    row = await fetch_one("SELECT id FROM cycle")
    assert row is not None

    async def rows_of(**part: Any) -> list[TreeRow]:
        return await alignment_tree(reference.viewer, UUID(str(row[0])), at_most=100_000, **part)

    rows = await rows_of()
    for depth in (0, 1, 3, 100):
        assert await rows_of(max_depth=depth) == [each for each in rows if each.depth <= depth]
    for place in (0, 1, 2, len(rows) // 2, len(rows) - 1):
        start = rows[place].depth
        end = next((later for later in range(place + 1, len(rows)) if rows[later].depth <= start), len(rows))
        expected = [replace(each, depth=each.depth - start) for each in rows[place:end]]
        expected[0] = replace(expected[0], parent=None)
        assert await rows_of(root_id=rows[place].node.id) == expected
