import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from okrgraph.events.database import fetch_all, opened
from tests.databases import GivenDatabase, SqliteDatabases
from tests.e2e.program import Ended, ended, start
from tests.servers import ValkeyServer, free_port

NO_REDIS = "ok       redis         not configured: for one serving process, which needs none"
MIGRATED = "ok       migrations    all applied"
SAME_TIME = "ok       clock         the database's agrees with this machine's to within 1 s"
POLLED = "ok       polling       a change reached a subscription without an announcement, by looking for it"


async def _doctor(folder: Path, database: GivenDatabase | None, **settings: str) -> Ended:
    return await ended(await start("doctor", folder=folder, database=database, **settings))


def _wrong(result: Ended, count: int = 1) -> list[str]:
    """The report of an examination that found so much wrong."""
    sentence = "1 thing is wrong" if count == 1 else f"{count} things are wrong"
    assert (result.status, result.errors) == (1, f"{sentence}; see above what to do.\n"), result
    return result.output.splitlines()


async def _log_of(database: GivenDatabase) -> list[list[object]]:
    async with opened(database.address):
        return [
            [tuple(row) for row in await fetch_all(f"SELECT * FROM {table}")]
            for table in ("log_head", "change_log", "organization")
        ]


async def test_with_everything_in_place_all_is_well_and_nothing_is_left(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    before = await _log_of(postgres_only)
    result = await _doctor(tmp_path, postgres_only, OKRGRAPH_REDIS_URL=redis_url)
    lines = result.output.splitlines()

    assert (result.status, result.errors) == (0, ""), result
    assert lines[0] == "ok       settings      understood: PostgreSQL, Redis"
    assert re.fullmatch(r"ok       database      PostgreSQL \d+\.\d+ answers", lines[1])
    assert lines[2:4] == [MIGRATED, SAME_TIME]
    assert re.fullmatch(
        rf"ok       redis         \w+ [0-9.]+ answers at {redis_url}; its clock agrees, too", lines[4]
    )
    assert re.fullmatch(
        r"ok       announcements a change reached a subscription through Redis after \d+ ms", lines[5]
    )
    assert lines[6:] == [POLLED]
    assert await _log_of(postgres_only) == before


async def test_an_embedded_database_needs_no_redis(sqlite_file: GivenDatabase, tmp_path: Path) -> None:
    before = await _log_of(sqlite_file)
    result = await _doctor(tmp_path, sqlite_file)
    lines = result.output.splitlines()

    assert (result.status, result.errors) == (0, ""), result
    assert lines[0] == "ok       settings      understood: SQLite, no Redis"
    assert re.fullmatch(rf"ok       database      SQLite [0-9.]+ opens {tmp_path}/okrgraph.db", lines[1])
    assert lines[2:] == [MIGRATED, "ok       clock         SQLite has none of its own", NO_REDIS, POLLED]
    assert await _log_of(sqlite_file) == before


async def test_a_wrong_setting_is_the_only_finding(tmp_path: Path) -> None:
    lines = _wrong(await _doctor(tmp_path, None, OKRGRAPH_DRAIN_SECONDS="soon"))

    assert lines == [
        "WRONG    settings      OKRGRAPH_DRAIN_SECONDS must be a number of seconds from 0 to 300.",
        "                       -> Change the environment or .env.",
    ]


async def test_a_database_without_migrations_is_told_of(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    async with sqlite_databases.empty(tmp_path) as database:
        missing = _wrong(await _doctor(tmp_path, database))
        (tmp_path / "okrgraph.db").touch()
        empty = _wrong(await _doctor(tmp_path, database))

    assert missing[1:] == [
        f"WRONG    database      there is no file {tmp_path}/okrgraph.db",
        "                       -> Run 'okrgraph migrate', or check OKRGRAPH_DATABASE_URL.",
        "skipped  migrations    needs database",
        "skipped  clock         needs database",
        NO_REDIS,
        "skipped  polling       needs migrations",
    ]
    assert empty[2:4] == [
        "WRONG    migrations    2 missing: 0001_tables, 0002_dependencies",
        "                       -> Run 'okrgraph migrate'.",
    ]
    assert empty[-1] == "skipped  polling       needs migrations"


async def test_redis_that_is_away_is_told_of_and_the_rest_is_still_tried(
    postgres_only: GivenDatabase, tmp_path: Path
) -> None:
    port = free_port()
    lines = _wrong(
        await _doctor(tmp_path, postgres_only, OKRGRAPH_REDIS_URL=f"redis://:geheim@127.0.0.1:{port}")
    )

    assert lines[2:4] == [MIGRATED, SAME_TIME]
    assert lines[4].startswith(f"WRONG    redis         redis://127.0.0.1:{port}: Redis cannot be reached (")
    assert lines[5:] == [
        "                       -> Start it, or name another one.",
        "skipped  announcements needs redis",
        POLLED,
    ]
    assert "geheim" not in "\n".join(lines)


async def test_a_redis_user_who_may_not_subscribe_is_found_out(
    postgres_only: GivenDatabase, tmp_path: Path, own_valkey: ValkeyServer
) -> None:
    rules = ("on", ">geheim", "+@connection", "+time", "+publish", "&*")
    assert own_valkey.say("ACL", "SETUSER", "okr", *rules) == "+OK"
    url = own_valkey.url.replace("redis://", "redis://okr:geheim@")
    lines = _wrong(await _doctor(tmp_path, postgres_only, OKRGRAPH_REDIS_URL=url))

    assert lines[4].startswith("ok       redis         ")
    remedy = (
        "Let the user of OKRGRAPH_REDIS_URL publish and subscribe (ACL SETUSER ... &okrgraph:* +@pubsub)."
    )
    assert lines[5:] == [
        "WRONG    announcements a change was not heard of through Redis within 3 s",
        f"                       -> {remedy}",
        POLLED,
    ]


@asynccontextmanager
async def _silent_server() -> AsyncIterator[int]:
    """Takes connections and never says a word; gives the port."""

    async def keep_silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            writer.close()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_what_takes_connections_and_never_answers_is_given_up(tmp_path: Path) -> None:
    async with _silent_server() as port:
        begun = time.monotonic()
        lines = _wrong(
            await _doctor(
                tmp_path,
                None,
                OKRGRAPH_DATABASE_URL=f"postgres://okr:geheim@127.0.0.1:{port}/okr",
                OKRGRAPH_REDIS_URL=f"redis://127.0.0.1:{port}",
            ),
            2,
        )
        took = time.monotonic() - begun

    assert lines[1] == "WRONG    database      no answer within 10 s"
    assert lines[5].startswith(f"WRONG    redis         redis://127.0.0.1:{port}: Redis cannot be reached (")
    assert lines[7:] == ["skipped  announcements needs migrations", "skipped  polling       needs migrations"]
    # Two steps of at most 10 s each, and a slow machine.
    assert took < 60
