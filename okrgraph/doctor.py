"""`okrgraph doctor`: what a server would need, tried out one after another, each with what to do when it fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from okrgraph.events import log
from okrgraph.events.broker import Announcement, Broker, InProcessBroker
from okrgraph.events.database import execute, fetch_one, is_sqlite, opened
from okrgraph.events.entry import Entry
from okrgraph.events.hub import Hub
from okrgraph.events.migrating import pending
from okrgraph.events.redis_broker import RedisBroker, reach
from okrgraph.events.topic import Topic
from okrgraph.events.transactions import transaction
from okrgraph.kit import clock
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import new_key
from okrgraph.settings import Settings, load_settings

# For each step: what works answers in milliseconds, and what does not must not hold up the rest.
STEP_SECONDS = 10.0
# Within this an announcement arrives, or never does.
ANNOUNCED_SECONDS = 3.0
# Between two clocks: tokens and cycles end by the clock, to the second.
DRIFT_SECONDS = 1.0
OLDEST_POSTGRES = 14
OLDEST_REDIS = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found. is_well: None when it could not be tried because of an earlier one."""

    name: str
    is_well: bool | None
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = {True: "ok", False: "WRONG", None: "skipped"}[self.is_well]
        line = f"{mark:8} {self.name:13} {self.text}"
        return f"{line}\n{'':22} -> {self.remedy}" if self.remedy else line


