"""The connection to SQLite or PostgreSQL: opening, closing, and SQL written once for both; no rule, no table."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import asyncpg
import orjson
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connections

from okrgraph.events import transactions
from okrgraph.kit.errors import OperatorError

CONNECTION = "default"
MODELS = (
    "okrgraph.people.models",
    "okrgraph.okrs.models",
    "okrgraph.dependencies.models",
    "okrgraph.discussion.models",
    "okrgraph.transfer.models",
)
# Nobody waits longer than this for a row that another transaction holds; for the log's counter, see log.append.
LOCK_TIMEOUT_MS = 5_000
# Short, because the only connection waits with whoever waits; transactions try again by themselves.
SQLITE_BUSY_TIMEOUT_MS = 100

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_ANY = re.compile(r"(=|<>)\s*(ANY|ALL)\s*\(:([a-z_][a-z0-9_]*)\)")
_CAST = re.compile(r"::[a-z]+(\[\])?")
_ROW_LOCK = re.compile(r"\bFOR (NO KEY )?UPDATE\b(?! OF)( OF \w+)?")


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where the data is; `path` is set for SQLite only."""

    engine: str
    credentials: Mapping[str, Any]
    path: Path | None = None

    @classmethod
    def parse(cls, url: str) -> "DatabaseAddress":
        """Read `sqlite:///relative`, `sqlite:////absolute` or `postgres://user:password@host:port/name`.

        Raises OperatorError for anything else.
        """
        try:
            address = cls._read(url)
        except ValueError:  # a port or a pool size that is no number, a bracket left open
            address = None
        if address is None:
            raise OperatorError(
                "OKRGRAPH_DATABASE_URL must look like sqlite:///okrgraph.db, sqlite:////srv/okrgraph.db "
                "or postgres://user:password@host:5432/name."
            )
        return address

    @classmethod
    def _read(cls, url: str) -> "DatabaseAddress | None":
        parts = urlsplit(url)
        if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
            path = Path(unquote(parts.path[1:]))
            # FULL: an acknowledged change survives a power cut, which NORMAL does not promise with WAL.
            pragmas = {"synchronous": "FULL", "busy_timeout": SQLITE_BUSY_TIMEOUT_MS}
            return cls("tortoise.backends.sqlite", {"file_path": str(path), **pragmas}, path)
        if parts.scheme in ("postgres", "postgresql") and len(parts.path) > 1:
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            return cls("tortoise.backends.asyncpg", _postgres_credentials(parts, query))
        return None

    @property
    def is_sqlite(self) -> bool:
        return self.path is not None

    def orm_config(self) -> dict[str, Any]:
        """The configuration that Tortoise takes, migrations included."""
        app = {"models": list(MODELS), "default_connection": CONNECTION, "migrations": "okrgraph.migrations"}
        connection = {"engine": self.engine, "credentials": dict(self.credentials)}
        return {
            "connections": {CONNECTION: connection},
            "apps": {"okrgraph": app},
            "use_tz": True,
            "timezone": "UTC",
        }


class _Connection(asyncpg.Connection):  # type: ignore[misc] # ships no types
    """Given back to the pool as it is: nothing here changes a session, and resetting one is a second statement."""

    def get_reset_query(self) -> str:
        return ""


def _postgres_credentials(parts: Any, query: Mapping[str, str]) -> dict[str, Any]:
    return {
        "host": query.get("host") or parts.hostname or "localhost",
        "port": parts.port or 5432,
        "user": unquote(parts.username) if parts.username else "postgres",
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path[1:]),
        "minsize": int(query.get("minsize", "1")),
        "maxsize": int(query.get("maxsize", "10")),
        "connection_class": _Connection,
        "server_settings": {"lock_timeout": str(LOCK_TIMEOUT_MS)},
    }


@asynccontextmanager
async def opened(address: DatabaseAddress) -> AsyncIterator[None]:
    """Hold the database open for what runs inside; every task of the process may use it.

    Raises OperatorError when it cannot be reached.
    """
    if address.path is not None and not address.path.parent.is_dir():
        raise OperatorError(f"The folder of the database {address.path} does not exist; make it first.")
    transactions.install()
    # The ORM keeps SQL by the connection's name, which is the same for the other kind of database.
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=address.orm_config(), _enable_global_fallback=True)
    try:
        try:
            await fetch_all("SELECT 1 AS one")
            if address.is_sqlite:
                # SQLite's own lower() knows ASCII only, which would make searches miss an Ü.
                async with connection().acquire_connection() as raw:
                    await raw.create_function("lower", 1, _lower, deterministic=True)
        except Exception as error:
            raise OperatorError(
                f"The database cannot be reached ({error}); check OKRGRAPH_DATABASE_URL."
            ) from error
        yield
    finally:
        await Tortoise.close_connections()


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


