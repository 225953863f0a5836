"""Keys of entities: time-ordered UUIDs inside, opaque typed text outside."""

import re
from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

OrganizationId = NewType("OrganizationId", UUID)
TeamId = NewType("TeamId", UUID)
PersonId = NewType("PersonId", UUID)
TokenId = NewType("TokenId", UUID)
CycleId = NewType("CycleId", UUID)
ObjectiveId = NewType("ObjectiveId", UUID)
KeyResultId = NewType("KeyResultId", UUID)
CheckInId = NewType("CheckInId", UUID)
LinkId = NewType("LinkId", UUID)
CommentId = NewType("CommentId", UUID)

# The prefix is part of the public id: an id of one type is never taken for an id of another.
PREFIX_OF_TYPE = {
    "Organization": "org",
    "Team": "team",
    "Person": "per",
    "Cycle": "cyc",
    "Objective": "obj",
    "KeyResult": "kr",
    "CheckIn": "chk",
    "AlignmentLink": "lnk",
    "Comment": "cmt",
    "Dependency": "dep",
    "DependencyCheckIn": "dchk",
    "Liaison": "lia",
}
TYPE_OF_PREFIX = {prefix: name for name, prefix in PREFIX_OF_TYPE.items()}
_GLOBAL_ID = re.compile(r"([a-z]{2,4})_([0-9a-f]{32})", re.ASCII)


def new_key() -> UUID:
    """Make a key; keys made later in one process sort after earlier ones (UUID version 7)."""
    return uuid7()


def global_id(type_name: str, key: UUID) -> str:
    """Write a key as the public id of its type, e.g. `obj_0192...` (a prefix and 32 hexadecimal digits)."""
    return f"{PREFIX_OF_TYPE[type_name]}_{key.hex}"


def read_global_id(text: str) -> tuple[str, UUID] | None:
    """Read a public id into (type name, key); None when it is not one that `global_id` writes."""
    match = _GLOBAL_ID.fullmatch(text)
    if match is None or match[1] not in TYPE_OF_PREFIX:
        return None
    return TYPE_OF_PREFIX[match[1]], UUID(hex=match[2])
