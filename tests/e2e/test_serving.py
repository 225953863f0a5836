import errno
import json
import os
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from okrgraph.events.database import opened
from okrgraph.kit import clock
from okrgraph.people.tokens import create_token, list_tokens, revoke_token
from tests.databases import GivenDatabase, PostgresDatabases
from tests.e2e.acme import Acme, make_acme
from tests.e2e.clients import bearer, client
from tests.e2e.clients import socket as socket_of
from tests.e2e.program import Server, Shared, ended, running, serving, start, until
from tests.servers import free_port

COMMENT = """mutation ($subject: ID!, $body: String!) {
  commentCreate(input: {subjectId: $subject, body: $body}) {
    comment { id } cursor userErrors { code message }
  }
}"""
CHANGES = """subscription {
  changes { cursor changes { __typename ... on CommentChanged { comment { body } } } }
}"""


async def test_health_readiness_and_the_page_are_served_to_anybody(server: Server) -> None:
    async with client(server, None) as anybody:
        health = await anybody.http.get("/healthz")
        ready = await anybody.http.get("/readyz")
        page = await anybody.http.get("/")

    assert (health.status_code, health.text) == (200, "ok\n")
    assert (ready.status_code, ready.text) == (200, "ready\n")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "/graphql" in page.text
    assert "server" not in page.headers


async def _expired(acme: Acme) -> str:
    with clock.held_at(clock.now() - timedelta(days=2)):
        return await create_token(acme.slug, acme.email("ada"), expires_in=timedelta(days=1))


async def _revoked(acme: Acme) -> str:
    token = await create_token(acme.slug, acme.email("ada"))
    await revoke_token((await list_tokens())[-1].id)
    return token


