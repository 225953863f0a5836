import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.events.database import (
    DatabaseAddress,
    _compiled,
    bound,
    execute,
    fetch_all,
    fetch_one,
    is_sqlite,
    joined_by_hashing,
    opened,
)
from okrgraph.events.transactions import transaction
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import new_key
from tests.servers import free_port

WRONG_URL = r"^OKRGRAPH_DATABASE_URL must look like sqlite:///okrgraph\.db, .* or postgres://"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///okrgraph.db", "okrgraph.db"),
        ("sqlite:///data/okr%20graph.db", "data/okr graph.db"),
        ("sqlite:////srv/okrgraph.db", "/srv/okrgraph.db"),
    ],
)
def test_three_slashes_are_relative_and_four_absolute(url, path):
    address = DatabaseAddress.parse(url)

    assert (address.path, address.is_sqlite, address.engine) == (Path(path), True, "tortoise.backends.sqlite")
    assert address.credentials == {"file_path": path, "synchronous": "FULL", "busy_timeout": 100}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_postgres_url_is_taken_apart(scheme):
    address = DatabaseAddress.parse(
        f"{scheme}://ada%40acme:p%2Fw%3A@db.example:5433/okr%20graph?maxsize=20&minsize=2"
    )

    assert (address.path, address.is_sqlite, address.engine) == (None, False, "tortoise.backends.asyncpg")
    credentials = dict(address.credentials)
    assert issubclass(credentials.pop("connection_class"), asyncpg.Connection)
    assert credentials == {
        "host": "db.example",
        "port": 5433,
        "user": "ada@acme",
        "password": "p/w:",
        "database": "okr graph",
        "minsize": 2,
        "maxsize": 20,
        "server_settings": {"lock_timeout": "5000"},
    }


def test_a_short_postgres_url_means_this_machine_and_a_socket_can_be_named():
    short = DatabaseAddress.parse("postgres:///okrgraph").credentials
    socket = DatabaseAddress.parse("postgres://ada@/okrgraph?host=/run/postgresql").credentials

    assert (short["host"], short["port"], short["user"], short["password"]) == (
        "localhost",
        5432,
        "postgres",
        None,
    )
    assert (short["minsize"], short["maxsize"]) == (1, 10)
    assert (socket["host"], socket["user"], socket["database"]) == ("/run/postgresql", "ada", "okrgraph")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "okrgraph.db",
        "sqlite://",
        "sqlite:///",
        "sqlite://okrgraph.db",
        "sqlite://:memory:",
        "mysql://root@localhost/okrgraph",
        "postgres://localhost",
        "postgres://localhost/",
        "postgres://localhost:port/okrgraph",
        "postgres://localhost:99999/okrgraph",
        "postgres://localhost/okrgraph?maxsize=many",
        "postgres://[::1/okrgraph",
    ],
)
def test_any_other_url_is_refused_in_one_sentence(url):
    with pytest.raises(OperatorError, match=WRONG_URL):
        DatabaseAddress.parse(url)


@given(st.text())
def test_no_text_makes_anything_but_an_address_or_a_refusal(url):
    with suppress(OperatorError):
        assert DatabaseAddress.parse(url).engine


async def open_and_close(address: DatabaseAddress) -> None:
    async with opened(address):
        pass


async def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "nowhere" / "okrgraph.db"

    with pytest.raises(
        OperatorError, match=f"^The folder of the database {path} does not exist; make it first"
    ):
        await open_and_close(DatabaseAddress.parse(f"sqlite:///{path}"))


async def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "okrgraph.db"
    path.write_text("name;team\n" * 1_000)

    with pytest.raises(
        OperatorError, match=r"^The database cannot be reached \(.*not a database.*\); check OKR"
    ):
        await open_and_close(DatabaseAddress.parse(f"sqlite:///{path}"))


async def test_a_server_that_is_not_there_is_named():
    with pytest.raises(
        OperatorError, match=r"^The database cannot be reached \(.*\); check OKRGRAPH_DATABASE_URL"
    ):
        await open_and_close(DatabaseAddress.parse(f"postgres://postgres@127.0.0.1:{free_port()}/okrgraph"))


async def test_a_database_that_the_server_does_not_have_is_named(postgres_server):
    with pytest.raises(OperatorError, match=r"^The database cannot be reached \(.*nosuch\); check OKRGRAPH"):
        await open_and_close(DatabaseAddress.parse(postgres_server.url_of("nosuch")))


