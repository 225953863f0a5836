import asyncio
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from okrgraph.events.database import opened
from okrgraph.transfer.demonstration import SLUG, fill_demonstration
from tests.databases import GivenDatabase, PostgresDatabases, SqliteDatabases
from tests.e2e.acme import Acme, make_acme
from tests.e2e.clients import client
from tests.e2e.given_csv import SMALL, rows
from tests.e2e.program import COMMAND, Ended, Shared, ended, environment_of, kill_while_writing, start
from tests.processes import ROOT
from tests.transfer.files import stand

COLUMNS = ROOT / "docs" / "examples" / "columns"
FORMATS = ["csv", "yaml", "json"]
EXPORT = f"{shlex.join(COMMAND)} export"
IMPORT = f"{shlex.join(COMMAND)} import"
TITLE = """mutation ($id: ID!, $title: String!) {
  objectiveUpdate(id: $id, input: {title: $title, reason: "Counted"}) { userErrors { message } }
}"""
COMMENT = """mutation ($subject: ID!, $body: String!) {
  commentCreate(input: {subjectId: $subject, body: $body}) { userErrors { code } }
}"""
PLAN = """\
# Initech OKRs

## Growth

- O1: Be where customers look (Peter)
    - KR1: Articles 3/12 pieces (confidence 2)
    - KR2: Leads 10 -> 50
        - Marketing: Three events
"""
REMARK = (
    "line 8: 'Marketing: Three events' was not understood and was left out. Below a key result stands an "
    "objective: with key results of its own, marked O: or with its team."
)
UNDERSTOOD = f"""\
5  Objective: Be where customers look (team Growth; owner Peter; cycle Quarter)
6    Key result: Articles 3/12 pieces (0 -> 12 pieces, now 3, confidence 2)
7    Key result: Leads 10 -> 50 (10 -> 50)
Not understood:
{REMARK}
Understood: 1 objective, 2 key results, 0 alignment links; 1 remark.
Would import initech:
  check_in: 1 created, 0 changed, 0 unchanged
  key_result: 2 created, 0 changed, 0 unchanged
  objective: 1 created, 0 changed, 0 unchanged
"""


@pytest.fixture
async def other_database(
    databases: SqliteDatabases | PostgresDatabases, tmp_path: Path
) -> AsyncIterator[GivenDatabase]:
    """A second migrated database of the same kind, with nothing in it."""
    folder = tmp_path / "other"
    folder.mkdir()
    async with databases.migrated(folder) as database:
        yield database


async def _run(*arguments: str, folder: Path, database: GivenDatabase) -> Ended:
    return await ended(await start(*arguments, folder=folder, database=database))


async def _shell(
    line: str, folder: Path, database: GivenDatabase, other: GivenDatabase | None = None
) -> Ended:
    """Run a line of the shell, in which $OTHER is the address of another database."""
    done = await asyncio.to_thread(
        subprocess.run,
        line,
        shell=True,
        cwd=folder,
        env=environment_of(database, {"OTHER": other.url} if other else {}),
        capture_output=True,
    )
    errors = done.stderr.decode()
    assert "Traceback" not in errors, errors
    return Ended(done.returncode, done.stdout.decode(), errors)


async def _stand(database: GivenDatabase) -> dict[str, list[tuple[object, ...]]]:
    async with opened(database.address):
        return await stand()


async def _fill(database: GivenDatabase) -> None:
    async with opened(database.address):
        await fill_demonstration()


async def _give_initech(database: GivenDatabase, folder: Path) -> None:
    (folder / "small.csv").write_text(SMALL)
    assert (await _run("import", "small.csv", folder=folder, database=database)).status == 0


def _names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _counts(done: Ended) -> dict[str, tuple[int, int, int]]:
    """What an import says at its end: created, changed and unchanged, by type."""
    assert done.status == 0, done
    pattern = r"^  (\w+): (\d+) created (\d+) changed (\d+) unchanged$"
    found = re.findall(pattern, done.output.replace(",", ""), re.MULTILINE)
    return {kind: (int(created), int(changed), int(unchanged)) for kind, created, changed, unchanged in found}


