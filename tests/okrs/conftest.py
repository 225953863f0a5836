"""The small company of the tests of actions and reads."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import open_and_audited
from tests.small_company import SmallCompany, make_small_company


@pytest.fixture
async def acme(databases, tmp_path) -> AsyncIterator[SmallCompany]:
    """In a database of its own, open and audited like `database`, which no test takes beside it."""
    async with (
        databases.prepared(tmp_path, make_small_company) as (database, company),
        open_and_audited(database),
    ):
        yield company
