"""Connections: pages forward and backward, their limits, their cursors, their counts."""

import base64
from datetime import timedelta
from typing import Any

import orjson
import pytest

from okrgraph.events.cursors import Cursor
from okrgraph.kit import clock
from okrgraph.kit.ids import global_id
from okrgraph.people.vocabulary import MemberRole
from tests.building import make_organization

COMMENTS = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { objective(id: $id) {
    comments(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { body } } nodes { body } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


class Thread:
    """An objective with five comments, read by one person."""

    def __init__(self, graph: Any, viewer: Any, objective: str) -> None:
        self.graph = graph
        self.viewer = viewer
        self.objective = objective

    async def page(self, **paging: Any) -> dict[str, Any]:
        data = await self.graph.run(self.viewer, COMMENTS, id=self.objective, **paging)
        found: dict[str, Any] = data["objective"]["comments"]
        return found

    async def bodies(self, **paging: Any) -> str:
        page = await self.page(**paging)
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["totalCount"] == 5
        edges = page["edges"]
        assert page["pageInfo"]["startCursor"] == (edges[0]["cursor"] if edges else None)
        assert page["pageInfo"]["endCursor"] == (edges[-1]["cursor"] if edges else None)
        marks = (
            "<" if page["pageInfo"]["hasPreviousPage"] else "|",
            ">" if page["pageInfo"]["hasNextPage"] else "|",
        )
        return marks[0] + "".join(node["body"] for node in page["nodes"]) + marks[1]

    async def refusal(self, **paging: Any) -> tuple[str, str]:
        result = await self.graph.result(self.viewer, COMMENTS, id=self.objective, **paging)
        (error,) = result.errors
        assert error.path == ["objective", "comments"]
        return error.extensions["code"], error.message


@pytest.fixture
async def thread(graph) -> Thread:
    org = await make_organization()
    viewer = await org.person("Ada", {org.company: MemberRole.LEAD})
    objective = await org.objective(viewer, published=True)
    first, *_ = [await org.comment(viewer, objective, letter) for letter in "abcde"]
    await org.comment(viewer, objective, "a reply counts with its comment", parent_comment_id=first.id)
    return Thread(graph, viewer, global_id("Objective", objective.id))


async def test_pages_go_forward_and_backward(thread) -> None:
    cursor = {edge["node"]["body"]: edge["cursor"] for edge in (await thread.page())["edges"]}
    for paging, expected in (
        ({}, "|abcde|"),
        ({"first": 2}, "|ab>"),
        ({"first": 2, "after": cursor["b"]}, "<cd>"),
        ({"first": 2, "after": cursor["d"]}, "<e|"),
        ({"after": cursor["e"]}, "<|"),
        ({"first": 0}, "|>"),
        ({"first": 5}, "|abcde|"),
        ({"first": 100}, "|abcde|"),
        ({"last": 2}, "<de|"),
        ({"last": 2, "before": cursor["d"]}, "<bc>"),
        ({"last": 2, "before": cursor["b"]}, "|a>"),
        ({"before": cursor["a"]}, "|>"),
        ({"before": cursor["c"]}, "|ab>"),
        ({"last": 0}, "<|"),
    ):
        assert await thread.bodies(**paging) == expected, paging


async def test_a_page_that_names_both_directions_is_refused(thread) -> None:
    message = "Page forward with first and after, or backward with last and before, not both."
    cursor = (await thread.page())["edges"][0]["cursor"]
    for paging in (
        {"first": 1, "last": 1},
        {"first": 1, "before": cursor},
        {"after": cursor, "last": 1},
        {"after": cursor, "before": cursor},
    ):
        assert await thread.refusal(**paging) == ("BAD_USER_INPUT", message)


async def test_a_page_holds_0_to_100(thread) -> None:
    for size in (-1, 101, 2_147_483_647):
        assert await thread.refusal(first=size) == ("BAD_USER_INPUT", "first must be from 0 to 100.")
        assert await thread.refusal(last=size) == ("BAD_USER_INPUT", "last must be from 0 to 100.")


def written(*values: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


KEY = "01890000-0000-7000-8000-000000000000"
MOMENT = "2026-10-01T00:00:00+00:00"


NO_CURSORS = (
    "",
    " ",
    "garbage",
    "ö",
    "\x00",
    "=" * 10,
    "a" * 3_000,
    written(),
    written(MOMENT),
    written(MOMENT, KEY, KEY),
    written(KEY, MOMENT),
    written("2026-10-01T00:00:00", KEY),
    written("2026-10-01", KEY),
    written("0001-01-01T00:00:00+14:00", KEY),
    written("9999-12-31T23:59:59-14:00", KEY),
    written(MOMENT, "x"),
    written(MOMENT, 7),
    written(MOMENT, None),
    written(True, KEY),
    written({"a": 1}, KEY),
    base64.urlsafe_b64encode(b'{"a": 1}').decode(),
    base64.urlsafe_b64encode(b"[" * 1_000).decode(),
)


async def test_what_no_list_gave_is_no_cursor(thread) -> None:
    for text in NO_CURSORS:
        for name in ("after", "before"):
            expected = ("BAD_USER_INPUT", f"{name} must be a cursor that this list gave.")
            assert await thread.refusal(**{name: text}) == expected, text


async def test_a_cursor_of_another_list_is_no_cursor(thread) -> None:
    data = await thread.graph.run(
        thread.viewer,
        "{ organization { cursor people { edges { cursor } } } objectives { edges { cursor } } }",
    )
    for cursor in (
        data["organization"]["cursor"],
        data["organization"]["people"]["edges"][0]["cursor"],
        data["objectives"]["edges"][0]["cursor"],
        Cursor(thread.viewer.organization_id, "0" * 16, 1).encode(),
    ):
        assert (await thread.refusal(after=cursor))[0] == "BAD_USER_INPUT"


async def test_a_crafted_number_in_a_cursor_is_no_cursor(thread) -> None:
    document = "query($after: String) { objectives(after: $after) { nodes { id } } }"
    for number in (2**31, -(2**31) - 1, 1.5, True, "1", None):
        cursor = written(number, MOMENT, KEY)
        result = await thread.graph.result(thread.viewer, document, after=cursor)
        assert [error.extensions["code"] for error in result.errors] == ["BAD_USER_INPUT"], number
    found = await thread.graph.run(thread.viewer, document, after=written(2**31 - 1, MOMENT, KEY))
    assert found == {"objectives": {"nodes": []}}


async def test_pages_of_many_parents_are_those_of_each(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    bodies = ("abc", "", "d", "efghi")
    for letters in bodies:
        objective = await org.objective(ada, published=True)
        for letter in letters:
            await org.comment(ada, objective, letter)
    document = """query($first: Int, $last: Int) { objectives { nodes {
        comments(first: $first, last: $last) { totalCount nodes { body } pageInfo { hasNextPage hasPreviousPage } }
    } } }"""
    for size in (0, 1, 2, 3, 5):
        for name, more, part in (
            ("first", "hasNextPage", slice(0, size)),
            ("last", "hasPreviousPage", slice(-size, 9)),
        ):
            found = await graph.run(ada, document, **{name: size})
            for letters, node in zip(bodies, found["objectives"]["nodes"], strict=True):
                expected = letters[part] if size else ""
                assert [each["body"] for each in node["comments"]["nodes"]] == list(expected)
                assert node["comments"]["totalCount"] == len(letters)
                assert node["comments"]["pageInfo"][more] == (len(letters) > size)


async def test_objectives_come_by_position_then_by_creation_page_after_page(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    made = [await org.objective(ada, title=f"{place}") for place in range(7)]
    await org.objective(ada, title="first of all")
    document = """query($after: String) { objectives(first: 3, after: $after) {
        totalCount nodes { title } pageInfo { hasNextPage endCursor } } }"""
    titles, after, sizes = [], None, []
    while True:
        page = (await graph.run(ada, document, after=after))["objectives"]
        assert page["totalCount"] == len(made) + 1
        titles += [node["title"] for node in page["nodes"]]
        sizes.append(len(page["nodes"]))
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert titles == [*(f"{place}" for place in range(7)), "first of all"]
    assert sizes == [3, 3, 2]


async def test_check_ins_come_newest_day_first_then_newest(graph) -> None:
    org = await make_organization()
    ada = await org.person("Ada", {org.company: MemberRole.LEAD})
    key_result = await org.key_result(await org.objective(ada, published=True), ada)
    today = clock.now().date()
    for value, days in ((1.0, 3), (2.0, 0), (3.0, 5), (4.0, 3), (5.0, 0)):
        await org.check_in(key_result, 3, value, today - timedelta(days=days))
    document = """query($id: ID!, $first: Int, $after: String) { keyResult(id: $id) { currentValue
        checkIns(first: $first, after: $after) { totalCount nodes { value } pageInfo { endCursor } } } }"""
    key = global_id("KeyResult", key_result.id)
    found = (await graph.run(ada, document, id=key, first=2))["keyResult"]
    assert found["currentValue"] == 5.0
    assert [node["value"] for node in found["checkIns"]["nodes"]] == [5.0, 2.0]
    after = found["checkIns"]["pageInfo"]["endCursor"]
    found = (await graph.run(ada, document, id=key, after=after))["keyResult"]
    assert [node["value"] for node in found["checkIns"]["nodes"]] == [4.0, 1.0, 3.0]
    assert found["checkIns"]["totalCount"] == 5


async def test_objectives_are_filtered_and_counted_alike(graph) -> None:
    org = await make_organization()
    growth, sales = await org.team("Growth"), await org.team("Sales")
    ada = await org.person("Ada", {org.company: MemberRole.LEAD, growth: MemberRole.LEAD})
    old = await org.cycle(name="Old")
    new = await org.cycle(name="New")
    await org.objective(ada, cycle=old, title="Win ÜBER", published=True)
    await org.objective(
        ada, cycle=new, team=growth, title="100% of it", owner_id=ada.person_id, co_owners=(sales,)
    )
    await org.objective(ada, cycle=new, team=growth, title="Grow", description="the win rate", published=True)
    document = """query($filter: ObjectiveFilter) {
        objectives(filter: $filter) { totalCount nodes { title } } }"""
    every = ["Win ÜBER", "100% of it", "Grow"]
    for given, expected in (
        (None, every),
        ({}, every),
        ({"cycleId": global_id("Cycle", old.id)}, every[:1]),
        ({"teamId": global_id("Team", sales.id)}, every[1:2]),
        ({"teamId": global_id("Team", growth.id)}, every[1:]),
        ({"ownerId": global_id("Person", ada.person_id)}, every[1:2]),
        ({"levels": ["COMPANY"]}, every[:1]),
        ({"levels": []}, []),
        ({"states": ["DRAFT"]}, every[1:2]),
        ({"states": ["DRAFT", "PUBLISHED"], "levels": ["TEAM"]}, every[1:]),
        ({"text": "win"}, [every[0], every[2]]),
        ({"text": " WIN "}, [every[0], every[2]]),
        ({"text": "über"}, every[:1]),
        ({"text": "%"}, every[1:2]),
        ({"text": "1_0"}, []),
        ({"text": "'"}, []),
        ({"text": ""}, every),
        ({"text": "\x00"}, []),
        ({"text": "\ud800"}, []),
        ({"text": "x" * 201}, []),
    ):
        found = (await graph.run(ada, document, filter=given))["objectives"]
        assert found == {"totalCount": len(expected), "nodes": [{"title": title} for title in expected]}, (
            given
        )
