"""Health, readiness and the page at `/`; speaks to people and probes, imports no domain package."""

import logging
from collections.abc import Awaitable, Callable
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
_logger = logging.getLogger(__name__)


class Readiness:
    """Whether clients should be sent here. is_stopping: set before the first of them is sent away."""

    def __init__(self, can_serve: Callable[[], Awaitable[bool]]) -> None:
        self._can_serve = can_serve
        self.is_stopping = False

    async def is_ready(self) -> bool:
        if self.is_stopping:
            return False
        try:
            return await self._can_serve()
        except Exception as error:  # noqa: BLE001 - whatever it is, probes come every few seconds
            _logger.warning("Not ready, the database does not answer: %r", error)
            return False


def page_routes(readiness: Readiness) -> list[BaseRoute]:
    """Routes of `/`, `/healthz` (the process runs) and `/readyz` (it can serve now)."""
    page = files("okrgraph.web").joinpath("index.html").read_text(encoding="utf-8")

    async def index(_: Request) -> Response:
        return HTMLResponse(page, headers=HEADERS)

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n", headers=HEADERS)

    async def readyz(_: Request) -> Response:
        ready = await readiness.is_ready()
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503, HEADERS)

    return [Route("/", index), Route("/healthz", healthz), Route("/readyz", readyz)]
