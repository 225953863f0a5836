import asyncio
import json
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from okrgraph.events.database import execute, opened
from okrgraph.events.transactions import transaction
from tests.databases import GivenDatabase
from tests.e2e.acme import make_acme
from tests.e2e.clients import client, socket
from tests.e2e.program import Server, serving, until

FEED = "subscription { changes { cursor changes { __typename } } }"
WARM = "{ viewer { person { name } } }"
COMMENT = """mutation ($subject: ID!) {
  commentCreate(input: {subjectId: $subject, body: "Last words"}) {
    comment { body } userErrors { code } cursor
  }
}"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_without_clients_stops_at_once_with_status_0(
    sqlite_file: GivenDatabase, tmp_path: Path, how: signal.Signals
) -> None:
    settings = {"OKRGRAPH_DRAIN_SECONDS": "300", "OKRGRAPH_LOG_FORMAT": "json"}
    async with serving(sqlite_file, tmp_path, **settings) as server:
        assert await server.stop(how) == 0

    events = [json.loads(line)["event"] for line in server.log.splitlines()]
    assert events[-1].startswith("Finished server process")


async def test_live_clients_are_sent_away_with_1012(sqlite_file: GivenDatabase, tmp_path: Path) -> None:
    acme = await make_acme(sqlite_file)
    async with (
        serving(sqlite_file, tmp_path, OKRGRAPH_DRAIN_SECONDS="1") as server,
        AsyncExitStack() as held,
    ):
        sockets = [await held.enter_async_context(socket(server, acme.ada)) for _ in range(8)]
        for each in sockets:
            await each.follow("feed", FEED)
        status = asyncio.create_task(server.stop())

        assert [await each.closed() for each in sockets] == [(1012, "The server restarts.")] * 8
        assert await status == 0


async def test_the_server_stops_when_its_last_client_has_left(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    acme = await make_acme(sqlite_file)
    async with serving(sqlite_file, tmp_path, OKRGRAPH_DRAIN_SECONDS="300") as server:
        async with socket(server, acme.ada) as live:
            await live.follow("feed", FEED)
            status = asyncio.create_task(server.stop())
            await until(lambda: _is_closed(server), "the port to be closed")
            assert server.process.poll() is None

        assert await status == 0


async def _is_closed(server: Server) -> bool:
    """Whether nobody new is taken."""
    try:
        async with client(server, None) as late:
            await late.http.get("/healthz")
    except httpx.ConnectError:
        return True
    return False


async def test_a_server_that_stops_is_not_ready_while_it_sends_clients_away(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    acme = await make_acme(sqlite_file)
    async with (
        serving(sqlite_file, tmp_path, OKRGRAPH_DRAIN_SECONDS="300") as server,
        client(server, None) as proxy,
        socket(server, acme.ada) as live,
    ):
        await live.follow("feed", FEED)
        assert (await proxy.http.get("/readyz")).status_code == 200
        server.process.send_signal(signal.SIGTERM)

        async def is_turned_away() -> bool:
            # Over the connection that is open: a new one would be refused.
            return (await proxy.http.get("/readyz")).text == "not ready\n"

        await until(is_turned_away, "the server to say that it stops")
        assert (await proxy.http.get("/healthz")).text == "ok\n"
        assert await server.stop() == 0


async def test_a_second_signal_cuts_short_the_sending_away_of_clients(
    sqlite_file: GivenDatabase, tmp_path: Path
) -> None:
    acme = await make_acme(sqlite_file)
    async with (
        serving(sqlite_file, tmp_path, OKRGRAPH_DRAIN_SECONDS="300") as server,
        socket(server, acme.ada) as live,
    ):
        await live.follow("feed", FEED)
        server.process.send_signal(signal.SIGTERM)
        await until(lambda: _is_closed(server), "the port to be closed")

        assert await server.stop() == 0
        assert (await live.closed())[0] == 1012


async def test_a_mutation_on_its_way_is_finished_before_the_end(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    acme = await make_acme(closed_database)
    async with (
        serving(closed_database, tmp_path) as server,
        client(server, acme.bo) as bo,
        client(server, None) as late,
        opened(closed_database.address),
    ):

        async def has_begun_to_stop() -> bool:
            return "Shutting down" in server.log

        await bo.run(WARM)
        async with transaction():
            # Holds up every writer: on SQLite a transaction begins as one, on PostgreSQL the counter is last.
            await execute("UPDATE log_head SET pos = pos")
            answer = asyncio.create_task(bo.change(COMMENT, subject=acme.objective))
            # By way of a new connection, so it comes later than the mutation, and is answered later.
            await late.http.get("/healthz")
            status = asyncio.create_task(server.stop())
            await until(has_begun_to_stop, "the server to begin to stop")

        assert (await answer)["comment"] == {"body": "Last words"}
        assert await status == 0
