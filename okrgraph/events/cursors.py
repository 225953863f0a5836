"""Cursors: a position in one organisation's log of one database, as opaque text."""

import base64
import binascii
import re
from dataclasses import dataclass
from uuid import UUID

_TEXT = re.compile(r"v1\|([0-9a-f]{32})\|([0-9a-f]{16})\|(0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """`epoch`: which history the position belongs to; another one after a restore or failover."""

    organization_id: UUID
    epoch: str
    position: int

    def encode(self) -> str:
        text = f"v1|{self.organization_id.hex}|{self.epoch}|{self.position}"
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(text: str) -> Cursor | None:
    """Read a cursor that `Cursor.encode` wrote; None for any other text."""
    if len(text) > 200:
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    match = _TEXT.fullmatch(plain)
    if match is None:
        return None
    cursor = Cursor(UUID(hex=match[1]), match[2], int(match[3]))
    return cursor if cursor.encode() == text else None
