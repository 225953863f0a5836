"""The reference data, loaded once for each kind of database and copied for each test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO, StringIO

import pytest

from benchmarks.reference_data import reference_rows, write_csv
from okrgraph.events.broker import InProcessBroker
from okrgraph.events.database import opened
from okrgraph.events.hub import Hub
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.people.viewer import Viewer
from okrgraph.transfer.importing import import_file
from tests.both_executors import by_both


async def load_reference() -> str:
    file = StringIO()
    write_csv(reference_rows(1), file)
    await import_file(BytesIO(file.getvalue().encode()))
    return await create_token("reference", "ada.abbott.000001@example.com")


@dataclass
class Reference:
    viewer: Viewer

    async def run(self, document: str, **variables: object) -> dict:
        hub = Hub(InProcessBroker(), poll_seconds=3_600)
        hub.epoch = "0" * 16
        result = await by_both(self.viewer, hub, document, variables)
        assert result.errors is None, result.errors
        return result.data


@pytest.fixture
async def reference(databases, tmp_path) -> AsyncIterator[Reference]:
    async with databases.prepared(tmp_path, load_reference) as (database, token), opened(database.address):
        viewer = await viewer_of_token(token)
        assert viewer is not None
        yield Reference(viewer)
