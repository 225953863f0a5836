import errno
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.clients import client
from tests.e2e.program import Server, ended, running, start, until
from tests.servers import free_port

LINE = re.compile(r"(.+?) {2,}(\S+@\S+) +Authorization: Bearer (okr_[A-Za-z0-9]+)")
VIEWER = "{ viewer { person { email } } }"
CYCLE = """{
  organization { currentCycle { id state currentWeek } cycles { name state } }
}"""
TREE = """query ($cycle: ID!) {
  alignmentTree(cycleId: $cycle) { depth parentId node { __typename ... on Objective { level } } }
}"""
COUNTS = """{
  objectives(first: 1) { totalCount }
  organization { people { totalCount } teams { name } cursor }
}"""
COMMENT = """mutation ($subject: ID!) {
  commentCreate(input: {subjectId: $subject, body: "From the demonstration"}) {
    comment { id } userErrors { code } cursor
  }
}"""


def _is_answering(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def _demonstration(data: Path) -> AsyncIterator[tuple[Server, list[tuple[str, str, str]]]]:
    """`okrgraph demo`, ready, and the credentials that it printed."""
    async with running("demo", f"--data={data}", "--no-browser", folder=data.parent) as server:

        async def has_printed() -> bool:
            assert server.process.poll() is None, server.log
            # In this order: what is printed when the port answers was printed before it did.
            is_answering = _is_answering(server.port)
            printed = server.output
            assert printed.endswith("Stop with Ctrl-C.\n") or not is_answering, "the port answered first"
            return is_answering

        await until(has_printed, "the demonstration to answer")
        await until(server.is_ready, "the demonstration to be ready")
        assert server.output.startswith(f"okrgraph demonstration: http://localhost:{server.port}\n")
        yield server, LINE.findall(server.output)


async def test_one_command_serves_a_filled_organisation_and_prints_credentials_before_it_answers(
    tmp_path: Path,
) -> None:
    async with _demonstration(tmp_path / "data") as (server, credentials):
        assert [credential[0] for credential in credentials] == ["administrator", "team lead", "team member"]
        async with client(server, None) as anybody:
            assert "/graphiql/explorer.js" in (await anybody.http.get("/graphiql")).text
        for _, email, token in credentials:
            async with client(server, token) as person:
                assert await person.run(VIEWER) == {"viewer": {"person": {"email": email}}}
        async with client(server, credentials[0][2]) as administrator:
            cycles = (await administrator.run(CYCLE))["organization"]
            tree = (await administrator.run(TREE, cycle=cycles["currentCycle"]["id"]))["alignmentTree"]
            counts = await administrator.run(COUNTS)

    assert cycles["currentCycle"]["state"] == "ACTIVE"
    assert 4 <= cycles["currentCycle"]["currentWeek"] <= 10
    levels = [row["node"]["level"] for row in tree if row["node"]["__typename"] == "Objective"]
    assert {"COMPANY", "TEAM", "INDIVIDUAL"} <= set(levels)
    assert {row["depth"] for row in tree} >= {0, 1, 2, 3, 4, 5}
    assert 50 <= counts["organization"]["people"]["totalCount"] <= 70
    assert counts["objectives"]["totalCount"] >= len(levels) > 10


async def test_a_second_demonstration_in_the_same_folder_is_refused_while_the_first_runs(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    async with _demonstration(data) as (first, _):
        second = await start(
            "demo", f"--data={data}", "--no-browser", f"--port={free_port()}", folder=tmp_path
        )
        refusal = (await ended(second)).refusal()
        assert await first.is_ready()

    assert refusal == (
        f"Another process serves {data}/demo.sqlite3 already; stop it, or use PostgreSQL for several."
    )


async def test_started_again_it_keeps_what_was_written_and_fills_nothing_twice(tmp_path: Path) -> None:
    data = tmp_path / "Ada's data, 50 % #1"
    async with _demonstration(data) as (server, credentials):
        token = credentials[2][2]
        async with client(server, token) as member:
            subject = (await member.run("{ objectives(first: 1) { nodes { id } } }"))["objectives"]["nodes"][
                0
            ]
            written = await member.change(COMMENT, subject=subject["id"])
            before = await member.run(COUNTS)
    # The earlier credential still holds, and there are new ones.
    async with _demonstration(data) as (server, again), client(server, token) as member:
        found = await member.run("query ($id: ID!) { node(id: $id) { id } }", id=written["comment"]["id"])
        after = await member.run(COUNTS)

    assert found == {"node": written["comment"]}
    assert after == before
    assert {each[2] for each in again}.isdisjoint({each[2] for each in credentials})


async def test_a_busy_port_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process = await start("demo", f"--port={port}", "--no-browser", folder=tmp_path)
        refusal = (await ended(process)).refusal()

    assert refusal == (
        f"Port {port} of 127.0.0.1 cannot be had ({os.strerror(errno.EADDRINUSE)}); "
        "choose another with --port."
    )
    assert not (tmp_path / ".okrgraph" / "demo.sqlite3").exists()


async def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    process = await start("demo", "--data=taken", "--no-browser", folder=tmp_path)

    assert (await ended(process)).refusal() == "The folder taken cannot be made: File exists."