async def test_a_refused_address_leaves_room_for_the_next(tmp_path, empty_database):
    with pytest.raises(OperatorError):
        await open_and_close(DatabaseAddress.parse(f"sqlite:///{tmp_path}/nowhere/okrgraph.db"))
    with pytest.raises(OperatorError):
        await open_and_close(DatabaseAddress.parse(f"postgres://postgres@127.0.0.1:{free_port()}/okrgraph"))

    async with opened(empty_database.address):
        assert await fetch_one("SELECT 1 AS one") is not None


async def test_sqlite_survives_a_power_cut_and_waits_for_others(sqlite_database):
    pragmas = [await fetch_one(f"PRAGMA {name}") for name in ("synchronous", "journal_mode", "busy_timeout")]

    assert [row[0] for row in pragmas] == [2, "wal", 100]
    assert (await fetch_one("PRAGMA foreign_keys"))[0] == 1


async def test_postgres_gives_up_waiting_for_a_lock(postgres_database):
    assert (await fetch_one("SHOW lock_timeout"))[0] == "5s"
    assert (await fetch_one("SHOW transaction_isolation"))[0] == "read committed"


async def test_one_text_of_sql_does_the_same_on_both_databases(database):
    await execute("CREATE TABLE thing (id uuid, number integer, name text, at timestamptz, day date)")
    ids = [new_key() for _ in range(4)]
    moment = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    for number, key in enumerate(ids):
        await execute(
            "INSERT INTO thing VALUES (:id::uuid, :number, :name, :at, :day)",
            id=key,
            number=number,
            name="abc"[number % 3],
            at=moment,
            day=date(2026, 3, 2),
        )

    async def numbers(condition: str, **params: object) -> list[int]:
        rows = await fetch_all(f"SELECT number FROM thing WHERE {condition} ORDER BY number", **params)
        return [row["number"] for row in rows]

    assert await numbers("id = ANY(:ids)", ids=ids[:2]) == [0, 1]
    assert await numbers("id = ANY(:ids)", ids=tuple(ids[:2])) == [0, 1]
    assert await numbers("id = ANY(:ids)", ids=frozenset(ids[:2])) == [0, 1]
    assert await numbers("id = ANY(:ids)", ids=[]) == []
    assert await numbers("id <> ALL(:ids)", ids=ids[:2]) == [2, 3]
    assert await numbers("name = ANY(:names) AND number < :most", names=["a", "b"], most=3) == [0, 1]
    assert await numbers("at = :at", at=moment.astimezone(UTC)) == [0, 1, 2, 3]
    assert await numbers("day = :day AND :day = day", day=date(2026, 3, 2)) == [0, 1, 2, 3]
    assert await fetch_one("SELECT number FROM thing WHERE name = :name", name="z") is None


async def test_row_locks_fall_away_on_sqlite_and_stay_on_postgres(database):
    text, values = bound("SELECT id FROM team WHERE id = :id FOR NO KEY UPDATE", {"id": UUID(int=1)})

    if is_sqlite():
        assert (text.rstrip(), values) == ("SELECT id FROM team WHERE id = ?", [str(UUID(int=1))])
    else:
        assert (text, values) == ("SELECT id FROM team WHERE id = $1 FOR NO KEY UPDATE", [UUID(int=1)])


async def test_joins_are_by_hashing_within_the_block_alone(postgres_database):
    async def setting() -> str:
        return (await fetch_one("SHOW enable_nestloop"))[0]

    async with transaction():
        async with joined_by_hashing():
            within = await setting()
        after = await setting()

    assert (within, after) == ("off", "on")


async def test_on_sqlite_there_is_no_way_to_join_that_could_be_kept_off(sqlite_database):
    async with transaction(), joined_by_hashing():
        assert await fetch_one("SELECT 1 AS one") is not None


def test_a_parameter_is_numbered_once_however_often_it_is_named():
    assert _compiled("a = :x AND b = :y AND c = :x", False) == ("a = $1 AND b = $2 AND c = $1", ("x", "y"))
    assert _compiled("a = :x AND b = :y AND c = :x", True) == ("a = ? AND b = ? AND c = ?", ("x", "y", "x"))


async def test_names_sort_by_code_point_on_both_databases(database):
    await execute("CREATE TABLE thing (name text)")
    names = ["b", "A", "a", "B", "\N{LATIN SMALL LETTER E WITH ACUTE}", "_", "Z"]
    for name in names:
        await execute("INSERT INTO thing VALUES (:name)", name=name)

    found = await fetch_all('SELECT name FROM thing ORDER BY name COLLATE "C"')
    assert [row[0] for row in found] == sorted(names)


async def test_every_task_of_the_process_may_use_the_database(database):
    async def one() -> int:
        return (await fetch_one("SELECT 1 AS one"))[0]

    assert await asyncio.gather(*(asyncio.create_task(one()) for _ in range(20))) == [1] * 20
