"""What an announcement carries is, to whoever hears it, what the log has."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from okrgraph.events.broker import CARRIED_BYTES, Announcement
from okrgraph.events.encoding import carried, entries_of, written
from okrgraph.events.entry import BULK, Entry, LoggedEntry
from okrgraph.events.log import append, open_log, read_after
from okrgraph.events.transactions import transaction
from okrgraph.kit.ids import new_key

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SCOPES = st.frozensets(TEXT, max_size=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ENTRIES = st.builds(
    Entry,
    kind=TEXT,
    entity_type=TEXT,
    entity_id=st.uuids(),
    entity_version=st.integers(0, 2**62),
    body=st.dictionaries(TEXT, VALUES, max_size=4),
    acl=SCOPES,
    acl_before=st.none() | SCOPES,
    path=st.lists(st.uuids(), max_size=3).map(tuple),
    teams=st.lists(st.uuids(), max_size=3).map(tuple),
)
MOMENTS = st.datetimes(
    datetime.fromisoformat("1990-01-01"),
    datetime.fromisoformat("2199-01-01"),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-3))]),
)


async def write(
    organization_id: UUID, entries: list[Entry], at: datetime, actor: UUID | None, mutation: str | None
) -> Announcement:
    async with transaction():
        appended = await append(
            organization_id, entries, actor_id=actor, mutation_id=mutation, entity_id=None, at=at
        )
    return Announcement(organization_id, appended.head, appended.carried)


def all_of(entries: list[LoggedEntry] | None) -> list[tuple[object, ...]]:
    """Every field, size included, which does not take part in comparison."""
    assert entries is not None
    return [tuple(getattr(entry, name) for name in LoggedEntry.__dataclass_fields__) for entry in entries]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ENTRIES, min_size=1, max_size=4), MOMENTS, st.none() | st.uuids(), st.none() | TEXT)
async def test_what_is_announced_is_what_is_read(database, entries, at, actor, mutation) -> None:
    organization_id = new_key()
    await open_log(organization_id)
    before = await write(
        organization_id, [Entry("Noted", "Note", new_key(), 1, {}, frozenset())], at, None, None
    )
    announcement = await write(organization_id, entries, at, actor, mutation)
    read = await read_after(organization_id, before.head)
    assert all_of(entries_of(announcement)) == all_of(read)


def note(text: str) -> Entry:
    return Entry("Noted", "Note", UUID(int=1), 1, {"text": text}, frozenset({"org"}))


async def test_entries_of_sixteen_kilobytes_are_carried_and_one_byte_more_is_not(database) -> None:
    organization_id = new_key()
    await open_log(organization_id)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    room = CARRIED_BYTES - len((await write(organization_id, [note("")], at, None, None)).entries or b"")
    fits = await write(organization_id, [note("x" * room)], at, None, None)
    assert len(fits.entries or b"") == CARRIED_BYTES == 16_384
    assert all_of(entries_of(fits)) == all_of(await read_after(organization_id, 1))
    over = await write(organization_id, [note("x" * (room + 1))], at, None, None)
    assert over == Announcement(organization_id, 3, None)


async def test_too_many_entries_are_announced_as_the_one_row_that_was_written(database) -> None:
    organization_id = new_key()
    await open_log(organization_id)
    announcement = await write(
        organization_id, [note("")] * 501, datetime(2026, 3, 2, tzinfo=UTC), None, None
    )
    (entry,) = entries_of(announcement) or []
    assert (entry.kind, entry.position, entry.tx_end, announcement.head) == (BULK, 1, True, 1)
    assert all_of([entry]) == all_of(await read_after(organization_id, 0))


@pytest.mark.parametrize(
    "entries",
    [
        None,
        b"",
        b"no JSON",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"rows":[]}',
        b'{"rows":{}}',
        b'{"rows":[{}],"actor":null,"mutation":null,"at":"2026-03-02T00:00:00+00:00"}',
        b'{"rows":[null],"actor":null,"mutation":null,"at":"2026-03-02T00:00:00+00:00"}',
    ],
)
def test_what_carries_nothing_whole_is_as_if_it_carried_nothing(entries: bytes | None) -> None:
    assert entries_of(Announcement(UUID(int=1), 5, entries)) is None


def test_more_entries_than_there_are_positions_are_none() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    rows = carried(written([note("a"), note("b")]), None, None, at)
    assert [entry.position for entry in entries_of(Announcement(UUID(int=1), 2, rows)) or ()] == [1, 2]
    assert entries_of(Announcement(UUID(int=1), 1, rows)) is None
