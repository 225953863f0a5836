"""Sentences that several checks of an import say alike."""

from collections.abc import Sequence

from okrgraph.transfer.formats.records import quoted

# More names than these make the sentence unreadable.
_NAMES_SHOWN = 6
ONE_LEVEL_OF_REPLIES = "Answer the comment at the top of the thread; replies have one level."


def circle_reason(names: Sequence[str]) -> str:
    """Why a row is refused that closes a circle. names: each stands under the next, the last under the first."""
    shown = [quoted(name) for name in names[:_NAMES_SHOWN]]
    if len(names) > _NAMES_SHOWN:
        shown.append("...")
    return f"This closes a circle: {' under '.join([*shown, quoted(names[0])])}."
