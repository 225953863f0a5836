"""Makes what the scenario of writes needs: people with a key result of their own, in one organisation and in many."""

import asyncio
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

from benchmarks.reference_data import CYCLE_END, CYCLE_START, SLUG, Row, row, write_csv
from okrgraph.events.database import fetch_all, opened
from okrgraph.kit.ids import global_id
from okrgraph.people.tokens import create_token
from okrgraph.settings import load_settings
from okrgraph.transfer.importing import import_file

OWNED = """
SELECT DISTINCT ON (p.email) p.email, k.id FROM key_result k
JOIN objective b ON b.id = k.objective_id AND b.state = 'PUBLISHED'
JOIN person p ON p.id = k.owner_id AND p.status = 'ACTIVE'
JOIN organization o ON o.id = p.organization_id
WHERE o.slug = :slug ORDER BY p.email, k.id LIMIT :count
"""


def rows_of(number: int) -> Iterator[Row]:
    """The smallest organisation in which somebody can check in."""
    slug, email = f"small-{number:03}", f"lead@small-{number:03}.example"
    yield row("organization", slug, title=slug, time_zone="Europe/Berlin")
    yield row("team", f"{slug}-company", title=slug, kind="COMPANY")
    yield row("person", email, title="Lead", team=f"{slug}-company:LEAD", kind="ADMIN")
    dates = {"start": CYCLE_START.isoformat(), "target": CYCLE_END.isoformat()}
    yield row("cycle", f"{slug}-cycle", title="Q4", state="ACTIVE", kind="QUARTER", **dates)
    shared = {"owner": email, "cycle": f"{slug}-cycle"}
    objective = f"{slug}-objective"
    yield row(
        "objective",
        objective,
        title="Grow",
        why_now="Because.",
        kind="COMPANY",
        state="PUBLISHED",
        team=f"{slug}-company",
        **shared,
    )
    yield row(
        "key_result",
        f"{slug}-key-result",
        parent=objective,
        title="Customers from 10 to 20",
        owner=email,
        metric="NUMBER",
        start="10",
        target="20",
    )


async def workplaces(slug: str, count: int) -> list[tuple[str, str]]:
    """Give (token, id of a key result) for people of an organisation who own one."""
    found = await fetch_all(OWNED, slug=slug, count=count)
    return [(await create_token(slug, email), global_id("KeyResult", key)) for email, key in found]


async def main(one: int, many: int) -> dict[str, list[tuple[str, str]]]:
    """Give the (token, key result) pairs of one organisation and of many."""
    async with opened(load_settings().database):
        found = {"one": await workplaces(SLUG, one), "many": list[tuple[str, str]]()}
        for number in range(many):
            text = io.StringIO(newline="")
            write_csv(rows_of(number), text)
            await import_file(io.BytesIO(text.getvalue().encode()))
            found["many"] += await workplaces(f"small-{number:03}", 1)
    return found


if __name__ == "__main__":
    made = asyncio.run(main(int(sys.argv[2]), int(sys.argv[3])))
    Path(sys.argv[1]).write_bytes(orjson.dumps(made))
