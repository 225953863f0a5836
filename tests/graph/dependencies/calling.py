"""Changing dependencies through the schema, in few words."""

from typing import Any

from okrgraph.kit.ids import global_id
from tests.graph.conftest import Graph
from tests.two_teams import TwoTeams

FIELDS = """id version need acceptanceCriteria state health confidence neededBy neededByWeek promisedBy overdue
    consumerTeam { name } providerTeam { name } keyResult { title } objective { title } cycle { name }
    criticality offeredNeed note evidenceUrl riskOwner { name } createdBy { name } askedBy { name }
    attention { flag explanation } viewerActions
    checkIns { totalCount nodes { health confidence confidenceBefore promisedBy note answersAsk author { name } } }
    comments { totalCount nodes { body } }"""


COMMENT = """mutation($in: CommentCreateInput!) { commentCreate(input: $in) { comment { id subject { __typename id }
    replies { id } } userErrors { code field } } }"""


def payload(fields: str = "id version state") -> str:
    return f"{{ dependency {{ {fields} }} userErrors {{ code message field }} cursor }}"


async def call(graph: Graph, viewer: Any, name: str, key: Any = None, given: dict | None = None) -> dict:
    kind = name[0].upper() + name[1:]
    words = {"Draft": "Request", "Withdraw": "Reason", "Reopen": "Reason", "Start": "Step", "Ask": "Step"}
    word = kind.removeprefix("Dependency")
    input_type = f"Dependency{words.get(word, 'Step' if word == 'Cancel' else word)}Input"
    if key is None:
        document = f"mutation($in: {input_type}!) {{ {name}(input: $in) {payload()} }}"
        return (await graph.run(viewer, document, **{"in": given}))[name]
    document = f"mutation($id: ID!, $in: {input_type}!) {{ {name}(id: $id, input: $in) {payload()} }}"
    return (await graph.run(viewer, document, id=key, **{"in": given or {}}))[name]


def asked(teams: TwoTeams, **values: Any) -> dict:
    return {
        "need": "An API",
        "consumerTeamId": global_id("Team", teams.growth.id),
        "providerTeamId": global_id("Team", teams.platform.id),
        "keyResultId": global_id("KeyResult", teams.key_result.id),
        "neededByWeek": 6,
        **values,
    }
