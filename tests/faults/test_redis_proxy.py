import asyncio

import pytest

from tests.faults.redis_proxy import read_frame


async def _frames(stream: bytes) -> list[tuple[bytes, bytes]]:
    reader = asyncio.StreamReader()
    reader.feed_data(stream)
    reader.feed_eof()
    frames = []
    while not reader.at_eof():
        frames.append(await read_frame(reader))
    return frames


@pytest.mark.parametrize(
    ("frame", "first"),
    [
        (b"+OK\r\n", b"OK"),
        (b":12\r\n", b"12"),
        (b"$-1\r\n", b"-1"),
        (b"$6\r\nab\r\ncd\r\n", b"ab\r\ncd"),
        (b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n", b"message"),
        (b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n", b"message"),
        (b">2\r\n+smessage\r\n:1\r\n", b"smessage"),
        (b"%2\r\n+server\r\n+valkey\r\n+proto\r\n:3\r\n", b"server"),
        (b"*2\r\n*1\r\n:1\r\n:2\r\n", b"1"),
        (b"*-1\r\n", b"-1"),
        (b"*0\r\n", b""),
        (b"_\r\n", b""),
        (b"|1\r\n+ttl\r\n:9\r\n+OK\r\n", b"OK"),
    ],
)
async def test_values_are_read_whole_and_told_apart(frame: bytes, first: bytes) -> None:
    assert await _frames(frame + frame) == [(frame, first)] * 2
