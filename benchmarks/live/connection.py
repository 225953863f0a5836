"""One connection of the load client: as little work for each event as Python allows, on a raw transport."""

import asyncio
import json
from array import array
from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any, cast

from benchmarks.live.documents import DIGITS, MARK

_SKIP = len(MARK)
_END = _SKIP + DIGITS
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
_UPGRADE = (
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


def masked(payload: bytes, opcode: int = _TEXT) -> bytes:
    """Make a client's frame; the mask of zeros leaves the payload as it is."""
    length = len(payload)
    size = (0x80 | length,) if length < 126 else (0x80 | 126, length >> 8, length & 255)
    return bytes((opcode, *size)) + b"\0\0\0\0" + payload


class Connection(asyncio.Protocol):
    """Subscribes over graphql-transport-ws and keeps the number and the time of each event that comes.

    on_open: called once, when the first result has come or the connection was lost before; `trouble` says what
    went wrong, if anything did. on_lost: called whenever the connection ends.
    """

    def __init__(
        self,
        token: str,
        request: Mapping[str, Any],
        on_open: Callable[[], None],
        on_lost: Callable[["Connection"], None] | None = None,
    ) -> None:
        self._token = token
        self._request = request
        self._on_open: Callable[[], None] | None = on_open
        self._on_lost = on_lost
        self._head = b""
        self._rest = b""
        self._is_upgraded = False
        self._transport: asyncio.Transport | None = None
        self.is_lost = False
        self.close_code = 0
        self.ended_at = 0
        self.trouble = ""
        self.last = b""
        self.reset()

    def reset(self) -> None:
        """Forget the events that have come so far."""
        self.numbers = array("q")
        self.times = array("q")
        self.frames = 0
        self.bytes = 0

    def pause(self) -> None:
        """Read no more."""
        assert self._transport is not None
        self._transport.pause_reading()

    def close(self) -> None:
        """Leave without a word."""
        self._on_lost = None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        port = self._transport.get_extra_info("peername")[1]
        self._transport.write(_UPGRADE.format(port=port).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self.ended_at = self.ended_at or perf_counter_ns()
        self.trouble = self.trouble or f"closed with {self.close_code or 'no code'}"
        self._opened()
        if self._on_lost is not None:
            self._on_lost(self)

    def data_received(self, data: bytes) -> None:
        now = perf_counter_ns()
        if self._rest:
            data = self._rest + data
        if not self._is_upgraded:
            data = self._upgraded(data)
        place, size = 0, len(data)
        while size - place >= 2:
            length, start = data[place + 1], place + 2
            if length == 126:
                start = place + 4
                length = int.from_bytes(data[place + 2 : start], "big")
            elif length == 127:
                start = place + 10
                length = int.from_bytes(data[place + 2 : start], "big")
            end = start + length
            if end > size or start > size:
                break
            found = data.find(MARK, start, end)
            if found < 0:
                self._control(data[place], data[start:end])
            else:
                self.frames += 1
                self.last = data[start:end]
            while found >= 0:
                self.numbers.append(int(data[found + _SKIP : found + _END]))
                self.times.append(now)
                found = data.find(MARK, found + _END, end)
            self.bytes += end - place
            place = end
        self._rest = data[place:]

    def _upgraded(self, data: bytes) -> bytes:
        """Read the answer to the upgrade; give the frames behind it."""
        self._head += data
        head, end, frames = self._head.partition(b"\r\n\r\n")
        if not end:
            return b""
        self._is_upgraded = True
        if not head.startswith(b"HTTP/1.1 101"):
            self._fail(head.decode(errors="replace")[:300])
            return b""
        self._send({"type": "connection_init", "payload": {"Authorization": f"Bearer {self._token}"}})
        return frames

    def _control(self, opcode: int, payload: bytes) -> None:
        """Take a frame without an event."""
        assert self._transport is not None
        if opcode == _PING:
            self._transport.write(masked(payload, _PONG))
        elif opcode == _CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big")
            self.ended_at = perf_counter_ns()
            self._transport.close()
        elif opcode == _TEXT:
            self._message(json.loads(payload))
        else:
            self._fail(f"a frame that begins with {opcode:#x}")

    def _message(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_ack":
                self._send({"id": "1", "type": "subscribe", "payload": self._request})
            case "next" if not message["payload"].get("errors"):
                changes = message["payload"]["data"]["changes"]["changes"]
                if any(change["__typename"] == "Resync" for change in changes):
                    self.trouble = "a Resync"
                self.last = json.dumps(message).encode()
                self._opened()
            case "ping":
                self._send({"type": "pong"})
            case "pong":
                pass
            case _:
                self._fail(json.dumps(message)[:300])

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._transport is not None
        self._transport.write(masked(json.dumps(message).encode()))

    def _fail(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble
        if self._transport is not None:
            self._transport.close()

    def _opened(self) -> None:
        if self._on_open is not None:
            on_open, self._on_open = self._on_open, None
            on_open()
