"""What every protocol of one endpoint shares: schema, credentials, limits, and what is open right now."""

import asyncio
import random
from dataclasses import dataclass, field
from types import TracebackType
from typing import Never

from okrgraph.graph.transport.limits import TransportLimits
from okrgraph.graph.transport.schema import TransportSchema
from okrgraph.graph.transport.session import Admit


class Draining(Exception):
    """The server is about to stop; clients should connect again, elsewhere."""


class Gauge:
    """Counts what is open: enter it for as long as the thing lives."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def __enter__(self) -> None:
        self.value += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.value -= 1


@dataclass(frozen=True, slots=True)
class Live:
    """How many of each are open, for metrics and for tests of leaks."""

    sockets: Gauge = field(default_factory=Gauge)
    streams: Gauge = field(default_factory=Gauge)
    operations: Gauge = field(default_factory=Gauge)


@dataclass(slots=True)
class Service:
    schema: TransportSchema
    admit: Admit
    limits: TransportLimits
    live: Live = field(default_factory=Live)
    _draining: asyncio.Event = field(default_factory=asyncio.Event)
    _drain_seconds: float = 0.0

    def drain(self, seconds: float) -> None:
        self._drain_seconds = seconds
        self._draining.set()

    async def until_drained(self) -> Never:
        """Wait for the end of the server, and then a random part of the time that draining may take.

        Raises Draining. All clients at once would knock the other servers over.
        """
        await self._draining.wait()
        await asyncio.sleep(random.random() * self._drain_seconds)  # noqa: S311 - spreads load, hides nothing
        raise Draining
