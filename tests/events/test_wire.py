from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from okrgraph.events.broker import CARRIED_BYTES, Announcement
from okrgraph.events.wire import channel_of, opened, organization_of, sealed

KEY = b"k" * 64
ANNOUNCEMENTS = st.builds(
    Announcement,
    organization_id=st.uuids(),
    head=st.integers(1, 2**63 - 1),
    entries=st.none() | st.binary(min_size=1, max_size=200),
)


@given(ANNOUNCEMENTS, st.binary(min_size=1, max_size=64))
def test_what_is_sealed_is_opened_with_the_same_key(announcement, key):
    assert opened(sealed(announcement, key), announcement.organization_id, key) == announcement


@given(ANNOUNCEMENTS, st.uuids())
def test_another_key_or_another_organization_opens_nothing(announcement, other):
    data = sealed(announcement, KEY)
    assert opened(data, announcement.organization_id, b"q" * 64) is None
    assert opened(data, other, KEY) is None


@given(ANNOUNCEMENTS, st.data())
def test_no_byte_can_be_changed_removed_or_added(announcement, data):
    whole = sealed(announcement, KEY)
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda found: found != whole[place]))
    for spoilt in (
        whole[:place] + bytes([byte]) + whole[place + 1 :],
        whole[:place] + whole[place + 1 :],
        whole[:place] + bytes([byte]) + whole[place:],
        whole[:place],
    ):
        assert opened(spoilt, announcement.organization_id, KEY) is None


@given(st.binary(max_size=300) | st.none() | st.integers() | st.text())
def test_anything_else_is_nothing(data):
    assert opened(data, UUID(int=1), KEY) is None


def test_the_longest_entries_are_opened_and_longer_ones_are_not_looked_at():
    longest = Announcement(UUID(int=1), 1, b"x" * CARRIED_BYTES)
    assert opened(sealed(longest, KEY), UUID(int=1), KEY) == longest
    assert (
        opened(sealed(Announcement(UUID(int=1), 1, b"x" * (CARRIED_BYTES + 1)), KEY), UUID(int=1), KEY)
        is None
    )


@given(st.uuids())
def test_a_channel_names_its_organization(organization_id):
    assert channel_of(organization_id) == f"okrgraph:{{{organization_id.hex}}}"
    assert organization_of(channel_of(organization_id).encode()) == organization_id


def test_other_channels_name_none():
    assert [organization_of(channel) for channel in (b"", b"okrgraph:{}", b"okrgraph:{xyz}", b"\xff")] == [
        None
    ] * 4
