from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from okrgraph.events.database import fetch_one
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import ATTEMPTS, UnitOfWork, perform
from okrgraph.kit.errors import BusyError
from okrgraph.people.events import TeamChanged
from okrgraph.people.reads import TeamRow
from tests.building import GivenOrganization, known_to_all, make_organization


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
    row = await fetch_one("SELECT version FROM team WHERE id = :id", id=organization.company.id)
    assert row[0] == 2


async def test_a_lock_that_stays_is_said_and_nothing_is_written(database) -> None:
    organization = await make_organization()
    body = Locked(organization, times=ATTEMPTS)
    with pytest.raises(BusyError, match="try again"):
        await perform(organization.operator, body)
    assert body.runs == ATTEMPTS
    row = await fetch_one("SELECT version FROM team WHERE id = :id", id=organization.company.id)
    head = await fetch_one("SELECT pos FROM log_head WHERE organization_id = :id", id=organization.id)
    assert (row[0], head[0]) == (1, 1)


async def test_any_other_error_is_not_tried_again(database) -> None:
    organization = await make_organization()
    runs = []

    async def body(_: UnitOfWork) -> UUID:
        runs.append(1)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await perform(organization.operator, body)
    assert len(runs) == 1
