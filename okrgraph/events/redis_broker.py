"""Announcements between workers through Redis or Valkey: the only module that speaks to it.

One connection a worker, which both subscribes and publishes, as RESP3 allows: messages come as pushes, apart from
the replies, which come in the order of the commands. redis-py's client and its pool do not use it so, which is why
its connection is driven here.
"""

import asyncio
import logging
import math
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from redis.asyncio.connection import Connection, DefaultParser, parse_url
from redis.exceptions import NoPermissionError, RedisError

from okrgraph.events.broker import Announcement, Heard, Listeners
from okrgraph.events.outages import Outage
from okrgraph.events.outbox import Outbox
from okrgraph.events.wire import channel_of, opened, organization_of, sealed
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.metrics import ANNOUNCEMENTS, BROKER_CONNECTED

# How long the server may take for a handshake, or to take what is sent.
REPLY_SECONDS = 5.0
# How often one looks whether something came; how often in vain before a sign of life is asked for, and before the
# connection is given up.
LOOK_SECONDS, ASKED_AFTER, GIVEN_UP_AFTER = 2.5, 2, 4
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
# A connection that lasted so long was a good one: the next failure is not the continuation of the last.
LASTING_SECONDS = 5.0
# Announcements that are written at once.
TOGETHER = 64
_FAILURES = (RedisError, OSError, TimeoutError)
_logger = logging.getLogger(__name__)


class _Parser(DefaultParser):  # type: ignore[misc,valid-type] # one of two classes, by what is installed
    """As the library's, but it does not write each message into a log that nobody reads."""

    async def handle_pubsub_push_response(self, response: Any) -> Any:
        return response


def _options(url: str) -> tuple[type[Any], dict[str, Any]]:
    """The class of connection and its options. Raises OperatorError for what is no address."""
    try:
        given: dict[str, Any] = dict(parse_url(url))
    except ValueError as error:
        raise OperatorError(
            "OKRGRAPH_REDIS_URL must look like redis://host:6379/0, rediss://user:password@host:6380 "
            "or unix:///run/valkey.sock."
        ) from error
    kind = given.pop("connection_class", Connection)
    # What else a URL may set, timeouts and protocol among it, is decided below.
    address = {"host", "port", "path", "db", "username", "password"}
    options = {name: value for name, value in given.items() if name in address or name.startswith("ssl_")}
    return kind, {
        **options,
        "protocol": 3,
        "legacy_responses": False,
        "decode_responses": False,
        "socket_connect_timeout": REPLY_SECONDS,
        # Its own timeout swallows a cancellation now and then on Python 3.11 (wait_for), and a worker would not end.
        "socket_timeout": None,
        "health_check_interval": 0,
        "client_name": "okrgraph",
        "parser_class": _Parser,
    }


@dataclass(frozen=True, slots=True)
class Reached:
    """A server that answers. now: what its clock says; None when this user may not ask for it."""

    name: str
    version: str
    now: datetime | None


async def reach(url: str) -> Reached:
    """Raises OperatorError when nothing answers at the address, or not as it should."""
    kind, options = _options(url)
    connection = kind(**options)
    try:
        # In all: the library allows as long for each of its own attempts.
        async with asyncio.timeout(REPLY_SECONDS):
            await connection.connect()
            await connection.send_command("HELLO")
            return await _reached(connection, await connection.read_response())
    except _FAILURES as error:
        why = str(error) or f"no answer within {REPLY_SECONDS:g} s"
        raise OperatorError(f"Redis cannot be reached ({why}); check OKRGRAPH_REDIS_URL.") from error
    finally:
        await connection.disconnect(nowait=True)


async def _reached(connection: Any, said: dict[bytes, Any]) -> Reached:
    try:
        await connection.send_command("TIME")
        seconds, microseconds = await connection.read_response()
        now = datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(microseconds))
    except NoPermissionError:
        now = None
    return Reached(said[b"server"].decode(), said[b"version"].decode(), now)


