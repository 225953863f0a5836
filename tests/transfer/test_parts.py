"""An import cut into the smallest parts does what it does in one: every rule looks across parts."""

import io
import re
from datetime import date

import pytest

from okrgraph.transfer import parts, run
from okrgraph.transfer.demonstration import SLUG, demonstration_csv
from okrgraph.transfer.export.exporting import export
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.importing import ImportResult, import_file
from tests.transfer.files import changed, kinds_in_log, load, okrs, organization, refusal_of, row, stand

TODAY = date(2026, 11, 22)
WHOLE = [*organization(), *okrs()]


@pytest.fixture
def smallest(monkeypatch):
    """Parts of one row, or of one objective with what hangs on it."""
    for name in ("_ROWS", "_OBJECTIVES", "_KEY_RESULTS"):
        monkeypatch.setattr(parts, name, 1)
    monkeypatch.setattr(run, "_ROWS_TO_COUNT", 100)


async def _demonstration(slug: str) -> tuple[ImportResult, str]:
    """Load the demonstration under a slug; its result, and the export."""
    text = demonstration_csv(TODAY).replace(f"organization,{SLUG},", f"organization,{slug},", 1)
    result = await import_file(io.BytesIO(text.encode()), today=TODAY)
    written: list[str] = []
    await export(slug, FileFormat.CSV, written.append)
    return result, "".join(written).replace(f"organization,{slug},", f"organization,{SLUG},", 1)


async def test_the_smallest_parts_make_the_organisation_that_one_makes(database, request):
    whole, expected = await _demonstration("whole")
    request.getfixturevalue("smallest")
    cut, found = await _demonstration("cut")
    assert (cut.created, cut.warnings) == (whole.created, whole.warnings)
    assert _without_moments_of_import(found) == _without_moments_of_import(expected)


def _without_moments_of_import(text: str) -> list[str]:
    """The lines, but for the moments that the two imports gave to what names none."""
    return re.sub(r"T\d\d:\d\d:\d\d\.\d{6}Z", "TnowZ", text).splitlines()


async def test_the_same_file_again_changes_nothing_in_the_smallest_parts(database, smallest):
    rows = changed(WHOLE, "leads", current="50", confidence="4")
    await load(rows)
    before = await stand()
    again = await load(rows)
    assert (again.created, again.changed) == ({}, {})
    assert await stand() == before


async def test_what_several_parts_change_has_one_version_and_one_entry(database, smallest):
    await load(WHOLE)
    rows = changed(WHOLE, "grow", title="Grow faster", parent="win")
    result = await load(rows)
    assert (result.created, result.changed) == ({"link": 1}, {"objective": 1})
    entries = await kinds_in_log("acme", after=1)
    assert entries == ["ObjectiveChanged", "AlignmentLinkChanged", "AlignmentLinkChanged"]


async def test_faults_of_every_part_are_told_in_one_run_and_nothing_is_written(database, smallest):
    rows = [
        *changed(changed(WHOLE, "growth", kind="GROUP"), "cy@acme.example", parent="dee@acme.example"),
        row("key_result", "x", title="X", parent="grow", start="much"),
        row("check_in", "y", parent="leads", owner="eve@acme.example", confidence="3"),
        row("link", "z", child="win", parent="calls"),
        row("comment", "c", parent="nothing", owner="bo@acme.example", title="C"),
        row("objective", "b", title="B", team="growth", cycle="q5", parent="nobody"),
        row("key_result", "k", title="K", parent="b", target="ten"),
    ]
    before = await stand()
    assert await refusal_of(rows) == [
        "line 4, column kind: 'GROUP' is none of COMPANY, DEPARTMENT, TEAM.",
        "line 7, column parent: There is no person with the e-mail address 'dee@acme.example'.",
        "line 14, column start: 'much' is not a number; write it like 1234.5.",
        "line 15, column owner: There is no person with the e-mail address 'eve@acme.example'.",
        (
            "line 17, column parent: There is no objective or key result or check-in or link or dependency "
            "with the key 'nothing'."
        ),
        "line 18, column cycle: There is no cycle with the key 'q5'.",
        "line 18, column parent: There is no key result or objective with the key 'nobody'.",
        "line 19, column target: 'ten' is not a number; write it like 1234.5.",
    ]
    assert await stand() == before


async def test_a_circle_through_several_parts_is_told(database, smallest):
    rows = [*WHOLE, row("link", "z", child="win", parent="calls")]
    assert await refusal_of(rows) == [
        "line 14, column parent: This closes a circle: 'win' under 'calls' under 'grow' under 'deals' under 'win'."
    ]
