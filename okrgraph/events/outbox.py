"""What is still to be published: bounded, and when it grows too much, heads without entries, one an organisation."""

from collections import deque
from uuid import UUID

from okrgraph.events.broker import Announcement

# Announcements, and bytes of their entries, that wait for the connection.
MOST = 1_024
MOST_BYTES = 4 * 1_024 * 1_024
# Organisations whose heads wait; a head that is dropped is found by polling.
MOST_HEADS = 10_000


class Outbox:
    """Announcements in the order in which they came, behind the heads of those that were given up."""

    def __init__(self) -> None:
        self._queue: deque[Announcement] = deque()
        self._size = 0
        self._heads: dict[UUID, int] = {}

    def __len__(self) -> int:
        return len(self._queue) + len(self._heads)

    def put(self, announcement: Announcement) -> int:
        """Take an announcement; return how many were given up, so that only their organisations' heads are told."""
        self._queue.append(announcement)
        self._size += len(announcement.entries or b"")
        if len(self._queue) > MOST or self._size > MOST_BYTES:
            return self.give_up()
        return 0

    def give_up(self) -> int:
        """Keep no more than heads, and return how many announcements that concerned."""
        count = len(self._queue)
        for announcement in self._queue:
            self.put_head(announcement)
        self._queue.clear()
        self._size = 0
        return count

    def put_head(self, announcement: Announcement) -> None:
        """Tell no more than the head."""
        known = self._heads.get(announcement.organization_id, 0)
        if known or len(self._heads) < MOST_HEADS:
            self._heads[announcement.organization_id] = max(known, announcement.head)

    def take(self, most: int) -> list[tuple[Announcement, bool]]:
        """Take some out. True: the announcement as it was put; False: a head of some that were given up."""
        taken: list[tuple[Announcement, bool]] = []
        while self._heads and len(taken) < most:
            taken.append((Announcement(*self._heads.popitem(), None), False))
        while self._queue and len(taken) < most:
            announcement = self._queue.popleft()
            self._size -= len(announcement.entries or b"")
            taken.append((announcement, True))
        return taken
