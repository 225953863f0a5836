import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from okrgraph.events.database import execute, opened
from okrgraph.serving.listening import bound
from tests.databases import GivenDatabase
from tests.e2e.acme import make_acme
from tests.e2e.clients import Socket, client, socket
from tests.e2e.program import PROGRAM, Server, running, serving, until

FEED = """subscription ($after: Cursor) {
  changes(after: $after) { cursor changes { __typename ... on CommentChanged { comment { body } } } }
}"""
# The program as it is, on a machine so slow that any time between two deaths is short.
UNFORGETTING = f"from okrgraph.serving import supervisor; supervisor.LASTING_SECONDS = 1_000.0; {PROGRAM}"
VIEWER = "{ viewer { person { name } } }"
COMMENT = """mutation ($subject: ID!, $body: String!) {
  commentCreate(input: {subjectId: $subject, body: $body}) { userErrors { code } cursor }
}"""


@asynccontextmanager
async def several(
    database: GivenDatabase,
    folder: Path,
    redis_url: str,
    count: int,
    *,
    program: str = PROGRAM,
    **settings: str,
) -> AsyncIterator[tuple[Server, list[int]]]:
    """A server with so many workers, all of them serving, and their process ids."""
    settings = {"OKRGRAPH_REDIS_URL": redis_url, **settings}
    async with serving(database, folder, f"--workers={count}", program=program, **settings) as server:
        yield server, await _workers(server, count)


async def _workers(server: Server, count: int) -> list[int]:
    async def found() -> list[int]:
        return server.workers(count)

    return await until(found, f"{count} workers to serve")


async def _metrics(server: Server) -> dict[str, float]:
    async with httpx.AsyncClient(trust_env=False) as anybody:
        text = (await anybody.get(f"{server.url}/metrics")).text
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    }


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _metrics_folders(folder: Path) -> int:
    return len(list(folder.glob("okrgraph-metrics-*")))


def _counting(folder: Path) -> set[str]:
    """Under which numbers workers have counted."""
    return {path.stem.rpartition("_")[2] for path in folder.glob("okrgraph-metrics-*/*.db")}


async def _metric_of(server: Server, name: str, value: float) -> None:
    async def has_it() -> bool:
        return (await _metrics(server)).get(name) == value

    await until(has_it, f"{name} to be {value:g}")


async def _gone(pids: list[int]) -> None:
    async def are_gone() -> bool:
        return not any(_is_alive(pid) for pid in pids)

    await until(are_gone, f"the processes {pids} to end")


async def _logged(server: Server, pattern: str, times: int = 1) -> None:
    async def is_there() -> bool:
        return len(re.findall(pattern, server.log)) >= times

    await until(is_there, f"{pattern!r} in the log")


CUT = 0


@asynccontextmanager
async def _steady_clients(server: Server) -> AsyncIterator[list[int]]:
    """Ask for health over a new connection each time, from four sides; gives the statuses so far, CUT for none."""
    statuses: list[int] = []

    async def ask() -> None:
        while True:
            async with client(server, None) as anybody:
                try:
                    statuses.append((await anybody.http.get("/healthz")).status_code)
                except httpx.TransportError:
                    statuses.append(CUT)

    async with asyncio.TaskGroup() as asking:
        tasks = [asking.create_task(ask()) for _ in range(4)]
        yield statuses
        for task in tasks:
            task.cancel()


