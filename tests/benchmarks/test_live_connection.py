import asyncio
import json
from typing import Any

import pytest

from benchmarks.live.blaster import frame
from benchmarks.live.connection import Connection, masked
from benchmarks.live.documents import body_of

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Peer(asyncio.Transport):
    """Keeps what the client writes, without its masks of zeros."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 8000)})
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    @property
    def messages(self) -> list[Any]:
        return [json.loads(each[each.index(b"{") :]) for each in self.written if b"{" in each]


class Subscriber:
    """A connection on a transport that is none, with its first result taken."""

    def __init__(self) -> None:
        self.opened = 0
        self.peer = Peer()
        self.connection = Connection("okr_x", {"query": "..."}, self._on_open)
        self.connection.connection_made(self.peer)

    def _on_open(self) -> None:
        self.opened += 1

    def hear(self, *frames: bytes) -> None:
        self.connection.data_received(b"".join(frames))

    @property
    def numbers(self) -> list[int]:
        return list(self.connection.numbers)


def text(**message: object) -> bytes:
    return frame(json.dumps(message, separators=(",", ":")).encode())


def batch(*numbers: int, length: int = 240) -> bytes:
    changes = [
        {"__typename": "CommentChanged", "comment": {"body": body_of(number, length)}} for number in numbers
    ]
    return text(id="1", type="next", payload={"data": {"changes": {"cursor": "c", "changes": changes}}})


def checkpoint(typename: str = "Checkpoint") -> bytes:
    changes = [{"__typename": typename}]
    return text(id="1", type="next", payload={"data": {"changes": {"cursor": "c", "changes": changes}}})


@pytest.fixture
def subscriber() -> Subscriber:
    found = Subscriber()
    found.hear(SWITCHED, text(type="connection_ack"), checkpoint())
    return found


def test_it_subscribes_with_its_token(subscriber: Subscriber) -> None:
    assert subscriber.peer.written[0].startswith(b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")
    assert subscriber.peer.messages == [
        {"type": "connection_init", "payload": {"Authorization": "Bearer okr_x"}},
        {"id": "1", "type": "subscribe", "payload": {"query": "..."}},
    ]
    assert (subscriber.opened, subscriber.connection.trouble, subscriber.numbers) == (1, "", [])


def test_events_are_counted_one_by_one_whatever_the_batch(subscriber: Subscriber) -> None:
    subscriber.hear(batch(1), batch(2, 3, 4), batch(5))
    assert subscriber.numbers == [1, 2, 3, 4, 5]
    assert len(subscriber.connection.times) == 5
    assert subscriber.connection.frames == 3


@pytest.mark.parametrize("piece", [3, 100, 4096])
def test_frames_may_be_cut_anywhere(piece: int) -> None:
    found = Subscriber()
    long = batch(*range(7, 307))
    # So long that its length takes eight bytes.
    assert long[1] == 127
    stream = SWITCHED + text(type="connection_ack") + checkpoint() + batch(1, 2) + long + text(type="ping")
    for start in range(0, len(stream), piece):
        found.hear(stream[start : start + piece])
    assert found.numbers == [1, 2, *range(7, 307)]
    assert found.peer.messages[-1] == {"type": "pong"}


def test_pings_of_both_kinds_are_answered(subscriber: Subscriber) -> None:
    subscriber.hear(b"\x89\x02hi", text(type="ping"))
    assert subscriber.peer.written[-2:] == [masked(b"hi", 0x8A), masked(b'{"type": "pong"}')]


@pytest.mark.parametrize(
    ("frames", "trouble"),
    [
        (text(id="1", type="complete"), '{"id": "1", "type": "complete"}'),
        (text(id="1", type="error", payload=[]), '{"id": "1", "type": "error", "payload": []}'),
        (text(id="1", type="next", payload={"errors": [1]}), '"errors": [1]'),
        (b"\x82\x01x", "a frame that begins with 0x82"),
    ],
)
def test_whatever_is_no_event_is_trouble(subscriber: Subscriber, frames: bytes, trouble: str) -> None:
    subscriber.hear(frames)
    assert trouble in subscriber.connection.trouble
    assert subscriber.peer.is_closed


def test_a_resync_is_trouble_and_the_stream_goes_on(subscriber: Subscriber) -> None:
    subscriber.hear(checkpoint("Resync"), batch(1))
    assert subscriber.connection.trouble == "a Resync"
    assert subscriber.numbers == [1]


def test_a_refused_upgrade_is_trouble() -> None:
    found = Subscriber()
    found.hear(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    found.connection.connection_lost(None)
    assert (found.opened, found.connection.trouble) == (1, "HTTP/1.1 403 Forbidden")


def test_the_close_code_is_kept(subscriber: Subscriber) -> None:
    subscriber.hear(b"\x88\x02" + (4403).to_bytes(2, "big"))
    subscriber.connection.connection_lost(None)
    connection = subscriber.connection
    assert (connection.close_code, connection.is_lost, connection.trouble) == (4403, True, "closed with 4403")
    assert connection.ended_at > 0
