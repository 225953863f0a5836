"""Composition root: puts the parts together into one ASGI application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from starlette.applications import Starlette

from okrgraph.events import receipts
from okrgraph.events.broker import Broker, InProcessBroker
from okrgraph.events.database import fetch_one, opened
from okrgraph.events.hub import Hub
from okrgraph.events.migrating import require_migrated
from okrgraph.events.redis_broker import RedisBroker
from okrgraph.events.retention import Retention
from okrgraph.events.unit_of_work import doorbell
from okrgraph.graph.context import Admitting
from okrgraph.graph.live.feeds import Feeds
from okrgraph.graph.schema import make_schema
from okrgraph.graph.transport.endpoint import GraphQLEndpoint, graphql_routes
from okrgraph.graph.transport.limits import DEFAULT_LIMITS
from okrgraph.kit import clock
from okrgraph.kit.metrics import DECLINED, OPERATIONS
from okrgraph.settings import Settings
from okrgraph.web.explorer.routes import explorer_routes
from okrgraph.web.metrics import metrics_routes
from okrgraph.web.pages import Readiness, page_routes

PRUNE_SECONDS = 3_600.0
_logger = logging.getLogger(__name__)


async def _prune_receipts() -> None:
    while True:
        try:
            await receipts.prune(clock.now())
        except Exception:
            _logger.exception("Old receipts could not be removed; trying again in an hour")
        await asyncio.sleep(PRUNE_SECONDS)


def _count_operation(executor: str, declined: str | None) -> None:
    OPERATIONS.labels(executor).inc()
    if declined is not None:
        DECLINED.labels(declined).inc()


def create_app(settings: Settings) -> Starlette:
    """Build the application; the database is opened and the log followed while its lifespan runs.

    Kept for whoever runs the server, to end it in order: the GraphQL endpoint as `app.state.endpoint`, and as
    `app.state.readiness` what `/readyz` answers.
    """
    broker: Broker = RedisBroker(settings.redis_url) if settings.redis_url else InProcessBroker()
    hub = Hub(broker, poll_seconds=settings.head_poll_seconds, epoch_policy=settings.epoch_policy)
    schema = make_schema(engine=settings.engine == "on")
    retention = Retention(days=settings.retention_days, rows=settings.retention_rows)
    endpoint = GraphQLEndpoint(
        schema,
        Admitting(Feeds(hub)),
        allowed_origins=settings.allowed_origins,
        limits=replace(DEFAULT_LIMITS, recheck_seconds=settings.recheck_seconds),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with opened(settings.database):
            await require_migrated(settings.database)
            ready = asyncio.Event()
            following = asyncio.create_task(hub.run(ready))
            pruning = (_prune_receipts(), retention.run())
            tasks = [following, asyncio.create_task(ready.wait()), *map(asyncio.create_task, pruning)]
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

    async def can_serve() -> bool:
        # Without Redis the log is polled, and clients are served as well, so it is not asked for here.
        async with asyncio.timeout(2):
            return bool(hub.epoch) and await fetch_one("SELECT count(*) FROM log_epoch") is not None

    readiness = Readiness(can_serve)
    schema.engine.counts.tell = _count_operation
    app = Starlette(
        routes=[
            *graphql_routes(endpoint),
            *page_routes(readiness),
            *metrics_routes(settings.metrics_token.get_secret_value()),
            *(explorer_routes() if settings.graphiql == "on" else ()),
        ],
        lifespan=lifespan,
    )
    app.state.endpoint = endpoint
    app.state.readiness = readiness
    return app