async def test_workers_share_one_port_and_count_together(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    acme = await make_acme(postgres_only)
    async with several(postgres_only, tmp_path, redis_url, 3) as (server, workers):
        for _ in range(12):
            async with client(server, acme.ada) as ada:
                await ada.run(VIEWER)
        counted = await _metrics(server)

    assert len(set(workers)) == 3
    assert counted["okrgraph_workers"] == 3
    assert counted["okrgraph_worker_replacements_total"] == 0
    assert counted['okrgraph_operations_total{executor="engine"}'] == 12


async def test_a_change_made_at_one_worker_is_told_by_all_without_polling(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    acme = await make_acme(postgres_only)
    # Polling would find it after the test has postgres_only up.
    settings = {"OKRGRAPH_POLL_SECONDS": "60"}
    async with (
        several(postgres_only, tmp_path, redis_url, 3, **settings) as (server, _),
        AsyncExitStack() as held,
    ):
        sockets = [await held.enter_async_context(socket(server, acme.ada)) for _ in range(12)]
        for each in sockets:
            await each.follow("feed", FEED)
        begun = time.monotonic()
        for number in range(4):
            async with client(server, acme.bo) as bo:
                await bo.change(COMMENT, subject=acme.objective, body=f"Comment {number}")
        told = [await _comments(each, 4) for each in sockets]
        took = time.monotonic() - begun
        counted = await _metrics(server)

    assert told == [[f"Comment {number}" for number in range(4)]] * 12
    assert took < 50
    assert counted["okrgraph_broker_connected"] == 1
    assert counted['okrgraph_connections{transport="ws"}'] == 12
    assert counted["okrgraph_subscribers"] == 12
    assert counted['okrgraph_announcements_total{result="sent"}'] == 4


async def _comments(live: Socket, count: int) -> list[str]:
    """The bodies of so many comments, in the order in which they came."""
    bodies: list[str] = []
    while len(bodies) < count:
        changes = (await live.data("feed"))["changes"]
        bodies += [
            change["comment"]["body"] for change in changes if change["__typename"] == "CommentChanged"
        ]
    return bodies


async def test_a_killed_worker_is_replaced_while_the_others_go_on(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    acme = await make_acme(postgres_only)
    async with several(postgres_only, tmp_path, redis_url, 2) as (server, workers):
        for _ in range(8):
            async with client(server, acme.ada) as ada:
                await ada.run(VIEWER)
        async with _steady_clients(server) as statuses:
            os.kill(workers[0], signal.SIGKILL)
            newest = (await _workers(server, 3))[-1]
        await _metric_of(server, "okrgraph_workers", 2)
        counted = await _metrics(server)

    # Each of the four may have had a request in the hands of the one that was killed, and no more than one.
    assert statuses.count(CUT) <= 4
    assert set(statuses) <= {200, CUT}
    assert statuses.count(200) > 4
    assert newest not in workers
    assert counted["okrgraph_worker_replacements_total"] == 1
    assert counted['okrgraph_operations_total{executor="engine"}'] == 8


async def test_a_worker_that_dies_again_and_again_is_waited_for_longer_each_time(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    settings = {"TMPDIR": str(tmp_path)}
    async with several(postgres_only, tmp_path, redis_url, 2, program=UNFORGETTING, **settings) as (
        server,
        _,
    ):
        for known in (2, 3, 4):
            os.kill((await _workers(server, known))[-1], signal.SIGKILL)
        await _workers(server, 5)
        counting = _counting(tmp_path)
        pauses = re.findall(r"ended with status -9; the next one starts in (\S+) s", server.log)

    assert pauses == ["0", "0.5", "1"]
    # Each one counts on where the last one stopped, in its files.
    assert counting == {"0", "1"}


async def test_when_all_workers_are_waited_for_the_server_comes_back(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    async with several(postgres_only, tmp_path, redis_url, 2, program=UNFORGETTING) as (server, _):
        for known in (2, 4):
            for worker in (await _workers(server, known))[-2:]:
                os.kill(worker, signal.SIGKILL)
        await _workers(server, 6)
        await _metric_of(server, "okrgraph_workers", 2)
        counted = await _metrics(server)

    assert counted["okrgraph_worker_replacements_total"] == 4
    assert server.log.count("the next one starts in 0.5 s") == 2


async def test_workers_end_when_their_supervisor_is_killed(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    acme = await make_acme(postgres_only)
    settings = {"TMPDIR": str(tmp_path)}
    async with several(postgres_only, tmp_path, redis_url, 2, **settings) as (server, workers):
        assert _metrics_folders(tmp_path) == 1
        async with socket(server, acme.ada) as live:
            await live.follow("feed", FEED)
            server.process.kill()
            server.process.wait()

            assert await live.closed() == (1012, "The server restarts.")
        await _gone(workers)

    # Nothing of them is left on the port, or in the folder for temporary files.
    bound("127.0.0.1", server.port).close()
    assert _metrics_folders(tmp_path) == 0


async def test_a_restart_replaces_every_worker_and_refuses_nobody(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    acme = await make_acme(postgres_only)
    async with several(postgres_only, tmp_path, redis_url, 2) as (server, workers):
        async with _steady_clients(server) as statuses, socket(server, acme.ada) as live:
            await live.follow("feed", FEED)
            server.process.send_signal(signal.SIGHUP)
            # Reading, and so answering pings: its worker's turn may come late.
            await live.rest()
            assert await live.closed() == (1012, "The server restarts.")
            await _logged(server, "has left", 2)
        await _metric_of(server, "okrgraph_workers", 2)
        counted = await _metrics(server)

    assert set(statuses) == {200}
    assert not any(map(_is_alive, workers))
    # Each goes only when its successor is there, and the next one only then.
    steps = re.findall(r"Worker \d+ \[\d+\] (serves|has left)", server.log)
    assert steps[:6] == ["serves", "serves", "serves", "has left", "serves", "has left"]
    assert counted["okrgraph_worker_replacements_total"] == 0


async def test_a_restart_that_cannot_start_keeps_the_workers_there_are(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    (tmp_path / ".env").write_text("OKRGRAPH_LOG_FORMAT=text\n")
    async with several(postgres_only, tmp_path, redis_url, 2) as (server, workers):
        (tmp_path / ".env").write_text("OKRGRAPH_LOG_FORMAT=xml\n")
        server.process.send_signal(signal.SIGHUP)
        await _logged(server, "ended with status 1 before it served; the others go on")
        await _metric_of(server, "okrgraph_workers", 2)

        assert [_is_alive(worker) for worker in workers] == [True, True]
        assert "OKRGRAPH_LOG_FORMAT must be text or json." in server.log.splitlines()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_every_process_at_once_drains_as_one_to_the_supervisor(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str, how: signal.Signals
) -> None:
    """As systemd and a terminal send it."""
    acme = await make_acme(postgres_only)
    settings = {"OKRGRAPH_DRAIN_SECONDS": "300"}
    async with several(postgres_only, tmp_path, redis_url, 2, **settings) as (server, workers):
        async with AsyncExitStack() as held:
            # They are sent away at random moments of 300 s, so some of them stay for long.
            sockets = [await held.enter_async_context(socket(server, acme.ada)) for _ in range(12)]
            for each in sockets:
                await each.follow("feed", FEED)
            server.process.send_signal(how)
            await until(lambda: _is_closed(server), "the port to be closed")
            # By now the workers have been told; theirs must not be taken for a second wish.
            for worker in workers:
                with suppress(ProcessLookupError):
                    os.kill(worker, how)
            ends = [asyncio.create_task(each.connection.wait_closed()) for each in sockets]
            # A worker looks ten times a second whether it is to hurry, and if so closes all at once.
            _, live = await asyncio.wait(ends, timeout=2)
            status = asyncio.create_task(server.stop())

            assert live != set()
            assert [(await each.closed())[0] for each in sockets] == [1012] * 12
        assert await status == 0
    assert not any(_is_alive(worker) for worker in workers)


async def test_a_worker_whose_event_loop_stands_still_is_killed_and_replaced(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    # The program as it is, with less patience.
    impatient = f"from okrgraph.serving import member; member.SILENCE_SECONDS = 5.0; {PROGRAM}"
    async with several(postgres_only, tmp_path, redis_url, 2, program=impatient) as (server, workers):
        os.kill(workers[0], signal.SIGSTOP)
        await _workers(server, 3)
        await _gone([workers[0]])

    assert re.search(rf"\[{workers[0]}\] gave no sign of life in time; killing it", server.log)
    assert f"[{workers[1]}] gave no sign" not in server.log


async def _is_closed(server: Server) -> bool:
    """Whether nobody new is taken."""
    try:
        await _metrics(server)
    except httpx.ConnectError:
        return True
    return False


async def test_workers_that_cannot_start_end_the_server(
    postgres_only: GivenDatabase, tmp_path: Path, redis_url: str
) -> None:
    async with opened(postgres_only.address):
        await execute("DROP TABLE log_epoch")
    settings = {"OKRGRAPH_REDIS_URL": redis_url}
    async with running("serve", "--workers=2", folder=tmp_path, database=postgres_only, **settings) as server:

        async def status() -> int | None:
            return server.process.poll()

        assert await until(status, "the server to give up") == 1

    assert "log_epoch" in server.log
    assert server.log.splitlines()[-1] == "The server could not start; the log above says why."
