"""The checker: a recorded history in, what it breaks of the invariants I1 to I12 out. Pure: no clock, no I/O."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.faults.deliveries import Checked, Violation, check_deliveries, reached_the_end
from tests.faults.history import History, Log, Logged, Operation, Subscriber

UNVERSIONED = ("CheckIn", "Access", "Organization")


@dataclass(repr=False)
class Verdict:
    """What the check found and counted."""

    violations: list[Violation] = field(default_factory=list)
    delivered: int = 0
    live_seconds: list[float] = field(default_factory=list)
    resyncs: Counter[str] = field(default_factory=Counter)
    conflated: int = 0

    def count(self, what: str) -> int:
        return sum(violation.what == what for violation in self.violations)

    def add(self, checked: Checked) -> None:
        self.violations += checked.violations
        self.delivered += checked.delivered
        self.live_seconds += checked.live_seconds
        self.resyncs += checked.resyncs
        self.conflated += checked.conflated


def check(history: History) -> Verdict:
    """Check one history."""
    verdict = Verdict()
    for epoch, log in history.logs.items():
        verdict.violations += _check_log(epoch, log)
    for subscriber in history.subscribers:
        verdict.add(check_deliveries(history, subscriber))
        verdict.violations += _check_end(history, subscriber)
    verdict.violations += _check_operations(history)
    verdict.violations += _check_revoked(history)
    for memory in history.memory:
        if memory.after - memory.before > memory.allowed:
            grown = f"grew from {memory.before} to {memory.after} kB"
            verdict.violations.append(Violation("I10", "swollen", memory.what, grown))
    for fault in history.faults:
        if fault.steady is None or fault.steady > history.patience:
            slow = f"not every client was up to date {history.patience:g} s after it: {fault.note}"
            verdict.violations.append(Violation("I12", "stuck", fault.name, slow))
    return verdict


def _check_log(epoch: str, log: Log) -> list[Violation]:
    """I7: gapless, whole transactions, versions that rise with the position."""
    found: list[Violation] = []

    def say(detail: str) -> None:
        found.append(Violation("I7", "torn", f"log {epoch}", detail))

    positions = [entry.position for entry in log.entries]
    if positions != list(range(log.floor + 1, log.head + 1)):
        say(f"{len(positions)} rows between the floor {log.floor} and the head {log.head}")
    if log.kept is not None and log.kept[0] != log.head - log.kept[1]:
        say(f"the database has {log.kept[0]} rows behind the floor {log.kept[1]}, and the head {log.head}")
    if log.entries and not log.entries[-1].tx_end:
        say(f"the last transaction, at {log.head}, has no end")
    versions: dict[str, int] = {}
    first: Logged | None = None
    for entry in log.entries:
        first = first or entry
        if (entry.mutation_id, entry.actor) != (first.mutation_id, first.actor):
            say(f"two authors in the transaction of {entry.position}")
        if entry.entity_type not in UNVERSIONED:
            if entry.version < versions.get(entry.entity, 0):
                say(f"{entry.entity} has version {entry.version} after {versions[entry.entity]}")
            versions[entry.entity] = entry.version
        if entry.tx_end:
            first = None
    return found


def _check_end(history: History, subscriber: Subscriber) -> list[Violation]:
    """I12: at the head after the quiet. I5, I6: what the client holds is what a fresh query says."""
    found: list[Violation] = []
    if subscriber.is_doomed:
        return found
    if not reached_the_end(history, subscriber):
        frames = [frame for run in subscriber.runs for frame in run.frames]
        where = f"{frames[-1].epoch} {frames[-1].position}" if frames else "nowhere"
        found.append(Violation("I12", "behind", subscriber.name, f"stopped at {where}"))
    if subscriber.model is None or subscriber.fresh is None:
        return found
    for entity in sorted(subscriber.model.keys() | subscriber.fresh.keys()):
        held, true = subscriber.model.get(entity), subscriber.fresh.get(entity)
        if held != true:
            found.append(
                Violation("I5", "diverged", subscriber.name, f"{entity}: holds {held}, fresh is {true}")
            )
    return found


def _check_operations(history: History) -> list[Violation]:
    """I1 for what was acknowledged, no false refusal, and I11: however often it is sent, one effect and one answer."""
    found: list[Violation] = []
    effects: dict[str, dict[tuple[str, str], set[int]]] = {}
    for epoch, log in history.logs.items():
        effects[epoch] = defaultdict(set)
        for entry, end in zip(log.entries, _ends(log), strict=True):
            if entry.mutation_id is not None and entry.actor is not None:
                effects[epoch][entry.mutation_id, entry.actor].add(end)
    for operation in history.operations:
        found += _check_operation(history, operation, effects)
    return found


def _ends(log: Log) -> list[int]:
    """For each entry the position of the end of its transaction."""
    ends, end = [], 0
    for entry in reversed(log.entries):
        end = entry.position if entry.tx_end else end
        ends.append(end)
    return ends[::-1]


def _check_operation(
    history: History, operation: Operation, effects: dict[str, dict[tuple[str, str], set[int]]]
) -> list[Violation]:
    found: list[Violation] = []

    def say(invariant: str, what: str, detail: str) -> None:
        found.append(Violation(invariant, what, f"{operation.mutation} {operation.mutation_id}", detail))

    done = [attempt for attempt in operation.attempts if attempt.outcome == "ok"]
    key = operation.mutation_id, operation.person
    for attempt in done:
        assert attempt.place is not None, "what was done stands somewhere"
        epoch, position = attempt.place
        log = history.logs.get(epoch)
        ends = effects[epoch][key] if log else set()
        if log is None or (position > log.floor and position not in ends):
            say("I1", "lost", f"acknowledged at {position} of {epoch}, where the log has not got it")
    for epoch in history.logs:
        if len(effects[epoch][key]) > 1:
            say("I11", "duplicated", f"took effect at {sorted(effects[epoch][key])}")
        is_refused = any(attempt.outcome == "fail" for attempt in operation.attempts)
        if is_refused and not done and effects[epoch][key]:
            say("I2", "phantom", "was refused and took effect")
    # A restored database forgets the receipt with the effect, so only answers of one epoch must be equal.
    for epoch in {attempt.place[0] for attempt in done if attempt.place}:
        answers = {(each.place, each.entity) for each in done if each.place and each.place[0] == epoch}
        if len(answers) > 1:
            say("I11", "inconsistent", f"was answered in {len(answers)} ways")
    return found


def _check_revoked(history: History) -> list[Violation]:
    """I8: after its bound a revoked credential gets nothing, and its clients have been sent away."""
    found: list[Violation] = []
    for revoked in history.revoked:
        for subscriber in history.subscribers:
            if not subscriber.is_doomed or subscriber.viewer != revoked.viewer:
                continue
            late = [
                frame.at - revoked.at
                for run in subscriber.runs
                for frame in run.frames
                if frame.at > revoked.at + revoked.bound
            ]
            if late:
                detail = f"still heard {late[-1]:.1f} s after its credential was revoked"
                found.append(Violation("I8", "leaked", subscriber.name, detail))
            last = subscriber.runs[-1] if subscriber.runs else None
            # A socket is closed with 4403; who asks again by HTTP is answered 401.
            if last is None or not last.ended or not {"4403", "401"} & set(last.why.split()):
                why = f"was not sent away: {last.why if last else 'never there'}"
                found.append(Violation("I8", "kept", subscriber.name, why))
    return found
