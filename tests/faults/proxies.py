"""TCP proxies on this machine that break what goes through them: half-open, slow, cut."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

CHUNK = 16 * 1024
# Relays the bytes of one direction until its end.
Pump = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Proxy:
    """A port that stays while what is behind it comes and goes.

    bytes_per_second: None for all speed. is_passing: cleared, nothing goes either way and nobody is told.
    """

    def __init__(self) -> None:
        self.port = 0
        self.target = 0
        self.bytes_per_second: float | None = None
        self.is_passing = asyncio.Event()
        self.is_passing.set()
        self._connections: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()

    @property
    def connections(self) -> int:
        return len(self._connections)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=CHUNK)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.is_passing.set()
            server.close()
            self.sever()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
        except OSError:
            _cut(writer)
            return
        pair = (writer, to_writer)
        for each in pair:
            # What a slow reader has not taken stands with the server, not here.
            each.transport.set_write_buffer_limits(high=CHUNK)
            plain = each.get_extra_info("socket")
            for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                plain.setsockopt(socket.SOL_SOCKET, buffer, CHUNK)
        self._connections.add(pair)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.pump_to_server(reader, to_writer))
                group.create_task(self.pump_to_client(to_reader, writer))
        except* (OSError, EOFError):
            pass
        finally:
            self._connections.discard(pair)
            for each in pair:
                _cut(each)

    async def pump_to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump(reader, writer)

    async def pump_to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump(reader, writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            rate = self.bytes_per_second
            chunk = await reader.read(CHUNK if rate is None else 1024)
            if not chunk:
                # One side has closed: both are, as behind most balancers.
                raise EOFError
            if rate is not None:
                await asyncio.sleep(len(chunk) / rate)
            await self.is_passing.wait()
            writer.write(chunk)
            await writer.drain()

    def sever(self) -> None:
        """Cut every connection with a reset."""
        for pair in tuple(self._connections):
            for each in pair:
                _cut(each)


def _cut(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        plain = writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
