"""What every broker promises: one body of tests, run in one process and between two through a real Valkey."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from okrgraph.events.broker import CARRIED_BYTES, Announcement, Broker, InProcessBroker
from okrgraph.events.redis_broker import RedisBroker
from okrgraph.kit.ids import new_key
from tests.events.hearing import Ear, until, working


@dataclass(frozen=True)
class Pair:
    """Two workers: what one publishes the other hears. In one process they are the same."""

    teller: Broker
    hearer: Broker

    async def barrier(self, ear: Ear) -> None:
        """Return when all that was published before has been heard, if it ever will."""
        organization_id = new_key()
        await self.hearer.follow(organization_id)
        last = Announcement(organization_id, 1, None)
        self.teller.publish(last)
        await ear.hears(last)


@pytest.fixture(params=["in process", "redis"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    if request.param == "in process":
        broker = InProcessBroker()
        found = Pair(broker, broker)
        running = working(broker)
    else:
        url = request.getfixturevalue("redis_url")
        teller, hearer = RedisBroker(url), RedisBroker(url)
        found = Pair(teller, hearer)
        running = working(teller, hearer)
    async with running:
        await until(lambda: not found.teller.is_degraded and not found.hearer.is_degraded)
        yield found


@pytest.fixture
def ear(pair: Pair) -> Ear:
    return Ear(pair.hearer)


@pytest.mark.parametrize("entries", [None, b"{}", b"x" * CARRIED_BYTES, bytes(range(256))])
async def test_what_is_published_is_heard_as_it_was(pair: Pair, ear: Ear, entries: bytes | None) -> None:
    announcement = Announcement(new_key(), 7, entries)
    await pair.hearer.follow(announcement.organization_id)
    pair.teller.publish(announcement)
    await ear.hears(announcement)
    await pair.barrier(ear)
    assert ear.of(announcement.organization_id) == [announcement]


async def test_once_followed_nothing_is_missed(pair: Pair, ear: Ear) -> None:
    """Publishing the moment after `follow` returned must be heard, each time."""
    for number in range(200):
        announcement = Announcement(new_key(), number + 1, None)
        await pair.hearer.follow(announcement.organization_id)
        pair.teller.publish(announcement)
        await ear.hears(announcement)


async def test_many_follow_at_once(pair: Pair, ear: Ear) -> None:
    organizations = [new_key() for _ in range(100)]
    await asyncio.gather(*(pair.hearer.follow(each) for each in organizations))
    for each in organizations:
        pair.teller.publish(Announcement(each, 1, b"entries"))
    await until(lambda: len(ear.heard) >= 100)
    assert {each.organization_id for each in ear.heard} == set(organizations)


async def test_what_is_not_followed_is_not_heard(pair: Pair, ear: Ear) -> None:
    organization_id = new_key()
    pair.teller.publish(Announcement(organization_id, 1, None))
    await pair.barrier(ear)
    await pair.hearer.follow(organization_id)
    pair.teller.publish(Announcement(organization_id, 2, None))
    await pair.barrier(ear)
    pair.hearer.unfollow(organization_id)
    await pair.barrier(ear)
    pair.teller.publish(Announcement(organization_id, 3, None))
    await pair.barrier(ear)
    assert ear.of(organization_id) == [Announcement(organization_id, 2, None)]


async def test_following_again_at_once_is_following(pair: Pair, ear: Ear) -> None:
    organization_id = new_key()
    for number in range(1, 50):
        await pair.hearer.follow(organization_id)
        pair.teller.publish(Announcement(organization_id, number, None))
        await ear.hears(Announcement(organization_id, number, None))
        pair.hearer.unfollow(organization_id)


async def test_a_worker_hears_itself(pair: Pair) -> None:
    own, organization_id = Ear(pair.teller), new_key()
    await pair.teller.follow(organization_id)
    pair.teller.publish(Announcement(organization_id, 1, b"entries"))
    assert own.heard == [Announcement(organization_id, 1, b"entries")], (
        "at once, without a way through a network"
    )


async def test_a_listener_that_fails_harms_neither_the_publisher_nor_the_others(pair: Pair, caplog) -> None:
    def fail(_: Announcement) -> None:
        raise RuntimeError("a bug in a listener")

    organization_id = new_key()
    pair.hearer.listen(fail)
    ear = Ear(pair.hearer)
    await pair.hearer.follow(organization_id)
    for head in (1, 2):
        pair.teller.publish(Announcement(organization_id, head, None))
        await ear.hears(Announcement(organization_id, head, None))
    assert "a bug in a listener" in caplog.text


async def test_who_stopped_listening_is_told_nothing(pair: Pair, ear: Ear) -> None:
    organization_id, other = new_key(), Ear(pair.hearer)
    await pair.hearer.follow(organization_id)
    ear.stop()
    pair.teller.publish(Announcement(organization_id, 1, None))
    await other.hears(Announcement(organization_id, 1, None))
    assert ear.heard == []


async def test_a_burst_is_heard_whole(pair: Pair, ear: Ear) -> None:
    organizations: list[UUID] = [new_key() for _ in range(3)]
    for each in organizations:
        await pair.hearer.follow(each)
    sent = [Announcement(organizations[head % 3], head, b"x" * head) for head in range(1, 301)]
    for announcement in sent:
        pair.teller.publish(announcement)
    await until(lambda: len(ear.heard) >= len(sent))
    await pair.barrier(ear)
    assert [each for each in ear.heard if each.organization_id in organizations] == sent