class RedisBroker:
    """The broker of one worker among several; see `Broker` for what it promises.

    What is published here is told here at once, and to the others from a queue: a mutation waits for nothing. While
    there is no connection only heads are kept, which go out when there is one again.
    """

    def __init__(self, url: str) -> None:
        """Raises OperatorError when the address is not understood."""
        self._kind, self._options = _options(url)
        self._key: bytes | None = None
        self._listeners = Listeners()
        self._outbox = Outbox()
        self._followed: set[UUID] = set()
        self._session: _Session | None = None
        self._outage = Outage(
            _logger,
            "Redis cannot be reached; what other workers change is found by polling",
            "Redis is reached again",
        )

    @property
    def is_degraded(self) -> bool:
        return self._session is None or not self._session.is_established

    def use_key(self, key: bytes) -> None:
        self._key = key

    def publish(self, announcement: Announcement) -> None:
        if announcement.organization_id in self._followed:
            self._listeners.tell(announcement)
        session = self._session
        if session is None or self.is_degraded:
            self._outbox.put_head(announcement)
            ANNOUNCEMENTS.labels("failed").inc()
            return
        ANNOUNCEMENTS.labels("failed").inc(self._outbox.put(announcement))
        session.has_work.set()

    def listen(self, heard: Heard, turned: Callable[[], None] = lambda: None) -> Callable[[], None]:
        return self._listeners.add(heard, turned)

    async def follow(self, organization_id: UUID) -> None:
        self._followed.add(organization_id)
        session = self._session
        if session is not None and session.is_established:
            await session.subscribed(organization_id)

    def unfollow(self, organization_id: UUID) -> None:
        self._followed.discard(organization_id)
        if self._session is not None:
            self._session.has_work.set()

    async def run(self) -> None:
        pause, loop = FIRST_PAUSE_SECONDS, asyncio.get_running_loop()
        BROKER_CONNECTED.set(0)
        while True:
            begun = loop.time()
            try:
                await self._connected()
            except* Exception as errors:  # noqa: BLE001 - a bug as well must not keep the worker from polling
                error = errors.exceptions[0]
                self._outage.began(error, traced=not isinstance(error, _FAILURES))
            if loop.time() - begun > LASTING_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            # Workers that lost the same server do not come back all at once.
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _connected(self) -> None:
        """Hold one connection until it fails."""
        connection = self._kind(**self._options)
        session = _Session(connection, self._followed, self._outbox, self._heard, self._established)
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                await connection.connect()
            self._session = session
            await session.run(lambda: self._key)
        finally:
            was_heard, self._session = session.is_established, None
            BROKER_CONNECTED.set(0)
            if was_heard:
                self._listeners.turned()
            ANNOUNCEMENTS.labels("failed").inc(session.end())
            await connection.disconnect(nowait=True)

    def _established(self) -> None:
        self._outage.ended()
        BROKER_CONNECTED.set(1)
        self._listeners.turned()

    def _heard(self, channel: bytes, data: object) -> None:
        organization_id = organization_of(channel)
        if organization_id is None or organization_id not in self._followed:
            return
        announcement = opened(data, organization_id, self._key) if self._key is not None else None
        if announcement is None:
            ANNOUNCEMENTS.labels("ignored").inc()
        else:
            self._listeners.tell(announcement)


