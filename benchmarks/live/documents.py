"""What the subscribers ask for and what the events say; one text for okrgraph and the peer."""

# The number of an event stands at a fixed place of its comment, so that the load client finds it without parsing.
MARK = b'"body":"bench-'
DIGITS = 9
_WORDS = (
    "the migration of the billing service waits for the review of the security team, which has two open "
    "questions; the figure of last week holds until then, and the forecast for the quarter has not changed. "
)
BODY_LENGTH = 240

COMMENT_FIELDS = "id version kind body createdAt"


def body_of(number: int, length: int = BODY_LENGTH) -> str:
    """The text of an event's comment."""
    text = f"bench-{number:0{DIGITS}} " + _WORDS * (length // len(_WORDS) + 1)
    return text[:length].rstrip().ljust(length, ".")


def subscription(*, alias: str = "", author: bool = False) -> str:
    """The document of one subscriber: an alias makes it another document, `author` adds a relation."""
    comment = COMMENT_FIELDS.replace("createdAt", f"{alias}: createdAt") if alias else COMMENT_FIELDS
    if author:
        comment += " author { id name }"
    meta = "cursor at clientMutationId"
    return f"""subscription Live($after: Cursor, $filter: ChangeFilter) {{
  changes(after: $after, filter: $filter) {{
    cursor replay conflated
    changes {{
      __typename
      ... on CommentChanged {{ {meta} subjectId comment {{ {comment} }} }}
      ... on ConfidenceChanged {{
        {meta} keyResult {{ id version progress confidence currentValue }} confidenceBefore confidenceAfter
      }}
      ... on KeyResultChanged {{ {meta} keyResult {{ id version progress confidence currentValue }} }}
      ... on ObjectiveChanged {{ {meta} objective {{ id version progress }} }}
      ... on EntityRemoved {{ cursor entityId }}
      ... on Checkpoint {{ cursor }}
      ... on Resync {{ cursor reason }}
    }}
  }}
}}"""


COMMENT_CREATE = """mutation Say($input: CommentCreateInput!) {
  commentCreate(input: $input) { comment { id } cursor userErrors { code message } }
}"""

CHECK_IN_CREATE = """mutation CheckIn($input: CheckInCreateInput!) {
  checkInCreate(input: $input) { checkIn { id } cursor userErrors { code message } }
}"""
