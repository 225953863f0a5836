from collections.abc import Mapping, Sequence
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
ROUNDS = (5, 60, 150)
NODES_AT_ONCE = 100
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
HEAD = "{ organization { cursor } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
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
        return bool(await connection.fetchval(OTHERS) == 0)

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


async def _heads(server: Server, organizations: Sequence[Acme]) -> dict[str, str]:
    """The cursor of each organisation's head, by slug."""
    heads = {}
    for acme in organizations:
        async with client(server, acme.ada) as ada:
            heads[acme.slug] = (await ada.run(HEAD))["organization"]["cursor"]
    return heads


async def _require_readable(server: Server, sent: Sequence[Sent], before: Mapping[str, str]) -> None:
    """Each acknowledged mutation is there for clients, as an entity and, after the cursor before, in the feed."""
    for acme in {each.acme.slug: each.acme for each in sent}.values():
        done = [each.acknowledged for each in sent if each.acme is acme and each.acknowledged is not None]
        ids = [payload["entity"]["id"] for payload in done]
        async with client(server, acme.ada) as ada:
            for start in range(0, len(ids), NODES_AT_ONCE):
                some = ids[start : start + NODES_AT_ONCE]
                assert (await ada.run(NODES, ids=some))["nodes"] == [{"id": key} for key in some]
            told = {change["cursor"] for change in await _feed(ada, before[acme.slug])}
        assert {payload["cursor"] for payload in done} <= told


async def _feed(ada: Client, after: str) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = []
    while True:
        page = (await ada.run(SINCE, after=after))["changesSince"]
        changes += page["changes"]
        after = page["cursor"]
        if not page["hasMore"]:
            return changes


async def _retry(server: Server, sent: Sequence[Sent]) -> None:
    """Send everything again: what was acknowledged is answered as before, the rest is done by now."""
    async with client(server, None) as again:
        for each in sent:
            again.http.headers["Authorization"] = f"Bearer {each.token}"
            payload = await each.send(again)
            assert each.acknowledged in (None, payload)
            each.acknowledged = payload


async def test_kill_9_in_a_burst_of_mutations_loses_nothing_acknowledged_and_leaves_nothing_half_done(
    closed_database: GivenDatabase, tmp_path: Path
) -> None:
    organizations = [await make_acme(closed_database, slug) for slug in ("acme", "globex")]
    burst = Burst(organizations)
    killed: list[Sent] = []
    before: Mapping[str, str] = {}
    for acknowledged in ROUNDS:
        async with serving(closed_database, tmp_path) as server:
            await _require_readable(server, killed, before)
            await _retry(server, killed)
            before = await _heads(server, organizations)
            killed = await burst.until_killed(server, acknowledged)
        await _until_nothing_runs(closed_database)
        await _require_acknowledged(closed_database, organizations, burst.sent)
        assert any(each.acknowledged is None for each in killed), "nothing was on its way"
    async with serving(closed_database, tmp_path) as server:
        await _require_readable(server, killed, before)
        await _retry(server, killed)
    done = await _require_acknowledged(closed_database, organizations, burst.sent)

    assert done.keys() == {each.mutation_id for each in burst.sent}
