"""The one source of the current time, so that tests can hold it still."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

# Beyond these years a date is a slip of the pen, and some are beyond what a database can hold.
EARLIEST_YEAR, LATEST_YEAR = 1970, 2199

_source: ContextVar[Callable[[], datetime] | None] = ContextVar("clock_source", default=None)


def now() -> datetime:
    """Return the current time, timezone-aware, in UTC."""
    source = _source.get()
    return source() if source is not None else datetime.now(UTC)


@contextmanager
def held_at(moment: datetime) -> Iterator[None]:
    """Hold the clock at a timezone-aware moment for what runs inside (tests, the demonstration's dates)."""
    if moment.tzinfo is None:
        raise ValueError("a clock can only be held at a timezone-aware moment")
    token = _source.set(lambda: moment)
    try:
        yield
    finally:
        _source.reset(token)
