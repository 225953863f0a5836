"""`okrgraph serve`: refuses what cannot work, then serves in this process or in several of its children."""

import asyncio
from contextlib import ExitStack

from okrgraph.events.redis_broker import reach
from okrgraph.events.single_process import only_server_of
from okrgraph.kit.errors import OperatorError
from okrgraph.serving.listening import bound
from okrgraph.serving.logs import configure_logs
from okrgraph.serving.supervisor import Supervisor
from okrgraph.settings import Settings


def require_servable(settings: Settings, workers: int) -> None:
    """Raises OperatorError when so many workers cannot serve what the settings name."""
    if workers == 1:
        return
    if settings.database.is_sqlite:
        raise OperatorError(
            "Several workers need PostgreSQL: set OKRGRAPH_DATABASE_URL=postgres://user:password@host/name, "
            "or serve with --workers 1."
        )
    if not settings.redis_url:
        raise OperatorError(
            "Several workers need Redis to tell each other of changes: set OKRGRAPH_REDIS_URL=redis://host:6379/0, "
            "or serve with --workers 1."
        )


def serve(settings: Settings, host: str, port: int, workers: int = 1) -> None:
    """Serve until told to stop. Raises OperatorError when that cannot be."""
    configure_logs(settings.log_format)
    if workers > 1:
        # One worker does without while Redis is away; several that start so would each serve a world of their own.
        asyncio.run(reach(settings.redis_url))
    with ExitStack() as held:
        if settings.database.path is not None:
            held.enter_context(only_server_of(settings.database.path))
        taken = held.enter_context(bound(host, port))
        if workers > 1:
            Supervisor(taken, workers, settings.drain_seconds).run()
            return
        from okrgraph.serving.server import DrainingServer  # noqa: PLC0415 - a supervisor needs none of it

        DrainingServer(settings).listen_and_serve(taken)
