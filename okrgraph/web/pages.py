"""Health, readiness and the page at `/`; speaks to people and probes, imports no domain package."""

import logging
from collections.abc import Awaitable, Callable
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
_logger = logging.getLogger(__name__)


def page_routes(is_ready: Callable[[], Awaitable[bool]]) -> list[BaseRoute]:
    """Routes of `/`, `/healthz` (the process runs) and `/readyz` (it can serve now)."""
    page = files("okrgraph.web").joinpath("index.html").read_text(encoding="utf-8")

    async def index(_: Request) -> Response:
        return HTMLResponse(page, headers=_HEADERS)

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_HEADERS)

    async def readyz(_: Request) -> Response:
        try:
            ready = await is_ready()
        except Exception as error:  # noqa: BLE001 - whatever it is, probes come every few seconds
            _logger.warning("Not ready, the database does not answer: %r", error)
            ready = False
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503, _HEADERS)

    return [Route("/", index), Route("/healthz", healthz), Route("/readyz", readyz)]
