"""Text that a spreadsheet would run as a formula: defused by one more apostrophe, and restored."""

import re

# What starts a formula in one spreadsheet or another (OWASP, CSV injection), behind any apostrophes that
# the text begins with by itself: those must be told from ours. The last four are full-width = + - @.
_RUNS = r"[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]"
_DANGEROUS = re.compile(rf"'*{_RUNS}")
_GUARDED = re.compile(rf"'+{_RUNS}")


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet runs; `unguarded` gives the text back, whatever it was."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(cell: str) -> str:
    """The text that a cell stands for: a guard in front of a formula is taken off."""
    return cell[1:] if _GUARDED.match(cell) else cell
