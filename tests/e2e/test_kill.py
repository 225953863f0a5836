from collections.abc import Sequence
from pathlib import Path
from typing import Any

from okrgraph.events import cursors
from okrgraph.events.database import opened
from okrgraph.kit.ids import read_global_id
from tests.databases import GivenDatabase
from tests.e2e.acme import Acme, make_acme
from tests.e2e.burst import Burst, Sent
from tests.e2e.clients import Client, client
from tests.e2e.program import Server, serving, until
from tests.e2e.whole_log import Transaction, whole_log
from tests.servers import connect

# Acknowledged mutations before each kill: soon after the start, and when every connection is in use.
ROUNDS = (3, 40, 90)
NODES_AT_ONCE = 100
SINCE = """query ($after: Cursor!) {
  changesSince(after: $after, first: 500) {
    cursor hasMore changes { ... on ChangeMeta { cursor clientMutationId } }
  }
}"""


async def _until_nothing_runs(database: GivenDatabase) -> None:
    """PostgreSQL notices the death of a client at the end of the statement, and may still commit."""
    if database.is_sqlite:
        return
    connection = await connect(database.url)

    async def is_alone() -> bool:
        others = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return bool(others == 0)

    try:
        await until(is_alone, "PostgreSQL to notice the death of the server")
    finally:
        await connection.close()


async def _require_acknowledged(
    database: GivenDatabase, organizations: Sequence[Acme], sent: Sequence[Sent]
) -> dict[str, Transaction]:
    """Each acknowledged mutation stands in its whole log; returns the transactions by clientMutationId."""
    found: dict[str, Transaction] = {}
    async with opened(database.address):
        for acme in organizations:
            for transaction in await whole_log(acme.organization.id):
                if transaction.mutation_id is not None:
                    assert transaction.mutation_id not in found, "one clientMutationId, two effects"
                    found[transaction.mutation_id] = transaction
    for each in sent:
        if each.acknowledged is not None:
            transaction = found[each.mutation_id]
            cursor = cursors.decode(each.acknowledged["cursor"])
            assert cursor is not None
            assert (cursor.organization_id, cursor.position) == (each.acme.organization.id, transaction.end)
            entity = read_global_id(each.acknowledged["entity"]["id"])
            assert entity is not None
            assert entity[1] in transaction.entity_ids
    assert await database.unlogged_changes() == []
    return found


async def _require_readable(server: Server, acme: Acme, sent: Sequence[Sent], beginning: str) -> None:
    """Each acknowledged mutation is there for clients too, as an entity and in the feed."""
    ids = [each.acknowledged["entity"]["id"] for each in sent if each.acknowledged is not None]
    async with client(server, acme.ada) as ada:
        for start in range(0, len(ids), NODES_AT_ONCE):
            document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
            some = ids[start : start + NODES_AT_ONCE]
            assert (await ada.run(document, ids=some))["nodes"] == [{"id": id} for id in some]
        changes = await _feed(ada, beginning)
    for each in sent:
        if each.acknowledged is not None:
            assert {
                "cursor": each.acknowledged["cursor"],
                "clientMutationId": each.mutation_id,
            } in changes


async def _feed(ada: Client, after: str) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = []
    while True:
        page = (await ada.run(SINCE, after=after))["changesSince"]
        changes += page["changes"]
        after = page["cursor"]
        if not page["hasMore"]:
            return changes


async def _retry_all(server: Server, sent: Sequence[Sent]) -> None:
    """Send everything again: what was acknowledged is answered as before, the rest is done now or was done."""
    async with client(server, None) as again:
        for each in sent:
            again.http.headers["Authorization"] = f"Bearer {each.token}"
            payload = await each.send(again)
            assert payload == each.acknowledged or each.acknowledged is None
            each.acknowledged = payload


async def test_kill_9_in_a_burst_of_mutations_loses_nothing_acknowledged_and_leaves_nothing_half_done(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    organizations = [await make_acme(closed_database, slug) for slug in ("acme", "globex")]
    burst = Burst(organizations)
    beginnings = {}
    for acknowledged in ROUNDS:
        async with serving(closed_database, tmp_path) as server:
            for acme in organizations:
                async with client(server, acme.ada) as ada:
                    head = (await ada.run("{ organization { cursor } }"))["organization"]["cursor"]
                    beginnings.setdefault(acme.slug, head)
            await burst.until_killed(server, acknowledged)
            assert server.process.wait() == -9
        await _until_nothing_runs(closed_database)
        await _require_acknowledged(closed_database, organizations, burst.sent)
        assert burst.acknowledged < len(burst.sent), "nothing was on its way when the server was killed"

        async with serving(closed_database, tmp_path) as server:
            for acme in organizations:
                own = [each for each in burst.sent if each.acme is acme]
                await _require_readable(server, acme, own, beginnings[acme.slug])
            await _retry_all(server, burst.sent)
        done = await _require_acknowledged(closed_database, organizations, burst.sent)
        assert done.keys() == {each.mutation_id for each in burst.sent}
