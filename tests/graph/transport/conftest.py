from collections.abc import AsyncIterator

import pytest

from tests.graph.transport.client import Serve, Served
from tests.graph.transport.serving import serving


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve the toy schema by a real server on a free port, with limits of the test's choice."""
    async with serving() as start:
        yield start


@pytest.fixture
async def served(serve: Serve) -> Served:
    return await serve()
