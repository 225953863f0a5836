"""Reads of one state of the database, a few rows at a time: whatever is committed meanwhile is not seen."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from okrgraph.events import transactions
from okrgraph.events.database import bound, connection, is_sqlite


class Snapshot:
    """One state of the database; `fetch_all` and its like read the same one while it is held."""

    def __init__(self, held: AsyncExitStack) -> None:
        self._held = held

    async def chunks(self, sql: str, size: int, **params: object) -> AsyncIterator[list[Any]]:
        """Run SQL and return its rows in lists of `size`, the last one shorter; no more is held at a time.

        Other statements may run in between.
        """
        client = connection()
        text, values = bound(sql, params)
        async with client.acquire_connection() as raw:
            if is_sqlite():
                cursor = await raw.execute(text, values)
                # Not read to its end it would outlive the transaction, and hold its state.
                self._held.push_async_callback(cursor.close)
                fetch = cursor.fetchmany
            else:
                fetch = (await raw.cursor(text, *values)).fetch
        while True:
            async with client.acquire_connection():
                rows = list(await fetch(size))
            if rows:
                yield rows
            if len(rows) < size:
                return


@asynccontextmanager
async def snapshot() -> AsyncIterator[Snapshot]:
    """Hold one state of the database for what runs inside."""
    async with transactions.snapshot(), AsyncExitStack() as held:
        yield Snapshot(held)
