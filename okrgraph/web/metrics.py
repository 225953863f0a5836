"""`/metrics` in the text format of Prometheus, for whoever may read it."""

import os
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from okrgraph.web.pages import HEADERS

# By any of these a proxy says that it speaks for somebody else.
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def _registry() -> CollectorRegistry:
    """This process, or, when it is one of several workers, what all of them counted."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _is_loopback(authority: str) -> bool:
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_from_this_machine(request: Request) -> bool:
    """Whether the client itself runs here.

    A proxy on this machine has such an address, too: it is told by the headers it adds, or by the Host that it
    passes on. The Host also keeps out a page that had its name point here.
    """
    peer = request.client.host if request.client is not None else ""
    is_forwarded = any(name in request.headers for name in _FORWARDED)
    is_local = _is_loopback(f"[{peer}]" if ":" in peer else peer)
    return is_local and _is_loopback(request.headers.get("host", "")) and not is_forwarded


def metrics_routes(token: str) -> list[BaseRoute]:
    """Route of `/metrics`: for who sends the token as a bearer; without one, for clients on this machine."""
    expected = f"Bearer {token}".encode()

    # Not a coroutine: it reads files, so it runs in a thread.
    def metrics(request: Request) -> Response:
        if token:
            given = request.headers.get("authorization", "").encode("latin-1")
            if not secrets.compare_digest(given, expected):
                refusal = {**HEADERS, "WWW-Authenticate": "Bearer"}
                return PlainTextResponse("Send OKRGRAPH_METRICS_TOKEN as a bearer token.\n", 401, refusal)
        elif not _is_from_this_machine(request):
            return PlainTextResponse("Not Found", 404, HEADERS)
        return Response(
            generate_latest(_registry()), headers={**HEADERS, "Content-Type": CONTENT_TYPE_LATEST}
        )

    return [Route("/metrics", metrics)]
