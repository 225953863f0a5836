"""The load client: thousands of subscribers in one process, told over stdin what to do, one JSON line each."""

import asyncio
import gc
import random
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import orjson
import uvloop

from benchmarks.live.checking import faults_of_all
from benchmarks.live.commands import serve_commands
from benchmarks.live.connection import Connection
from benchmarks.live.documents import subscription
from benchmarks.live.figures import Spread, latencies

# Connections that are being opened at one time.
AT_ONCE = 100
OPEN_SECONDS = 600.0
LOOK_SECONDS = 0.02
# Subscribers from one source address: each has a port of its own.
PER_ADDRESS = 5_000
# Of whoever lost its server: the reference client waits longer, but as randomly.
RECONNECT_SECONDS = 1.0
_NO_PORT_YET = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)


class Group:
    """Subscribers that are opened, watched and closed together."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._tokens: list[str] = Path(told["tokens"]).read_text().split()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._reconnecting: set[asyncio.Task[None]] = set()
        self.fallback: int = told.get("fallback", 0)
        self.back_at: list[int] = []
        self.members: list[Connection] = []

    async def open(self) -> dict[str, Any]:
        """Open all, each until its first result has come."""
        began = perf_counter_ns()
        count = self._told["count"]
        async with asyncio.timeout(OPEN_SECONDS):
            self.members = list(await asyncio.gather(*(self._member(index) for index in range(count))))
        return {"began": began, "seconds": (perf_counter_ns() - began) / 1e9, "troubles": self.troubles()}

    def troubles(self) -> list[str]:
        return sorted({member.trouble for member in self.members if member.trouble})

    async def _member(self, index: int) -> Connection:
        async with self._gate:
            after = self._told.get("after")
            return await self._connected(index, self._told["port"], after, self._lost(index))

    def _lost(self, index: int) -> Callable[[Connection], None] | None:
        if not self.fallback:
            return None

        def on_lost(lost: Connection) -> None:
            task = asyncio.create_task(self._come_back(index, lost))
            self._reconnecting.add(task)
            task.add_done_callback(self._reconnecting.discard)

        return on_lost

    async def _come_back(self, index: int, lost: Connection) -> None:
        """Subscribe again elsewhere, after the last cursor that came."""
        await asyncio.sleep(random.random() * RECONNECT_SECONDS)
        cursor = orjson.loads(lost.last)["payload"]["data"]["changes"]["cursor"]
        member = await self._connected(index, self.fallback, cursor, None, lost)
        self.members[index] = member
        self.back_at.append(perf_counter_ns())

    async def _connected(
        self,
        index: int,
        port: int,
        after: str | None,
        on_lost: Callable[[Connection], None] | None,
        before: Connection | None = None,
    ) -> Connection:
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        token = self._tokens[index % len(self._tokens)]
        member = Connection(token, self._request(index, after), lambda: _done(opened), on_lost)
        if before is not None:
            member.numbers, member.times = before.numbers, before.times
        own = socket.socket()
        own.setblocking(False)
        if buffer := self._told.get("receive_bytes"):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        with suppress(OSError):
            own.setsockopt(socket.IPPROTO_IP, _NO_PORT_YET, 1)
        own.bind((f"127.0.0.{2 + index // PER_ADDRESS}", 0))
        await loop.sock_connect(own, ("127.0.0.1", port))
        await loop.create_connection(lambda: member, sock=own)
        await opened
        return member

    def _request(self, index: int, after: str | None) -> dict[str, Any]:
        documents = self._told.get("documents", "shared")
        alias = f"said{index}" if documents == "distinct" else ""
        query = subscription(alias=alias, author=documents == "author")
        return {"query": query, "variables": {"after": after, "filter": self._told.get("filter")}}

    async def wait(self, events: int, seconds: float) -> bool:
        """Wait until each has so many events; False when they have not within the time."""
        until = perf_counter_ns() + int(seconds * 1e9)
        while any(len(member.numbers) < events for member in self.members):
            if perf_counter_ns() > until:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True

    def report(self, order: list[int], since: Mapping[str, list[int]]) -> dict[str, Any]:
        """Check what came against what was committed and summarise the times since each moment of it."""
        clients = [(member.numbers, member.times) for member in self.members]
        arrivals = [time for _, times in clients for time in times]
        spreads = {
            name: asdict(Spread.of(latencies(clients, dict(zip(order, moments, strict=True)))))
            for name, moments in since.items()
            if arrivals
        }
        faults = faults_of_all((numbers for numbers, _ in clients), order)
        return {
            "members": len(clients),
            "deliveries": len(arrivals),
            "frames": sum(member.frames for member in self.members),
            "bytes": sum(member.bytes for member in self.members),
            "last": max(arrivals, default=0),
            "is_clean": faults.is_clean,
            "faults": str(faults),
            "troubles": self.troubles(),
            "spreads": spreads,
        }

    def late(self, order: list[int], moments: list[int], bound: int) -> int:
        """When the last event came that took longer than the bound; 0 when none did."""
        since = dict(zip(order, moments, strict=True))
        return max(
            (
                at
                for member in self.members
                for number, at in zip(member.numbers, member.times, strict=True)
                if number in since and at - since[number] > bound
            ),
            default=0,
        )

    async def obey(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says of this group."""
        match told["do"]:
            case "reset":
                for member in self.members:
                    member.reset()
                gc.collect()
            case "wait":
                return {"is_complete": await self.wait(told["events"], told["seconds"])}
            case "report":
                return self.report(told["order"], told["since"])
            case "late":
                return {"last": self.late(told["order"], told["moments"], told["bound"])}
            case "stall":
                for member in self.members:
                    member.pause()
            case "ended":
                ended = [[member.ended_at, member.close_code] for member in self.members]
                return {"ended": ended, "back_at": self.back_at}
            case other:
                raise ValueError(f"What is {other}?")
        return {}

    async def close(self) -> None:
        for member in self.members:
            member.close()
        # The other side takes its time to see thousands of ends.
        await asyncio.sleep(0)


def _done(opened: asyncio.Future[None]) -> None:
    """Whoever waited may have given up."""
    if not opened.done():
        opened.set_result(None)


class Crowd:
    """All groups by name."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}

    async def obey(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says."""
        name = told["group"]
        if told["do"] == "open":
            self._groups[name] = Group(told)
            return await self._groups[name].open()
        if told["do"] == "close":
            await self._groups.pop(name).close()
            return {}
        return await self._groups[name].obey(told)


async def main() -> None:
    """Obey until the input ends."""
    gc.disable()
    await serve_commands(Crowd().obey)


if __name__ == "__main__":
    uvloop.run(main())
    sys.exit(0)
