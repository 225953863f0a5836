"""What is wrong with the events that a client got: lost, doubled, out of order or never written; no figure of time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(slots=True)
class Faults:
    """How many deliveries were wrong; `phantom`: of an event that nobody wrote."""

    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    phantom: int = 0

    @property
    def is_clean(self) -> bool:
        return self == Faults()

    def add(self, other: "Faults") -> None:
        self.lost += other.lost
        self.duplicated += other.duplicated
        self.reordered += other.reordered
        self.phantom += other.phantom

    def __str__(self) -> str:
        return (
            f"{self.lost:,} lost, {self.duplicated:,} duplicated, {self.reordered:,} out of order, "
            f"{self.phantom:,} never written"
        )


def faults_of(received: Sequence[int], written: Sequence[int]) -> Faults:
    """Compare what one client got with what was committed, both in their order."""
    if list(received) == list(written):
        return Faults()
    places = {number: place for place, number in enumerate(written)}
    counts = Counter(received)
    known = [places[number] for number in dict.fromkeys(received) if number in places]
    return Faults(
        lost=sum(number not in counts for number in written),
        duplicated=sum(counts[number] - 1 for number in places if number in counts),
        reordered=sum(after < before for before, after in pairwise(known)),
        phantom=sum(count for number, count in counts.items() if number not in places),
    )


def faults_of_all(clients: Iterable[Sequence[int]], written: Sequence[int]) -> Faults:
    """Add up what is wrong at every client."""
    found = Faults()
    for received in clients:
        found.add(faults_of(received, written))
    return found
