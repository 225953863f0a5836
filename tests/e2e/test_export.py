import asyncio
import json
import shlex
import subprocess
from pathlib import Path

from okrgraph.events.database import opened
from okrgraph.okrs.models import Objective
from tests.databases import GivenDatabase
from tests.e2e.acme import Acme, make_acme
from tests.e2e.clients import client
from tests.e2e.program import COMMAND, Ended, Shared, ended, environment_of, start
from tests.transfer.exported import exported

TITLE = """mutation ($id: ID!, $title: String!) {
  objectiveUpdate(id: $id, input: {title: $title, reason: "Said better"}) { userErrors { message } }
}"""


async def _export(*arguments: str, folder: Path, database: GivenDatabase, **settings: str) -> Ended:
    return await ended(await start("export", *arguments, folder=folder, database=database, **settings))


def _names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_an_export_stands_on_standard_output_as_utf_8_whatever_the_locale(
    shared: Shared, acme: Acme
) -> None:
    async with client(shared.server, acme.ada) as ada:
        await ada.change(TITLE, id=acme.objective, title="Wächst, \u202f\U0001f331")
    async with opened(shared.database.address):
        expected = await exported(acme.slug)
    assert "Wächst" in expected

    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = await _export(
        f"--organization={acme.slug}", folder=shared.folder, database=shared.database, **plain
    )

    assert done == Ended(0, expected, "")


async def test_beside_a_server_each_export_shows_what_was_committed_before_it(
    shared: Shared, acme: Acme, tmp_path: Path
) -> None:
    async with client(shared.server, acme.ada) as ada:
        for title in ("One", "Two"):
            await ada.change(TITLE, id=acme.objective, title=title)
            path = tmp_path / f"{title}.json"
            options = (f"--organization={acme.slug}", f"--output={path}")
            assert await _export(*options, folder=tmp_path, database=shared.database) == Ended(0, "", "")
            (objective,) = json.loads(path.read_text(encoding="utf-8"))["objectives"]
            assert (objective["key"], objective["title"]) == (acme.objective, title)


async def test_the_format_that_is_named_goes_before_the_one_of_the_files_name(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    await make_acme(sqlite_file)
    for options, start_of_file in {
        ("--output=a.yml",): "organization:\n  key: acme\n",
        ("--output=a.yml", "--format=json"): '{\n  "organization": {',
        ("--output=a.txt",): "type,key,parent,",
    }.items():
        done = await _export("--organization=acme", *options, folder=tmp_path, database=sqlite_file)
        assert done == Ended(0, "", "")
        path = tmp_path / options[0].removeprefix("--output=")
        assert path.read_text(encoding="utf-8").startswith(start_of_file)
    named = await _export("--organization=acme", "--output=-", folder=tmp_path, database=sqlite_file)
    assert named.output.startswith("type,key,parent,")


async def test_what_cannot_be_exported_is_refused_and_an_old_file_stays(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    await make_acme(sqlite_file)
    old = tmp_path / "old.csv"
    old.write_text("old")
    refusals = {
        ("--organization=globex", "--output=old.csv"): (
            "There is no organisation 'globex'; import one first."
        ),
        ("--organization=acme", "--output=okrs.md"): (
            "Markdown can be imported only; export as csv, yaml or json."
        ),
        ("--organization=acme", "--output=nowhere/okrs.csv"): (
            "The file nowhere/okrs.csv cannot be written (No such file or directory)."
        ),
    }
    before = _names_in(tmp_path)
    for arguments, sentence in refusals.items():
        refused = await _export(*arguments, folder=tmp_path, database=sqlite_file)
        assert refused.refusal() == sentence
    assert old.read_text() == "old"
    assert _names_in(tmp_path) == before


async def test_a_reader_that_leaves_early_gets_no_complaint(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    acme = await make_acme(sqlite_file)
    async with opened(sqlite_file.address):
        objective = await Objective.get()
        for _ in range(20):
            await acme.organization.comment(acme.viewers[0], objective, "x" * 10_000)
    done = await asyncio.to_thread(
        subprocess.run,
        f"{shlex.join(COMMAND)} export --organization acme | head -c 100",
        shell=True,
        cwd=tmp_path,
        env=environment_of(sqlite_file, {}),
        capture_output=True,
    )

    assert (len(done.stdout), done.stderr) == (100, b"")
