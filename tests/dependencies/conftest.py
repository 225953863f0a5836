"""The two teams of the tests of dependencies."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import open_and_audited
from tests.two_teams import TwoTeams, make_two_teams


@pytest.fixture
async def teams(databases, tmp_path) -> AsyncIterator[TwoTeams]:
    """In a database of its own, open and audited like `database`, which no test takes beside it."""
    async with (
        databases.prepared(tmp_path, make_two_teams) as (database, made),
        open_and_audited(database),
    ):
        yield made
