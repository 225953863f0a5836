"""The server's side of one WebSocket: uvicorn's protocol class, made to hold ten thousand open sockets."""

import asyncio
from struct import Struct
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

# A final text frame, and a length of 7, 16 or 64 bits.
_TEXT = 0x81
_SHORT, _MEDIUM, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")


def text_frame(payload: bytes) -> bytes:
    """Give the payload as one text frame of a server: RFC 6455, section 5.2."""
    length = len(payload)
    if length < 126:
        return _SHORT.pack(_TEXT, length) + payload
    if length < 65536:
        return _MEDIUM.pack(_TEXT, 126, length) + payload
    return _LONG.pack(_TEXT, 127, length) + payload


class Inbox:
    """The part of an asyncio.Queue that uvicorn uses, for one reader; it is nearly always empty."""

    __slots__ = ("_items", "_waiter")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._items

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> Any:
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._items.pop(0)


class Gate:
    """The part of an asyncio.Event that uvicorn uses; it is nearly always open."""

    __slots__ = ("_opening",)

    def __init__(self) -> None:
        self._opening: asyncio.Event | None = None

    def is_set(self) -> bool:
        return self._opening is None

    def set(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.set()

    def clear(self) -> None:
        if self._opening is None:
            self._opening = asyncio.Event()

    async def wait(self) -> bool:
        return self._opening is None or await self._opening.wait()


class LeanWebSocketProtocol(WebSocketsSansIOProtocol):
    """Sends text past the state machine of websockets, and holds no more of a socket than it needs while open."""

    _last_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = cast(Any, Inbox())
        self.writable = cast(Any, Gate())

    async def send(self, message: Any) -> None:
        text = message.get("text")
        if text is None or not self._is_open:
            await super().send(message)
            if message["type"] == "websocket.accept":
                # Kilobytes that are for the handshake only. The parser keeps the request as long as it lives.
                self.request.headers.clear()
                self.response.headers.clear()
            return
        if not self.writable.is_set():
            await self.writable.wait()
            if not self._is_open:
                raise ClientDisconnected
        self.transport.write(text_frame(text.encode()))

    @property
    def _is_open(self) -> bool:
        """Whether a frame may be sent."""
        return (
            self.conn.state is State.OPEN
            and self.handshake_complete
            and not self.close_sent
            and not self.disconnected
        )

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            # Closing waits until the client has read everything, which a client that does not read never does.
            self._last_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._last_timer is not None:
            self._last_timer.cancel()
        super().connection_lost(exc)
