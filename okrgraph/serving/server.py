"""One process that serves: uvicorn with the options the endpoint needs, and an end that tells live clients."""

import asyncio
import gc
import socket
from types import FrameType

import uvicorn

from okrgraph.app import create_app
from okrgraph.graph.transport.server import uvicorn_options
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.metrics import WORKERS
from okrgraph.settings import Settings

# A client that was let in at the last moment gets so long to send its request before idle connections close.
LINGER_SECONDS = 0.3


class DrainingServer(uvicorn.Server):
    """Takes no new clients and sends live ones away one after another before it stops.

    A second signal cuts that short, a third one also what is being answered.
    """

    def __init__(self, settings: Settings) -> None:
        app = create_app(settings)
        _spare_collector()
        super().__init__(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", **uvicorn_options())
        )
        self._endpoint = app.state.endpoint
        self._readiness = app.state.readiness
        self._drain_seconds = settings.drain_seconds
        self._urgency = 0
        self._drained_at: float | None = None
        self._idle_at = 0.0

    def stop(self, urgency: int) -> None:
        """Stop after draining (1), without draining (2), without finishing what is being answered (3).

        Flags only, since this is called in the middle of anything.
        """
        self._readiness.is_stopping = True
        self._urgency = max(self._urgency, urgency)
        self.should_exit = self._urgency >= 2
        self.force_exit = self._urgency >= 3

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        # uvicorn's own would raise the signal again at the end: a server that stops as told has not failed.
        self.stop(self._urgency + 1)

    def listen_and_serve(self, taken: socket.socket) -> None:
        """Serve until told to stop. Raises OperatorError when the application could not start."""
        try:
            self.run(sockets=[taken])
        except SystemExit:
            raise OperatorError("The server could not start; the log above says why.") from None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        WORKERS.set(1)

    async def on_tick(self, counter: int) -> bool:
        if self._urgency and self._is_drained(asyncio.get_running_loop().time()):
            self.should_exit = True
        return await super().on_tick(counter)

    def _is_drained(self, now: float) -> bool:
        if self._drained_at is None:
            self._drained_at = now + self._drain_seconds
            self._idle_at = now + LINGER_SECONDS
            for server in self.servers:
                server.close()
            self._endpoint.drain(self._drain_seconds)
        live = self._endpoint.live
        is_idle = now >= self._idle_at and live.sockets.value + live.streams.value == 0
        return is_idle or now >= max(self._drained_at, self._idle_at)


def _spare_collector() -> None:
    """Let the garbage collector pass over what lives as long as the process, and look at the rest less often.

    An answer of 60,000 values is made of 17,000 objects without a cycle among them; at Python's own thresholds
    they are looked through two dozen times while they grow, for a fifth of the time of the whole answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
