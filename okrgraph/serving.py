"""Running the application under uvicorn: port, SQLite lock, logs, and an end that tells live clients."""

import asyncio
import errno
import gc
import logging
import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

import structlog
import uvicorn
from structlog.tracebacks import ExceptionDictTransformer

from okrgraph.app import create_app
from okrgraph.events.database import opened
from okrgraph.events.migrating import migrate
from okrgraph.events.single_process import only_server_of
from okrgraph.graph.transport.endpoint import GraphQLEndpoint
from okrgraph.graph.transport.server import uvicorn_options
from okrgraph.kit.errors import OperatorError
from okrgraph.people.tokens import create_token
from okrgraph.people.vocabulary import TokenScope
from okrgraph.settings import Settings


def _bound(host: str, port: int) -> socket.socket:
    """Take the port before anything else is done. Raises OperatorError when somebody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        # Bound alone does not keep others away, with the reuse of addresses that have just been left.
        _require_unused(host, port)
    except OSError as error:
        taken.close()
        raise OperatorError(
            f"Port {port} of {host} cannot be had ({error.strerror}); choose another with --port."
        ) from error
    return taken


def _require_unused(host: str, port: int) -> None:
    if port == 0:
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(0.2)
        if probe.connect_ex((host, port)) == 0:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


class DrainingServer(uvicorn.Server):
    """Takes no new clients and sends live ones away one after another before it stops.

    A second signal cuts that short, a third one also what is being answered.
    """

    def __init__(self, config: uvicorn.Config, endpoint: GraphQLEndpoint, drain_seconds: float) -> None:
        super().__init__(config)
        self._endpoint = endpoint
        self._drain_seconds = drain_seconds
        self._is_told_to_stop = False
        self._drained_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        # uvicorn's own would raise the signal again at the end: a server that stops as told has not failed.
        # Flags only, since a signal comes in the middle of anything.
        self.force_exit = self.should_exit
        self.should_exit = self._is_told_to_stop
        self._is_told_to_stop = True

    async def on_tick(self, counter: int) -> bool:
        if self._is_told_to_stop and self._is_drained(asyncio.get_running_loop().time()):
            self.should_exit = True
        return await super().on_tick(counter)

    def _is_drained(self, now: float) -> bool:
        if self._drained_at is None:
            self._drained_at = now + self._drain_seconds
            for server in self.servers:
                server.close()
            self._endpoint.drain(self._drain_seconds)
        live = self._endpoint.live
        return now >= self._drained_at or live.sockets.value + live.streams.value == 0


def configure_logs(log_format: str) -> None:
    """Write logs to standard error, a line each, as text or JSON; a traceback is part of its line in JSON only."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Never the local variables, which structlog shows unless told: credentials are among them.
    renderer: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def _spare_collector() -> None:
    """Let the garbage collector pass over what lives as long as the process, and look at the rest less often.

    An answer of 60,000 values is made of 17,000 objects without a cycle among them; at Python's own thresholds
    they are looked through two dozen times while they grow, for a fifth of the time of the whole answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _run(settings: Settings, taken: socket.socket) -> None:
    app = create_app(settings)
    _spare_collector()
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", **uvicorn_options())
    server = DrainingServer(config, app.state.endpoint, settings.drain_seconds)
    try:
        server.run(sockets=[taken])
    except SystemExit:
        raise OperatorError("The server could not start; the log above says why.") from None


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop. Raises OperatorError when the port or the SQLite file is taken."""
    configure_logs(settings.log_format)
    with ExitStack() as held:
        if settings.database.path is not None:
            held.enter_context(only_server_of(settings.database.path))
        _run(settings, held.enter_context(_bound(host, port)))


async def _prepare(settings: Settings) -> tuple[str, list[tuple[str, str, str]]]:
    """Migrate and fill the demonstration's database.

    Returns its organisation's slug and, for three people, role, e-mail address and credential.
    """
    from okrgraph.transfer.demonstration import fill_demonstration  # noqa: PLC0415 - serve does not need it

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
        taken = held.enter_context(_bound(host, port))
        port = taken.getsockname()[1]
        slug, credentials = asyncio.run(_prepare(settings))
        url = _url(host, port)
        lines = [f"okrgraph demonstration: {url}", f"GraphQL: {url}/graphql   organisation: {slug}"]
        lines += [f"{role:14} {email:32} Authorization: Bearer {token}" for role, email, token in credentials]
        announce("\n".join([*lines, "Stop with Ctrl-C."]))
        if open_browser:
            threading.Timer(1.0, webbrowser.open, [url]).start()
        _run(settings, taken)
