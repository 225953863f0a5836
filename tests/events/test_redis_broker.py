"""The Redis broker against a real Valkey that is killed, stopped, fed with rubbish, and shared."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from prometheus_client import REGISTRY

from okrgraph.events import outbox, redis_broker
from okrgraph.events.broker import Announcement
from okrgraph.events.redis_broker import RedisBroker, reach
from okrgraph.events.wire import channel_of, sealed
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import new_key
from tests.events.hearing import KEY, Ear, until, working
from tests.servers import ValkeyServer, free_port, valkey_server

ORGANIZATION = new_key()


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("okrgraph_announcements_total", {"result": result}) or 0.0


async def up(*brokers: RedisBroker) -> None:
    await until(lambda: not any(broker.is_degraded for broker in brokers))


async def down(*brokers: RedisBroker) -> None:
    await until(lambda: all(broker.is_degraded for broker in brokers))


def told(head: int, entries: bytes | None = None) -> Announcement:
    return Announcement(ORGANIZATION, head, entries)


@pytest.fixture
async def pair(own_valkey: ValkeyServer) -> AsyncIterator[tuple[RedisBroker, RedisBroker]]:
    """Two workers, one by TCP and one by the Unix socket; the second follows."""
    teller, hearer = RedisBroker(own_valkey.url), RedisBroker(own_valkey.unix_url)
    async with working(teller, hearer):
        await up(teller, hearer)
        await hearer.follow(ORGANIZATION)
        yield teller, hearer


async def test_after_a_kill_both_come_back_and_what_was_not_said_is_said(own_valkey, pair) -> None:
    teller, hearer = pair
    ear = Ear(hearer)
    for round_ in range(1, 4):
        own_valkey.kill()
        await down(teller, hearer)
        teller.publish(told(10 * round_, b"lost"))
        teller.publish(told(10 * round_ - 1, b"lost"))
        own_valkey.start()
        await up(teller, hearer)
        assert (ear.losses, ear.reconnects) == (round_, round_)
        teller.publish(told(10 * round_ + 1, b"entries"))
        await ear.hears(told(10 * round_ + 1, b"entries"))
    # Whichever was back first: a head that nobody heard is polled for, and one that goes out has no entries.
    assert {each for each in ear.heard if each.entries is None} <= {told(10), told(20), told(30)}
    assert told(9, b"lost") not in ear.heard


async def test_a_head_that_could_not_be_told_is_told_to_those_who_are_back(own_valkey, pair) -> None:
    teller, hearer = pair
    ear = Ear(hearer)
    own_valkey.kill()
    await down(teller, hearer)
    teller.publish(told(5, b"entries"))
    own_valkey.start()
    async with working(late := RedisBroker(own_valkey.url)):
        late.publish(told(6, b"entries"))
        await up(teller, hearer, late)
        late.publish(told(7))
        await ear.hears(told(7))
    assert all(each.entries is None for each in ear.heard)


async def test_a_worker_whose_subscription_is_killed_hears_again_before_it_says_so(own_valkey, pair) -> None:
    teller, hearer = pair
    for number in range(1, 5):
        ear = Ear(hearer)
        assert own_valkey.say("CLIENT", "KILL", "TYPE", "pubsub") == ":1"
        await until(lambda ear=ear: ear.reconnects == 1)
        assert not hearer.is_degraded
        teller.publish(told(number, b"entries"))
        await ear.hears(told(number, b"entries"))
        ear.stop()


async def test_no_worker_says_it_is_back_before_the_server_has_confirmed_what_it_follows(
    own_valkey, pair
) -> None:
    _, hearer = pair
    unconfirmed = []

    def turned() -> None:
        if not hearer.is_degraded:
            unconfirmed.append(dict(hearer._session._unconfirmed))

    for _ in range(50):
        await hearer.follow(new_key())
    hearer.listen(lambda _: None, turned)
    own_valkey.say("CLIENT", "KILL", "TYPE", "pubsub")
    await until(lambda: bool(unconfirmed))
    assert unconfirmed == [{}]


async def test_following_while_the_server_is_away_waits_for_nobody(own_valkey, pair) -> None:
    teller, hearer = pair
    ear, other = Ear(hearer), new_key()
    own_valkey.kill()
    await down(hearer)
    await hearer.follow(other)
    own_valkey.start()
    await up(teller, hearer)
    teller.publish(Announcement(other, 1, None))
    await ear.hears(Announcement(other, 1, None))


async def test_whoever_waits_to_follow_is_released_when_the_connection_ends(own_valkey, pair) -> None:
    _, hearer = pair
    os.kill(own_valkey.pid, signal.SIGSTOP)
    following = [asyncio.create_task(hearer.follow(new_key())) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in following)
    own_valkey.kill()
    await asyncio.wait_for(asyncio.gather(*following), 60)
    assert hearer.is_degraded


async def test_a_server_that_is_absent_at_first_is_waited_for() -> None:
    with valkey_server() as server:
        server.kill()
        broker = RedisBroker(server.url)
        ear = Ear(broker)
        async with working(broker):
            await broker.follow(ORGANIZATION)
            broker.publish(told(1, b"entries"))
            assert (broker.is_degraded, ear.heard) == (True, [told(1, b"entries")])
            server.start()
            await up(broker)
            await ear.hears(told(1))


async def test_a_server_that_falls_silent_is_given_up(own_valkey, monkeypatch) -> None:
    monkeypatch.setattr(redis_broker, "LOOK_SECONDS", 0.02)
    broker = RedisBroker(own_valkey.url)
    async with working(broker):
        await up(broker)
        os.kill(own_valkey.pid, signal.SIGSTOP)
        try:
            await down(broker)
        finally:
            os.kill(own_valkey.pid, signal.SIGCONT)
        await up(broker)


async def test_a_silent_server_that_answers_when_asked_is_kept(own_valkey, monkeypatch) -> None:
    monkeypatch.setattr(redis_broker, "LOOK_SECONDS", 0.02)
    broker = RedisBroker(own_valkey.url)
    async with working(broker):
        await up(broker)
        ear = Ear(broker)
        await until(lambda: answered_pings(own_valkey) > 5)
        assert (ear.reconnects, broker.is_degraded) == (0, False)


def answered_pings(server: ValkeyServer) -> int:
    # The fixture asks one itself, to see whether the server is up.
    line = next(line for line in server.ask("INFO", "commandstats").splitlines() if "cmdstat_ping" in line)
    return int(line.split("calls=")[1].split(",")[0])


async def test_publishing_to_a_server_that_takes_nothing_neither_waits_nor_piles_up(own_valkey, pair) -> None:
    teller, hearer = pair
    ear = Ear(hearer)
    failed = counted("failed")
    os.kill(own_valkey.pid, signal.SIGSTOP)
    try:
        for head in range(1, 5_001):
            teller.publish(told(head, b"x" * 4_000))
            if head % 100 == 0:
                await asyncio.sleep(0)
            assert len(teller._outbox) <= outbox.MOST + 1
            assert teller._outbox._size <= outbox.MOST_BYTES
    finally:
        os.kill(own_valkey.pid, signal.SIGCONT)
    # The end is known, whatever became of the middle.
    await until(lambda: any(each.head == 5_000 for each in ear.heard))
    assert counted("failed") > failed


async def test_announcements_are_counted_by_what_became_of_them(own_valkey, pair) -> None:
    teller, _ = pair
    sent, failed = counted("sent"), counted("failed")
    for head in range(1, 6):
        teller.publish(told(head))
    await until(lambda: counted("sent") == sent + 5)
    own_valkey.kill()
    await down(teller)
    for head in range(6, 9):
        teller.publish(told(head))
    assert (counted("sent"), counted("failed")) == (sent + 5, failed + 3)


async def test_connected_is_a_number_to_watch(own_valkey, pair) -> None:
    def connected() -> float | None:
        return REGISTRY.get_sample_value("okrgraph_broker_connected")

    await until(lambda: connected() == 1.0)
    own_valkey.kill()
    await down(*pair)
    assert connected() == 0.0


def rubbish() -> Iterator[bytes]:
    whole = sealed(told(1_000_000, b'{"rows":[]}'), KEY)
    yield from (
        b"",
        b"\x00",
        b"hello",
        b"{}",
        b"\xff" * 10_000,
        whole[:-1],
        whole[1:],
        whole + b" ",
        whole[:30],
    )
    for place in range(len(whole)):
        yield whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    # Of another database that shares the server; of another organisation; too long to be ours.
    yield sealed(told(1_000_000), b"q" * 64)
    yield sealed(Announcement(new_key(), 1_000_000, None), KEY)
    yield sealed(told(1_000_000, b"x" * 17_000), KEY)


async def test_what_was_not_written_by_a_worker_of_this_database_is_not_heard(own_valkey, pair) -> None:
    teller, hearer = pair
    ear, ignored, sent = Ear(hearer), counted("ignored"), 0
    stranger = RedisBroker(own_valkey.url)
    connection = stranger._kind(**stranger._options)
    await connection.connect()
    try:
        for payload in rubbish():
            await connection.send_command("PUBLISH", channel_of(ORGANIZATION), payload)
            assert await connection.read_response() == 1
            sent += 1
    finally:
        await connection.disconnect()
    teller.publish(told(1))
    await ear.hears(told(1))
    assert ear.heard == [told(1)]
    assert counted("ignored") == ignored + sent


async def test_workers_of_two_databases_share_a_server_and_hear_nothing_of_each_other(
    own_valkey, pair
) -> None:
    teller, hearer = pair
    theirs = RedisBroker(own_valkey.url)
    async with working(theirs):
        theirs.use_key(b"q" * 64)
        await up(theirs)
        ear, their_ear = Ear(hearer), Ear(theirs)
        await theirs.follow(ORGANIZATION)
        teller.publish(told(1))
        await ear.hears(told(1))
        teller.use_key(b"q" * 64)
        teller.publish(told(2))
        await their_ear.hears(told(2))
    assert (ear.heard, their_ear.heard) == ([told(1)], [told(2)])


async def test_a_worker_holds_one_connection(own_valkey, pair) -> None:
    teller, hearer = pair
    ear = Ear(hearer)
    teller.publish(told(1))
    await ear.hears(told(1))
    clients = [line for line in own_valkey.ask("CLIENT", "LIST").splitlines() if "name=okrgraph" in line]
    assert len(clients) == 2
    assert all("resp=3" in line for line in clients)


async def test_an_outage_is_said_once_and_its_end_once(own_valkey, pair, caplog) -> None:
    teller, hearer = pair
    own_valkey.kill()
    with caplog.at_level(logging.WARNING):
        await down(teller, hearer)
        for head in range(100):
            teller.publish(told(head))
        own_valkey.start()
        await up(teller, hearer)
    said = [record.levelname for record in caplog.records if record.name == "okrgraph.events.redis_broker"]
    assert sorted(said) == ["ERROR", "ERROR", "WARNING", "WARNING"], "two workers"


async def test_what_was_published_last_goes_out_before_a_worker_ends(own_valkey, pair) -> None:
    _, hearer = pair
    ear = Ear(hearer)
    async with working(teller := RedisBroker(own_valkey.url)):
        await up(teller)
        # More than are written at once.
        said = [told(head, b"last words") for head in range(1, 301)]
        for announcement in said:
            teller.publish(announcement)
    await ear.hears(said[-1])
    assert ear.heard == said


async def test_passwords_are_used_and_not_told(caplog) -> None:
    with valkey_server("--requirepass", "pass:word") as server:
        right, wrong = (
            f"redis://:{word}@127.0.0.1:{server.port}/0" for word in ("pass%3Aword", "other-word")
        )
        await reach(right)
        with pytest.raises(OperatorError, match="cannot be reached") as refused:
            await reach(wrong)
        async with working(allowed := RedisBroker(right), denied := RedisBroker(wrong)):
            await up(allowed)
            await until(lambda: bool(caplog.records))
            assert denied.is_degraded
    assert "other-word" not in str(refused.value) + caplog.text


async def test_nobody_there_is_said() -> None:
    with pytest.raises(OperatorError, match=r"Redis cannot be reached .*; check OKRGRAPH_REDIS_URL"):
        await reach(f"redis://127.0.0.1:{free_port()}")


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://localhost", "redis://localhost:port", "redis://[::1"]
)
async def test_what_is_no_address_is_refused(url) -> None:
    with pytest.raises(OperatorError, match="OKRGRAPH_REDIS_URL must look like"):
        RedisBroker(url)


async def test_an_address_cannot_change_how_the_server_is_spoken_to() -> None:
    broker = RedisBroker("redis://example.org:1?protocol=2&decode_responses=yes&health_check_interval=3")
    assert (broker._options["protocol"], broker._options["decode_responses"]) == (3, False)
    assert (broker._options["host"], broker._options["port"]) == ("example.org", 1)
    assert broker._options["health_check_interval"] == 0
