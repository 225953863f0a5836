"""The small company of the tests of actions and reads."""

import pytest

from tests.small_company import SmallCompany, make_small_company


@pytest.fixture
async def acme(database) -> SmallCompany:
    return await make_small_company()