def connection() -> BaseDBAsyncClient:
    """The current connection: the transaction's inside a unit of work, otherwise the pool's."""
    return get_connections().get(CONNECTION)


def is_sqlite() -> bool:
    return connection().capabilities.dialect == "sqlite"


@lru_cache(maxsize=1024)
def _compiled(sql: str, sqlite: bool) -> tuple[str, tuple[str, ...]]:
    if sqlite:
        sql = _CAST.sub("", _ROW_LOCK.sub("", sql)).replace('COLLATE "C"', "COLLATE BINARY")
        sql = _ANY.sub(
            lambda m: f"{'IN' if m[1] == '=' else 'NOT IN'} (SELECT value FROM json_each(:{m[3]}))", sql
        )
        names = tuple(_PARAMETER.findall(sql))
        return _PARAMETER.sub("?", sql), names
    places: dict[str, int] = {}
    text = _PARAMETER.sub(lambda m: f"${places.setdefault(m[1], len(places) + 1)}", sql)
    return text, tuple(places)


def _sqlite_value(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return str(value.astimezone(UTC))
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return orjson.dumps([str(item) if isinstance(item, UUID) else item for item in value]).decode()
        case _:
            return value


def bound(sql: str, params: Mapping[str, object]) -> tuple[str, list[Any]]:
    """Write SQL with `:name` parameters for the current database.

    The text is PostgreSQL's. On SQLite `= ANY(:list)` becomes a membership test and row locks fall away
    (there, a writer holds the whole database from its BEGIN IMMEDIATE on).
    """
    if is_sqlite():
        text, names = _compiled(sql, True)
        return text, [_sqlite_value(params[name]) for name in names]
    text, names = _compiled(sql, False)
    return text, [
        list(value) if isinstance(value := params[name], (tuple, set, frozenset)) else value for name in names
    ]


async def fetch_all(sql: str, **params: object) -> list[Any]:
    """Run SQL and return its rows, each readable by position and by column name."""
    client = connection()
    text, values = bound(sql, params)
    async with client.acquire_connection() as raw:
        if client.capabilities.dialect == "sqlite":
            return list(await raw.execute_fetchall(text, values))
        rows: list[Any] = await raw.fetch(text, *values)
        return rows


async def fetch_one(sql: str, **params: object) -> Any | None:
    """Run SQL and return its first row, None without one."""
    rows = await fetch_all(sql, **params)
    return rows[0] if rows else None


async def execute(sql: str, **params: object) -> None:
    """Run SQL that returns nothing of interest."""
    await fetch_all(sql, **params)


async def insert_rows(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert many rows into a table: by COPY on PostgreSQL, which is several times faster than INSERT."""
    client = connection()
    async with client.acquire_connection() as raw:
        if client.capabilities.dialect == "sqlite":
            places = ", ".join("?" * len(columns))
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
            await raw.executemany(sql, [[_sqlite_value(value) for value in row] for row in rows])
        else:
            await raw.copy_records_to_table(table, records=rows, columns=columns)


async def count_anew(tables: Sequence[str]) -> None:
    """Let PostgreSQL see what a long transaction has written, which its planner otherwise takes for empty."""
    if not is_sqlite():
        # Two that count the same table would wait for each other's end.
        await execute(f"ANALYZE (SKIP_LOCKED) {', '.join(tables)}")


@asynccontextmanager
async def joined_by_hashing() -> AsyncIterator[None]:
    """Inside a transaction: keep PostgreSQL from joining whole tables by comparing each row with each.

    A table that is vacuumed while this transaction fills it passes for empty, whatever stands in it, until it
    is counted anew; between empty tables such a join looks as good as any, and then takes minutes or hours.
    """
    if is_sqlite():
        yield
        return
    await execute("SET LOCAL enable_nestloop = off")
    yield
    # After an error nothing is left to set: the transaction goes back.
    await execute("SET LOCAL enable_nestloop = DEFAULT")
