"""The server of a worker, which says that it lives and leaves how urgently to stop to its supervisor."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

from okrgraph.serving.line import ALIVE, READY
from okrgraph.serving.server import DrainingServer
from okrgraph.settings import Settings

# Ticks of the server, a tenth of a second each, between two signs of life.
_ALIVE_TICKS = 10


class WorkerServer(DrainingServer):
    """Says READY when it takes clients, and ALIVE as long as its event loop turns."""

    def __init__(self, settings: Settings, say: Callable[[bytes], None]) -> None:
        super().__init__(settings)
        self._say = say

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        # Ctrl-C and systemd reach every process at once, and the supervisor passes on what it hears: two
        # signals here are no second wish.
        if sig != signal.SIGINT:
            self.stop(1)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say(READY)

    async def on_tick(self, counter: int) -> bool:
        if counter % _ALIVE_TICKS == 0:
            self._say(ALIVE)
        return await super().on_tick(counter)
