"""The demonstration organisation: a file whose dates are relative to the day on which it is loaded."""

import io
import re
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from okrgraph.events.database import fetch_one
from okrgraph.kit import clock
from okrgraph.transfer.importing import import_csv

SLUG = "kelderwick"
_DAY = re.compile(r"\{d([+-]\d{1,4})?\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DemonstrationPeople:
    """Three people of different roles, by e-mail address, and the slug of their organisation."""

    slug: str = SLUG
    administrator: str = "petra@kelderwick.example"
    lead: str = "olga@kelderwick.example"
    member: str = "hanna@kelderwick.example"


def demonstration_csv(today: date) -> str:
    """The file as it reads on a day.

    Its placeholders count from the Monday of that week: {d-38} and {d+7} are days, {quarter} names the
    calendar quarter that the Monday lies in, {last-quarter} the one before.
    """
    text = files("okrgraph.transfer").joinpath("demonstration.csv").read_text("utf-8")
    monday = today - timedelta(days=today.weekday())
    before = monday.replace(month=(monday.month - 1) // 3 * 3 + 1, day=1) - timedelta(days=1)
    text = text.replace("{quarter}", _quarter(monday)).replace("{last-quarter}", _quarter(before))
    return _DAY.sub(lambda match: (monday + timedelta(days=int(match[1] or 0))).isoformat(), text)


def _quarter(day: date) -> str:
    return f"Q{(day.month - 1) // 3 + 1} {day.year}"


async def fill_demonstration() -> DemonstrationPeople:
    """Load the demonstration organisation where it is not; one that is there keeps its days."""
    people = DemonstrationPeople()
    if await fetch_one("SELECT id FROM organization WHERE slug = :slug", slug=SLUG) is None:
        await import_csv(io.StringIO(demonstration_csv(clock.now().date()), newline=""))
    return people
