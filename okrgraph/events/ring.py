"""The newest part of one log in memory: whole transactions without a hole, as many as their bytes allow."""

from collections import OrderedDict
from collections.abc import Sequence

from okrgraph.events.entry import LoggedEntry

# Entries, and bytes of rows, that a worker keeps of one organisation, and of all. Others read the database.
RING_SIZE = 2_048
RING_BYTES = 8 * 1_024 * 1_024
WORKER_BYTES = 128 * 1_024 * 1_024


class Memory:
    """What the rings of a worker hold together; beyond the limit those that were read longest ago are emptied."""

    def __init__(self, limit: int = WORKER_BYTES) -> None:
        self._limit = limit
        self._rings: OrderedDict[Ring, None] = OrderedDict()
        self.held = 0

    def took(self, ring: "Ring", size: int) -> None:
        """Take note that a ring grew, or shrank."""
        self.held += size
        if ring.size == 0:
            self._rings.pop(ring, None)
        elif ring not in self._rings:
            self._rings[ring] = None
        while self.held > self._limit:
            next(iter(self._rings)).empty()

    def was_read(self, ring: "Ring") -> None:
        if ring in self._rings:
            self._rings.move_to_end(ring)


class Ring:
    """Entries of the positions after `start` and up to `end`."""

    def __init__(self, memory: Memory, most: int = RING_SIZE, most_bytes: int = RING_BYTES) -> None:
        self._memory = memory
        self._most = most
        self._most_bytes = most_bytes
        self._entries: list[LoggedEntry] = []
        self.start = 0
        self.end = 0
        self.size = 0

    def begin(self, position: int) -> None:
        """Hold nothing, and go on after a position."""
        self.empty()
        self.start = self.end = position

    def empty(self) -> None:
        """Let go of all entries; the next ones follow the same position."""
        self._entries = []
        self.start = self.end
        self._resize(-self.size)

    def append(self, entries: Sequence[LoggedEntry]) -> None:
        """Take the transactions that follow the end."""
        assert entries[0].position == self.end + 1, "a ring has no hole"
        self._entries.extend(entries)
        self.end = entries[-1].position
        self._let_go(sum(entry.size for entry in entries))

    def prepend(self, entries: Sequence[LoggedEntry]) -> bool:
        """Take the transactions that end where the ring starts, if there is room for them and they are all there."""
        if not entries or entries[0].position != self.start - len(entries) + 1:
            return False
        size = sum(entry.size for entry in entries)
        if entries[-1].position != self.start or not self.has_room(len(entries), size):
            return False
        self._entries[:0] = entries
        self.start -= len(entries)
        self._resize(size)
        return True

    def has_room(self, count: int, size: int = 0) -> bool:
        return len(self._entries) + count <= self._most and self.size + size <= self._most_bytes

    def after(self, position: int) -> list[LoggedEntry] | None:
        """The entries after a position; None when it lies before the ring's start."""
        if position < self.start:
            return None
        self._memory.was_read(self)
        return self._entries[position - self.start :]

    def _let_go(self, grown: int) -> None:
        """Drop the oldest transactions until the ring is within its limits."""
        place, size, count = 0, self.size + grown, len(self._entries)
        while place < count and (count - place > self._most or size > self._most_bytes):
            ended = False
            while not ended:
                size -= self._entries[place].size
                ended = self._entries[place].tx_end
                place += 1
        del self._entries[:place]
        self.start += place
        self._resize(size - self.size)

    def _resize(self, by: int) -> None:
        self.size += by
        self._memory.took(self, by)