class Trouble(Exception):
    """Something is wrong, and this is what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


async def findings() -> AsyncIterator[Finding]:
    """Examine what the settings name, and tell of each step when it is done. Ends, whatever does not answer."""
    try:
        settings = load_settings()
        kind = "SQLite" if settings.database.is_sqlite else "PostgreSQL"
    except OperatorError as error:
        yield Finding("settings", is_well=False, text=str(error), remedy="Change the environment or .env.")
        return
    yield Finding("settings", True, f"understood: {kind}, {'Redis' if settings.redis_url else 'no Redis'}")
    async with AsyncExitStack() as held:
        yield (database := await _step("database", lambda: _open(settings, held)))
        migrated = await _step("migrations", lambda: _migrations(settings), database)
        yield migrated
        yield await _step("clock", _database_clock, database)
        redis = Finding("redis", True, "not configured: for one serving process, which needs none")
        if settings.redis_url:
            redis = await _step("redis", lambda: _redis(settings))
        yield redis
        if settings.redis_url:
            yield await _step("announcements", lambda: _announced(settings), migrated, redis)
        yield await _step("polling", lambda: _polled(settings), migrated)


async def _step(name: str, work: Callable[[], Awaitable[str]], *needed: Finding) -> Finding:
    missing = next((each.name for each in needed if not each.is_well), None)
    if missing is not None:
        return Finding(name, None, f"needs {missing}")
    try:
        async with asyncio.timeout(STEP_SECONDS):
            return Finding(name, True, await work())
    except Trouble as trouble:
        return Finding(name, False, str(trouble), trouble.remedy)
    except OperatorError as error:
        return Finding(name, False, str(error))
    except TimeoutError:
        return Finding(
            name, False, f"no answer within {STEP_SECONDS:g} s", "Look at the network and the load."
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
        return Finding(name, False, f"{type(error).__name__}: {error}", "Look at the logs of that server.")


async def _open(settings: Settings, held: AsyncExitStack) -> str:
    path = settings.database.path
    if path is not None and not path.exists():
        raise Trouble(f"there is no file {path}", "Run 'okrgraph migrate', or check OKRGRAPH_DATABASE_URL.")
    await held.enter_async_context(opened(settings.database))
    if is_sqlite():
        row = await fetch_one("SELECT sqlite_version()")
        return f"SQLite {row[0] if row else ''} opens {path}"
    row = await fetch_one(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
    )
    assert row is not None, "the query has one row"
    if row[0] // 10_000 < OLDEST_POSTGRES:
        raise Trouble(f"PostgreSQL {row[1]} is too old", f"Use PostgreSQL {OLDEST_POSTGRES} or newer.")
    return f"PostgreSQL {row[1]} answers"


async def _migrations(settings: Settings) -> str:
    missing = await pending(settings.database)
    if missing:
        raise Trouble(f"{len(missing)} missing: {', '.join(missing)}", "Run 'okrgraph migrate'.")
    return "all applied"


async def _database_clock() -> str:
    if is_sqlite():
        return "SQLite has none of its own"

    async def read() -> datetime:
        row = await fetch_one("SELECT clock_timestamp()")
        assert row is not None, "the query has one row"
        moment: datetime = row[0]
        return moment

    await _compare("the database's", read)
    return f"the database's agrees with this machine's to within {DRIFT_SECONDS:g} s"


async def _compare(whose: str, read: Callable[[], Awaitable[datetime]]) -> None:
    """Compare a clock with ours, allowing for the time that asking takes. Raises Trouble."""
    before = clock.now()
    theirs = await read()
    after = clock.now()
    drift = max((theirs - after).total_seconds(), (before - theirs).total_seconds(), 0.0)
    if drift > DRIFT_SECONDS:
        way = "behind" if theirs > after else "ahead of"
        raise Trouble(
            f"this machine's clock is {drift:.1f} s {way} {whose}", "Have both machines follow the same NTP."
        )


async def _redis(settings: Settings) -> str:
    try:
        reached = await reach(settings.redis_url)
    except OperatorError as error:
        raise Trouble(f"{settings.redis_address}: {error}", "Start it, or name another one.") from error
    if int(reached.version.split(".")[0]) < OLDEST_REDIS:
        raise Trouble(
            f"{reached.name} {reached.version} is too old", f"Use Redis {OLDEST_REDIS}, Valkey or newer."
        )
    text = f"{reached.name} {reached.version} answers at {settings.redis_address}"
    if reached.now is None:
        return f"{text}; its clock may not be asked for"

    async def read() -> datetime:
        now = (await reach(settings.redis_url)).now
        assert now is not None, "it has told before"
        return now

    await _compare("Redis's", read)
    return f"{text}; its clock agrees, too"


@asynccontextmanager
async def _hub(broker: Broker, settings: Settings, poll_seconds: float) -> AsyncIterator[Hub]:
    hub = Hub(broker, poll_seconds=poll_seconds, epoch_policy=settings.epoch_policy)
    ready = asyncio.Event()
    running = asyncio.create_task(hub.run(ready))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield hub
    finally:
        for task in (running, waiting):
            task.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)


@asynccontextmanager
async def _scratch_log(hub: Hub) -> AsyncIterator[Topic]:
    """Follow the log of an organisation that does not exist, in which nobody can see anything; gone afterwards."""
    nobody = new_key()
    await log.open_log(nobody)
    try:
        async with hub.following(nobody) as topic:
            yield topic
    finally:
        for table in ("change_log", "log_head"):
            await execute(f"DELETE FROM {table} WHERE organization_id = :nobody", nobody=nobody)


async def _commit(topic: Topic) -> Announcement:
    """Write one change as any action does, and give what would be announced."""
    nobody = topic.organization_id
    entry = Entry("DoctorLooked", "Organization", nobody, 1, {}, frozenset())
    async with transaction():
        written = await log.append(
            nobody, [entry], actor_id=None, mutation_id=None, entity_id=None, at=clock.now()
        )
    return Announcement(nobody, written.head, written.carried)


async def _arrived(topic: Topic, seconds: float) -> float | None:
    """Wait for the change as a subscriber does; give the milliseconds that it took."""
    begun = monotonic()
    if not await topic.wait_beyond(0, seconds) or not await topic.read_after(0):
        return None
    return (monotonic() - begun) * 1_000


async def _announced(settings: Settings) -> str:
    """From one Redis connection to another, as between two workers; polling is too rare to help."""
    theirs, ours = RedisBroker(settings.redis_url), RedisBroker(settings.redis_url)
    is_connected, is_heard = asyncio.Event(), asyncio.Event()
    theirs.listen(lambda _: None, is_connected.set)
    # A hub that hears nothing looks for itself, so that what is read is no proof that it was announced.
    ours.listen(lambda _: is_heard.set())
    async with (
        _hub(theirs, settings, 3_600.0),
        _hub(ours, settings, 3_600.0) as hub,
        _scratch_log(hub) as topic,
    ):
        took = None
        with suppress(TimeoutError):
            async with asyncio.timeout(ANNOUNCED_SECONDS):
                # Without the right to subscribe it never is.
                await is_connected.wait()
                theirs.publish(await _commit(topic))
                took = await _arrived(topic, ANNOUNCED_SECONDS)
                await is_heard.wait()
    if took is None or not is_heard.is_set():
        raise Trouble(
            f"a change was not heard of through Redis within {ANNOUNCED_SECONDS:g} s",
            "Let the user of OKRGRAPH_REDIS_URL publish and subscribe (ACL SETUSER ... &okrgraph:* +@pubsub).",
        )
    return f"a change reached a subscription through Redis after {took:.0f} ms"


async def _polled(settings: Settings) -> str:
    """Nobody announces it: this is how a change is found when Redis is away or another program wrote it."""
    async with _hub(InProcessBroker(), settings, 0.1) as hub, _scratch_log(hub) as topic:
        await _commit(topic)
        if await _arrived(topic, ANNOUNCED_SECONDS) is None:
            raise Trouble(
                f"a change was not found within {ANNOUNCED_SECONDS:g} s",
                "Let OKRGRAPH_DATABASE_URL name the primary server, not a standby or a cache before it.",
            )
    return "a change reached a subscription without an announcement, by looking for it"
