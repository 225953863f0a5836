import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from okrgraph.events import log
from okrgraph.events.broker import Announcement, InProcessBroker
from okrgraph.events.database import fetch_one
from okrgraph.events.encoding import entries_of
from okrgraph.events.log import Head, head_of, read_after
from okrgraph.events.receipts import Done, Receipt
from okrgraph.events.rows import row_of
from okrgraph.events.transactions import transaction
from okrgraph.events.unit_of_work import ATTEMPTS, UnitOfWork, action, doorbell, perform
from okrgraph.kit import clock
from okrgraph.kit.errors import BusyError, DomainError, wrong_state
from okrgraph.people.events import TeamChanged
from okrgraph.people.models import Team
from okrgraph.people.reads import TeamRow
from tests.building import GivenOrganization, Operator, known_to_all, make_organization
from tests.locks import held_open


@action
async def rename(work: UnitOfWork, operator: Operator, team: Team, name: str) -> UUID:
    """Give a team a name; none changes nothing, a bad one is refused after the row was written."""
    found = await Team.select_for_update().get(id=team.id)
    if not name:
        return found.id
    found.name = name
    found.version += 1
    found.updated_at = work.at
    await found.save()
    work.record(known_to_all(TeamChanged(row_of(TeamRow, found)), found.id))
    if name == "bad":
        raise wrong_state("Not this one.")
    return found.id


@pytest.fixture
async def org(database):
    return await make_organization()


def ends(announcements: list[Announcement]) -> list[tuple[UUID, int]]:
    return [(each.organization_id, each.head) for each in announcements]


@pytest.fixture
async def announced(org):
    """Each announcement, in order."""
    broker, heard = InProcessBroker(), []
    await broker.follow(org.id)
    stop = broker.listen(heard.append)
    with doorbell(broker):
        yield heard
    stop()


async def test_the_doorbell_rings_once_after_each_commit(org, announced):
    done = await rename(org.operator, org.company, "New")
    assert ends(announced) == [(org.id, done.position)]
    assert (await head_of(org.id)).position == done.position


async def test_what_is_announced_are_the_entries_as_the_log_has_them(org, announced):
    done = await rename(org.operator, org.company, "New")
    (announcement,) = announced
    assert announcement.head == done.position
    assert entries_of(announcement) == await read_after(org.id, done.position - 1)


async def test_the_doorbell_is_silent_when_nothing_was_written(org, announced):
    head = (await head_of(org.id)).position
    assert (await rename(org.operator, org.company, "")).position == head
    with pytest.raises(DomainError):
        await rename(org.operator, org.company, "bad")

    assert announced == []
    assert (await head_of(org.id)).position == head
    assert (await Team.get(id=org.company.id)).name == "Acme"


async def test_the_doorbell_is_silent_for_a_retry(org, announced):
    author = Operator(org.id, person_id=org.company.id, receipt=Receipt("once", "rename", "h"))
    first = await rename(author, org.company, "New")
    assert await rename(author, org.company, "New") == first

    assert ends(announced) == [(org.id, first.position)]


async def test_outside_its_block_a_doorbell_is_silent(org):
    broker, heard = InProcessBroker(), []
    await broker.follow(org.id)
    broker.listen(heard.append)
    with doorbell(broker):
        pass
    await rename(org.operator, org.company, "New")

    assert heard == []


async def test_rows_and_log_have_the_same_moment(org):
    moment = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
    with clock.held_at(moment):
        done = await rename(org.operator, org.company, "New")

    (logged,) = await read_after(org.id, done.position - 1)
    assert (logged.at, (await Team.get(id=org.company.id)).updated_at) == (moment, moment)
    assert TeamChanged.from_body(logged.body).team.updated_at == moment


