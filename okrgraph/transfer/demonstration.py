"""The demonstration organisation: a file whose dates are relative to the day on which it is loaded."""

import io
import re
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from okrgraph.events.database import fetch_one
from okrgraph.kit import clock
from okrgraph.transfer.importing import import_file

SLUG = "kelderwick"
_DAY = re.compile(r"\{d([+-]\d{1,4})\}", re.ASCII)
_MONTHS = re.compile(r"\{months([+-]\d{1,4})([+-]\d{1,4})\}", re.ASCII)
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class DemonstrationPeople:
    """Three people of different roles, by e-mail address, and the slug of their organisation."""

    slug: str = SLUG
    administrator: str = "petra@kelderwick.example"
    lead: str = "olga@kelderwick.example"
    member: str = "hanna@kelderwick.example"


def demonstration_csv(today: date) -> str:
    """The file as it reads on a day.

    Its placeholders count days from the Monday of that week: {d-38} and {d+7} are dates, {months-56+34} is
    the name of a time between two of them, such as Sep to Dec 2026. Cycles are called by their months: the
    weeks that have passed are always the same, so they seldom are a quarter of the calendar.
    """
    text = files("okrgraph.transfer").joinpath("demonstration.csv").read_text("utf-8")
    monday = today - timedelta(days=today.weekday())

    def day(days: str) -> date:
        return monday + timedelta(days=int(days))

    text = _MONTHS.sub(lambda match: _months(day(match[1]), day(match[2])), text)
    return _DAY.sub(lambda match: day(match[1]).isoformat(), text)


def _months(first: date, last: date) -> str:
    start, end = (_MONTH_NAMES[day.month - 1] for day in (first, last))
    year = "" if first.year == last.year else f" {first.year}"
    return f"{start}{year} to {end} {last.year}"


async def fill_demonstration() -> DemonstrationPeople:
    """Load the demonstration organisation where it is not; one that is there keeps its days."""
    people = DemonstrationPeople()
    if await fetch_one("SELECT id FROM organization WHERE slug = :slug", slug=SLUG) is None:
        await import_file(io.BytesIO(demonstration_csv(clock.now().date()).encode()))
    return people
