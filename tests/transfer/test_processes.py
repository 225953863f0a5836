"""Imports as processes of their own: beside one another, beside a server, killed in the middle."""

import asyncio
import signal

import pytest

from benchmarks.reference_data import reference_rows
from okrgraph.events.database import opened
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.models import CheckIn, KeyResult, Objective
from okrgraph.people.tokens import create_token, viewer_of_token
from tests.processes import WAIT, run_together
from tests.transfer.files import TABLES, changed, kinds_in_log, load, okrs, one, organization, stand, text_of

IMPORT = f"""
import asyncio, os, signal, sys
from pathlib import Path
from okrgraph.events.database import DatabaseAddress, opened
from okrgraph.transfer.importing import import_file

url, path, *deadly = sys.argv[1:]

def progress(stage, done, total):
    if [stage] == deadly and 2 * done > total:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with opened(DatabaseAddress.parse(url)):
        {WAIT}
        result = await import_file(Path(path), progress=progress)
        print(sum(result.created.values()), sum(result.changed.values()))

asyncio.run(main())
"""


async def test_two_processes_that_import_the_same_new_organisation_make_one(closed_database, tmp_path):
    path = tmp_path / "acme.csv"
    path.write_text(text_of([*organization(), *okrs()]), encoding="utf-8")
    ended = await run_together(IMPORT, *[(closed_database.url, str(path))] * 2)
    assert [each.returncode for each in ended] == [0, 0], ended
    assert sorted(each.output for each in ended) == ["0 0\n", "13 0\n"]
    async with opened(closed_database.address):
        assert await one("SELECT count(*) FROM organization") == 1
        assert await kinds_in_log("acme") == ["Bulk"]


async def test_an_import_that_is_killed_while_it_writes_leaves_nothing(closed_database, tmp_path):
    path = tmp_path / "acme.csv"
    path.write_text(text_of([*organization(), *okrs()]), encoding="utf-8")
    (killed,) = await run_together(IMPORT, (closed_database.url, str(path), "writing"))
    assert killed.returncode == -signal.SIGKILL
    async with opened(closed_database.address):
        assert await stand() == {table: [] for table in TABLES}
        assert (await load([*organization(), *okrs()])).created["organization"] == 1


async def test_an_import_that_is_killed_over_existing_rows_changes_nothing(closed_database, tmp_path):
    rows = [*organization(), *okrs()]
    path = tmp_path / "acme.csv"
    path.write_text(text_of(changed(changed(rows, "grow", title="X"), "leads", title="Y")), encoding="utf-8")
    async with opened(closed_database.address):
        await load(rows)
        before = await stand()
    (killed,) = await run_together(IMPORT, (closed_database.url, str(path), "writing"))
    assert killed.returncode == -signal.SIGKILL
    async with opened(closed_database.address):
        assert await stand() == before


async def test_check_ins_beside_an_import_are_not_lost(closed_database, tmp_path):
    rows = [*organization(), *okrs()]
    path = tmp_path / "acme.csv"
    async with opened(closed_database.address):
        await load(rows)
        viewer = await viewer_of_token(await create_token("acme", "bo@acme.example"))
        leads = await KeyResult.get(title="Leads")
        for number in range(1, 4):
            target = {"target": str(200 + number), "title": f"Leads {number}"}
            path.write_text(text_of(changed(rows, "leads", **target)), encoding="utf-8")
            importing = asyncio.create_task(run_together(IMPORT, (closed_database.url, str(path))))
            done = 0
            while not importing.done():
                value = float(done % 200)
                await check_in(viewer, NewCheckIn(leads.id, confidence=done % 5 + 1, value=value))
                done += 1
                await asyncio.sleep(0)
            (ended,) = importing.result()
            assert (ended.returncode, ended.output) == (0, "0 1\n")
            now, last = await KeyResult.get(id=leads.id), await CheckIn.all().order_by("-id").first()
            assert (now.title, now.current_value, now.confidence) == (
                f"Leads {number}",
                last.value,
                last.confidence,
            )
            assert now.progress == last.value / (200 + number)
            assert (await Objective.get(title="Grow")).progress == pytest.approx(now.progress)
        entries = len(await kinds_in_log("acme"))
        assert await one("SELECT pos FROM log_head") == entries


async def test_the_reference_data_is_loaded_and_the_second_time_changes_nothing(database):
    first = await load(reference_rows())
    assert first.created["objective"] == 2_183
    assert first.created["key_result"] == 5_552
    assert first.created["comment"] == 6_000
    assert first.warnings == ()
    before = {table: await one(f"SELECT count(*) FROM {table}") for table in TABLES}
    again = await load(reference_rows())
    assert (again.created, again.changed) == ({}, {})
    assert {table: await one(f"SELECT count(*) FROM {table}") for table in TABLES} == before
    assert await one("SELECT max(version) FROM key_result") == 1
