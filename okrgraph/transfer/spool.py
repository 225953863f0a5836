"""The rows of a file on disk, so that an import holds a part of them at a time; what they mean is known elsewhere.

The spool is a temporary SQLite database without a name: it lies in the system's folder for temporary files
and vanishes with the process, however that ends.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

from okrgraph.kit.text import is_storable
from okrgraph.okrs.circles import find_circles
from okrgraph.transfer.formats.keys import key_refusal
from okrgraph.transfer.formats.records import FileProblem, Reading, Record, RecordType, Unread, quoted
from okrgraph.transfer.plans.sentences import ONE_LEVEL_OF_REPLIES, circle_reason

Item = TypeVar("Item")

# More problems than this help nobody; reading and checking end there.
MOST_PROBLEMS = 1_000
_ROWS_AT_ONCE = 2_000
# Memory that SQLite keeps of the spool, in KiB.
_CACHE = 32_768
_IDLE_CELLS_NAMED = 3
# Organisations are a few layers deep; what is deeper is left for a walk that holds it in memory.
_LAYERS = 64

_TABLES = """
CREATE TABLE row (place INTEGER PRIMARY KEY, line INTEGER, type TEXT, key TEXT, above TEXT, cells TEXT,
    lines TEXT, depth INTEGER);
CREATE TABLE lost (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE dropped (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE child (place INTEGER PRIMARY KEY, key TEXT UNIQUE);
CREATE TABLE met (id TEXT PRIMARY KEY, line INTEGER, made INTEGER) WITHOUT ROWID;
CREATE TABLE published (place INTEGER PRIMARY KEY, id TEXT UNIQUE);
CREATE TABLE edge (child TEXT, parent TEXT);
"""
_INDEXES = (
    "CREATE INDEX row_key ON row (key)",
    "CREATE INDEX row_above ON row (type, above)",
    "CREATE INDEX row_depth ON row (type, depth) WHERE depth IS NOT NULL",
)
# Which index serves is said here: SQLite knows nothing of how the rows are spread, and guesses.
_LATER_OF_ONE_KEY = """
SELECT r.place, r.line, r.key, f.line FROM row r
JOIN (SELECT key, MIN(place) AS place FROM row WHERE key IS NOT NULL AND type <> 'organization'
      GROUP BY key HAVING COUNT(*) > 1) d ON d.key = r.key AND d.place <> r.place
JOIN row f ON f.place = d.place
WHERE r.type <> 'organization' ORDER BY r.place
"""
_ROOTS = """
UPDATE row SET depth = 0 WHERE type = :type AND (above IS NULL OR NOT EXISTS (
    SELECT 1 FROM row upper INDEXED BY row_key WHERE upper.key = row.above AND upper.type = row.type))
"""
_NEXT_LAYER = """
UPDATE row SET depth = :depth + 1 WHERE place IN (
    SELECT lower.place FROM row upper INDEXED BY row_depth
    CROSS JOIN row lower INDEXED BY row_above ON lower.type = upper.type AND lower.above = upper.key
    WHERE upper.type = :type AND upper.depth = :depth)
"""
_SOME = "*"
# What a row stands under, by which it is grouped or ordered.
_ABOVE = {
    RecordType.TEAM: "parent",
    RecordType.PERSON: "parent",
    RecordType.CYCLE: "parent",
    RecordType.OBJECTIVE: "parent",
    RecordType.KEY_RESULT: "parent",
    RecordType.CHECK_IN: "parent",
    RecordType.LINK: "child",
    RecordType.COMMENT: "reply_to",
}


def pieces(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut into lists of at most so many."""
    iterator = iter(items)
    while piece := list(islice(iterator, size)):
        yield piece


def _text_or_none(text: str | None) -> str | None:
    return text if text is not None and is_storable(text) else None


class Spool:
    """What was read of a file. problems: what is wrong with it as far as rows by themselves and keys go.

    is_partial: a row was lost, so that others may miss it through no fault of theirs.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE}"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_TABLES)
        self.problems: list[FileProblem] = []
        self.is_partial = False
        self.idle: list[str] = []
        self.idle_count = 0

    def close(self) -> None:
        self._db.close()

    @property
    def rows(self) -> int:
        return int(self._one("SELECT COUNT(*) FROM row"))

    def _one(self, sql: str, *values: object) -> int | str:
        found: int | str = self._db.execute(sql, values).fetchone()[0]
        return found

    def fill(self, reading: Reading, told: Callable[[int], None]) -> None:
        """Read everything, check keys, and find the order in which things can be made. told: rows so far."""
        done = 0
        self._db.execute("BEGIN")
        for piece in pieces(reading, _ROWS_AT_ONCE):
            kept = [each for each in map(self._kept, piece) if each is not None]
            self._db.executemany(
                "INSERT INTO row (line, type, key, above, cells, lines) VALUES (?, ?, ?, ?, ?, ?)", kept
            )
            done += len(piece)
            told(done)
            if len(self.problems) > MOST_PROBLEMS:
                break
        for index in _INDEXES:
            self._db.execute(index)
        self._refuse_repeated_keys()
        for kind in (RecordType.TEAM, RecordType.PERSON, RecordType.CYCLE, RecordType.COMMENT):
            self._order(kind)
            self._refuse_circles(kind)
        self._db.execute(
            "INSERT OR IGNORE INTO child (key) "
            "SELECT CASE type WHEN 'objective' THEN key ELSE above END FROM row "
            "WHERE type IN ('objective', 'link') AND above IS NOT NULL ORDER BY place"
        )
        self._db.execute("COMMIT")

    def _kept(self, each: Record | Unread) -> tuple[object, ...] | None:
        if isinstance(each, Unread):
            self.is_partial = True
            self.problems.append(each.problem)
            self._lose(each.key)
            return None
        for column in each.idle_columns:
            self.idle_count += 1
            if len(self.idle) < _IDLE_CELLS_NAMED:
                self.idle.append(f"line {each.line} column {column}")
        key = each.key.lower() if each.key is not None and each.type is RecordType.PERSON else each.key
        if (reason := key_refusal(each, key)) is not None:
            self.problems.append(FileProblem(each.lines.get("key", each.line), "key", reason))
            self._lose(key)
            return None
        above = each.cells.get(_ABOVE.get(each.type, ""), "").strip() or None
        if above is not None and each.type is RecordType.PERSON:
            above = above.lower()
        if above is not None and each.type is RecordType.OBJECTIVE:
            # Of several things; that there are some is all that has to be known here.
            above = _SOME
        lines = json.dumps(dict(each.lines)) if each.lines else None
        return each.line, each.type.value, key, _text_or_none(above), json.dumps(dict(each.cells)), lines

    def _lose(self, key: str | None) -> None:
        self.is_partial = True
        if key is not None and is_storable(key):
            # An address is known in lower case.
            self._db.executemany("INSERT OR IGNORE INTO lost VALUES (?)", [(key,), (key.lower(),)])

    def _refuse_repeated_keys(self) -> None:
        for place, line, key, first in self._db.execute(_LATER_OF_ONE_KEY).fetchmany(MOST_PROBLEMS + 1):
            reason = f"The key {quoted(key)} stands in line {first} already; keys are unique in the file."
            self.problems.append(FileProblem(line, "key", reason))
            self._lose(key)
            self._db.execute("DELETE FROM row WHERE place = ?", (place,))

    def _order(self, kind: RecordType) -> None:
        """Set how deep below the top of the file each row stands; in a circle, or below one, nothing is set."""
        self._db.execute(_ROOTS, {"type": kind.value})
        depth = 0
        while self._db.execute(_NEXT_LAYER, {"type": kind.value, "depth": depth}).rowcount > 0:
            depth += 1

    def _refuse_circles(self, kind: RecordType) -> None:
        """Refuse the rows of a type that stand, in this file, in a circle or below one."""
        rows = self._db.execute(
            "SELECT key, above, line FROM row WHERE type = ? AND depth IS NULL ORDER BY place", (kind.value,)
        ).fetchall()
        if kind is RecordType.COMMENT:
            self.problems += [FileProblem(row[2], "reply_to", ONE_LEVEL_OF_REPLIES) for row in rows]
        else:
            line_of = {row[0]: row[2] for row in rows}
            for circle in find_circles((row[0], row[1]) for row in rows):
                self.problems.append(FileProblem(line_of[circle[0]], "parent", circle_reason(circle)))
        for row in rows:
            self._lose(row[0])
        self._db.execute("DELETE FROM row WHERE type = ? AND depth IS NULL", (kind.value,))

    def _records(self, sql: str, *values: object) -> Iterator[Record]:
        for line, kind, cells, lines in self._db.execute(
            f"SELECT r.line, r.type, r.cells, r.lines FROM row r {sql}", values
        ):
            yield Record(line, RecordType(kind), json.loads(cells), json.loads(lines) if lines else {})

    def all_of(self, kind: RecordType) -> Iterator[Record]:
        """The rows of one type, what stands above others before them, otherwise in the order of the file."""
        return self._records("WHERE r.type = ? ORDER BY r.depth, r.place", kind.value)

    def below(self, kind: RecordType, keys: Sequence[str]) -> list[Record]:
        """The rows of one type that stand under one of these."""
        sql = "WHERE r.type = ? AND r.above IN (SELECT value FROM json_each(?)) ORDER BY r.place"
        return list(self._records(sql, kind.value, json.dumps(keys)))

    def apart_from(self, kind: RecordType, upper: RecordType) -> Iterator[Record]:
        """The rows of one type that stand under none of another type in this file."""
        sql = (
            "WHERE r.type = ? AND (r.above IS NULL OR NOT EXISTS "
            "(SELECT 1 FROM row u INDEXED BY row_key WHERE u.key = r.above AND u.type = ?)) ORDER BY r.place"
        )
        return self._records(sql, kind.value, upper.value)

    def children(self) -> Iterator[str]:
        """The keys of what rows give a link to something above."""
        return (row[0] for row in self._db.execute("SELECT key FROM child ORDER BY place"))

    def links_from(self, keys: Sequence[str]) -> list[Record]:
        """The rows that give links to these: objectives with parents, and rows of type link."""
        sql = (
            "WHERE r.above IS NOT NULL AND ((r.type = 'objective' AND r.key IN (SELECT value FROM json_each(?1)))"
            " OR (r.type = 'link' AND r.above IN (SELECT value FROM json_each(?1)))) ORDER BY r.place"
        )
        return list(self._records(sql, json.dumps(keys)))

    def links_without_child(self) -> Iterator[Record]:
        return self._records("WHERE r.type = 'link' AND r.above IS NULL ORDER BY r.place")

    def named(self, keys: Iterable[str]) -> dict[str, tuple[RecordType, int]]:
        """Of these keys, those of the file: the type of the row and its line."""
        sql = (
            "SELECT key, type, line FROM row WHERE key IN (SELECT value FROM json_each(?)) "
            "AND type <> 'organization'"
        )
        return {row[0]: (RecordType(row[1]), row[2]) for row in self._db.execute(sql, (json.dumps([*keys]),))}

    def lost(self, keys: Iterable[str]) -> set[str]:
        """Of these keys, those whose rows could not be taken."""
        sql = (
            "SELECT value FROM json_each(?) WHERE value IN (SELECT key FROM lost) "
            "OR value IN (SELECT key FROM dropped)"
        )
        return {row[0] for row in self._db.execute(sql, (json.dumps([*keys]),))}

    # What one run of the import leaves for its end. A run may be repeated, from `begin` on.

    def begin(self) -> None:
        for table in ("dropped", "met", "published", "edge"):
            self._db.execute(f"DELETE FROM {table}")

    def drop(self, keys: Iterable[str]) -> None:
        """Remember keys whose things this run does not make."""
        self._db.executemany("INSERT OR IGNORE INTO dropped VALUES (?)", [(key,) for key in keys])

    def meet(self, written: Iterable[tuple[UUID, int | None, bool]]) -> None:
        """Remember what was written: its id; by which line, None when it follows from others; whether it is new."""
        self._db.executemany(
            "INSERT INTO met VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET line = COALESCE(excluded.line, line)",
            [(str(key), line, is_new) for key, line, is_new in written],
        )

    def line_of(self, key: UUID | None) -> int | None:
        """The line that made or changed a thing in this run."""
        found = self._db.execute("SELECT line FROM met WHERE id = ?", (str(key),)).fetchone()
        return None if found is None else found[0]

    def met(self, keys: Iterable[UUID]) -> dict[UUID, bool]:
        """Of these things, those that this run has written, and whether they are new."""
        sql = "SELECT id, made FROM met WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._db.execute(sql, (json.dumps([*map(str, keys)]),))
        return {UUID(row[0]): bool(row[1]) for row in rows}

    def publish(self, keys: Iterable[UUID]) -> None:
        """Remember what this run publishes."""
        self._db.executemany("INSERT OR IGNORE INTO published (id) VALUES (?)", [(str(key),) for key in keys])

    def published(self) -> Iterator[UUID]:
        return (UUID(row[0]) for row in self._db.execute("SELECT id FROM published ORDER BY place"))

    def add_edges(self, edges: Iterable[tuple[UUID, UUID]]) -> None:
        """Take what stands under what, for `circular`."""
        self._db.executemany("INSERT INTO edge VALUES (?, ?)", [(str(low), str(up)) for low, up in edges])

    def circular(self) -> list[UUID]:
        """Of the edges taken, the lower ends of those that circles may run through; what is on top goes first.

        Layer by layer what stands under nothing is taken off; without circles nothing is left.
        """
        self._db.execute("CREATE INDEX IF NOT EXISTS edge_child ON edge (child)")
        self._db.execute("CREATE INDEX IF NOT EXISTS edge_parent ON edge (parent)")
        top = "parent NOT IN (SELECT child FROM edge)"
        for _ in range(_LAYERS):
            if self._db.execute(f"DELETE FROM edge WHERE {top}").rowcount == 0:
                break
        return [UUID(row[0]) for row in self._db.execute("SELECT DISTINCT child FROM edge ORDER BY child")]
