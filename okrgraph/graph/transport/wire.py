"""One accepted WebSocket as a stream of JSON messages that neither waits for ever nor breaks its protocol."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected, WebSocketState

from okrgraph.graph.transport.messages import ClientMessage, read_message
from okrgraph.graph.transport.payload import Malformed, decode, encode

# A close frame is a control frame, 125 bytes, of which the code takes two.
_MAX_REASON_BYTES = 123


class CloseSocket(Exception):
    """The socket must be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")


class PeerGone(Exception):
    """The client has left."""


class Wire:
    def __init__(self, websocket: WebSocket, send_seconds: float) -> None:
        self._websocket = websocket
        self._send_seconds = send_seconds

    async def messages(self) -> AsyncGenerator[ClientMessage, None]:
        """Give what the client sends until it leaves. Raises CloseSocket for what is no message."""
        while True:
            event = await self._websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            text = event.get("text")
            if text is None:
                raise CloseSocket(4400, "Messages are text frames.")
            try:
                message = read_message(decode(text))
            except Malformed as malformed:
                raise CloseSocket(4400, str(malformed)) from None
            yield message

    async def send(self, message: Mapping[str, object]) -> None:
        """Send one text frame. Raises PeerGone, and CloseSocket when the client does not read."""
        # Clients take a binary frame for a protocol error.
        text = encode(message).decode()
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._websocket.send_text(text)
        except TimeoutError:
            raise CloseSocket(1013, "The client reads too slowly.") from None
        except (WebSocketDisconnect, WebSocketDisconnected):
            raise PeerGone from None

    async def close(self, code: int, reason: str) -> None:
        """Close; a client that does not read within the time of a send never sees the code."""
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._websocket.close(code, reason)
        except (TimeoutError, WebSocketDisconnect, WebSocketDisconnected):
            pass
