"""A database that is in use is brought to the current schema with all that it holds."""

from datetime import date

import pytest

from okrgraph.dependencies.models import Dependency
from okrgraph.dependencies.requests import NewDependency, request_dependency
from okrgraph.events import migrating
from okrgraph.events.database import execute, fetch_all, opened
from okrgraph.people.vocabulary import MemberRole
from tests.building import make_organization
from tests.refusals import TABLES, everything_stored

# What the second migration adds.
NEW_TABLES = ("dependency_check_in", "dependency", "liaison")


async def _filled() -> tuple[object, object, object, object]:
    org = await make_organization()
    growth, platform = await org.team("Growth"), await org.team("Platform")
    ada = await org.person("Ada", {growth: MemberRole.MEMBER})
    objective = await org.objective(ada, team=growth, published=True)
    await org.check_in(await org.key_result(objective))
    await org.comment(ada, objective)
    return ada, growth, platform, objective


async def everything_stored_but(missing):
    kept = [name for name in TABLES if name not in missing]
    return {name: sorted(map(tuple, await fetch_all(f"SELECT * FROM {name}")), key=repr) for name in kept}


@pytest.fixture
async def first_schema(closed_database):
    """A database with data as it stood before the second migration."""
    async with opened(closed_database.address):
        for table in NEW_TABLES:
            await execute(f"DROP TABLE {table}")
        await execute("DELETE FROM tortoise_migrations WHERE name = '0002_dependencies'")
        assert await migrating.pending(closed_database.address) == ["0002_dependencies"]
        yield closed_database


async def test_the_tables_of_dependencies_come_beside_data_that_stays(first_schema):
    ada, growth, platform, objective = await _filled()
    before = await everything_stored_but(NEW_TABLES)

    assert await migrating.migrate(first_schema.address) == ["0002_dependencies"]

    after = await everything_stored()
    assert {name: after[name] for name in before} == before
    assert all(after[name] == [] for name in NEW_TABLES)
    new = NewDependency(
        need="An API",
        consumer_team_id=growth.id,
        provider_team_id=platform.id,
        objective_id=objective.id,
        needed_by=date(2026, 5, 1),
    )
    done = await request_dependency(ada, new)
    assert (await Dependency.get(id=done.entity_id)).need == "An API"
    assert await migrating.migrate(first_schema.address) == []