async def test_an_organisation_moves_from_one_database_to_another_by_a_file(
    closed_database: GivenDatabase, other_database: GivenDatabase, tmp_path: Path
) -> None:
    await _fill(closed_database)
    options = ("--organization", SLUG, "--format", "yaml", "--output")

    assert await _run("export", *options, "x.yaml", folder=tmp_path, database=closed_database) == Ended(
        0, "", ""
    )
    moved = await _run("import", "x.yaml", folder=tmp_path, database=other_database)
    await _run("export", *options, "y.yaml", folder=tmp_path, database=other_database)
    again = await _run("import", "x.yaml", folder=tmp_path, database=other_database)

    assert _counts(moved)["person"] == (62, 0, 0)
    assert (tmp_path / "y.yaml").read_bytes() == (tmp_path / "x.yaml").read_bytes()
    assert {counts[:2] for counts in _counts(again).values()} == {(0, 0)}
    assert await other_database.unlogged_changes() == []


@pytest.mark.parametrize("file_format", FORMATS)
async def test_an_export_can_be_piped_into_an_import(
    sqlite_file: GivenDatabase, postgres_databases: PostgresDatabases, file_format: str, tmp_path: Path
) -> None:
    await _fill(sqlite_file)
    export = f"{EXPORT} --organization {SLUG} --format {file_format}"
    async with postgres_databases.migrated(tmp_path) as other:
        line = f"{export} | OKRGRAPH_DATABASE_URL=$OTHER {IMPORT} - --format {file_format}"
        piped = await _shell(line, tmp_path, sqlite_file, other)
        before, after = await _shell(export, tmp_path, sqlite_file), await _shell(export, tmp_path, other)

    assert _counts(piped)["objective"] == (53, 0, 0)
    assert after == before


