"""Items of lists are counted each time they are returned, by both executors alike."""

import pytest

from okrgraph.graph.context import Context
from okrgraph.people.vocabulary import MemberRole
from tests.both_executors import WITH_ENGINE, WITHOUT_ENGINE, body
from tests.building import make_organization

TEAMS = "{ organization { teams { members { teams { members { name } } } } } }"


async def answers(graph, viewer, limit: int, document: str) -> list[tuple[bytes, list[str]]]:
    found = []
    for schema in (WITH_ENGINE, WITHOUT_ENGINE):
        context = Context(viewer, graph.feeds, node_limit=limit)
        result = await schema.execute(document, context_value=context)
        codes = [str((error.extensions or {})["code"]) for error in result.errors or ()]
        found.append((body(result), codes))
    return found


@pytest.mark.parametrize(
    ("document", "count"),
    [
        # 2 teams, 2 people in each, both teams of each of these, and 2 people in each of those 8.
        (TEAMS, 2 + 4 + 8 + 16),
        (
            "{ organization { people { nodes { name teams { name } } edges { node { id } } totalCount } } }",
            2 + 4,
        ),
        ("{ organization { company { name members { name } } teams { id } } }", 2 + 2),
    ],
)
async def test_an_operation_may_return_so_many_items_of_lists_and_no_more(graph, document, count) -> None:
    org = await make_organization("acme")
    growth = await org.team("Growth")
    roles = {org.company: MemberRole.MEMBER, growth: MemberRole.MEMBER}
    ada = await org.person("Ada", roles)
    await org.person("Bo", roles)
    taken = WITH_ENGINE.engine.counts.taken
    within, same = await answers(graph, ada, count, document)
    assert within == same
    assert (within[1], WITH_ENGINE.engine.counts.taken) == ([], taken + 1)
    beyond, same = await answers(graph, ada, count - 1, document)
    assert beyond == same
    assert set(beyond[1]) == {"LIMIT_EXCEEDED"}
