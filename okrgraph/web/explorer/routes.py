"""`/graphiql`: a page to try operations from, all of it served from here."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from okrgraph.web.pages import HEADERS

_FILES = {
    "/graphiql": ("explorer.html", "text/html"),
    "/graphiql/explorer.css": ("explorer.css", "text/css"),
    "/graphiql/explorer.js": ("explorer.js", "text/javascript"),
}
_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}


def explorer_routes() -> list[BaseRoute]:
    """Routes of the page and of what it loads."""
    return [_route(path, *found) for path, found in _FILES.items()]


def _route(path: str, name: str, media_type: str) -> BaseRoute:
    content = files("okrgraph.web.explorer").joinpath(name).read_text(encoding="utf-8")

    async def serve(_: Request) -> Response:
        return Response(content, headers=_HEADERS, media_type=media_type)

    return Route(path, serve)
