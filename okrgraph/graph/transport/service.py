"""What every protocol of one endpoint shares: schema, credentials, limits, and what is open right now."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from prometheus_client import Gauge as Metric

from okrgraph.graph.transport.keeper import Keeper
from okrgraph.graph.transport.limits import TransportLimits
from okrgraph.graph.transport.rechecks import Rechecks
from okrgraph.graph.transport.schema import TransportSchema
from okrgraph.graph.transport.session import Admission, Admit
from okrgraph.kit.metrics import CONNECTIONS, EVICTIONS


class Gauge:
    """Counts what is open: enter it for as long as the thing lives."""

    __slots__ = ("_metric", "value")

    def __init__(self, metric: Metric | None = None) -> None:
        self.value = 0
        self._metric = metric

    def __enter__(self) -> None:
        self.value += 1
        if self._metric is not None:
            self._metric.inc()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.value -= 1
        if self._metric is not None:
            self._metric.dec()


def _sockets() -> Gauge:
    return Gauge(CONNECTIONS.labels("ws"))


def _streams() -> Gauge:
    return Gauge(CONNECTIONS.labels("sse"))


@dataclass(frozen=True, slots=True)
class Live:
    """How many of each are open on one endpoint; the metrics have the sum over all."""

    sockets: Gauge = field(default_factory=_sockets)
    streams: Gauge = field(default_factory=_streams)
    operations: Gauge = field(default_factory=Gauge)


class Service:
    def __init__(self, schema: TransportSchema, admit: Admit[Any], limits: TransportLimits) -> None:
        self.schema = schema
        self.admit = admit
        self.limits = limits
        self.live = Live()
        self.keeper = Keeper(limits.tick_seconds)
        self._rechecks = Rechecks(admit, limits.recheck_seconds, limits.operation_seconds)
        self._connections: Counter[Hashable] = Counter()

    def has_room(self, admission: Admission) -> bool:
        """Whether one more socket or stream may be opened with this credential."""
        if self._connections[admission.key] < self.limits.sockets_per_session_key:
            return True
        EVICTIONS.labels("connections").inc()
        return False

    def enter(self, admission: Admission) -> None:
        """Count a socket or stream, and watch its credential."""
        self._connections[admission.key] += 1
        self._rechecks.add(admission)

    def leave(self, admission: Admission) -> None:
        self._rechecks.remove(admission)
        self._connections[admission.key] -= 1
        if not self._connections[admission.key]:
            del self._connections[admission.key]
