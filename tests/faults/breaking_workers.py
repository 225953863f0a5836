"""Faults of workers and of the ways to them: killed, frozen, cut off, slow, redeployed; and clients that are."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import websockets

from tests.e2e.clients import PROTOCOL
from tests.faults.documents import CHANGES, CHANGES_AT_LENGTH, HEAD
from tests.faults.history import Memory
from tests.faults.logs import head_and_floor
from tests.faults.machines import until
from tests.faults.party import Party
from tests.faults.program import STATUS
from tests.faults.stage import Stage
from tests.faults.subscribers import SocketClient
from tests.faults.writers import Intent

# A modem's 56 kbit/s.
MODEM_BYTES = 7_000
# What the ring may still grow by, and what an allocator does not give back.
GROWTH_KB = 24_000
SLOW_COMMENTS, SLOW_CHARACTERS = 40, 19_000  # 9 MB as CHANGES_AT_LENGTH has them
CONFLATED_AFTER_SECONDS = 5.0


async def kill_worker(stage: Stage) -> str:
    worker = stage.any_worker()
    await worker.kill()
    await stage.last()
    await worker.restart()
    return worker.name


async def kill_one_of_several(stage: Stage) -> str:
    """One of the workers behind a supervisor dies; another takes its place."""
    worker = stage.any_worker()
    before = worker.children()
    killed = stage.rng.choice(before)
    os.kill(killed, signal.SIGKILL)
    await until(
        lambda: len(worker.children()) == len(before) and killed not in worker.children(), "another worker"
    )
    return f"one of {len(before)}"


async def hang_up(stage: Stage) -> str:
    """SIGHUP: each worker behind a supervisor is replaced, one after another."""
    worker = stage.any_worker()
    before = set(worker.children())
    worker.signal(signal.SIGHUP)
    await until(
        lambda: len(worker.children()) == len(before) and not before & set(worker.children()), "new workers"
    )
    return f"{len(before)} workers"


async def die_before_publish(stage: Stage) -> str:
    """The commit is there, the announcement is not: who follows at another worker must get it by polling."""
    party, worker = stage.party, stage.any_worker()
    worker.trap.touch()
    writer = party.writer_at(worker.url)
    sending = asyncio.create_task(writer.send(_comment(party, "Committed and never announced")))
    assert await worker.ended() == STATUS, worker.log[-2000:]
    died = time.monotonic()
    head, _ = await head_and_floor(stage.database, party.organization_id)
    waited = ""
    if len(stage.workers) > 1:
        await until(
            lambda: any((client.place or ("", 0))[1] >= head for client in party.clients),
            "what was committed and not announced",
        )
        waited = f"; at another worker after {time.monotonic() - died:.2f} s"
    await worker.restart()
    await sending
    return f"{worker.name}{waited}"


async def freeze_worker(stage: Stage) -> str:
    worker = stage.any_worker()
    worker.signal(signal.SIGSTOP)
    await stage.last(2)
    worker.signal(signal.SIGCONT)
    return worker.name


async def half_open(stage: Stage) -> str:
    worker = stage.any_worker()
    worker.proxy.is_passing.clear()
    await stage.last(2)
    # As after a lost state table of a firewall: what comes next is answered by a reset.
    worker.proxy.sever()
    worker.proxy.is_passing.set()
    return worker.name


async def sever(stage: Stage) -> str:
    cut = 0
    for worker in stage.workers:
        cut += worker.proxy.connections
        worker.proxy.sever()
    return f"{cut} connections"


async def slow_line(stage: Stage) -> str:
    worker = stage.any_worker()
    worker.proxy.bytes_per_second = MODEM_BYTES
    await burst(stage.party, stage.burst // 3)
    await stage.last(2)
    worker.proxy.bytes_per_second = None
    return f"{worker.name} at 56 kbit/s"


async def deploy(stage: Stage) -> str:
    """Each worker is told to stop and started anew, one after another; every client reconnects."""
    for worker in stage.workers:
        worker.signal(signal.SIGTERM)
        assert await worker.ended() == 0, worker.log[-2000:]
        await worker.restart()
    return f"{len(stage.workers)} workers"


async def freeze_clients(stage: Stage) -> str:
    """A frozen tab or a laptop that sleeps, in Node and here."""
    party = stage.party
    names = [name for name in ("socket Ada", "stream Eve") if name in party.followers]
    for name in names:
        party.followers[name].is_reading.clear()
    if party.node is not None:
        party.node.signal(signal.SIGSTOP)
    await stage.last(2)
    if party.node is not None:
        party.node.signal(signal.SIGCONT)
    for name in names:
        party.followers[name].is_reading.set()
    return f"{len(names)} clients" + (" and Node" if party.node is not None else "")


async def kill_node(stage: Stage) -> str:
    assert stage.party.node is not None
    stage.party.node.signal(signal.SIGKILL)
    return f"{len(stage.party.node_clients)} clients"


async def stalled_readers(stage: Stage) -> str:
    """Sockets that read nothing while much is written: memory stays, and the others hear everything."""
    party = stage.party
    async with sockets(stage, stage.herd, is_reading=False):
        # The first half fills what is meant to be filled: the ring, and the caches of a new process.
        await burst(party, stage.burst // 2)
        before = [worker.memory() for worker in stage.workers]
        await burst(party, stage.burst // 2)
        assert await party.steady("a burst beside stalled readers") is not None
        after = [worker.memory() for worker in stage.workers]
    for worker, was, now in zip(stage.workers, before, after, strict=True):
        party.history.memory.append(Memory(f"{worker.name} with {stage.herd} stalled", was, now, GROWTH_KB))
    growth = ", ".join(f"{now - was:+,} kB" for was, now in zip(before, after, strict=True))
    return f"{stage.herd} sockets, {stage.burst} changes: {growth}"


async def slow_reader(stage: Stage) -> str:
    """A socket that stops reading for longer than a subscriber may be behind, and then reads what is left of it."""
    party = stage.party
    name = f"slow {next(party.world.numbers)}"
    client = party.add(SocketClient, name, "Ada", document=CHANGES_AT_LENGTH)
    party.wake(name)
    await until(lambda: client.place is not None and bool(client.record.runs[0].frames), "the slow reader")
    client.is_reading.clear()
    party.excused.add(name)
    # More than fits between here and the server, of things that change again and again.
    await burst(party, SLOW_COMMENTS, size=SLOW_CHARACTERS)
    await asyncio.sleep(CONFLATED_AFTER_SECONDS + 1)
    await burst(party, stage.burst // 3)
    client.is_reading.set()
    party.excused.discard(name)
    took = await party.steady("a slow reader")
    assert took is not None, "a slow reader never came to the end"
    conflated = sum(frame.conflated for run in client.record.runs for frame in run.frames)
    # How much stands in buffers before the server notices is the kernel's choice, so neither is required here.
    evicted = sum("1013" in run.why for run in client.record.runs)
    return f"{conflated} conflated batches, closed with 1013 {evicted} times"


async def herd(stage: Stage) -> str:
    """Everybody is cut off and comes back at once with an old cursor, many more besides."""
    party = stage.party
    after = (await party.marker_api.run(HEAD))["organization"]["cursor"]
    await burst(party, stage.burst // 3)
    for worker in stage.workers:
        worker.proxy.sever()
    begun = time.monotonic()
    async with sockets(stage, stage.herd, after=after, is_reading=True):
        took = time.monotonic() - begun
    return f"{stage.herd} sockets were all served after {took:.1f} s"


def _comment(party: Party, body: str) -> Intent:
    return Intent("commentCreate", {"subjectId": party.world.objectives["Growth"][0], "body": body})


async def burst(party: Party, count: int, *, is_secret: bool = False, size: int = 0) -> None:
    """Write so many comments, each so long, as fast as a few people can, of Secret's drafts if wanted.

    Every third is followed by a new title for what it is about.
    """
    writer = party.secret_writer if is_secret else party.marker
    left = iter(range(count))

    async def some() -> None:
        for number in left:
            if is_secret:
                body, subject = f"Burst {party.world.canary()}", party.world.secret_drafts[number % 2]
            else:
                body, subject = f"Burst {number}", party.world.objectives["Company"][0]
            text = body.ljust(size, ".")
            await writer.send(Intent("commentCreate", {"subjectId": subject, "body": text}))
            if number % 3 == 0:
                given = {"title": f"{body} of {next(party.world.numbers)}", "reason": "a burst"}
                await writer.send(Intent("objectiveUpdate", given, subject))

    await asyncio.gather(*(some() for _ in range(6)))


@asynccontextmanager
async def sockets(
    stage: Stage, count: int, *, is_reading: bool, after: str | None = None
) -> AsyncIterator[list[websockets.ClientConnection]]:
    """So many subscribed sockets at once; each has had its first batch, and those that read what follows after."""
    # So many that one credential may not open them all.
    tokens = [person.token for person in stage.party.world.people.values()]
    async with AsyncExitStack() as held:

        async def one(number: int) -> websockets.ClientConnection:
            worker = stage.workers[number % len(stage.workers)]
            socket = await held.enter_async_context(
                websockets.connect(
                    f"ws://127.0.0.1:{worker.proxy.port}/graphql",
                    subprotocols=[PROTOCOL],
                    proxy=None,
                    ping_interval=None,
                    compression=None,
                    open_timeout=60,
                    close_timeout=0.2,
                    max_queue=1,
                )
            )
            token = tokens[number % len(tokens)]
            await _subscribe(socket, token, after, wants_replay=is_reading and after is not None)
            return socket

        yield await asyncio.gather(*(one(number) for number in range(count)))


async def _subscribe(
    socket: websockets.ClientConnection, token: str, after: str | None, *, wants_replay: bool
) -> None:
    await socket.send(
        json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    )
    payload = {"query": CHANGES, "variables": {"after": after}}
    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
    batches = 0
    async with asyncio.timeout(60):
        while batches < (2 if wants_replay else 1):
            message = json.loads(await socket.recv())
            assert message["type"] in ("connection_ack", "ping", "next"), message
            if message["type"] == "next":
                assert "errors" not in message["payload"], message
                batches += 1
