import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.events.cursors import Cursor, decode

ORGANIZATION = UUID("01a20150-ea67-7386-8761-b280a1dd8a77")
cursors = st.builds(
    Cursor,
    organization_id=st.uuids(),
    epoch=st.text("0123456789abcdef", min_size=16, max_size=16),
    position=st.integers(0, 10**18 - 1),
)


def text_of(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()


@given(cursors)
def test_a_cursor_is_read_as_it_was_written(cursor):
    assert decode(cursor.encode()) == cursor


@given(cursors)
def test_a_cursor_is_one_word_for_urls(cursor):
    assert set(cursor.encode()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text() | st.binary().map(lambda raw: text_of(raw.decode("latin-1"))))
def test_other_text_is_no_cursor(text):
    assert decode(text) is None


@given(cursors, st.data())
def test_a_cursor_with_a_letter_changed_is_another_cursor_or_none(cursor, data):
    text = cursor.encode()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda found: found != text[place]))

    assert decode(text[:place] + letter + text[place + 1 :]) != cursor


@pytest.mark.parametrize(
    "plain",
    [
        "",
        f"v2|{ORGANIZATION.hex}|0123456789abcdef|1",
        f"v1|{ORGANIZATION}|0123456789abcdef|1",
        f"v1|{ORGANIZATION.hex}|0123456789ABCDEF|1",
        f"v1|{ORGANIZATION.hex}|0123456789abcdef|-1",
        f"v1|{ORGANIZATION.hex}|0123456789abcdef|01",
        f"v1|{ORGANIZATION.hex}|0123456789abcdef|1000000000000000000",
        f"v1|{ORGANIZATION.hex}|0123456789abcdef|\N{ARABIC-INDIC DIGIT ONE}",
        f"v1|{ORGANIZATION.hex}|0123456789abcdef|1\n",
        f"v1|{ORGANIZATION.hex}|0123456789abcdef|1|",
    ],
)
def test_what_is_nearly_a_cursor_is_none(plain):
    assert decode(text_of(plain)) is None


def test_padding_blanks_and_length_make_no_second_spelling():
    text = Cursor(ORGANIZATION, "0123456789abcdef", 1).encode()

    assert [decode(other) for other in (f"{text}=", f" {text}", f"{text}\n", text * 100)] == [None] * 4
