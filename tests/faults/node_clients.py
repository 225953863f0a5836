"""Real graphql-ws clients: a Node process with several of them, whose lines become records and models here."""

import asyncio
import json
import os
import shutil
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.history import Run
from tests.faults.subscribers import LiveClient

SOURCE = Path(__file__).parent / "node"
LINE_BYTES = 64 * 1024 * 1024


async def install(folder: Path) -> Path:
    """Put the clients and what they need into a folder. Fails with what is missing."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    assert not missing, (
        f"The fault tests follow the changes with graphql-ws in Node and need {' and '.join(missing)}; "
        "Debian and Ubuntu: apt-get install nodejs npm."
    )
    for name in ("package.json", "package-lock.json", "clients.mjs"):
        shutil.copy(SOURCE / name, folder / name)
    installing = await asyncio.create_subprocess_exec(
        "npm",
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        cwd=folder,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    output, errors = await installing.communicate()
    assert installing.returncode == 0, f"npm ci failed:\n{output.decode()}{errors.decode()}"
    return folder


class NodeClients:
    """One Node process. The clients share the document; each has its variables."""

    def __init__(self, folder: Path, urls: Sequence[str], clients: Sequence[LiveClient]) -> None:
        self._folder = folder
        self._urls = urls
        self._clients = {client.record.name: client for client in clients}
        self._process: Process | None = None

    async def follow(self) -> None:
        """Follow until cancelled; a process that is killed is started again with the stored cursors."""
        for client in self._clients.values():
            await client.begin()
        try:
            while True:
                await self._live_once()
        finally:
            if self._process is not None and self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    async def _live_once(self) -> None:
        given = {
            "urls": [f"{url.replace('http', 'ws', 1)}/graphql" for url in self._urls],
            "document": next(iter(self._clients.values())).document,
            "clients": [
                {
                    "name": name,
                    "token": client.api.token,
                    "after": client.cursor,
                    "variables": client.variables,
                }
                for name, client in self._clients.items()
            ],
        }
        self._process = await asyncio.create_subprocess_exec(
            "node",
            "clients.mjs",
            json.dumps(given),
            cwd=self._folder,
            stdin=DEVNULL,
            stdout=PIPE,
            limit=LINE_BYTES,
        )
        queues: dict[str, asyncio.Queue[dict[str, Any] | None]] = {
            name: asyncio.Queue(maxsize=1000) for name in self._clients
        }
        async with asyncio.TaskGroup() as group:
            for name, queue in queues.items():
                group.create_task(self._take_all(self._clients[name], queue))
            await self._read(queues)
        await self._process.wait()

    async def _read(self, queues: dict[str, asyncio.Queue[dict[str, Any] | None]]) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            # The last line of a process that was killed may be cut.
            if line.endswith(b"\n"):
                said = json.loads(line)
                said["text"] = line.decode()
                await queues[said["client"]].put(said)
        for queue in queues.values():
            await queue.put(None)

    async def _take_all(self, client: LiveClient, queue: asyncio.Queue[dict[str, Any] | None]) -> None:
        run: Run | None = None
        while (said := await queue.get()) is not None:
            match said["event"]:
                case "subscribe":
                    run = client.open_run(said["after"])
                case "next":
                    assert run is not None, "graphql-ws gave a batch before it subscribed"
                    await client.take(run, said["batch"], said["text"])
                case "closed" | "failed" | "error" | "errors" | "complete" if run is not None:
                    why = {key: said[key] for key in said if key not in ("client", "text", "event")}
                    run.why = f"{run.why} {said['event']} {json.dumps(why)}".strip()[:300]
                    run.ended = time.time()
        if run is not None and not run.ended:
            run.ended, run.why = time.time(), "the process ended"

    def signal(self, how: signal.Signals) -> None:
        """Send a signal to the process."""
        if self._process is not None and self._process.returncode is None:
            os.kill(self._process.pid, how)
