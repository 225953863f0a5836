"""How uvicorn must run the endpoint: its options, and the bounds on arriving requests that it lacks."""

import asyncio
import socket
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from okrgraph.graph.transport.failures import errors_of
from okrgraph.graph.transport.guard import ABORT
from okrgraph.graph.transport.limits import DEFAULT_LIMITS, TransportLimits
from okrgraph.graph.transport.payload import encode
from okrgraph.graph.transport.websocket_protocol import LeanWebSocketProtocol


class _Refused(Exception):
    """Stops the parser; the protocol knows the answer."""


class BoundedHTTPProtocol(HttpToolsProtocol):
    """Cuts off a client whose request line, headers or body are too large or arrive too slowly."""

    url_bytes = 8 * 1024
    header_bytes = 32 * 1024
    header_lines = 100
    head_seconds = 10.0
    # Longer than the endpoint's own limit, which answers 408 before this one closes without a word.
    body_seconds = 15.0
    linger_seconds = 1.0
    # Sent and not acknowledged by the client's system: the client is lost, whatever protocol it speaks.
    silence_seconds = 35.0

    _timer: asyncio.TimerHandle | None = None
    _answer = (400, "BAD_REQUEST", "This is not an HTTP request.")
    _is_head_open = True
    _progress = 0
    _is_upgraded = False
    _is_refused = False
    _unparsed_bytes = 0
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            # asyncio does so only for listeners that name their protocol, which those of uvicorn's workers do
            # not; without it each second message of a pair waits 40 ms for the client's acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Who listens to an event stream sends nothing that it could be missed by.
                milliseconds = int(self.silence_seconds * 1000)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self._start_timer(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_refused:
            self._receive(data)

    def _receive(self, data: bytes) -> None:
        progress = self._progress
        super().data_received(data)
        if self._is_upgraded or self._is_refused or self.transport.is_closing():
            return
        # The parser collects one header without end before it calls back.
        is_still_head = self._is_head_open and self._progress == progress
        self._unparsed_bytes = self._unparsed_bytes + len(data) if is_still_head else 0
        if self._unparsed_bytes > self.url_bytes + self.header_bytes:
            self._answer = (431, "HEADERS_TOO_LARGE", "The headers are too large.")
            self.send_400_response("")
        elif self._timer is None and self._is_idle() and self.timeout_keep_alive_task is None:
            # Empty lines stop the keep-alive timer and begin no request.
            self._start_timer(self.head_seconds)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_head_open = True
        self._header_bytes = 0
        self._start_timer(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.url_bytes:
            self._answer = (414, "URI_TOO_LONG", "The URL is too long.")
            raise _Refused

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self.header_bytes or len(self.headers) > self.header_lines:
            self._answer = (431, "HEADERS_TOO_LARGE", "The headers are too large or too many.")
            raise _Refused

    def on_headers_complete(self) -> None:
        self._is_head_open = False
        self._progress += 1
        self._start_timer(self.body_seconds)
        cast(dict[str, Any], self.scope)[ABORT] = self.transport.abort
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_head_open = True
        self._progress += 1
        self._stop_timer()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._is_upgraded = True
        self._stop_timer()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Answer in the form of every other refusal, whatever uvicorn would have said."""
        status, code, message = self._answer
        body = encode({"errors": errors_of(code, message)})
        head = (
            b"content-type: application/json; charset=utf-8\r\n"
            b"cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n"
        )
        length = b"content-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + length + body)
        # Closing on data that nobody has read would destroy the answer.
        self._is_refused = True
        self._stop_timer()
        self._timer = self.loop.call_later(self.linger_seconds, self.transport.close)

    def _is_idle(self) -> bool:
        return self._progress == 0 or self.cycle.response_complete

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._on_late)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _on_late(self) -> None:
        self._timer = None
        if self._is_head_open and not self._is_idle():
            # The next request is being pipelined behind an answer that is still on its way.
            self._start_timer(self.head_seconds)
        elif self._is_head_open:
            self._answer = (408, "REQUEST_TIMEOUT", "The request did not arrive in time.")
            self.send_400_response("")
        else:
            self.transport.close()


def uvicorn_options(limits: TransportLimits = DEFAULT_LIMITS) -> dict[str, Any]:
    """Give the arguments of uvicorn.Config or uvicorn.run that the endpoint relies on."""
    return {
        "http": BoundedHTTPProtocol,
        "ws": LeanWebSocketProtocol,
        "ws_max_size": limits.message_bytes,
        # Its pings end in 1011, after which the reference client never comes back: the endpoint has its own.
        "ws_ping_interval": None,
        "ws_ping_timeout": None,
        # A window of memory and processor time per socket; and unpacking would make a small message large.
        "ws_per_message_deflate": False,
        "server_header": False,
        "timeout_keep_alive": 10,
        # Without it one event stream holds up the end of the process for ever.
        "timeout_graceful_shutdown": 10,
    }
