"""The closed word lists of dependencies; words only, no rule."""

from enum import StrEnum


class DependencyState(StrEnum):
    DRAFT = "DRAFT"
    REQUESTED = "REQUESTED"
    COUNTERED = "COUNTERED"
    ACCEPTED = "ACCEPTED"
    IN_PROGRESS = "IN_PROGRESS"
    DELIVERED = "DELIVERED"
    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    ESCALATED = "ESCALATED"
    CANCELED = "CANCELED"


class DependencyHealth(StrEnum):
    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    OFF_TRACK = "OFF_TRACK"
    BLOCKED = "BLOCKED"


class DependencyCriticality(StrEnum):
    BLOCKING = "BLOCKING"
    IMPORTANT = "IMPORTANT"
    NICE_TO_HAVE = "NICE_TO_HAVE"


class DependencyAction(StrEnum):
    """What somebody may do to a dependency; those of one name in several states are one action."""

    DRAFT = "DRAFT"
    REQUEST = "REQUEST"
    SUBMIT = "SUBMIT"
    EDIT = "EDIT"
    ACCEPT = "ACCEPT"
    COUNTER = "COUNTER"
    DECLINE = "DECLINE"
    START = "START"
    ASK = "ASK"
    CHECK_IN = "CHECK_IN"
    DELIVER = "DELIVER"
    CONFIRM = "CONFIRM"
    REOPEN = "REOPEN"
    WITHDRAW = "WITHDRAW"
    ESCALATE = "ESCALATE"
    SETTLE = "SETTLE"
    CANCEL = "CANCEL"


class DependencyFlag(StrEnum):
    """What follows from a dependency and the day, and wants attention."""

    OVERDUE = "OVERDUE"
    UNANSWERED = "UNANSWERED"
    ASK_OPEN = "ASK_OPEN"
    SLIP = "SLIP"
    UNOWNED_RISK = "UNOWNED_RISK"
    DEADLOCK = "DEADLOCK"


class Side(StrEnum):
    """For whom somebody acts on a dependency."""

    CONSUMER = "CONSUMER"
    PROVIDER = "PROVIDER"
    LEADERSHIP = "LEADERSHIP"