async def test_a_credential_that_does_not_hold_is_refused_with_401(shared: Shared, acme: Acme) -> None:
    async with opened(shared.database.address):
        tokens = [None, "okr_" + "x" * 43, "nonsense", await _expired(acme), await _revoked(acme)]

    for token in tokens:
        async with client(shared.server, token) as caller:
            answer = await caller.http.post("/graphql", json={"query": "{ viewer { person { name } } }"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        message = "Send a valid credential: `Authorization: Bearer TOKEN`."
        assert answer.json() == {"errors": [{"message": message, "extensions": {"code": "UNAUTHENTICATED"}}]}


async def test_a_query_is_answered_over_post_and_over_get(server: Server, acme: Acme) -> None:
    query = "{ viewer { person { name } organization { slug } } }"
    expected = {"data": {"viewer": {"person": {"name": "Ada"}, "organization": {"slug": acme.slug}}}}

    async with client(server, acme.ada) as ada:
        posted = await ada.http.post("/graphql", json={"query": query})
        got = await ada.http.get("/graphql", params={"query": query})

    assert (posted.status_code, posted.json()) == (200, expected)
    assert (got.status_code, got.json()) == (200, expected)


async def test_a_mutation_by_get_is_refused_and_changes_nothing(server: Server, acme: Acme) -> None:
    mutation = (
        f'mutation {{ commentCreate(input: {{subjectId: "{acme.objective}", body: "x"}}) {{ cursor }} }}'
    )

    async with client(server, acme.bo) as bo:
        before = await bo.run("{ organization { cursor } }")
        refused = await bo.http.get("/graphql", params={"query": mutation})
        after = await bo.run("{ organization { cursor } }")

    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert refused.json()["errors"][0]["extensions"] == {"code": "METHOD_NOT_ALLOWED"}
    assert after == before


@asynccontextmanager
async def _event_stream(server: Server, token: str) -> AsyncIterator[AsyncIterator[Any]]:
    """The results of CHANGES over server-sent events; None where the stream says that it is complete."""

    async def events(response: httpx.Response) -> AsyncIterator[Any]:
        name = ""
        async for line in response.aiter_lines():
            kind, _, text = line.partition(": ")
            if kind == "event":
                name = text
            if kind == "data" and name == "next":
                yield json.loads(text)
            if (kind, text) == ("event", "complete"):
                yield None

    headers = {**bearer(token), "Accept": "text/event-stream"}
    async with (
        client(server, token) as caller,
        caller.http.stream("POST", "/graphql", json={"query": CHANGES}, headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response)


async def test_an_event_stream_carries_a_change(server: Server, acme: Acme) -> None:
    async with (
        _event_stream(server, acme.ada) as events,
        client(server, acme.bo) as bo,
    ):
        first = (await anext(events))["data"]["changes"]
        payload = await bo.change(COMMENT, subject=acme.objective, body="Why now?")
        second = (await anext(events))["data"]["changes"]

    assert [change["__typename"] for change in first["changes"]] == ["Checkpoint"]
    assert second == {
        "cursor": payload["cursor"],
        "changes": [{"__typename": "CommentChanged", "comment": {"body": "Why now?"}}],
    }


async def test_an_event_stream_ends_when_its_token_is_revoked(shared: Shared, acme: Acme) -> None:
    async with opened(shared.database.address):
        doomed = await create_token(acme.slug, acme.email("ada"))
        token_id = (await list_tokens())[-1].id
    async with _event_stream(shared.server, doomed) as events:
        await anext(events)
        async with opened(shared.database.address):
            await revoke_token(token_id)
        rest = [event async for event in events]

    message = "The credential is no longer valid."
    assert rest == [{"errors": [{"message": message, "extensions": {"code": "UNAUTHENTICATED"}}]}, None]


async def _serve_refused(
    database: GivenDatabase | None, folder: Path, *arguments: str, **settings: str
) -> str:
    process = await start("serve", *arguments, folder=folder, database=database, **settings)
    return (await ended(process)).refusal()


async def test_an_unmigrated_database_is_refused(empty_database: GivenDatabase, tmp_path: Path) -> None:
    if empty_database.is_sqlite:
        sqlite3.connect(tmp_path / "okrgraph.db").close()

    assert await _serve_refused(empty_database, tmp_path) == (
        "The database lacks 2 migration(s); run 'okrgraph migrate' first."
    )


async def test_a_missing_sqlite_database_is_refused_and_not_made(
    sqlite_databases: Any, tmp_path: Path
) -> None:
    async with sqlite_databases.empty(tmp_path) as database:
        refusal = await _serve_refused(database, tmp_path)

    assert refusal == f"There is no database {tmp_path}/okrgraph.db; run 'okrgraph migrate' first."
    assert not (tmp_path / "okrgraph.db").exists()


async def test_a_postgres_server_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    url = f"postgres://okr:secret@127.0.0.1:{free_port()}/okrgraph"

    refusal = await _serve_refused(None, tmp_path, OKRGRAPH_DATABASE_URL=url)

    assert refusal.startswith("The database cannot be reached (")
    assert refusal.endswith("); check OKRGRAPH_DATABASE_URL.")
    assert "secret" not in refusal


async def test_a_busy_port_is_refused(sqlite_file: GivenDatabase, tmp_path: Path) -> None:
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        refusal = await _serve_refused(sqlite_file, tmp_path, f"--port={port}")

    assert refusal == (
        f"Port {port} of 127.0.0.1 cannot be had ({os.strerror(errno.EADDRINUSE)}); "
        "choose another with --port."
    )


async def test_an_address_that_is_not_of_this_machine_is_refused(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    refusal = await _serve_refused(sqlite_file, tmp_path, "--host=192.0.2.1")

    assert refusal == (
        f"Port 8000 of 192.0.2.1 cannot be had ({os.strerror(errno.EADDRNOTAVAIL)}); "
        "choose another with --port."
    )


async def test_a_second_server_on_one_sqlite_file_is_refused_while_the_first_serves(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    async with serving(sqlite_file, tmp_path) as first:
        refusal = await _serve_refused(sqlite_file, tmp_path, f"--port={free_port()}")
        assert await first.is_ready()
    async with serving(sqlite_file, tmp_path):
        pass

    assert refusal == (
        f"Another process serves {tmp_path}/okrgraph.db already; stop it, or use PostgreSQL for several."
    )


async def test_a_server_that_cannot_follow_the_log_ends_instead_of_waiting(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "okrgraph.db")) as broken:
        broken.execute("DROP TABLE log_epoch")
    async with running("serve", folder=tmp_path, database=sqlite_file) as server:

        async def status() -> int | None:
            return server.process.poll()

        assert await until(status, "the server to give up") == 1
        log = server.log

    assert "no such table: log_epoch" in log
    assert log.splitlines()[-1] == "The server could not start; the log above says why."


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_a_bug_is_logged_once_with_its_traceback_and_no_variable(
    sqlite_file: GivenDatabase, tmp_path: Path, log_format: str
) -> None:
    acme = await make_acme(sqlite_file)
    query = "query ($id: ID!) { objective(id: $id) { comments { totalCount } } }"
    async with (
        serving(sqlite_file, tmp_path, OKRGRAPH_LOG_FORMAT=log_format) as server,
        client(server, acme.ada) as ada,
    ):
        server.is_provoked = True
        with closing(sqlite3.connect(tmp_path / "okrgraph.db")) as broken:
            broken.execute("DROP TABLE comment")
        (error,) = (await ada.answer(query, id=acme.objective))["errors"]
        log = server.log

    assert error["extensions"]["code"] == "INTERNAL"
    assert log.count(f"Internal error {error['extensions']['id']}") == 1
    assert log.count("no such table: comment") >= 1
    assert "locals" not in log
    assert "okr_" not in log
    if log_format == "json":
        assert [json.loads(line)["level"] for line in log.splitlines()].count("error") == 1


async def test_a_server_whose_database_is_gone_is_not_ready_and_says_so_in_one_line(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    async with serving(sqlite_file, tmp_path) as server, client(server, None) as anybody:
        with closing(sqlite3.connect(tmp_path / "okrgraph.db")) as broken:
            broken.execute("DROP TABLE log_epoch")
        ready = await anybody.http.get("/readyz")
        health = await anybody.http.get("/healthz")

    assert (ready.status_code, ready.text) == (503, "not ready\n")
    assert (health.status_code, health.text) == (200, "ok\n")
    (line,) = [line for line in server.log.splitlines() if "Not ready" in line]
    assert "no such table: log_epoch" in line


URL_SHAPES = (
    "OKRGRAPH_DATABASE_URL must look like sqlite:///okrgraph.db, sqlite:////srv/okrgraph.db "
    "or postgres://user:password@host:5432/name."
)


REDIS_SHAPES = (
    "OKRGRAPH_REDIS_URL must be redis://host:6379/0, rediss://user:password@host:6379/0 "
    "or unix:///run/redis.sock."
)


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("OKRGRAPH_DATABASE_URL", "mysql://localhost/okrgraph", URL_SHAPES),
        ("OKRGRAPH_DATABASE_URL", "postgres://localhost:port/okrgraph", URL_SHAPES),
        ("OKRGRAPH_DATABASE_URL", "okrgraph.db", URL_SHAPES),
        ("OKRGRAPH_LOG_FORMAT", "xml", "OKRGRAPH_LOG_FORMAT must be text or json."),
        ("OKRGRAPH_ENGINE", "fast", "OKRGRAPH_ENGINE must be on or off."),
        (
            "OKRGRAPH_DRAIN_SECONDS",
            "soon",
            "OKRGRAPH_DRAIN_SECONDS must be a number of seconds from 0 to 300.",
        ),
        (
            "OKRGRAPH_RECHECK_SECONDS",
            "3600",
            "OKRGRAPH_RECHECK_SECONDS must be a number of seconds from 0.1 to 60.",
        ),
        ("OKRGRAPH_REDIS_URL", "http://:geheim@localhost", REDIS_SHAPES),
        ("OKRGRAPH_REDIS_URL", "redis://localhost:port", REDIS_SHAPES),
        ("OKRGRAPH_REDIS_URL", "redis://localhost:6379/first", REDIS_SHAPES),
        ("OKRGRAPH_REDIS_URL", "unix://", REDIS_SHAPES),
        (
            "OKRGRAPH_RETENTION_DAYS",
            "0",
            "OKRGRAPH_RETENTION_DAYS must be a number of days, more than 0 and at most 3650.",
        ),
        (
            "OKRGRAPH_RETENTION_ROWS",
            "many",
            "OKRGRAPH_RETENTION_ROWS must be a whole number from 1 to 1000000000.",
        ),
        ("OKRGRAPH_EPOCH_POLICY", "never", "OKRGRAPH_EPOCH_POLICY must be auto or stable."),
        (
            "OKRGRAPH_METRICS_TOKEN",
            "geheim",
            "OKRGRAPH_METRICS_TOKEN must be at least 16 characters without a space.",
        ),
        (
            "OKRGRAPH_PUBLIC_URL",
            "okr.example.org",
            "OKRGRAPH_PUBLIC_URL must be an address such as https://okr.example.org.",
        ),
    ],
)
async def test_a_wrong_setting_stops_the_start_with_its_name(
    tmp_path: Path, name: str, value: str, refusal: str
) -> None:
    assert await _serve_refused(None, tmp_path, **{name: value}) == refusal


async def test_several_workers_on_sqlite_are_refused(sqlite_file: GivenDatabase, tmp_path: Path) -> None:
    redis = {"OKRGRAPH_REDIS_URL": "redis://localhost:6379"}

    assert await _serve_refused(sqlite_file, tmp_path, "--workers=2", **redis) == (
        "Several workers need PostgreSQL: set OKRGRAPH_DATABASE_URL=postgres://user:password@host/name, "
        "or serve with --workers 1."
    )


async def test_several_workers_without_redis_are_refused(tmp_path: Path) -> None:
    database = {"OKRGRAPH_DATABASE_URL": "postgres://localhost/okrgraph"}

    assert await _serve_refused(None, tmp_path, "--workers=2", **database) == (
        "Several workers need Redis to tell each other of changes: "
        "set OKRGRAPH_REDIS_URL=redis://host:6379/0, or serve with --workers 1."
    )


async def test_several_workers_are_refused_while_redis_is_away(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    port = free_port()
    redis = {"OKRGRAPH_REDIS_URL": f"redis://:geheim@127.0.0.1:{port}"}
    async with postgres_databases.migrated(tmp_path) as database:
        refusal = await _serve_refused(database, tmp_path, "--workers=2", **redis)

    assert refusal.startswith("Redis cannot be reached (")
    assert refusal.endswith("); check OKRGRAPH_REDIS_URL.")
    assert str(port) in refusal
    assert "geheim" not in refusal


async def test_one_worker_warns_while_redis_is_away_and_finds_changes_by_polling(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    redis = {"OKRGRAPH_REDIS_URL": f"redis://:geheim@127.0.0.1:{free_port()}"}
    async with (
        postgres_databases.migrated(tmp_path) as database,
        serving(database, tmp_path, **redis) as server,
    ):
        acme = await make_acme(database)
        async with socket_of(server, acme.ada) as live, client(server, acme.bo) as bo:
            await live.follow("feed", CHANGES)
            await bo.change(COMMENT, subject=acme.objective, body="Still here?")
            batch = await live.data("feed")
        log = server.log

    assert [change.get("comment") for change in batch["changes"]] == [{"body": "Still here?"}]
    assert log.count("Redis cannot be reached; what other workers change is found by polling") == 1
    assert "geheim" not in log
