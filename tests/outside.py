"""A test's database as others meet it: changed by another process, and what this one holds of it."""

import sqlite3
from contextlib import closing

from okrgraph.events.database import connection
from tests.databases import GivenDatabase
from tests.servers import connect


async def change_from_outside(database: GivenDatabase, statement: str) -> None:
    """Commit something as another process would."""
    if database.address.path is not None:
        with closing(sqlite3.connect(database.address.path, isolation_level=None)) as other:
            other.execute(statement)
        return
    other = await connect(database.url)
    try:
        await other.execute(statement)
    finally:
        await other.close()


def is_something_held() -> bool:
    """Whether a lock, a connection of the pool or a transaction is taken in this process."""
    client = connection()
    if client.capabilities.dialect == "sqlite":
        return client._lock.locked() or client._connection.in_transaction
    return client._pool.get_idle_size() < client._pool.get_size()
