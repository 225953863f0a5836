"""The closed word lists of cycles, objectives, key results and links; words only, no rule."""

from enum import StrEnum


class CycleState(StrEnum):
    PLANNING = "PLANNING"
    ALIGNING = "ALIGNING"
    ACTIVE = "ACTIVE"
    REVIEW = "REVIEW"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"


class CycleKind(StrEnum):
    ANNUAL = "ANNUAL"
    QUARTER = "QUARTER"
    CUSTOM = "CUSTOM"
    BACKLOG = "BACKLOG"


class ObjectiveLevel(StrEnum):
    COMPANY = "COMPANY"
    DEPARTMENT = "DEPARTMENT"
    TEAM = "TEAM"
    INDIVIDUAL = "INDIVIDUAL"


class ObjectiveState(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"


class CloseOutcome(StrEnum):
    ACHIEVED = "ACHIEVED"
    PARTIALLY_ACHIEVED = "PARTIALLY_ACHIEVED"
    MISSED = "MISSED"
    POSTPONED = "POSTPONED"
    CANCELED = "CANCELED"


class AlignmentBasis(StrEnum):
    TOP = "TOP"
    LINKED = "LINKED"
    WHY_NOW_AGREED = "WHY_NOW_AGREED"
    OTHER_PURPOSE = "OTHER_PURPOSE"
    UNALIGNED = "UNALIGNED"


class MetricKind(StrEnum):
    NUMBER = "NUMBER"
    PERCENT = "PERCENT"
    CURRENCY = "CURRENCY"
    DURATION = "DURATION"
    RATE = "RATE"
    BINARY = "BINARY"
    MILESTONE = "MILESTONE"
    GUARDRAIL_MIN = "GUARDRAIL_MIN"
    GUARDRAIL_MAX = "GUARDRAIL_MAX"
    CORRIDOR = "CORRIDOR"
    ORDINAL = "ORDINAL"
    BASELINE = "BASELINE"


class LinkKind(StrEnum):
    CONTRIBUTES = "CONTRIBUTES"
    SUPPORTS = "SUPPORTS"
    RELATES = "RELATES"


class LinkState(StrEnum):
    PROPOSED = "PROPOSED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


class LinkTestAnswer(StrEnum):
    YES = "YES"
    MAYBE = "MAYBE"
    NO = "NO"
    UNANSWERED = "UNANSWERED"
