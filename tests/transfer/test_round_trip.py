"""Export, import into an empty database, export again: the same bytes, and the same organisation."""

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.reference_data import reference_rows, write_csv
from okrgraph.kit import clock
from okrgraph.transfer.demonstration import SLUG, demonstration_csv
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.importing import ImportResult, import_file
from tests.databases import GivenDatabase, PostgresDatabases, SqliteDatabases, open_and_audited
from tests.transfer.exported import MONDAY, TUESDAY, exported, make_acme
from tests.transfer.files import load, okrs, one, organization, row, stand
from tests.transfer.meaning import meaning, order_of_things

Databases = SqliteDatabases | PostgresDatabases
Exports = dict[FileFormat, str]

WRITTEN = [FileFormat.CSV, FileFormat.YAML, FileFormat.JSON]
KINDS = ["sqlite", "postgres"]
# In the middle of the quarter of the reference data.
FIRST_IMPORT = datetime(2026, 11, 18, 9, 30, 15, 123_456, tzinfo=UTC)


@pytest.fixture
def source_databases(request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue(f"{request.param}_databases")
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@asynccontextmanager
async def _empty(databases: Databases, folder: Path) -> AsyncIterator[GivenDatabase]:
    """A migrated database with nothing in it, open and audited."""
    async with databases.migrated(_made(folder)) as database, open_and_audited(database):
        yield database


@contextmanager
def _a_day_later() -> Iterator[None]:
    with clock.held_at(FIRST_IMPORT + timedelta(days=1)):
        yield


async def _load(text: str, file_format: FileFormat) -> ImportResult:
    return await import_file(io.BytesIO(text.encode()), file_format=file_format)


async def _exports(slug: str) -> Exports:
    return {file_format: await exported(slug, file_format) for file_format in WRITTEN}


async def _fill_with_demonstration() -> Exports:
    with clock.held_at(FIRST_IMPORT):
        await _load(demonstration_csv(FIRST_IMPORT.date()), FileFormat.CSV)
    return await _exports(SLUG)


async def _assert_nothing_changes(text: str, file_format: FileFormat) -> None:
    """Importing this into the organisation that it came from finds everything and writes nothing."""
    before = await stand()
    result = await _load(text, file_format)
    assert (dict(result.created), dict(result.changed)) == ({}, {})
    assert sum(result.unchanged.values()) > 0
    assert await stand() == before


@pytest.mark.parametrize("file_format", WRITTEN)
@pytest.mark.parametrize("source_databases", KINDS, indirect=True)
async def test_the_demonstration_organisation_comes_out_of_an_empty_database_as_it_went_in(
    source_databases, databases, file_format, tmp_path
):
    filled = source_databases.prepared(_made(tmp_path / "source"), _fill_with_demonstration)
    async with filled as (source, exports), open_and_audited(source):
        said, order = await meaning(SLUG), await order_of_things(SLUG)
    with _a_day_later():
        async with _empty(databases, tmp_path / "target"):
            result = await _load(exports[file_format], file_format)

            assert dict(result.changed) == dict(result.unchanged) == {}
            assert await exported(SLUG, file_format) == exports[file_format]
            assert await meaning(SLUG) == said
            assert await order_of_things(SLUG) == order
            await _assert_nothing_changes(exports[file_format], file_format)


async def test_an_export_of_one_format_says_the_same_as_that_of_another(databases, tmp_path):
    """What came in as YAML goes out as the same CSV, and so for every two formats."""
    async with databases.prepared(_made(tmp_path / "source"), _fill_with_demonstration) as (_, exports):
        pass
    with _a_day_later():
        for file_format, text in exports.items():
            async with _empty(databases, tmp_path / f"target of {file_format}"):
                await _load(text, file_format)
                assert await _exports(SLUG) == exports


async def test_importing_an_export_into_its_own_organisation_changes_nothing(database):
    exports = await _fill_with_demonstration()
    with _a_day_later():
        for file_format, text in exports.items():
            await _assert_nothing_changes(text, file_format)


@pytest.mark.parametrize(
    ("source_databases", "databases"),
    [("sqlite", "postgres"), ("postgres", "sqlite")],
    indirect=True,
    ids=["into postgres", "into sqlite"],
)
async def test_the_reference_data_comes_out_of_an_empty_database_of_the_other_kind_as_it_went_in(
    source_databases, databases, tmp_path
):
    """All formats in one test: what takes long here is to load the data the first time."""
    given = io.StringIO()
    write_csv(reference_rows(1), given)
    async with _empty(source_databases, tmp_path / "source"):
        with clock.held_at(FIRST_IMPORT):
            await _load(given.getvalue(), FileFormat.CSV)
        exports, said = await _exports("reference"), await meaning("reference")
    with _a_day_later():
        for file_format, text in exports.items():
            async with _empty(databases, tmp_path / f"target of {file_format}") as target:
                await _load(text, file_format)
                assert await exported("reference", file_format) == text
                # What takes seconds each is done once: the formats have it in common, as smaller tests show.
                if file_format is FileFormat.YAML:
                    assert await meaning("reference") == said
                    if target.is_sqlite:
                        await _assert_nothing_changes(text, file_format)


@pytest.mark.parametrize("file_format", WRITTEN)
async def test_what_people_made_goes_by_public_ids_and_comes_back_to_the_same_things(database, file_format):
    await make_acme()
    text = await exported(file_format=file_format)
    with clock.held_at(TUESDAY + timedelta(days=1)):
        await _assert_nothing_changes(text, file_format)
    assert await exported(file_format=file_format) == text


@pytest.mark.parametrize("file_format", WRITTEN)
async def test_what_people_made_comes_out_of_an_empty_database_as_it_went_in(
    databases, file_format, tmp_path
):
    async with _empty(databases, tmp_path / "source"):
        acme = await make_acme()
        with clock.held_at(MONDAY):
            await acme.org.link(acme.grow, acme.win, rationale="\t=1")
        text, said = await exported(file_format=file_format), await meaning("acme", with_snapshots=False)
    assert "\n" in text
    with clock.held_at(TUESDAY + timedelta(days=1)):
        async with _empty(databases, tmp_path / "target"):
            await _load(text, file_format)

            assert await exported(file_format=file_format) == text
            assert await meaning("acme", with_snapshots=False) == said
            await _assert_nothing_changes(text, file_format)


# What no row says is said by its place in the file, or follows from the rest; an export has to say it.
UNSAID = [
    (
        "of two check-ins of one day the later row counts, whatever their keys",
        [
            row("check_in", "b", parent="deals", owner="ada@acme.example", current="3", confidence="2"),
            row("check_in", "a", parent="deals", owner="ada@acme.example", current="4", confidence="5"),
        ],
        "SELECT current_value FROM key_result WHERE title = 'Deals'",
        4.0,
    ),
    (
        "a comment was written before it was resolved",
        [
            row(
                "comment",
                "why",
                parent="win",
                owner="ada@acme.example",
                title="Why?",
                resolved_at="2026-10-07T08:00:00Z",
            )
        ],
        "SELECT COUNT(*) FROM comment WHERE created_at = resolved_at",
        1,
    ),
    (
        "a unit keeps its blanks",
        [row("key_result", "calls", parent="grow", title="Calls", unit=" per week ")],
        "SELECT unit FROM key_result WHERE title = 'Calls'",
        " per week ",
    ),
    (
        "a team's key may end like a role",
        [
            row("team", "growth:LEAD", title="Leads", parent="growth"),
            row("person", "dee@acme.example", title="Dee", team="growth:LEAD;growth:LEAD:MEMBER"),
        ],
        (
            "SELECT COUNT(*) FROM membership m JOIN team t ON t.id = m.team_id JOIN person p ON p.id = m.person_id "
            "WHERE p.name = 'Dee' AND m.role = CASE t.name WHEN 'Leads' THEN 'MEMBER' ELSE 'LEAD' END"
        ),
        2,
    ),
]


@pytest.mark.parametrize(
    ("more", "sql", "value"), [each[1:] for each in UNSAID], ids=[each[0] for each in UNSAID]
)
async def test_what_no_row_says_comes_through(databases, more, sql, value, tmp_path):
    replaced = {each["key"] for each in more}
    rows = [*(each for each in (*organization(), *okrs()) if each["key"] not in replaced), *more]
    with _a_day_later():
        async with _empty(databases, tmp_path / "source"):
            await load(rows)
            assert await one(sql) == value
            text, said = await exported(), await meaning("acme")
        async with _empty(databases, tmp_path / "target"):
            await _load(text, FileFormat.CSV)
            assert await one(sql) == value
            assert await exported() == text
            assert await meaning("acme") == said
