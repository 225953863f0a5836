"""Imports into tables that PostgreSQL takes for empty, because it vacuums them while they are filled."""

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from okrgraph.transfer.importing import import_file
from tests.databases import GivenDatabase
from tests.e2e.given_csv import SMALL, rows
from tests.servers import connect

OBJECTIVES = 1_500
# Comparing each row with each takes many times as long; what is right takes a few seconds.
PATIENCE_SECONDS = 120
VACUUMED = ("objective", "key_result")

Found = TypeVar("Found")


class Beside:
    """A session of PostgreSQL in a thread of its own: what it runs ends while the import stands still."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._client = self._ended(connect(url))

    def _ended(self, work: Coroutine[Any, Any, Found]) -> Found:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def execute(self, statement: str) -> None:
        self._ended(self._client.execute(statement))

    def vacuum(self) -> None:
        """Do to tables that are being filled what autovacuum does when an earlier import was taken back."""
        for table in VACUUMED:
            self.execute(f"VACUUM (ANALYZE) {table}")

    def rows_taken_for(self) -> dict[str, float]:
        sql = "SELECT relname, reltuples FROM pg_class WHERE relname = ANY($1)"
        return {row["relname"]: row["reltuples"] for row in self._ended(self._client.fetch(sql, VACUUMED))}

    def close(self) -> None:
        self._ended(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def beside(postgres_database: GivenDatabase) -> Iterator[Beside]:
    session = Beside(postgres_database.url)
    yield session
    session.close()


async def _import_with(what: Callable[[], None]) -> int:
    """Import, with something done once when objectives stand written; returns how many there are in the end."""
    done_at: list[int] = []

    def progress(stage: str, done: int, _total: int | None) -> None:
        if stage == "writing" and done > 500 and not done_at:
            done_at.append(done)
            what()

    text = SMALL + "".join(rows(OBJECTIVES))
    async with asyncio.timeout(PATIENCE_SECONDS):
        return (await import_file(io.BytesIO(text.encode()), progress=progress)).created["objective"]


async def test_what_was_vacuumed_in_the_middle_of_an_import_is_counted_before_its_end(beside: Beside) -> None:
    def vacuum() -> None:
        beside.vacuum()
        assert beside.rows_taken_for() == {"objective": 0, "key_result": 0}

    assert await _import_with(vacuum) == OBJECTIVES + 1
    # Those of the two parts, of 400 objectives each, that stood written when they were counted last.
    assert beside.rows_taken_for() == {"objective": 800, "key_result": 800}


async def test_an_import_whose_tables_pass_for_empty_to_the_end_takes_no_longer(beside: Beside) -> None:
    def vacuum_without_end() -> None:
        beside.vacuum()
        beside.execute("BEGIN")
        beside.execute(f"LOCK TABLE {', '.join(VACUUMED)} IN SHARE UPDATE EXCLUSIVE MODE")

    assert await _import_with(vacuum_without_end) == OBJECTIVES + 1
    assert beside.rows_taken_for() == {"objective": 0, "key_result": 0}
