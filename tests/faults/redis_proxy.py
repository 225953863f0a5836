"""A proxy in front of Redis that loses, doubles, delays and reorders what is pushed to subscribers."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

from tests.faults.proxies import Proxy

PUSHED = (b"message", b"smessage")


@dataclass(frozen=True, slots=True)
class Mischief:
    """How likely each thing is to happen to a message; delayed: seconds at most."""

    dropped: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    seconds: float = 2.0


class RedisProxy(Proxy):
    """Replies to commands pass in their order; messages of channels meet with mischief."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.mischief = Mischief()
        self.done: Counter[str] = Counter()
        self._rng = rng
        self._later: set[asyncio.Task[None]] = set()

    @property
    def is_late(self) -> bool:
        """Whether a delayed message is still on its way."""
        return bool(self._later)

    async def pump_to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            frame, kind = await read_frame(reader)
            await self.is_passing.wait()
            if kind in PUSHED:
                self._push(frame, writer)
            else:
                writer.write(frame)
            await writer.drain()

    def _push(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        mischief, rng = self.mischief, self._rng
        self.done["messages"] += 1
        if rng.random() < mischief.dropped:
            self.done["dropped"] += 1
            return
        copies = 2 if rng.random() < mischief.doubled else 1
        self.done["doubled"] += copies - 1
        for _ in range(copies):
            if rng.random() < mischief.delayed:
                self.done["delayed"] += 1
                task = asyncio.create_task(self._send_later(frame, writer, rng.uniform(0, mischief.seconds)))
                self._later.add(task)
                task.add_done_callback(self._later.discard)
            else:
                writer.write(frame)

    async def _send_later(self, frame: bytes, writer: asyncio.StreamWriter, seconds: float) -> None:
        """Those that overtake each other on the way arrive in another order."""
        await asyncio.sleep(seconds)
        if not writer.is_closing():
            writer.write(frame)


async def read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one value of RESP 2 or 3 whole; returns its bytes and, of a list, its first element.

    Source: redis.io, RESP protocol specification.
    """
    line = await reader.readuntil(b"\r\n")
    marker, count = line[:1], line[1:-2]
    if marker in b"$=!" and count != b"-1":
        content = await reader.readexactly(int(count) + 2)
        return line + content, content[:-2]
    if marker in b"*~>%|" and count != b"-1":
        parts = [line]
        first = b""
        for number in range(int(count) * (2 if marker in b"%|" else 1)):
            part, content = await read_frame(reader)
            parts.append(part)
            first = content if number == 0 else first
        whole = b"".join(parts)
        if marker == b"|":
            # Attributes go before the value that they belong to.
            value, first = await read_frame(reader)
            whole += value
        return whole, first
    return line, line[1:-2]
