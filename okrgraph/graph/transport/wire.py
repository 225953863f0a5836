"""One accepted WebSocket as text frames and JSON messages: the last module before the server's ASGI functions."""

from collections.abc import Mapping

from starlette.types import Message, Receive, Send

from okrgraph.graph.transport.ending import SLOW, Ending
from okrgraph.graph.transport.lane import PeerGone
from okrgraph.graph.transport.messages import ClientMessage, read_message
from okrgraph.graph.transport.payload import Malformed, decode, encode
from okrgraph.graph.transport.stepping import Stalled, begin, finish

# A close frame is a control frame, 125 bytes, of which the code takes two.
_MAX_REASON_BYTES = 123


class CloseSocket(Exception):
    """The socket must be closed for this."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


def text_of(message: Mapping[str, object]) -> str:
    # Clients take a binary frame for a protocol error.
    return encode(message).decode()


class Wire:
    __slots__ = ("_receive", "_send", "_send_seconds", "is_gone")

    def __init__(self, receive: Receive, send: Send, send_seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._send_seconds = send_seconds
        self.is_gone = False

    async def receive(self) -> ClientMessage | None:
        """Wait for what the client sends; None when it has left. Raises CloseSocket for what is no message."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            self.is_gone = True
            return None
        text = event.get("text")
        if text is None:
            raise CloseSocket(Ending(4400, "Messages are text frames."))
        try:
            return read_message(decode(text))
        except Malformed as malformed:
            raise CloseSocket(Ending(4400, str(malformed))) from None

    def begin(self, frame: str) -> Stalled | None:
        """Send one text frame; what is left to do when the client reads slowly. Drops it when it has left."""
        return self._begin({"type": "websocket.send", "text": frame})

    async def send(self, frame: str) -> None:
        """Send one text frame. Raises PeerGone, and CloseSocket when the client does not read."""
        if not await self._finish(self.begin(frame)):
            raise CloseSocket(SLOW)
        if self.is_gone:
            raise PeerGone

    async def close(self, ending: Ending) -> None:
        """Close; a client that does not read within the time of a send never sees the code."""
        reason = ending.reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
        await self._finish(self._begin({"type": "websocket.close", "code": ending.code, "reason": reason}))
        self.is_gone = True

    def _begin(self, message: Message) -> Stalled | None:
        if self.is_gone:
            return None
        try:
            return begin(self._send(message))
        except (OSError, RuntimeError):
            # RuntimeError: the server has closed by itself, on a frame that is too large or no WebSocket frame.
            self.is_gone = True
            return None

    async def _finish(self, stalled: Stalled | None) -> bool:
        """Wait for the client; whether it has read in time, or left."""
        try:
            await finish(stalled, self._send_seconds)
        except TimeoutError:
            return False
        except (OSError, RuntimeError):
            self.is_gone = True
        return True
