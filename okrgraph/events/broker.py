"""The port through which a worker hears that an organisation's log has grown, and its in-process form."""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

Ring = Callable[[UUID, int], None]


class Broker(Protocol):
    """Carries doorbells between workers.

    The guarantee, which every implementation keeps:

    - `publish` is called after a commit, never raises, and waits for nobody who listens;
    - a published (organisation, position) reaches every listener at most a few times, in any order, or
      never: the log in the database is the truth, and whoever hears less than it missed polls the heads;
    - nothing that a listener may not show is in a doorbell: it carries a position, no content.
    """

    async def publish(self, organization_id: UUID, position: int) -> None: ...

    def listen(self, ring: Ring) -> Callable[[], None]:
        """Have `ring` called for each doorbell; call what is returned to stop."""
        ...


class InProcessBroker:
    """Doorbells within one process, for the embedded server."""

    def __init__(self) -> None:
        self._rings: list[Ring] = []

    async def publish(self, organization_id: UUID, position: int) -> None:
        for ring in tuple(self._rings):
            ring(organization_id, position)

    def listen(self, ring: Ring) -> Callable[[], None]:
        self._rings.append(ring)
        return lambda: self._rings.remove(ring)
