import io
from itertools import islice

import pytest

from okrgraph.transfer.formats.nested_events import BrokenFile, text_blocks


class Piecemeal(io.BytesIO):
    """A source that gives one byte at a time, whatever it is asked for."""

    def read(self, _size: int | None = -1) -> bytes:
        return super().read(1)


@pytest.mark.parametrize("source", [io.BytesIO, Piecemeal])
def test_text_is_decoded_across_pieces_and_loses_one_byte_order_mark(source):
    text = "\ufeffÄ\n\ufeff😀\r\n"
    assert "".join(text_blocks(source(b"\xef\xbb\xbf" + text.encode()))) == text
    assert list(text_blocks(source(b"\xef\xbb\xbf"))) == []
    assert list(text_blocks(source(b""))) == []


@pytest.mark.parametrize("source", [io.BytesIO, Piecemeal])
@pytest.mark.parametrize(
    ("data", "good", "where"),
    [
        (b"\xff\xfea", "", "line 1: This line is not UTF-8 (byte 0xFF after 0 others)"),
        ("Ä\nÄb".encode() + b"\xe9\n", "Ä\nÄb", "line 2: This line is not UTF-8 (byte 0xE9 after 3 others)"),
        (b"a\n\n\xc3", "a\n\n", "line 3: This line is not UTF-8 (byte 0xC3 after 0 others)"),
        (b"a\nbc\xed\xa0\x80", "a\nbc", "line 2: This line is not UTF-8 (byte 0xED after 2 others)"),
    ],
)
def test_what_is_not_utf_8_is_named_behind_the_text_before_it(source, data, good, where):
    blocks = text_blocks(source(data))
    assert "".join(islice(blocks, len(good) if source is Piecemeal else min(1, len(good)))) == good
    with pytest.raises(BrokenFile) as caught:
        next(blocks)
    assert str(caught.value.problem) == f"{where}; save the file as UTF-8."