async def test_an_export_piped_into_its_own_organisation_changes_nothing(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    await _fill(closed_database)
    before = await _stand(closed_database)

    piped = await _shell(f"{EXPORT} --organization {SLUG} | {IMPORT} -", tmp_path, closed_database)

    assert {counts[:2] for counts in _counts(piped).values()} == {(0, 0)}
    assert await _stand(closed_database) == before


async def test_an_export_beside_a_server_shows_one_moment_of_what_is_being_written(
    shared: Shared, acme: Acme
) -> None:
    """Each round writes the title, then a comment: no export may see a comment without its title."""
    written = 0

    async def write() -> None:
        nonlocal written
        async with client(shared.server, acme.ada) as ada:
            while True:
                await ada.change(TITLE, id=acme.objective, title=f"{written + 1}")
                await ada.change(COMMENT, subject=acme.objective, body=f"{written + 1}")
                written += 1

    writing = asyncio.create_task(write())
    options = (f"--organization={acme.slug}", "--format=json")
    for _ in range(3):
        before = written
        done = await _run("export", *options, folder=shared.folder, database=shared.database)
        (objective,) = json.loads(done.output)["objectives"]
        comments = sorted(int(comment["title"]) for comment in objective.get("comments", ()))

        assert comments == [*range(1, len(comments) + 1)]
        assert before <= len(comments) <= written
        assert objective["title"] in {str(len(comments)), str(len(comments) + 1)}
        assert written > before, "nothing was written meanwhile"
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing


async def test_an_export_that_finds_no_room_leaves_the_old_file_as_it_was(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    await _fill(sqlite_file)
    old = tmp_path / "old.json"
    old.write_text("old")
    before = _names_in(tmp_path)

    # The largest file, in blocks of 512 bytes: enough for what SQLite opens beside a database, not for the export.
    line = f"ulimit -f 128; {EXPORT} --organization {SLUG} --output"
    refused = await _shell(f"{line} old.json", tmp_path, sqlite_file)
    device = await _shell(f"{line} /dev/full", tmp_path, sqlite_file)
    standard = await _shell(f"{line} - > /dev/full", tmp_path, sqlite_file)

    assert refused.refusal() == "The file old.json cannot be written (File too large)."
    assert device.refusal() == "The file /dev/full cannot be written (No space left on device)."
    assert standard.refusal() == "Standard output cannot be written (No space left on device)."
    assert old.read_text() == "old"
    assert _names_in(tmp_path) == before


async def test_the_format_is_the_one_that_is_named_else_that_of_the_files_name(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    await make_acme(sqlite_file)
    for name in ("a.json", "a.YML", "a.txt"):
        await _run("export", "--organization=acme", f"--output={name}", folder=tmp_path, database=sqlite_file)
        assert _counts(await _run("import", name, folder=tmp_path, database=sqlite_file))["objective"] == (
            0,
            0,
            1,
        )
    (tmp_path / "a.json").rename(tmp_path / "a.csv")

    named = await _run("import", "a.csv", "--format", "json", folder=tmp_path, database=sqlite_file)
    unnamed = await _run("import", "a.csv", folder=tmp_path, database=sqlite_file)

    assert _counts(named)["key_result"] == (0, 0, 1)
    assert (unnamed.status, unnamed.output) == (1, "")
    assert unnamed.errors.splitlines()[-1].startswith("Nothing was written: ")


async def test_a_csv_of_another_tool_is_imported_by_a_map_of_its_columns(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    for name in ("tracker.csv", "tracker.yaml"):
        shutil.copy(COLUMNS / name, tmp_path)
    arguments = ("import", "tracker.csv", "--columns", "tracker.yaml")

    first = await _run(*arguments, folder=tmp_path, database=closed_database)
    before = await _stand(closed_database)
    again = await _run(*arguments, folder=tmp_path, database=closed_database)
    without = await _run("import", "tracker.csv", folder=tmp_path, database=closed_database)

    assert first.output.startswith("Imported nightline:\n")
    assert {counts[1:] for counts in _counts(first).values()} == {(0, 0)}
    assert {counts[:2] for counts in _counts(again).values()} == {(0, 0)}
    assert "line 1, column Kind: Unknown column 'Kind'" in without.errors
    assert await _stand(closed_database) == before


async def test_an_outline_is_rehearsed_then_imported_and_changes_nothing_the_second_time(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    await _give_initech(closed_database, tmp_path)
    before = await _stand(closed_database)
    (tmp_path / "plan.md").write_text(PLAN)
    arguments = ("import", "plan.md", "--organization", "initech")

    dry = await _run(*arguments, "--dry-run", folder=tmp_path, database=closed_database)
    assert await _stand(closed_database) == before
    done = await _run(*arguments, folder=tmp_path, database=closed_database)
    after = await _stand(closed_database)
    again = await _run(*arguments, folder=tmp_path, database=closed_database)

    assert (dry.status, dry.output) == (0, UNDERSTOOD)
    assert _counts(done) == _counts(dry)
    assert REMARK in done.errors.splitlines()
    assert "Not understood" not in done.output
    assert {counts[:2] for counts in _counts(again).values()} == {(0, 0)}
    assert await _stand(closed_database) == after


async def test_options_that_do_not_fit_the_format_are_refused(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    (tmp_path / "small.csv").write_text(SMALL)
    (tmp_path / "small.yaml").write_text("organization: {key: initech}\n")
    (tmp_path / "plan.md").write_text(PLAN)
    shutil.copy(COLUMNS / "tracker.yaml", tmp_path)
    outline_only = "--cycle and --team are for an outline in Markdown; other files name them."
    refusals = {
        ("small.csv", "--cycle", "q"): outline_only,
        ("small.yaml", "--team", "growth"): outline_only,
        ("small.yaml", "--columns", "tracker.yaml"): "A map of columns is for CSV files.",
        ("plan.md", "--columns", "tracker.yaml"): "--columns is for a CSV file; an outline has none.",
        ("plan.md",): "Say by --organization whose objectives these are: an outline does not name it.",
    }
    for arguments, sentence in refusals.items():
        refused = await _run("import", *arguments, folder=tmp_path, database=sqlite_file)
        assert refused.refusal() == sentence


async def test_kill_9_in_the_middle_of_an_import_from_yaml_leaves_no_organisation_behind(
    closed_database: GivenDatabase, other_database: GivenDatabase, tmp_path: Path
) -> None:
    (tmp_path / "large.csv").write_text(SMALL + "".join(rows(1_500)))
    await _run("import", "large.csv", folder=tmp_path, database=other_database)
    options = ("--organization=initech", "--output=large.yaml")
    await _run("export", *options, folder=tmp_path, database=other_database)
    before = await _stand(closed_database)

    kill_while_writing("large.yaml", folder=tmp_path, database=closed_database)

    assert await _stand(closed_database) == before
    again = await _run("import", "large.yaml", folder=tmp_path, database=closed_database)
    assert _counts(again)["objective"] == (1_501, 0, 0)
    assert await closed_database.unlogged_changes() == []
