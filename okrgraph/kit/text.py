"""Checks of what people type: text that a database can hold, of a bounded length."""

import re

from okrgraph.kit.errors import invalid

TITLE_LENGTH = 500
TEXT_LENGTH = 20_000
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """PostgreSQL stores no NUL, and half a surrogate pair is no character."""
    return _NO_TEXT.search(text) is None


def required_text(text: str | None, field: str, what: str, longest: int = TITLE_LENGTH) -> str:
    """The text without surrounding blanks. Raises DomainError INVALID when nothing is left or it is too long."""
    kept = (text or "").strip()
    if not kept:
        raise invalid(f"{what} must not be empty.", field)
    return _checked(kept, field, what, longest)


def optional_text(text: str | None, field: str, what: str, longest: int = TEXT_LENGTH) -> str | None:
    """The text as given, None when it is blank. Raises DomainError INVALID when it is too long."""
    if text is None or not text.strip():
        return None
    return _checked(text, field, what, longest)


def _checked(text: str, field: str, what: str, longest: int) -> str:
    if len(text) > longest:
        raise invalid(f"{what} may have at most {longest:,} characters; this has {len(text):,}.", field)
    if not is_storable(text):
        raise invalid(f"{what} contains a character that is no text (NUL or half a surrogate pair).", field)
    return text
