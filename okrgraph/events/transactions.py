"""Transactions: the only module that opens one, and the repairs that the ORM's entry into them needs.

Tortoise 1.1.9 leaks its lock (SQLite) or a pool connection (asyncpg) when a task is cancelled while
BEGIN is on its way; every later query then waits for ever. A client that closes its socket cancels
tasks, so this happens. SQLite transactions are also begun IMMEDIATE: a deferred one that reads before
it writes fails at once when another process writes in between, whatever busy_timeout says.
tests/events/test_transactions.py asserts that upstream is still broken, so that this module can go.
"""

import asyncio
import sqlite3
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContextPooled
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

# How long a transaction waits for another process that writes, and how often it looks.
SQLITE_WRITER_SECONDS = 20.0
SQLITE_RETRY_SECONDS = 0.02

_RETRYABLE = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)


async def _enter_sqlite(self: Any) -> Any:
    loop = asyncio.get_running_loop()
    until = loop.time() + SQLITE_WRITER_SECONDS
    while not await _begun(self):
        # Another process writes. The one connection is free meanwhile, so that reads go on.
        if loop.time() > until:
            raise sqlite3.OperationalError("database is locked")
        await asyncio.sleep(SQLITE_RETRY_SECONDS)
    self.token = get_connections().set(self.connection_name, self.connection)
    return self.connection


async def _begun(self: Any) -> bool:
    """Take the client's lock and begin; False, with the lock given back, when another process writes."""
    await self._trxlock.acquire()
    try:
        await self.ensure_connection()
        await self.connection.begin()
    except BaseException as error:
        try:
            if self.connection._connection:
                await asyncio.shield(self.connection._connection.rollback())
        finally:
            self._trxlock.release()
        if isinstance(error, sqlite3.OperationalError) and "database is locked" in str(error):
            return False
        raise
    return True


async def _enter_pooled(self: Any) -> Any:
    await self.ensure_connection()
    pool = self.client._parent._pool
    held = self.client._connection = await pool.acquire()
    try:
        await self.client.begin()
    except BaseException:
        await pool.release(held)
        raise
    self.token = get_connections().set(self.connection_name, self.client)
    return self.client


async def _begin_immediate(self: Any) -> None:
    await self._connection.execute("BEGIN IMMEDIATE")


def install() -> None:
    """Put the repairs in place; harmless when they are."""
    SqliteTransactionContext.__aenter__ = _enter_sqlite  # type: ignore[method-assign]
    SqliteTransactionWrapper.begin = _begin_immediate  # type: ignore[method-assign]
    TransactionContextPooled.__aenter__ = _enter_pooled  # type: ignore[method-assign]


def transaction() -> AbstractAsyncContextManager[Any]:
    """Open a transaction: READ COMMITTED on PostgreSQL, BEGIN IMMEDIATE on SQLite; a savepoint inside one."""
    return in_transaction("default")


class _SqliteSnapshot(SqliteTransactionWrapper):
    """Deferred, so that other processes write on; a first read, since only that settles what is seen."""

    async def begin(self) -> None:
        await self._connection.execute("BEGIN DEFERRED")
        await self._connection.execute_fetchall("SELECT count(*) FROM sqlite_schema")


class _PostgresSnapshot(TransactionWrapper):
    async def begin(self) -> None:
        self.transaction = self._connection.transaction(isolation="repeatable_read", readonly=True)
        await self.transaction.start()


def snapshot() -> AbstractAsyncContextManager[Any]:
    """Open a transaction that reads one state of the database throughout, and writes nothing.

    What is seen is settled by its first statement at the latest. On SQLite it takes the one connection of
    this process for as long. Raises RuntimeError inside a transaction.
    """
    client: Any = get_connections().get("default")
    if isinstance(client, TransactionalDBClient):
        raise RuntimeError("a snapshot cannot be taken inside a transaction, which has seen its own already")
    if isinstance(client, SqliteClient):
        return SqliteTransactionContext(_SqliteSnapshot(client), client._lock)
    return TransactionContextPooled(_PostgresSnapshot(client), client._pool_init_lock)


def is_retryable(error: BaseException) -> bool:
    """Tell whether running the same transaction again may succeed: deadlock, lock timeout, busy database."""
    # The ORM's own class where a statement went through the ORM.
    if isinstance(error, (OperationalError, sqlite3.OperationalError)):
        return "database is locked" in str(error)
    return isinstance(error, _RETRYABLE)
