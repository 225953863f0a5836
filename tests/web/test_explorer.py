import re
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from okrgraph.app import create_app
from okrgraph.settings import Settings
from okrgraph.web.explorer.routes import explorer_routes

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


async def _get(app: Any, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://okr") as client:
        return await client.get(path)


async def test_the_page_and_all_that_it_names_are_served_under_a_strict_policy() -> None:
    app = Starlette(routes=explorer_routes())
    page = await _get(app, "/graphiql")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    loaded = [await _get(app, path) for path in named]

    assert named == ["/graphiql/explorer.css", "/graphiql/explorer.js"]
    assert [answer.headers["content-type"] for answer in (page, *loaded)] == [
        "text/html; charset=utf-8",
        "text/css; charset=utf-8",
        "text/javascript; charset=utf-8",
    ]
    for answer in (page, *loaded):
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        # Nothing from elsewhere, nothing inline, and no text that becomes markup.
        assert not re.search(r"https?:|//[a-z]|<style|<script>|innerHTML|eval\(| on[a-z]+=", answer.text)


@pytest.mark.parametrize(("setting", "status"), [(None, 404), ("off", 404), ("on", 200)])
async def test_it_is_served_only_when_it_is_on(setting: Any, status: int) -> None:
    app = create_app(Settings(graphiql=setting, database_url="sqlite:///nowhere.db"))

    assert (await _get(app, "/graphiql")).status_code == status
    assert (await _get(app, "/graphiql/explorer.js")).status_code == status