async def test_a_caller_that_leaves_does_not_stop_what_has_begun(org, announced):
    head = (await head_of(org.id)).position
    for turns in range(40):
        calling = asyncio.create_task(rename(org.operator, org.company, f"Name {turns}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    # Only the call that was cancelled before its first step did nothing.
    assert (await head_of(org.id)).position == head + 39
    assert (await Team.get(id=org.company.id)).version == 40
    assert sorted(each.head for each in announced) == list(range(head + 1, head + 40))


async def test_a_deadlock_is_run_again(postgres_database):
    org = await make_organization()
    one, other = await org.team("One"), await org.team("Other")
    met, one_is_through, runs = asyncio.Barrier(2), asyncio.Event(), []

    @action
    async def touch_both(work: UnitOfWork, operator: Operator, first: Team, second: Team) -> UUID:
        runs.append(first.name)
        if len(runs) > 2:
            # Else it could take its first row again before the one that waits for it wakes: another deadlock.
            await one_is_through.wait()
        for team in (first, second):
            found = await Team.select_for_update().get(id=team.id)
            found.version += 1
            await found.save()
            work.record(known_to_all(TeamChanged(row_of(TeamRow, found)), found.id))
            if len(runs) <= 2 and team is first:
                await met.wait()
        return first.id

    async def touch(first: Team, second: Team) -> None:
        await touch_both(org.operator, first, second)
        one_is_through.set()

    await asyncio.gather(touch(one, other), touch(other, one))

    assert len(runs) == 3
    assert [team.version for team in await Team.filter(id__in=[one.id, other.id])] == [3, 3]


@dataclass
class Locked:
    """A body that finds its rows locked the first so many times."""

    organization: GivenOrganization
    times: int
    runs: int = 0

    async def __call__(self, work: UnitOfWork) -> UUID:
        self.runs += 1
        team = self.organization.company
        team.version += 1
        await team.save()
        work.record(known_to_all(TeamChanged(row_of(TeamRow, team))))
        if self.runs <= self.times:
            team.version -= 1
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
        return team.id


async def test_a_body_that_met_a_lock_is_run_again(database) -> None:
    organization = await make_organization()
    body = Locked(organization, times=ATTEMPTS - 1)
    done = await perform(organization.operator, body)
    assert (body.runs, done.entity_id) == (ATTEMPTS, organization.company.id)
    assert (await Team.get(id=organization.company.id)).version == 2


async def test_a_lock_that_stays_is_said_and_nothing_is_written(database) -> None:
    organization = await make_organization()
    body = Locked(organization, times=ATTEMPTS)
    with pytest.raises(BusyError, match="try again"):
        await perform(organization.operator, body)
    assert body.runs == ATTEMPTS
    assert (await Team.get(id=organization.company.id)).version == 1
    assert await head_of(organization.id) == Head(1, 0)


async def test_any_other_error_is_not_tried_again(database) -> None:
    organization = await make_organization()
    runs = []

    async def body(_: UnitOfWork) -> UUID:
        runs.append(1)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await perform(organization.operator, body)
    assert len(runs) == 1


async def rename_within(organization: GivenOrganization, name: str, counter_ms: int) -> Done:
    async def body(work: UnitOfWork) -> UUID:
        team = organization.company
        team.name = name
        team.version += 1
        work.record(known_to_all(TeamChanged(row_of(TeamRow, team)), team.id))
        await team.save()
        return team.id

    return await perform(organization.operator, body, counter_ms=counter_ms)


async def test_a_writer_that_is_stuck_with_the_counter_stops_nobody_for_ever(postgres_database) -> None:
    """PostgreSQL only: on SQLite there is no writer beside another one."""
    org = await make_organization()
    before = await head_of(org.id)
    async with held_open(lambda: tell(org)):
        with pytest.raises(BusyError, match="try again"):
            await rename_within(org, "New", counter_ms=20)
        assert await head_of(org.id) == before
    assert (await rename_within(org, "New", counter_ms=20)).position == before.position + 2


async def tell(organization: GivenOrganization) -> None:
    entry = known_to_all(TeamChanged(row_of(TeamRow, organization.company)), organization.company.id)
    await log.append(
        organization.id, [entry], actor_id=None, mutation_id=None, entity_id=None, at=clock.now()
    )


async def test_the_time_for_the_counter_is_for_nothing_else(postgres_database) -> None:
    org = await make_organization()
    async with transaction():
        await fetch_one("SELECT 1")
        before = (await fetch_one("SHOW lock_timeout"))[0]
        await tell(org)
        within = (await fetch_one("SHOW lock_timeout"))[0]
    async with transaction():
        after = (await fetch_one("SHOW lock_timeout"))[0]
    assert (before, within, after) == ("5s", "2s", "5s")
