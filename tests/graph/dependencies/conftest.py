"""The two teams of the tests of dependencies, and the schema over them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import open_and_audited
from tests.graph.conftest import Graph, following
from tests.two_teams import TwoTeams, make_two_teams


@pytest.fixture
async def teams(databases: Any, tmp_path: Path) -> AsyncIterator[TwoTeams]:
    async with databases.prepared(tmp_path, make_two_teams) as (database, made), open_and_audited(database):
        yield made


@pytest.fixture
async def graph(teams: TwoTeams) -> AsyncIterator[Graph]:
    async with following() as made:
        yield made
