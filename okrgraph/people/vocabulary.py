"""The closed word lists of teams, persons and tokens; words only, no rule."""

from enum import StrEnum


class TeamKind(StrEnum):
    COMPANY = "COMPANY"
    DEPARTMENT = "DEPARTMENT"
    TEAM = "TEAM"


class PersonStatus(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    INVITED = "INVITED"
    EXTERNAL = "EXTERNAL"


class MemberRole(StrEnum):
    LEAD = "LEAD"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"


class TokenScope(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
