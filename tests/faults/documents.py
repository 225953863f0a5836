"""The GraphQL that the clients of the fault tests speak, and how its answers are read."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.faults.history import Seen, content_of


def _parts(key_result: str, link: str) -> str:
    return f"""
fragment objectiveParts on Objective {{ __typename id version title state progress }}
fragment keyResultParts on KeyResult {{
  __typename id version title currentValue confidence progress {key_result}
}}
fragment checkInParts on CheckIn {{ __typename id value confidence note }}
fragment linkParts on AlignmentLink {{ __typename id version state kind {link} }}
fragment commentParts on Comment {{ __typename id version body kind resolvedAt deletedAt }}
"""


# What is the same for everybody: a feed that asks for no more is executed once for all.
PARTS = _parts("", "")
# What is read for each viewer: a feed that asks for it is executed for each subscriber.
PARTS_FOR_EACH = _parts("objective { id }", "child { id }")
_CHANGE = """
fragment change on Change {
  __typename
  ... on ChangeMeta { cursor clientMutationId }
  ... on ObjectiveChanged { objective { ...objectiveParts } }
  ... on KeyResultChanged { keyResult { ...keyResultParts } }
  ... on CheckInPublished { keyResultId checkIn { ...checkInParts } }
  ... on ConfidenceChanged { keyResult { ...keyResultParts } confidenceBefore confidenceAfter }
  ... on AlignmentLinkChanged { alignmentLink { ...linkParts } }
  ... on CommentChanged { subjectId comment { ...commentParts } }
  ... on CycleChanged { cycle { __typename id version name state } }
  ... on TeamChanged { team { __typename id version name } }
  ... on PersonChanged { person { __typename id version name } }
  ... on EntityRemoved { entityId }
  ... on AccessChanged { rootId granted }
  ... on Checkpoint { cursor }
  ... on Resync { cursor reason }
}"""
_BATCH = "{ cursor replay conflated changes { ...change } }"
_CHANGES = (
    f"subscription ($after: Cursor, $filter: ChangeFilter) {{ changes(after: $after, filter: $filter) {_BATCH} }}"
    + _CHANGE
)
CHANGES = _CHANGES + PARTS
CHANGES_FOR_EACH = _CHANGES + PARTS_FOR_EACH
# Each comment many times over: what fills the buffers of a connection soon.
CHANGES_AT_LENGTH = CHANGES.replace(
    "resolvedAt deletedAt", "resolvedAt deletedAt " + " ".join(f"again{number}: body" for number in range(12))
)
COMMENT_CHANGES = (
    f"subscription ($after: Cursor, $id: ID!) {{ commentChanges(subjectId: $id, after: $after) {_BATCH} }}"
    + _CHANGE
    + PARTS
)
CONFIDENCE_CHANGES = (
    f"subscription ($after: Cursor, $id: ID) {{ confidenceChanges(rootId: $id, after: $after) {_BATCH} }}"
    + _CHANGE
    + PARTS
)
SINCE = (
    "query ($after: Cursor!, $filter: ChangeFilter) { changesSince(after: $after, first: 200, filter: $filter) "
    "{ cursor hasMore changes { ...change } } }" + _CHANGE + PARTS_FOR_EACH
)
HEAD = "{ organization { cursor } }"

_PAGE = "pageInfo { hasNextPage endCursor }"
_COMMENTS = f"comments(first: 50) {{ nodes {{ ...commentParts replies {{ ...commentParts }} }} {_PAGE} }}"
_CHECK_INS = f"checkIns(first: 50) {{ nodes {{ ...checkInParts }} {_PAGE} }}"
_KEY_RESULT = f"...keyResultParts {_CHECK_INS} {_COMMENTS}"
_OBJECTIVE = (
    f"...objectiveParts keyResults {{ {_KEY_RESULT} }} {_COMMENTS} "
    "links(states: [PROPOSED, ACCEPTED, DECLINED, WITHDRAWN]) { ...linkParts }"
)
# organization.cursor is read before everything else of the answer.
STRUCTURE = """{ organization { cursor
  cycles { __typename id version name state } teams { __typename id version name }
  people(first: 100) { nodes { __typename id version name } }
} }"""
OBJECTIVES = (
    f"query ($after: String) {{ objectives(first: 25, after: $after) {{ nodes {{ {_OBJECTIVE} }} {_PAGE} }} }}"
    + PARTS
)
ONE_OBJECTIVE = f"query ($id: ID!) {{ objective(id: $id) {{ {_OBJECTIVE} }} }}" + PARTS
_MORE_COMMENTS = (
    f"comments(first: 100, after: $after) "
    f"{{ nodes {{ ...commentParts replies {{ ...commentParts }} }} {_PAGE} }}"
)
MORE_COMMENTS = (
    "query ($id: ID!, $after: String) { node(id: $id) { "
    f"... on Objective {{ {_MORE_COMMENTS} }} ... on KeyResult {{ {_MORE_COMMENTS} }} }} }}"
    "\nfragment commentParts on Comment { __typename id version body kind resolvedAt deletedAt }"
)
MORE_CHECK_INS = (
    "query ($id: ID!, $after: String) { node(id: $id) { ... on KeyResult { "
    f"checkIns(first: 100, after: $after) {{ nodes {{ ...checkInParts }} {_PAGE} }} }} }} }}"
    "\nfragment checkInParts on CheckIn { __typename id value confidence note }"
)

# Member of the feed -> its field with the entity.
_ENTITY_FIELDS = {
    "ObjectiveChanged": "objective",
    "KeyResultChanged": "keyResult",
    "CheckInPublished": "checkIn",
    "ConfidenceChanged": "keyResult",
    "AlignmentLinkChanged": "alignmentLink",
    "CommentChanged": "comment",
    "CycleChanged": "cycle",
    "TeamChanged": "team",
    "PersonChanged": "person",
}


def entity_in(change: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The entity that a member of a batch carries whole."""
    field = _ENTITY_FIELDS.get(change["__typename"])
    return change[field] if field is not None else None


