"""The SQL that code sends to the database, for tests of how much it asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from okrgraph.events.database import connection

_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")


@asynccontextmanager
async def recorded_statements() -> AsyncIterator[list[str]]:
    """The statements sent to the open database inside the block, in order, transactions' own apart."""
    statements: list[str] = []

    def note(text: str) -> None:
        # SQLite reports what triggers do as comments.
        if not text.lstrip().upper().startswith((*_TRANSACTIONS, "--")):
            statements.append(text)

    client = connection()
    if client.capabilities.dialect == "sqlite":
        raw = client._connection
        await raw.set_trace_callback(note)
        try:
            yield statements
        finally:
            await raw.set_trace_callback(None)
        return
    send = asyncpg.Connection._execute

    async def noted(self, query, *args, **kwargs):
        note(query)
        return await send(self, query, *args, **kwargs)

    asyncpg.Connection._execute = noted
    try:
        yield statements
    finally:
        asyncpg.Connection._execute = send
