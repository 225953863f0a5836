"""The line between a worker and its supervisor, a byte a message; it breaks when either dies, however it does."""

import os
import socket
import threading
from contextlib import suppress
from typing import Protocol

# What a worker says: that it serves, and after that, again and again, that its event loop turns.
READY = b"r"
ALIVE = b"."
# Neither waits for the other, who may be held still. Windows has no such flag.
AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)


class Stoppable(Protocol):
    def stop(self, urgency: int) -> None: ...


class Line:
    """The worker's end. What comes is how urgently to stop; that the line breaks is an order to stop, too."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._server: Stoppable | None = None
        self.is_broken = False
        threading.Thread(target=self._listen, name="supervisor", daemon=True).start()

    def obey_with(self, server: Stoppable) -> None:
        self._server = server

    def say(self, what: bytes) -> None:
        with suppress(OSError):
            self._end.send(what, AT_ONCE)

    def _listen(self) -> None:
        while not self.is_broken:
            try:
                order = self._end.recv(1)
            except OSError:
                order = b""
            self.is_broken = not order
            if self._server is None:
                # Nobody is connected yet, so there is nothing to end in order.
                os._exit(0)
            self._server.stop(order[0] if order else 1)
