"""What a key of an import file may look like."""

import re

from okrgraph.kit.text import is_storable
from okrgraph.transfer.formats.records import LIST_SEPARATOR, Record, RecordType, quoted, with_article

KEY_LENGTH = 320
# Enough to catch a name or a slip in place of an address; whether one is real only a letter can tell.
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def key_refusal(record: Record, key: str | None) -> str | None:
    """Why a row cannot be known by this key; None when it can."""
    if key is None:
        if record.type is RecordType.LINK:
            return None
        return f"{with_article(record.type).capitalize()} needs a key."
    if len(key) > KEY_LENGTH:
        return f"A key may have at most {KEY_LENGTH} characters; this has {len(key):,}."
    if LIST_SEPARATOR in key or not is_storable(key):
        return f"A key may not contain {LIST_SEPARATOR!r}, which separates keys, or what is no text."
    if record.type is RecordType.PERSON and _ADDRESS.fullmatch(key) is None:
        return f"{quoted(key)} is not an e-mail address."
    return None
