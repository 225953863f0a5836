"""Composition root: puts the parts together into one ASGI application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from starlette.applications import Starlette

from okrgraph.events import receipts
from okrgraph.events.broker import InProcessBroker
from okrgraph.events.database import fetch_one, opened
from okrgraph.events.hub import Hub
from okrgraph.events.migrating import require_migrated
from okrgraph.events.unit_of_work import doorbell
from okrgraph.graph.context import admission
from okrgraph.graph.schema import make_schema
from okrgraph.graph.transport.endpoint import GraphQLEndpoint, graphql_routes
from okrgraph.graph.transport.limits import DEFAULT_LIMITS
from okrgraph.kit import clock
from okrgraph.settings import Settings
from okrgraph.web.pages import page_routes

PRUNE_SECONDS = 3_600.0
_logger = logging.getLogger(__name__)


async def _prune_receipts() -> None:
    while True:
        try:
            await receipts.prune(clock.now())
        except Exception:
            _logger.exception("Old receipts could not be removed; trying again in an hour")
        await asyncio.sleep(PRUNE_SECONDS)


def create_app(settings: Settings) -> Starlette:
    """Build the application; the database is opened and the log followed while its lifespan runs.

    The GraphQL endpoint is kept as `app.state.endpoint`, for whoever runs the server to drain it at the end,
    and what the engine has taken and declined as `app.state.engine`, for the metrics.
    """
    broker = InProcessBroker()
    hub = Hub(broker, poll_seconds=settings.head_poll_seconds)
    schema = make_schema(engine=settings.engine == "on")
    endpoint = GraphQLEndpoint(
        schema,
        admission(lambda: hub),
        allowed_origins=settings.allowed_origins,
        limits=replace(DEFAULT_LIMITS, recheck_seconds=settings.recheck_seconds),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with opened(settings.database):
            await require_migrated(settings.database)
            ready = asyncio.Event()
            following = asyncio.create_task(hub.run(ready))
            tasks = [following, asyncio.create_task(ready.wait()), asyncio.create_task(_prune_receipts())]
            try:
                await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
                if following.done():
                    following.result()
                with doorbell(broker):
                    yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def is_ready() -> bool:
        async with asyncio.timeout(2):
            return await fetch_one("SELECT count(*) FROM log_epoch") is not None

    app = Starlette(routes=[*graphql_routes(endpoint), *page_routes(is_ready)], lifespan=lifespan)
    app.state.endpoint = endpoint
    app.state.engine = schema.engine.counts
    return app
