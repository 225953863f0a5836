"""Faults of the database, and what happens to data by intent: retention, restore, bulk changes, revocation."""

import asyncio
import dataclasses
import signal
import time
from uuid import UUID

from okrgraph.events.change import Place
from okrgraph.events.database import opened
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.people.events import AccessChanged, PersonChanged
from okrgraph.people.models import Membership, Person, Team
from okrgraph.people.reads import PersonRow
from okrgraph.people.tokens import create_token, list_tokens, revoke_token
from okrgraph.people.viewer import person_scope
from tests.building import Operator, known_to_all
from tests.e2e import program
from tests.faults.breaking_workers import burst
from tests.faults.documents import HEAD, SINCE
from tests.faults.history import Revoked, Sight
from tests.faults.logs import change_epoch, raise_floor
from tests.faults.machines import Postgres, until
from tests.faults.stage import RECHECK_SECONDS, Stage
from tests.faults.subscribers import SocketClient, StreamClient, place_of
from tests.servers import connect

_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = $1 AND pid <> pg_backend_pid() AND state <> 'idle'"
)
# More rows than one transaction may write one by one.
BULK_ROWS = 520
# What a machine under load may take longer to notice a revoked credential.
SLACK_SECONDS = 5.0


def _postgres(stage: Stage) -> Postgres:
    assert stage.postgres is not None
    return stage.postgres


async def restart_postgres(stage: Stage) -> str:
    server = _postgres(stage)
    await asyncio.to_thread(server.kill)
    await stage.last(0.5)
    await asyncio.to_thread(server.start)
    return "immediate shutdown"


