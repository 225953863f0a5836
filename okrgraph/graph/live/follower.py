"""One subscription as the feed sees it: who follows, what is wanted, and the lane that its bytes go through."""

import asyncio
from typing import cast
from uuid import UUID

from okrgraph.graph.context import Session
from okrgraph.graph.live.filters import Wanted
from okrgraph.graph.live.rendering import Rendering
from okrgraph.graph.transport.session import Admission, Sink
from okrgraph.people.viewer import Viewer


class Follower:
    """A position in the log and what is needed to decide and send; no queue.

    said: the last position that the client was told of. departure: set while the channel delivers to it, and
    resolved with the position reached once it no longer does. is_refused: its credential no longer holds.
    """

    __slots__ = (
        "_scopes",
        "_seen",
        "admission",
        "departure",
        "is_refused",
        "person",
        "position",
        "rendering",
        "said",
        "sink",
        "wanted",
    )

    def __init__(self, admission: Admission, sink: Sink, wanted: Wanted, rendering: Rendering) -> None:
        self.admission = admission
        self.sink = sink
        self.wanted = wanted
        self.rendering = rendering
        self.position = self.said = 0
        self.is_refused = False
        self.departure: asyncio.Future[int] | None = None
        self._seen = self.viewer
        self._scopes = self._seen.scopes
        self.person: UUID = self._seen.person_id

    @property
    def session(self) -> Session:
        return cast(Session, self.admission.session)

    @property
    def viewer(self) -> Viewer:
        return self.session.viewer

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of the newest roles that are known."""
        viewer = self.viewer
        if viewer is not self._seen:
            self._seen, self._scopes = viewer, viewer.scopes
        return self._scopes

    def depart(self, position: int) -> None:
        """Be delivered to no longer, having been told everything up to a position."""
        if self.departure is not None and not self.departure.done():
            self.departure.set_result(position)

    @property
    def is_delivered_to(self) -> bool:
        return self.departure is not None and not self.departure.done()
