"""Announcements as bytes between workers: signed, so that a channel which others can write to says nothing false."""

import hashlib
import hmac
from uuid import UUID

from okrgraph.events.broker import CARRIED_BYTES, Announcement

# One byte for the form, then the signature, the organisation, the head, and what there is of entries.
_FORM = b"\x01"
_SIGNATURE_BYTES = 16
_SIGNED_FROM = len(_FORM) + _SIGNATURE_BYTES
_HEAD_FROM = _SIGNED_FROM + 16
_ENTRIES_FROM = _HEAD_FROM + 8


def channel_of(organization_id: UUID) -> str:
    """The braces make a cluster keep all that an organisation says on one of its shards."""
    return f"okrgraph:{{{organization_id.hex}}}"


def organization_of(channel: bytes) -> UUID | None:
    """Read what `channel_of` wrote; None for any other channel."""
    try:
        return UUID(hex=channel.decode("ascii").removeprefix("okrgraph:{").removesuffix("}"))
    except ValueError:
        return None


def sealed(announcement: Announcement, key: bytes) -> bytes:
    plain = (
        announcement.organization_id.bytes
        + announcement.head.to_bytes(8, "big")
        + (announcement.entries or b"")
    )
    return _FORM + _signature(plain, key) + plain


def opened(data: object, organization_id: UUID, key: bytes) -> Announcement | None:
    """Read what `sealed` wrote with this key about this organisation; None for anything else.

    Another database that shares the server, and this one before it was restored, have another key.
    """
    if not isinstance(data, bytes) or not _ENTRIES_FROM <= len(data) <= _ENTRIES_FROM + CARRIED_BYTES:
        return None
    plain = data[_SIGNED_FROM:]
    if not data.startswith(_FORM) or not hmac.compare_digest(
        data[len(_FORM) : _SIGNED_FROM], _signature(plain, key)
    ):
        return None
    if data[_SIGNED_FROM:_HEAD_FROM] != organization_id.bytes:
        return None
    head = int.from_bytes(data[_HEAD_FROM:_ENTRIES_FROM], "big")
    return Announcement(organization_id, head, data[_ENTRIES_FROM:] or None)


def _signature(plain: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(plain, key=key, digest_size=_SIGNATURE_BYTES).digest()