async def kill_writers(stage: Stage) -> str:
    """Whoever is in a transaction, again and again: some of them between their last statement and the commit."""
    name = stage.database.url.partition("?")[0].rpartition("/")[2]
    client = await connect(_postgres(stage).admin_url)
    killed = 0
    ends = time.monotonic() + 2 * stage.hold
    writing = asyncio.create_task(burst(stage.party, stage.burst // 3))
    try:
        while time.monotonic() < ends:
            killed += len(await client.fetch(_OTHERS, name))
            await asyncio.sleep(stage.rng.uniform(0.05, 0.2))
    finally:
        await client.close()
    await writing
    return f"{killed} backends"


async def long_transaction(stage: Stage) -> str:
    """Transactions that have written and stay open, in this and in another database, hold nobody up."""
    here, elsewhere = await connect(stage.database.url), await connect(_postgres(stage).admin_url)
    try:
        for client in (here, elsewhere):
            await client.execute("BEGIN")
            await client.execute("CREATE TEMPORARY TABLE unfinished (one int)")
            await client.execute("SELECT pg_current_xact_id()")
        await stage.last()
        took = await stage.party.steady("a change beside open transactions")
        await stage.last()
    finally:
        for client in (here, elsewhere):
            await client.execute("ROLLBACK")
            await client.close()
    assert took is not None, "an open transaction holds the others up"
    return f"a change arrived after {took:.2f} s meanwhile"


async def retention(stage: Stage) -> str:
    """A client sleeps until what it has not read is gone."""
    party = stage.party
    await party.sleep("sleeper")
    place = party.followers["sleeper"].place
    assert place is not None
    await burst(party, stage.burst // 10)
    floor = await party.keep_log()
    party.note_floor(floor)
    await raise_floor(stage.database, party.organization_id, floor)
    # A worker that has not looked at the heads yet may still have in memory what is gone, and serve it.
    for worker in stage.workers:
        api = party.api("Bo", [worker.url])
        page = (await api.run(SINCE, after=party.followers["sleeper"].cursor))["changesSince"]
        assert [change["reason"] for change in page["changes"]] == ["EXPIRED"], page
    party.wake("sleeper")
    return f"the floor is {floor}, the sleeper was at {place[1]}"


async def new_epoch(stage: Stage) -> str:
    """What `restore` does to every cursor there is, while one client sleeps and the others are live."""
    party = stage.party
    await party.sleep("sleeper")
    before = place_of((await party.marker_api.run(HEAD))["organization"]["cursor"])[0]
    await change_epoch(stage.database)
    await everywhere_after(stage, before)
    party.wake("sleeper")
    return "every client was told to read anew"


async def everywhere_after(stage: Stage, epoch: str) -> None:
    """Wait until every worker has left an epoch."""
    for worker in stage.workers:
        api = stage.party.api("Max", [worker.url])

        async def is_past() -> bool:
            return place_of((await api.run(HEAD))["organization"]["cursor"])[0] != epoch  # noqa: B023

        async with asyncio.timeout(60):
            while not await is_past():  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.1)
    for party in stage.parties:
        party.generation += 1


async def failover(stage: Stage) -> str:
    """A standby that has not got everything is promoted: the tail is lost, and everybody is told."""
    server = _postgres(stage)
    for party in stage.parties:
        await party.quiet()
    await asyncio.to_thread(server.kill, signal.SIGINT)
    await asyncio.to_thread(server.copy_data, "standby")
    await asyncio.to_thread(server.start)
    await burst(stage.party, stage.burst // 10)
    assert await stage.party.steady("what only the primary has") is not None
    before = place_of((await stage.party.marker_api.run(HEAD))["organization"]["cursor"])[0]
    heads = [await party.keep_log() for party in stage.parties]
    for party in stage.parties:
        party.end_history()
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.promote_copy, "standby")
    await asyncio.to_thread(server.start)
    await everywhere_after(stage, before)
    for party in stage.parties:
        party.go_on()
    return f"promoted without the tail up to {heads[0]}"


async def bulk_import(stage: Stage) -> str:
    """`okrgraph import` of too many rows to replay, beside the running servers."""
    world = stage.party.world
    subject = world.objectives["Company"][0]
    rows = [f"organization,{world.slug},,{world.slug.title()},"]
    rows += [
        f"comment,bulk{next(world.numbers)},{subject},Imported,{world.people['Max'].name.lower()}@{world.slug}.example"
        for _ in range(BULK_ROWS)
    ]
    text = "type,key,parent,title,owner\n" + "\n".join(rows) + "\n"
    importing = await program.start(
        "import", "-", "--organization", world.slug, folder=stage.folder, database=stage.database
    )
    ended = await program.ended(importing, stdin=text)
    assert ended.status == 0, ended.errors
    return ended.output.splitlines()[1].strip()


@action
async def end_membership(work: UnitOfWork, operator: Operator, person: Person, team: Team) -> UUID:
    """End a membership, and tell whoever loses sight by it."""
    await Membership.filter(person_id=person.id, team_id=team.id, left_at=None).update(left_at=work.at)
    person.version += 1
    person.updated_at = work.at
    await person.save()
    lost = Place((team.id,), (team.id,), frozenset(), frozenset({person_scope(person.id)}))
    work.record(
        known_to_all(PersonChanged(row_of(PersonRow, person)), team.id),
        AccessChanged(team.id, "Team").entry(lost),
    )
    return person.id


async def lose_membership(stage: Stage) -> str:
    """Dan leaves Secret while one of his clients is far behind: nothing of Secret after that reaches him."""
    party = stage.party
    world, client = party.world, party.followers["socket Dan"]
    client.is_reading.clear()
    party.excused.add("socket Dan")
    await burst(party, stage.burst, is_secret=True)
    async with opened(stage.database.address):
        dan = await Person.get(id=world.people["Dan"].viewer.person_id)
        done = await end_membership(world.organization.operator, dan, world.teams["Secret"])
    scope = f"team:{world.teams['Secret'].id.hex}"
    party.history.sights["Dan"] = _without(party.history.sights["Dan"], done.position, scope)
    await burst(party, stage.burst // 3, is_secret=True)
    client.is_reading.set()
    party.excused.discard("socket Dan")
    return f"at {done.position}, with {stage.burst} changes to read"


async def revoke(stage: Stage) -> str:
    """Fay's token is revoked while a socket and an event stream live by it."""
    party = stage.party
    number = next(party.world.numbers)
    async with opened(stage.database.address):
        email = f"fay@{party.world.slug}.example"
        token = await create_token(party.world.slug, email, name=f"doomed {number}")
        token_id = next(row.id for row in await list_tokens() if row.name == f"doomed {number}")
    names = [f"doomed socket {number}", f"doomed stream {number}"]
    for name, kind in zip(names, (SocketClient, StreamClient), strict=True):
        party.add(kind, name, "Fay", token=token)
        party.excused.add(name)
        party.wake(name)
    doomed = [party.followers[name] for name in names]
    await until(
        lambda: all(each.record.runs and each.record.runs[-1].frames for each in doomed), "Fay's clients"
    )
    for each in doomed:
        each.record.is_doomed = True
        party.excused.add(each.record.name)
    async with opened(stage.database.address):
        await revoke_token(token_id)
    at = time.time()
    party.history.revoked.append(Revoked("Fay", at, RECHECK_SECONDS + SLACK_SECONDS))
    await until(lambda: party.have_ended(names), "the clients of a revoked token to be sent away", 60)
    took = max(each.record.runs[-1].ended for each in doomed) - at
    return f"both were sent away after {took:.1f} s"


def _without(sight: Sight, after: int, scope: str) -> Sight:
    """The same person, who has lost a scope at a position."""
    periods = (*sight.periods, (after, sight.periods[-1][1] - {scope}))
    return dataclasses.replace(sight, periods=periods)
