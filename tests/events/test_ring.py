from uuid import UUID

import pytest

from okrgraph.events.encoding import entries_of
from okrgraph.events.entry import LoggedEntry
from okrgraph.events.ring import RING_BYTES, RING_SIZE, WORKER_BYTES, Memory, Ring
from tests.events.model_log import ModelLog

ORGANIZATION = UUID(int=1)


def transactions(*counts: int, letters: int = 1) -> list[list[LoggedEntry]]:
    """Transactions of so many entries, one after another."""
    log = ModelLog()
    found = (entries_of(log.commit(ORGANIZATION, count, letters)) for count in counts)
    return [entries for entries in found if entries is not None]


def positions(ring: Ring, after: int) -> list[int] | None:
    found = ring.after(after)
    return None if found is None else [entry.position for entry in found]


def test_the_bounds_are_those_of_the_design():
    assert (RING_SIZE, RING_BYTES, WORKER_BYTES) == (2_048, 8 * 2**20, 128 * 2**20)


def test_a_ring_gives_what_follows_a_position():
    ring = Ring(Memory(), most=10)
    for entries in transactions(2, 1, 3):
        ring.append(entries)
    assert (ring.start, ring.end) == (0, 6)
    assert [positions(ring, after) for after in (0, 3, 6)] == [[1, 2, 3, 4, 5, 6], [4, 5, 6], []]


def test_beyond_its_entries_the_oldest_whole_transactions_leave():
    ring = Ring(Memory(), most=4)
    for entries in transactions(2, 2, 1):
        ring.append(entries)
    assert (ring.start, ring.end) == (2, 5)
    assert (positions(ring, 1), positions(ring, 2)) == (None, [3, 4, 5])


def test_beyond_its_bytes_they_leave_as_well():
    (one,) = transactions(1)
    ring = Ring(Memory(), most_bytes=3 * one[0].size)
    for entries in transactions(1, 1, 1):
        ring.append(entries)
    assert (ring.start, ring.size) == (0, 3 * one[0].size), "exactly full"
    ring.append(transactions(1, 1, 1, 1)[-1])
    assert (ring.start, ring.end, positions(ring, 1)) == (1, 4, [2, 3, 4])


def test_a_transaction_that_is_too_much_leaves_an_empty_ring_that_goes_on():
    ring = Ring(Memory(), most=2)
    first, second = transactions(3, 1)
    ring.append(first)
    assert (ring.start, ring.end, ring.size) == (3, 3, 0)
    ring.append(second)
    assert positions(ring, 3) == [4]


def test_a_hole_cannot_be_made():
    ring = Ring(Memory())
    _, second = transactions(1, 1)
    with pytest.raises(AssertionError, match="no hole"):
        ring.append(second)


def test_what_comes_before_is_taken_when_it_is_whole_and_there_is_room():
    first, second, third, fourth = transactions(2, 1, 1, 1)
    ring = Ring(Memory(), most=4)
    ring.begin(4)
    ring.append(fourth)
    assert not ring.prepend(first), "there would be a hole"
    assert not ring.prepend([])
    assert ring.prepend([*second, *third])
    assert positions(ring, 2) == [3, 4, 5]
    assert not ring.prepend(first), "five are too many"
    assert (ring.start, ring.end) == (2, 5)


def test_too_much_in_all_empties_what_was_read_longest_ago():
    (entries,) = transactions(1)
    size = entries[0].size
    memory = Memory(3 * size)
    rings = [Ring(memory) for _ in range(4)]
    for ring in rings[:3]:
        ring.append(entries)
    assert memory.held == 3 * size
    rings[0].after(0)
    rings[3].append(entries)
    assert [ring.size for ring in rings] == [size, 0, size, size]
    assert (memory.held, rings[1].start, rings[1].end) == (3 * size, 1, 1)
    rings[0].begin(0)
    assert memory.held == 2 * size
