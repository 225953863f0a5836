"""The world of verify, made once for each kind of database and copied for each test."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.databases import open_and_audited
from tests.graph.conftest import following
from tests.graph.verify.world import World, make_world


@pytest.fixture
async def world(databases: Any, tmp_path: Path) -> AsyncIterator[World]:
    async with (
        databases.prepared(tmp_path, make_world) as (database, world),
        open_and_audited(database),
        following() as graph,
    ):
        yield replace(world, stage=replace(world.stage, graph=graph, database=database))
