"""Checks what one subscriber was sent against the log: I1 to I4, I8, I9, as far as its own history can say."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.history import Frame, History, Log, Logged, Run, Seen, Subscriber
from tests.faults.permitted import NEVER_CONFLATED, Wanted, wanted

CONTROL = ("Checkpoint", "Resync")
# How far behind a subscriber may be before it is told to start anew.
REPLAY_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant. what: lost, duplicated, reordered, phantom, leaked or another word; who: a name."""

    invariant: str
    what: str
    who: str
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.what}: {self.who}: {self.detail}"


class Index:
    """A log with its positions looked up."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._positions = [entry.position for entry in log.entries]
        self.ends = sorted(entry.position for entry in log.entries if entry.tx_end)

    def between(self, after: int, upto: int) -> Sequence[Logged]:
        return self.log.entries[bisect_right(self._positions, after) : bisect_right(self._positions, upto)]

    def end_of(self, position: int) -> int:
        """The end of the transaction of a position."""
        place = bisect_right(self.ends, position - 1)
        return self.ends[place] if place < len(self.ends) else position

    def is_end(self, position: int) -> bool:
        """Whether a cursor may stand here: at the end of a transaction, of one that is gone, or before the first."""
        return position <= self.log.floor or self.end_of(position) == position


@dataclass
class Checked:
    """What came of the check of one subscriber."""

    violations: list[Violation] = field(default_factory=list)
    delivered: int = 0
    live_seconds: list[float] = field(default_factory=list)
    resyncs: Counter[str] = field(default_factory=Counter)
    conflated: int = 0


class _Reader:
    """Goes through the runs of one subscriber."""

    def __init__(self, history: History, subscriber: Subscriber) -> None:
        self._history = history
        self._subscriber = subscriber
        self._sight = history.sights[subscriber.viewer]
        self._indexes = {epoch: Index(log) for epoch, log in history.logs.items()}
        self.checked = Checked()

    def _say(self, invariant: str, what: str, detail: str) -> None:
        self.checked.violations.append(Violation(invariant, what, self._subscriber.name, detail))

    def read(self, run: Run) -> None:
        if not run.frames:
            return
        epoch, position = run.after or (run.frames[0].epoch, run.frames[0].position)
        for number, frame in enumerate(run.frames):
            if frame.epoch not in self._indexes:
                self._say("I2", "phantom", f"a cursor of the unknown epoch {frame.epoch}")
                return
            self._require_unhidden(frame)
            if number == 0 and self._subscriber.transport != "poll":
                self._require_opening(frame)
            epoch, position = self._resynced(frame, epoch, position)
            if frame.epoch != epoch:
                self._say(
                    "I1", "lost", f"the epoch became {frame.epoch} at {frame.position} without a Resync"
                )
            elif frame.position < position:
                self._say("I3", "reordered", f"a batch at {frame.position} after one at {position}")
            elif frame.conflated:
                self._check_conflated(frame, position)
            else:
                self._check(frame, position)
            epoch, position = frame.epoch, frame.position

    def _require_opening(self, frame: Frame) -> None:
        if not any(change.typename == "Checkpoint" for change in frame.changes):
            self._say("I12", "silent", f"the first batch, at {frame.position}, has no Checkpoint")

    def _require_unhidden(self, frame: Frame) -> None:
        scopes = {scope for _, period in self._sight.periods for scope in period}
        for canary in frame.canaries:
            if self._history.canaries.get(canary, frozenset()).isdisjoint(scopes):
                self._say("I9", "leaked", f"{canary} at {frame.position}")

    def _resynced(self, frame: Frame, epoch: str, position: int) -> tuple[str, int]:
        """Where the frame goes on from: where it was, or the cursor of a Resync in it."""
        for change in frame.changes:
            if change.typename != "Resync":
                continue
            self.checked.resyncs[change.reason] += 1
            if change.reason == "BULK_CHANGE":
                continue
            if not self._is_founded(change, frame, epoch, position):
                self._say("I1", "lost", f"Resync({change.reason}) after {position} without a cause")
            epoch, position = frame.epoch, change.position
        return epoch, position

    def _is_founded(self, change: Seen, frame: Frame, epoch: str, position: int) -> bool:
        log = self._indexes[frame.epoch].log
        match change.reason:
            case "EPOCH_CHANGED":
                return frame.epoch != epoch
            case "EXPIRED":
                floors = [floor for at, floor in log.floors if at <= frame.at]
                return position < max(floors, default=0)
            case "AHEAD_OF_LOG":
                return position > log.head or (log.ended is not None and frame.at >= log.ended)
            case "TOO_FAR":
                return change.position - position > REPLAY_LIMIT
            case _:
                return False

    def _wanted(self, frame: Frame, after: int) -> list[Wanted]:
        index = self._indexes[frame.epoch]
        found = (
            wanted(entry, index.end_of(entry.position), self._sight, self._subscriber.follow)
            for entry in index.between(after, frame.position)
        )
        return [each for each in found if each is not None]

    def _shown(self, frame: Frame) -> Iterator[Seen]:
        for change in frame.changes:
            if change.typename not in CONTROL or change.reason == "BULK_CHANGE":
                yield change

    def _check(self, frame: Frame, after: int) -> None:
        """A batch that leaves nothing out: what is due, all of it, in the order of the log, once."""
        if not self._indexes[frame.epoch].is_end(frame.position):
            self._say("I3", "split", f"a transaction is cut at {frame.position}")
        wanted_here = self._wanted(frame, after)
        missing = {place for place, each in enumerate(wanted_here) if each.is_due}
        taken: set[int] = set()
        reached = -1
        for seen in self._shown(frame):
            places = [place for place, each in enumerate(wanted_here) if _is(each, seen)]
            free = [place for place in places if place not in taken]
            if not free:
                self._explain(seen, frame, after, was_here=bool(places))
                continue
            place = next((place for place in free if place > reached), free[0])
            if place < reached:
                self._say("I3", "reordered", f"{_named(seen)} behind what came after it")
            self._take(frame, wanted_here[place])
            reached = max(reached, place)
            taken.add(place)
            missing.discard(place)
        for place in sorted(missing):
            each = wanted_here[place]
            self._say("I1", "lost", f"{each.entry.kind} of {each.entry.entity} at {each.entry.position}")

    def _take(self, frame: Frame, each: Wanted) -> None:
        self.checked.delivered += 1
        if not frame.replay and each.entry.at:
            self.checked.live_seconds.append(frame.at - each.entry.at)

    def _check_conflated(self, frame: Frame, after: int) -> None:
        """A batch that leaves out states in between: of each thing its last one, of comments and check-ins all."""
        self.checked.conflated += 1
        wanted_here = self._wanted(frame, after)
        last: dict[tuple[str, str], Wanted] = {}
        for each in wanted_here:
            if each.is_due or each.thing in last:
                last[each.thing] = each
        shown: set[tuple[str, str]] = set()
        for seen in self._shown(frame):
            found = [each for each in wanted_here if each.is_shown_by(seen)]
            if not found:
                self._explain(seen, frame, after, was_here=False)
                continue
            self._take(frame, found[-1])
            final = last.get(found[-1].thing)
            if final is None or found[-1].entry.version >= final.entry.version:
                shown.add(found[-1].thing)
        for thing, each in last.items():
            if each.is_due and thing not in shown:
                what = "never to be conflated" if thing[0] in NEVER_CONFLATED else "the last state"
                self._say("I1", "lost", f"{what}: {each.entry.kind} of {thing[1]} at {each.entry.position}")

    def _explain(self, seen: Seen, frame: Frame, after: int, *, was_here: bool) -> None:
        """Say what a member is that nothing in the batch's range accounts for."""
        index = self._indexes[frame.epoch]
        if was_here:
            self._say("I4", "duplicated", f"{_named(seen)} twice in the batch at {frame.position}")
            return
        same = [
            entry
            for entry in index.log.entries
            if entry.entity == seen.entity and (entry.version == seen.version or not seen.version)
        ]
        is_hidden = False
        for entry in same:
            each = wanted(entry, index.end_of(entry.position), self._sight, self._subscriber.follow)
            is_hidden |= each is None and entry.kind == seen.typename
            if each is not None and _is(each, seen):
                if entry.position <= after:
                    self._say("I4", "duplicated", f"{_named(seen)} again in the batch after {after}")
                else:
                    self._say("I3", "reordered", f"{_named(seen)} in the batch that ends at {frame.position}")
                return
        if is_hidden:
            self._say("I8", "leaked", f"{_named(seen)}, which is not for this viewer or filter")
        else:
            self._say("I2", "phantom", f"{_named(seen)} is not in the log as it was sent")


def _is(each: Wanted, seen: Seen) -> bool:
    return seen.position == each.end and each.is_shown_by(seen)


def _named(seen: Seen) -> str:
    return f"{seen.typename} of {seen.entity} version {seen.version} at {seen.position}"


def check_deliveries(history: History, subscriber: Subscriber) -> Checked:
    """Check every run of a subscriber, and that each went on where the one before it stood."""
    reader = _Reader(history, subscriber)
    stored = None
    for run in subscriber.runs:
        if stored is not None and run.after != stored:
            reader._say("I4", "misplaced", f"went on from {run.after} instead of {stored}")
        reader.read(run)
        stored = (run.frames[-1].epoch, run.frames[-1].position) if run.frames else run.after or stored
    return reader.checked


def reached_the_end(history: History, subscriber: Subscriber) -> bool:
    """Whether the last thing that a subscriber heard of is the head of the log."""
    frames = [frame for run in subscriber.runs for frame in run.frames]
    log = history.logs.get(history.last_epoch)
    return bool(log and frames and (frames[-1].epoch, frames[-1].position) == (history.last_epoch, log.head))
