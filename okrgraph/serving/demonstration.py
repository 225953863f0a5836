"""The demonstration: a filled database of its own, served by this process."""

import asyncio
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack

from okrgraph.events.database import opened
from okrgraph.events.migrating import migrate
from okrgraph.events.single_process import only_server_of
from okrgraph.people.tokens import create_token
from okrgraph.people.vocabulary import TokenScope
from okrgraph.serving.listening import bound
from okrgraph.serving.logs import configure_logs
from okrgraph.serving.server import DrainingServer
from okrgraph.settings import Settings


async def _prepare(settings: Settings) -> tuple[str, list[tuple[str, str, str]]]:
    """Migrate and fill the demonstration's database.

    Returns its organisation's slug and, for three people, role, e-mail address and credential.
    """
    from okrgraph.transfer.demonstration import fill_demonstration  # noqa: PLC0415 - a server does not need it

    async with opened(settings.database):
        await migrate(settings.database)
        people = await fill_demonstration()
        credentials = []
        for role, email, scope in (
            ("administrator", people.administrator, TokenScope.ADMIN),
            ("team lead", people.lead, TokenScope.WRITE),
            ("team member", people.member, TokenScope.WRITE),
        ):
            token = await create_token(people.slug, email, name="demonstration", scope=scope)
            credentials.append((role, email, str(token)))
        return people.slug, credentials


def _url(host: str, port: int) -> str:
    """Where a browser on this machine finds the server."""
    if host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - compared with, not bound to
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_demonstration(
    settings: Settings, host: str, port: int, *, announce: Callable[[str], None], open_browser: bool
) -> None:
    """Fill and serve the embedded demonstration organisation; announce how to reach it before it answers."""
    configure_logs(settings.log_format)
    path = settings.database.path
    assert path is not None, "the demonstration is embedded"
    with ExitStack() as held:
        held.enter_context(only_server_of(path))
        taken = held.enter_context(bound(host, port))
        port = taken.getsockname()[1]
        slug, credentials = asyncio.run(_prepare(settings))
        url = _url(host, port)
        lines = [f"okrgraph demonstration: {url}", f"GraphQL: {url}/graphql   organisation: {slug}"]
        lines += [f"{role:14} {email:32} Authorization: Bearer {token}" for role, email, token in credentials]
        announce("\n".join([*lines, "Stop with Ctrl-C."]))
        if open_browser:
            threading.Timer(1.0, webbrowser.open, [url]).start()
        settings = settings.model_copy(update={"graphiql": settings.graphiql or "on"})
        DrainingServer(settings).listen_and_serve(taken)