def parent_in(change: Mapping[str, Any], node: Mapping[str, Any]) -> str | None:
    """What an entity hangs on, and is dropped with, where the document asks for it."""
    match node["__typename"]:
        case "KeyResult":
            return str(node["objective"]["id"]) if "objective" in node else None
        case "CheckIn":
            return str(change["keyResultId"])
        case "Comment":
            return str(change["subjectId"])
        case "AlignmentLink":
            return str(node["child"]["id"]) if "child" in node else None
        case _:
            return None


def seen(change: Mapping[str, Any], position: int) -> Seen:
    """A member of a batch, for the history."""
    typename = change["__typename"]
    mutation_id = change.get("clientMutationId")
    node = entity_in(change)
    if node is None:
        entity = change.get("entityId") or change.get("rootId") or ""
        return Seen(
            typename,
            position,
            entity,
            mutation_id=mutation_id,
            granted=change.get("granted"),
            reason=change.get("reason", ""),
        )
    content = content_of(node["__typename"], node)
    if typename == "ConfidenceChanged":
        content = [content, change["confidenceBefore"], change["confidenceAfter"]]
    return Seen(typename, position, node["id"], node.get("version", 1), mutation_id, content)


def nodes_below(objective: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """An objective of OBJECTIVES and all that hangs on it, each with what it hangs on."""
    yield objective, None
    key = objective["id"]
    for link in objective["links"]:
        yield link, key
    yield from _comments(objective["comments"]["nodes"], key)
    for key_result in objective["keyResults"]:
        yield key_result, key
        for check_in in key_result["checkIns"]["nodes"]:
            yield check_in, key_result["id"]
        yield from _comments(key_result["comments"]["nodes"], key_result["id"])


def _comments(comments: list[dict[str, Any]], subject: str) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    for comment in comments:
        yield comment, subject
        for reply in comment["replies"]:
            yield reply, subject
