"""Import files for tests, and what an import leaves in a database."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from okrgraph.events.database import fetch_all, fetch_one
from okrgraph.transfer.formats.records import COLUMNS
from okrgraph.transfer.importing import ImportRefused, ImportResult, import_file

Row = Mapping[str, str]

TABLES = (
    *("organization", "team", "person", "membership", "cycle", "objective", "objective_team", "key_result"),
    *(
        "alignment_link",
        "check_in",
        "dependency",
        "dependency_check_in",
        "liaison",
        "comment",
        "import_key",
        "log_head",
        "change_log",
    ),
)


def row(of_type: str, key: str = "", /, **cells: str) -> Row:
    return {"type": of_type, "key": key, **cells}


def organization(slug: str = "acme") -> list[Row]:
    """A company with a team below it, three people and a running quarter."""
    return [
        row("organization", slug, title="Acme", time_zone="Europe/Oslo"),
        row("team", "company", title="Acme"),
        row("team", "growth", title="Growth", parent="company"),
        row("person", "ada@acme.example", title="Ada", team="company:LEAD", kind="ADMIN"),
        row("person", "bo@acme.example", title="Bo", team="growth:LEAD", parent="ada@acme.example"),
        row("person", "cy@acme.example", title="Cy", team="growth;company:VIEWER", parent="bo@acme.example"),
        row("cycle", "q4", title="Q4 2026", start="2026-10-05", target="2027-01-03", state="ACTIVE"),
    ]


def okrs() -> list[Row]:
    """A company objective and one that supports its key result."""
    return [
        row("objective", "win", title="Win", team="company", owner="ada@acme.example", cycle="q4"),
        row("key_result", "deals", title="Deals", parent="win", start="0", target="10"),
        row(
            "objective",
            "grow",
            title="Grow",
            team="growth",
            owner="bo@acme.example",
            cycle="q4",
            parent="deals",
        ),
        row("key_result", "leads", title="Leads", parent="grow", start="0", target="200", weight="3"),
        row("key_result", "calls", title="Calls", parent="grow", start="0", target="50"),
    ]


def changed(rows: Iterable[Row], key: str, **cells: str) -> list[Row]:
    """The same rows, one of them with other cells."""
    return [{**each, **cells} if each["key"] == key else each for each in rows]


def text_of(rows: Iterable[Row]) -> str:
    """A file with every column, so that the line of a row is its place plus two."""
    output = io.StringIO()
    writer = csv.DictWriter(output, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return output.getvalue()


async def load(rows: Iterable[Row], **options: Any) -> ImportResult:
    return await import_file(io.BytesIO(text_of(rows).encode("utf-8", "surrogatepass")), **options)


async def refusal_of(rows: Iterable[Row], **options: Any) -> list[str]:
    """The problems of a file that is refused."""
    try:
        await load(rows, **options)
    except ImportRefused as refused:
        return [str(problem) for problem in refused.problems]
    raise AssertionError("the file was imported")


async def stand() -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database, to compare before and after."""
    tables = {}
    for table in TABLES:
        rows = await fetch_all(f"SELECT * FROM {table}")
        tables[table] = sorted(tuple(map(str, row)) for row in rows)
    return tables


async def kinds_in_log(slug: str, after: int = 0) -> list[str]:
    rows = await fetch_all(
        "SELECT l.kind FROM change_log l JOIN organization o ON o.id = l.organization_id "
        "WHERE o.slug = :slug AND l.pos > :after ORDER BY l.pos",
        slug=slug,
        after=after,
    )
    return [row[0] for row in rows]


async def one(sql: str, **params: object) -> Any:
    """The only value of a statement."""
    found = await fetch_one(sql, **params)
    assert found is not None, sql
    return found[0]
