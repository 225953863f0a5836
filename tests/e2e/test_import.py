import io
from pathlib import Path
from typing import Any

from okrgraph.events.database import fetch_all, opened
from okrgraph.people.tokens import create_token
from okrgraph.transfer.importing import import_file
from tests.databases import GivenDatabase
from tests.e2e.clients import client, socket
from tests.e2e.given_csv import SMALL, rows
from tests.e2e.program import Ended, Shared, ended, kill_while_writing, start

TREE = """{
  organization {
    name
    currentCycle { name }
    company { children { name members { name } } }
  }
  objectives {
    nodes { title state progress owner { email } whyNow keyResults { title currentValue confidence } }
  }
}"""
CHANGES = """subscription {
  changes {
    cursor
    changes {
      __typename
      ... on ObjectiveChanged { objective { title } }
      ... on Resync { reason }
    }
  }
}"""


# All that an import may write.
TABLES = (
    *("organization", "team", "person", "membership", "cycle", "objective", "objective_team", "key_result"),
    *("check_in", "alignment_link", "comment", "import_key", "change_log", "log_head"),
)


async def _import(
    text: str, *options: str, folder: Path, database: GivenDatabase, slug: str = "initech"
) -> Ended:
    """Import from standard input, which is all that a file is."""
    process = await start("import", "-", *options, folder=folder, database=database)
    return await ended(process, text.replace("initech", slug))


async def _given(database: GivenDatabase, slug: str = "initech") -> str:
    """Import SMALL in this process; returns a token of its one person."""
    async with opened(database.address):
        await import_file(io.BytesIO(SMALL.replace("initech", slug).encode()))
        return await create_token(slug, f"peter@{slug}.example")


async def _rows(database: GivenDatabase) -> dict[str, list[Any]]:
    """What stands in the database, as text."""
    async with opened(database.address):
        found = {table: await fetch_all(f"SELECT * FROM {table}") for table in TABLES}
    return {table: sorted(map(repr, map(tuple, rows))) for table, rows in found.items()}


async def test_an_imported_organisation_is_served_as_the_file_says(shared: Shared) -> None:
    done = await _import(SMALL, folder=shared.folder, database=shared.database, slug="served")
    async with opened(shared.database.address):
        token = await create_token("served", "peter@served.example")
    async with client(shared.server, token) as peter:
        tree = await peter.run(TREE)

    assert (done.status, done.output) == (
        0,
        (
            "Imported served:\n"
            "  check_in: 1 created, 0 changed, 0 unchanged\n"
            "  cycle: 1 created, 0 changed, 0 unchanged\n"
            "  key_result: 1 created, 0 changed, 0 unchanged\n"
            "  objective: 1 created, 0 changed, 0 unchanged\n"
            "  organization: 1 created, 0 changed, 0 unchanged\n"
            "  person: 1 created, 0 changed, 0 unchanged\n"
            "  team: 2 created, 0 changed, 0 unchanged\n"
        ),
    )
    assert tree == {
        "organization": {
            "name": "Initech",
            "currentCycle": {"name": "Quarter"},
            "company": {"children": [{"name": "Growth", "members": [{"name": "Peter"}]}]},
        },
        "objectives": {
            "nodes": [
                {
                    "title": "Grow",
                    "state": "PUBLISHED",
                    "progress": 0.25,
                    "owner": {"email": "peter@served.example"},
                    "whyNow": "Because the market is moving",
                    "keyResults": [{"title": "Customers", "currentValue": 25.0, "confidence": 4}],
                }
            ]
        },
    }


async def test_importing_the_same_file_again_changes_nothing(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    await _given(closed_database)
    before = await _rows(closed_database)

    again = await _import(SMALL, folder=tmp_path, database=closed_database)

    assert (again.status, again.output) == (
        0,
        (
            "Imported initech:\n"
            "  cycle: 0 created, 0 changed, 1 unchanged\n"
            "  key_result: 0 created, 0 changed, 1 unchanged\n"
            "  objective: 0 created, 0 changed, 1 unchanged\n"
            "  organization: 0 created, 0 changed, 1 unchanged\n"
            "  person: 0 created, 0 changed, 1 unchanged\n"
            "  team: 0 created, 0 changed, 2 unchanged\n"
        ),
    )
    assert await _rows(closed_database) == before


async def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    before = await _rows(closed_database)

    dry = await _import(SMALL, "--dry-run", folder=tmp_path, database=closed_database)

    assert dry.status == 0
    assert dry.output.startswith("Would import initech:\n  check_in: 1 created, ")
    assert await _rows(closed_database) == before


async def test_every_bad_row_is_named_with_line_column_and_reason_and_nothing_is_written(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    before = await _rows(closed_database)
    bad = SMALL.replace("100,25,4", "100,much,9").replace("Grow,growth,", "Grow,groth,")

    refused = await _import(bad, folder=tmp_path, database=closed_database)

    assert (refused.status, refused.output) == (1, "")
    problems = [line for line in refused.errors.splitlines() if line.startswith("line ")]
    assert problems == [
        "line 7, column team: There is no team with the key 'groth'.",
        "line 8, column confidence: Confidence is a whole number from 1 (will miss) to 5 (certain), not '9'.",
        "line 8, column current: 'much' is not a number; write it like 1234.5.",
    ]
    assert refused.errors.splitlines()[-1] == "Nothing was written: 3 problems in -."
    assert await _rows(closed_database) == before


async def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    for name, reason in (("absent.csv", "No such file or directory"), (".", "Is a directory")):
        process = await start("import", name, folder=tmp_path, database=sqlite_file)

        assert (await ended(process)).refusal() == f"The file {name} cannot be read ({reason})."


async def test_a_subscriber_of_a_running_server_hears_an_import_change_by_change(shared: Shared) -> None:
    token = await _given(shared.database, "heard")
    async with socket(shared.server, token) as live:
        await live.follow("all", CHANGES)
        text = SMALL.replace(",Grow,", ",Grow faster,")
        await _import(text, folder=shared.folder, database=shared.database, slug="heard")
        batch = await live.data("all")

    assert batch["changes"] == [{"__typename": "ObjectiveChanged", "objective": {"title": "Grow faster"}}]


async def test_a_subscriber_of_a_running_server_is_told_to_read_anew_after_a_large_import(
    shared: Shared,
) -> None:
    token = await _given(shared.database, "large")
    async with socket(shared.server, token) as live, client(shared.server, token) as peter:
        await live.follow("all", CHANGES)
        text = SMALL + "".join(rows(300))
        await _import(text, folder=shared.folder, database=shared.database, slug="large")
        batch = await live.data("all")
        count = await peter.run("{ objectives(first: 1) { totalCount } }")

    assert batch["changes"] == [{"__typename": "Resync", "reason": "BULK_CHANGE"}]
    assert count == {"objectives": {"totalCount": 301}}


async def test_kill_9_in_the_middle_of_an_import_leaves_the_organisation_as_before(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    await _given(closed_database)
    (tmp_path / "large.csv").write_text(SMALL.replace(",Grow,", ",Grow faster,") + "".join(rows(1_500)))
    before = await _rows(closed_database)

    kill_while_writing("large.csv", folder=tmp_path, database=closed_database)

    assert await _rows(closed_database) == before
    again = await ended(await start("import", "large.csv", folder=tmp_path, database=closed_database))
    assert again.status == 0
    assert "  objective: 1,500 created, 1 changed, 0 unchanged\n" in again.output
    assert await closed_database.unlogged_changes() == []
