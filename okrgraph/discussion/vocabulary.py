"""The closed word list of comments; words only, no rule."""

from enum import StrEnum


class CommentKind(StrEnum):
    COMMENT = "COMMENT"
    QUESTION = "QUESTION"
    CONCERN = "CONCERN"
    SUGGESTION = "SUGGESTION"
    SUPPORT = "SUPPORT"
    DECISION = "DECISION"


class SubjectType(StrEnum):
    """What can be commented on, by its type in the schema."""

    OBJECTIVE = "Objective"
    KEY_RESULT = "KeyResult"
    CHECK_IN = "CheckIn"
    ALIGNMENT_LINK = "AlignmentLink"
    DEPENDENCY = "Dependency"
