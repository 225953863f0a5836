"""The client's ceiling: a server that sends ready frames to every socket and does nothing else."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import uvloop

from benchmarks.live.commands import serve_commands
from benchmarks.live.documents import body_of

_ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
_ACK = b'{"type":"connection_ack"}'
_FIRST = (
    b'{"id":"1","type":"next","payload":{"data":'
    b'{"changes":{"cursor":"0","changes":[{"__typename":"Checkpoint"}]}}}}'
)
# Of the size of an okrgraph event.
_EVENT = (
    '{"id":"1","type":"next","payload":{"data":{"changes":{"cursor":"%(c)s","replay":false,"conflated":false,'
    '"changes":[{"__typename":"CommentChanged","cursor":"%(c)s","at":"2026-11-22T09:00:00.123456+00:00",'
    '"clientMutationId":null,"subjectId":"obj_01234567890123456789012345678901","comment":{"id":'
    '"com_01234567890123456789012345678901","version":1,"kind":"COMMENT","body":"%(body)s",'
    '"createdAt":"2026-11-22T09:00:00.123456+00:00"}}]}}}}'
)


def frame(payload: bytes) -> bytes:
    """Make a server's text frame."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    size = b"\x7e" + length.to_bytes(2, "big") if length < 65_536 else b"\x7f" + length.to_bytes(8, "big")
    return b"\x81" + size + payload


class Socket(asyncio.Protocol):
    """Answers the upgrade, acknowledges, and gives the first result; then it only sends."""

    opened: list[asyncio.Transport]

    def __init__(self, opened: list[asyncio.Transport]) -> None:
        self.opened = opened
        self._answers = [_ANSWER, frame(_ACK), frame(_FIRST)]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answers:
            self._transport.write(self._answers.pop(0))
            if not self._answers:
                self.opened.append(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport in self.opened:
            self.opened.remove(self._transport)


class Blaster:
    """Obeys: say the port, send events to every socket, so many in each write."""

    def __init__(self) -> None:
        self._opened: list[asyncio.Transport] = []

    async def obey(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says."""
        if told["do"] == "listen":
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: Socket(self._opened), "127.0.0.1", 0, backlog=2_048)
            return {"port": server.sockets[0].getsockname()[1]}
        first, count, together = told["first"], told["count"], told["together"]
        frames = [
            frame((_EVENT % {"c": "MHwxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy" * 2, "body": body_of(number)}).encode())
            for number in range(first, first + count)
        ]
        for start in range(0, count, together):
            ready = b"".join(frames[start : start + together])
            for transport in self._opened:
                transport.write(ready)
            await asyncio.sleep(0)
        return {}


async def main() -> None:
    """Obey until the input ends."""
    await serve_commands(Blaster().obey)


if __name__ == "__main__":
    uvloop.run(main())
