"""The frames of one operation on their way to one client: in order, and one at a time while the client is slow."""

import asyncio
from typing import Protocol

from okrgraph.graph.transport.ending import SLOW, Ending
from okrgraph.graph.transport.stepping import Stalled, finish


class PeerGone(Exception):
    """The client has left."""


class Outgoing(Protocol):
    """A connection, as what sends on it sees it."""

    @property
    def is_gone(self) -> bool:
        """Whether what is sent is dropped."""
        ...

    @property
    def send_seconds(self) -> float: ...

    def begin(self, frame: str) -> Stalled | None:
        """Send a frame; what is left to do when the client reads slowly. Raises nothing."""
        ...

    def end(self, ending: Ending) -> None: ...


class Lane:
    """Takes the next frame when the last one is on its way."""

    __slots__ = ("_is_closed", "_rest", "outgoing")

    def __init__(self, outgoing: Outgoing) -> None:
        self.outgoing = outgoing
        self._rest: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def is_drained(self) -> bool:
        return self._rest is None

    def put(self, frame: str) -> bool:
        """Send; False when the client must be waited for. Raises nothing, and drops what comes after the end."""
        if self._is_closed:
            return True
        # A frame that is sent now would overtake the one that waits as soon as the client reads again.
        assert self._rest is None, "A frame was pushed before the last one had drained."
        stalled = self.outgoing.begin(frame)
        if stalled is None:
            return True
        self._rest = asyncio.create_task(self._finish(stalled))
        return False

    async def drained(self) -> None:
        # Not awaited itself: who waits may be cancelled, and the frame goes on.
        while self._rest is not None:
            await asyncio.wait((self._rest,))

    async def send(self, frame: str) -> None:
        """Send and wait until the next frame may come. Raises PeerGone."""
        if self.outgoing.is_gone:
            raise PeerGone
        if self.put(frame):
            # A generator that waits for nothing, and a client as fast, would let nothing else run.
            await asyncio.sleep(0)
        else:
            await self.drained()

    def close(self) -> None:
        """Send nothing any more, not even the rest of what has begun: the client takes the id for free."""
        self._is_closed = True
        rest, self._rest = self._rest, None
        if rest is not None:
            rest.cancel()

    async def _finish(self, stalled: Stalled) -> None:
        try:
            await finish(stalled, self.outgoing.send_seconds)
        except TimeoutError:
            self._is_closed = True
            self.outgoing.end(SLOW)
        except (OSError, RuntimeError):
            # The client has left, or the server has closed on it: so the connection learns, too.
            self._is_closed = True
        finally:
            self._rest = None
