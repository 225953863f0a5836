"""Random organisations go out, into an empty database and out again."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from okrgraph.events.database import opened
from okrgraph.kit import clock
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.formats.records import Record
from okrgraph.transfer.importing import import_file, import_reading
from tests.databases import GivenDatabase, PostgresDatabases, SqliteDatabases
from tests.transfer.exported import exported
from tests.transfer.meaning import meaning
from tests.transfer.random_organization import SLUG, TODAY, organizations

FORMATS = st.sampled_from([FileFormat.CSV, FileFormat.YAML, FileFormat.JSON])
FIRST_IMPORT = datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(hours=11)


@asynccontextmanager
async def _empty(databases: SqliteDatabases | PostgresDatabases) -> AsyncIterator[GivenDatabase]:
    with TemporaryDirectory() as folder:
        async with databases.migrated(Path(folder)) as database, opened(database.address):
            yield database


async def _assert_round_trip(
    databases: SqliteDatabases | PostgresDatabases, records: list[Record], file_format: FileFormat
) -> None:
    with clock.held_at(FIRST_IMPORT):
        async with _empty(databases):
            await import_reading(iter(records))
            text, said = await exported(SLUG, file_format), await meaning(SLUG)
            again = await import_reading(iter(records))
            assert (again.created, again.changed) == ({}, {})
    note(text)
    with clock.held_at(FIRST_IMPORT + timedelta(days=1)):
        async with _empty(databases):
            await import_file(io.BytesIO(text.encode()), file_format=file_format)

            assert await exported(SLUG, file_format) == text
            assert await meaning(SLUG) == said
            again = await import_file(io.BytesIO(text.encode()), file_format=file_format)
            assert (again.created, again.changed) == ({}, {})


# An example that fails is shown as it was found: to make it smaller takes longer than a run may hang.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
UNUSUAL = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
# A profile of more examples has more here too.
MANY, FEW = settings.default.max_examples * 3 // 5, settings.default.max_examples // 20


@settings(max_examples=MANY, phases=PHASES, suppress_health_check=UNUSUAL)
@given(records=organizations(), file_format=FORMATS)
async def test_random_organizations_come_out_of_an_empty_database_as_they_went_in(
    sqlite_databases, records, file_format
):
    await _assert_round_trip(sqlite_databases, records, file_format)


@settings(max_examples=FEW, phases=PHASES, suppress_health_check=UNUSUAL)
@given(records=organizations(), file_format=FORMATS)
async def test_random_organizations_do_so_on_postgres(postgres_databases, records, file_format):
    await _assert_round_trip(postgres_databases, records, file_format)