class _Session:
    """One connection from its handshake to its end."""

    def __init__(
        self,
        connection: Any,
        followed: set[UUID],
        outbox: Outbox,
        heard: Callable[[bytes, object], None],
        established: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._followed = followed
        self._outbox = outbox
        self._heard = heard
        self._say_established = established
        self.is_established = False
        self.has_work = asyncio.Event()
        self._asked: set[UUID] = set()
        # Subscriptions that the server has not confirmed: the same one may be given up and asked for again meanwhile.
        self._unconfirmed: dict[UUID, int] = {}
        self._waiting: dict[UUID, list[asyncio.Future[None]]] = {}
        # Of each command that will have a reply: what it published. (None, False): a question for a sign of life.
        self._replies: deque[tuple[Announcement | None, bool]] = deque()
        self._is_silent = False
        self._is_asking = False

    async def run(self, key: Callable[[], bytes | None]) -> None:
        self.has_work.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._write(key))
            tasks.create_task(self._watch())

    def end(self) -> int:
        """Release who waits, keep what may not have gone out; return how many announcements that were."""
        self.is_established = False
        for waiters in self._waiting.values():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
        unsure = [
            (announcement, is_whole) for announcement, is_whole in self._replies if announcement is not None
        ]
        for announcement, _ in unsure:
            self._outbox.put_head(announcement)
        return self._outbox.give_up() + sum(is_whole for _, is_whole in unsure)

    async def subscribed(self, organization_id: UUID) -> None:
        """Return when the server has confirmed that messages of this organisation come here, or at the end."""
        if organization_id in self._asked and organization_id not in self._unconfirmed:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(organization_id, []).append(waiter)
        self.has_work.set()
        await waiter

    async def _watch(self) -> None:
        """Count how often one looks in vain, not the time: after a pause of this process much has come unread."""
        in_vain = 0
        while in_vain < GIVEN_UP_AFTER:
            self._is_silent = True
            await asyncio.sleep(LOOK_SECONDS)
            in_vain = in_vain + 1 if self._is_silent else 0
            if in_vain == ASKED_AFTER:
                self._is_asking = True
                self.has_work.set()
        raise TimeoutError("nothing came from Redis any more")

    # What goes out.

    async def _write(self, key: Callable[[], bytes | None]) -> None:
        while True:
            await self.has_work.wait()
            self.has_work.clear()
            commands = [*self._subscriptions(), *self._publications(key())]
            if self._is_asking:
                self._is_asking = False
                self._replies.append((None, False))
                commands.append(("PING",))
            if commands:
                await self._send(commands)
            self._look_whether_established()

    def _subscriptions(self) -> Iterable[tuple[str | bytes, ...]]:
        for organization_id in self._asked - self._followed:
            self._asked.discard(organization_id)
            yield "UNSUBSCRIBE", channel_of(organization_id)
        for organization_id in self._followed - self._asked:
            self._asked.add(organization_id)
            self._unconfirmed[organization_id] = self._unconfirmed.get(organization_id, 0) + 1
            yield "SUBSCRIBE", channel_of(organization_id)

    def _publications(self, key: bytes | None) -> Iterable[tuple[str | bytes, ...]]:
        if key is None:
            return
        for announcement, is_whole in self._outbox.take(TOGETHER):
            self._replies.append((announcement, is_whole))
            yield "PUBLISH", channel_of(announcement.organization_id), sealed(announcement, key)
        if len(self._outbox):
            self.has_work.set()

    async def _send(self, commands: list[tuple[str | bytes, ...]]) -> None:
        # Asked to send, the library would connect anew by itself, and nothing would be subscribed there.
        if not self._connection.is_connected:
            raise ConnectionError("the connection to Redis has ended")
        packed = self._connection.pack_commands(commands)
        async with asyncio.timeout(REPLY_SECONDS):
            await self._connection.send_packed_command(packed, check_health=False)

    # What comes in.

    async def _read(self) -> None:
        while True:
            response = await self._connection.read_response(
                timeout=math.inf, push_request=True, disconnect_on_error=False
            )
            self._is_silent = False
            if isinstance(response, list):
                self._take_push(response)
            else:
                announcement, is_whole = self._replies.popleft()
                if announcement is not None and is_whole:
                    ANNOUNCEMENTS.labels("sent").inc()

    def _take_push(self, push: list[Any]) -> None:
        kind, channel, *rest = push
        if kind == b"message":
            self._heard(channel, rest[0])
        elif kind == b"subscribe":
            organization_id = organization_of(channel)
            if organization_id is not None:
                self._confirm(organization_id)

    def _confirm(self, organization_id: UUID) -> None:
        left = self._unconfirmed.get(organization_id, 0) - 1
        if left > 0:
            self._unconfirmed[organization_id] = left
            return
        self._unconfirmed.pop(organization_id, None)
        for waiter in self._waiting.pop(organization_id, ()):
            if not waiter.done():
                waiter.set_result(None)
        self._look_whether_established()

    def _look_whether_established(self) -> None:
        if not self.is_established and not self._unconfirmed and self._asked == self._followed:
            self.is_established = True
            self._say_established()
