"""The log audit: triggers note each changed row of a test database, and a check finds what the log lacks."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

import orjson

from okrgraph.events.database import DatabaseAddress
from okrgraph.events.entry import BULK
from tests.servers import connect

# Columns whose entity must be in the log, and whether with the row's own version. A membership is news of its
# team or of its person, a co-owning team is news of its
# objective, a check-in on a dependency is news of that.
TRACKED: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "organization": (("id",), True),
    "team": (("id",), True),
    "person": (("id",), True),
    "membership": (("team_id", "person_id"), False),
    "cycle": (("id",), True),
    "objective": (("id",), True),
    "objective_team": (("objective_id",), False),
    "key_result": (("id",), True),
    "check_in": (("id",), False),
    "alignment_link": (("id",), True),
    "comment": (("id",), True),
    "dependency": (("id",), True),
    "dependency_check_in": (("dependency_id",), False),
    "liaison": (("id",), True),
}

# One sequence of changed rows and log rows. On PostgreSQL `tx` is the transaction; SQLite has no name for it,
# but its writers come one after another and write the log last, so a row of the log with tx_end ends one.
_POSTGRES = """
CREATE TABLE touched_row (seq bigserial PRIMARY KEY, tx text NOT NULL DEFAULT pg_current_xact_id()::text,
    operation text NOT NULL, table_name text NOT NULL, row jsonb NOT NULL);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO touched_row (operation, table_name, row) VALUES (TG_OP, TG_TABLE_NAME, CASE
        WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD)
        WHEN TG_TABLE_NAME = 'change_log' THEN to_jsonb(NEW) - 'body'
        ELSE to_jsonb(NEW) END);
    RETURN NULL;
END $$;
CREATE VIEW logged_position AS
    SELECT (row->>'organization_id')::uuid AS organization_id, (row->>'pos')::bigint AS pos
    FROM touched_row WHERE table_name = 'change_log';
"""
_SQLITE = """
CREATE TABLE touched_row (seq integer PRIMARY KEY AUTOINCREMENT, tx text NOT NULL DEFAULT '',
    operation text NOT NULL, table_name text NOT NULL, row text NOT NULL);
CREATE VIEW logged_position AS
    SELECT row->>'organization_id' AS organization_id, row->>'pos' AS pos
    FROM touched_row WHERE table_name = 'change_log';
"""


def _sqlite_trigger(table: str, operation: str, columns: Iterable[str]) -> str:
    row = "OLD" if operation == "DELETE" else "NEW"
    pairs = ", ".join(f"'{column}', {row}.{column}" for column in columns)
    return (
        f"CREATE TRIGGER touch_{table}_{operation} AFTER {operation} ON {table} BEGIN "
        "INSERT INTO touched_row (operation, table_name, row) "
        f"VALUES ('{operation}', '{table}', json_object({pairs})); END;"
    )


async def install(address: DatabaseAddress, url: str) -> None:
    """Put the triggers into a migrated database."""
    if address.path is not None:
        with closing(sqlite3.connect(address.path)) as client:
            client.executescript(_SQLITE)
            for table, (columns, versioned) in TRACKED.items():
                for operation in ("INSERT", "UPDATE", "DELETE"):
                    kept = (*columns, "version") if versioned else columns
                    client.executescript(_sqlite_trigger(table, operation, kept))
            logged = ("organization_id", "pos", "kind", "entity_id", "entity_version", "tx_end")
            client.executescript(_sqlite_trigger("change_log", "INSERT", logged))
        return
    client = await connect(url)
    try:
        await client.execute(_POSTGRES)
        for table in TRACKED:
            await client.execute(
                f"CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION touch()"
            )
        await client.execute(
            "CREATE TRIGGER touch AFTER INSERT ON change_log FOR EACH ROW EXECUTE FUNCTION touch()"
        )
    finally:
        await client.close()


async def forget(address: DatabaseAddress, url: str) -> None:
    """Take what has changed so far as given."""
    if address.path is not None:
        with closing(sqlite3.connect(address.path, timeout=20)) as client, client:
            client.execute("DELETE FROM touched_row")
        return
    client = await connect(url)
    try:
        await client.execute("DELETE FROM touched_row")
    finally:
        await client.close()


@dataclass(frozen=True, slots=True)
class Touched:
    operation: str
    table: str
    row: Mapping[str, object]

    def entities(self) -> list[tuple[object, int | None]]:
        """The log rows of which one must be there, as (entity, version or None for any)."""
        columns, versioned = TRACKED[self.table]
        return [(self.row[column], self.row["version"] if versioned else None) for column in columns]  # type: ignore[misc]


@dataclass(slots=True)
class _Transaction:
    touched: list[Touched] = field(default_factory=list)
    logged: set[tuple[object, int | None]] = field(default_factory=set)
    is_bulk: bool = False

    def unlogged(self) -> list[str]:
        if self.is_bulk:
            return []
        return [
            f"{each.operation} {each.table} {dict(each.row)}"
            for each in self.touched
            if self.logged.isdisjoint(each.entities()) and not _is_birth(each)
        ]


def _is_birth(touched: Touched) -> bool:
    """A new organisation is news to nobody: nobody can hold a position in its log yet."""
    return touched.table == "organization" and touched.operation == "INSERT"


async def unlogged_changes(address: DatabaseAddress, url: str) -> list[str]:
    """Describe each changed row that the log of its own transaction does not tell of."""
    transactions: dict[str, _Transaction] = defaultdict(_Transaction)
    ended = 0
    for tx, operation, table, text in await _rows(address, url):
        place = tx or str(ended)
        row = orjson.loads(text)
        transaction = transactions[place]
        if table != "change_log":
            transaction.touched.append(Touched(operation, table, row))
            continue
        transaction.logged |= {(row["entity_id"], row["entity_version"]), (row["entity_id"], None)}
        transaction.is_bulk |= row["kind"] == BULK
        ended += bool(row["tx_end"])
    return [line for transaction in transactions.values() for line in transaction.unlogged()]


async def _rows(address: DatabaseAddress, url: str) -> list[tuple[str, str, str, str]]:
    statement = "SELECT tx, operation, table_name, row FROM touched_row ORDER BY seq"
    if address.path is not None:
        with closing(sqlite3.connect(address.path, timeout=20)) as client:
            return client.execute(statement).fetchall()
    client = await connect(url)
    try:
        return [tuple(row) for row in await client.fetch(statement)]
    finally:
        await client.close()
