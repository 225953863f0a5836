"""The checker itself: a good history passes, and each way to break one is found under its invariant."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.checker import check
from tests.faults.history import Attempt, Fault, Frame, History, Log, Memory, Run, Seen, Subscriber
from tests.faults.made_history import ENTRIES, EPOCH, WORD, checkpoint, frame, good, logged, run

Break = Callable[[History], None]


def _subscriber(history: History, name: str) -> Subscriber:
    return next(each for each in history.subscribers if each.name == name)


def _runs(name: str, *runs: Run) -> Break:
    def do(history: History) -> None:
        _subscriber(history, name).runs = list(runs)

    return do


def _ada(*frames: Frame) -> Break:
    """Ada in one run: a checkpoint and these batches."""
    return _runs("ada", run(checkpoint(0), *frames, after=(EPOCH, 0)))


def _entries(change: Callable[[list[object]], None]) -> Break:
    def do(history: History) -> None:
        entries = list(ENTRIES)
        change(entries)  # type: ignore[arg-type]
        history.logs[EPOCH] = Log(entries, 11)

    return do


def _set(entries: list[object], place: int, **values: object) -> None:
    entries[place] = replace(entries[place], **values)  # type: ignore[type-var]


def _attempts(mutation_id: str, *attempts: Attempt) -> Break:
    def do(history: History) -> None:
        next(each for each in history.operations if each.mutation_id == mutation_id).attempts = list(attempts)

    return do


def _attribute(name: str, value: object) -> Break:
    return lambda history: setattr(history, name, value)


def _of(name: str, **values: object) -> Break:
    def do(history: History) -> None:
        for key, value in values.items():
            setattr(_subscriber(history, name), key, value)

    return do


def _with(batch: Frame, *changes: Seen, **values: object) -> Frame:
    return replace(batch, changes=(*batch.changes, *changes), **values)  # type: ignore[arg-type]


def _resync(reason: str, position: int, at: float = 1.0) -> Frame:
    return Frame(at, EPOCH, position, (Seen("Resync", position, reason=reason),))


OPEN = frame(1, 2, 3, 4, 5, 7, 8)
PHANTOM = Seen("CommentChanged", 8, "cmt_99", 1, None, ["cmt_99", 1])
OK = Attempt(0, 1, "ok", (EPOCH, 1), "cmt_1")
SECOND = replace(frame(1, 2, 3, 4, 5, 7, 8, 11), position=11)

BROKEN: dict[str, tuple[Break, str, str]] = {
    "an event is missing in a batch": (_ada(frame(1, 2, 3, 4, 7, 8), frame(11)), "I1", "lost"),
    "an event is missing between batches": (
        _ada(frame(1, 2, 3), frame(5), frame(7, 8), frame(11)),
        "I1",
        "lost",
    ),
    "the end is missing": (_ada(OPEN), "I12", "behind"),
    "a filtered feed lacks one of its kind": (
        _runs("commentator", run(frame(1, upto=3), frame(11), after=(EPOCH, 0))),
        "I1",
        "lost",
    ),
    "a mutation was acknowledged and is not in the log": (
        _attempts("m4", Attempt(0, 1, "ok", (EPOCH, 5), "cmt_4")),
        "I1",
        "lost",
    ),
    "an acknowledged mutation stands elsewhere": (
        _attempts("m1", Attempt(0, 1, "ok", (EPOCH, 4), "cmt_1")),
        "I1",
        "lost",
    ),
    "a member that the log has not got": (_ada(_with(OPEN, PHANTOM), frame(11)), "I2", "phantom"),
    "a member with another content": (
        _ada(
            Frame(1, EPOCH, 8, tuple(replace(each, content=["?", 0]) for each in OPEN.changes)),
            frame(11),
        ),
        "I2",
        "phantom",
    ),
    "a refused mutation took effect": (_attempts("m3", Attempt(0, 1, "fail")), "I2", "phantom"),
    "two events change places in a batch": (_ada(frame(1, 2, 3, 5, 4, 7, 8), frame(11)), "I3", "reordered"),
    "a batch goes back": (_ada(OPEN, frame(11), checkpoint(7)), "I3", "reordered"),
    "an event comes a batch too early": (
        _ada(_with(frame(1, 2, 3), frame(4).changes[0]), frame(5, 7, 8), frame(11)),
        "I3",
        "reordered",
    ),
    "a transaction is cut": (_ada(frame(1, upto=2), frame(3, 4, 5, 7, 8), frame(11)), "I3", "split"),
    "an event comes twice in a batch": (_ada(_with(OPEN, OPEN.changes[0]), frame(11)), "I4", "duplicated"),
    "an event comes again in the next batch": (
        _ada(OPEN, _with(frame(11), OPEN.changes[-1])),
        "I4",
        "duplicated",
    ),
    "what lies before the cursor is sent again": (
        _runs("ada", run(checkpoint(5), frame(4, upto=8), frame(11), after=(EPOCH, 5))),
        "I4",
        "duplicated",
    ),
    "a client goes on elsewhere than it stood": (
        _runs(
            "ada",
            run(checkpoint(0), frame(1, 2, 3, 4, 5), after=(EPOCH, 0)),
            run(checkpoint(4), frame(5, 7, 8), frame(11), after=(EPOCH, 4)),
        ),
        "I4",
        "misplaced",
    ),
    "a model differs from a fresh query": (_of("ada", fresh={"kr_1": [4, "y"]}), "I5", "diverged"),
    "a model holds what is gone": (_of("ada", fresh={}), "I5", "diverged"),
    "the log has a gap": (_entries(lambda entries: entries.__delitem__(3)), "I7", "torn"),
    "the database has fewer rows than the log is long": (
        lambda history: setattr(history.logs[EPOCH], "kept", (8, 2)),
        "I7",
        "torn",
    ),
    "a version falls": (_entries(lambda entries: _set(entries, 6, version=1)), "I7", "torn"),
    "the last transaction has no end": (
        _entries(lambda entries: _set(entries, 10, tx_end=False)),
        "I7",
        "torn",
    ),
    "two mutations in one transaction": (
        _entries(lambda entries: _set(entries, 1, mutation_id="m9")),
        "I7",
        "torn",
    ),
    "an event for others is delivered": (_ada(frame(1, 2, 3, 4, 5, 6, 7, 8), frame(11)), "I8", "leaked"),
    "an event after a revocation goes out under the old grant": (
        _runs(
            "dan",
            run(checkpoint(0), frame(1, 2, 3, 4, 5, 6, 7, 8, 9), frame(10), frame(11), after=(EPOCH, 0)),
        ),
        "I8",
        "leaked",
    ),
    "a revoked credential still hears": (
        _runs("doomed", run(checkpoint(0), frame(1, at=60.0), after=(EPOCH, 0), why="4403")),
        "I8",
        "leaked",
    ),
    "a revoked credential is not sent away": (
        _runs("doomed", run(checkpoint(0), frame(1), after=(EPOCH, 0), why="1006")),
        "I8",
        "kept",
    ),
    "a secret word is anywhere in a batch": (
        _ada(replace(OPEN, canaries=(WORD,)), frame(11)),
        "I9",
        "leaked",
    ),
    "a secret word of another organisation": (
        _ada(replace(OPEN, canaries=("canary-globex-1",)), frame(11)),
        "I9",
        "leaked",
    ),
    "memory grows": (_attribute("memory", [Memory("worker-1", 100, 151, 50)]), "I10", "swollen"),
    "a retry takes effect again": (
        _entries(lambda entries: _set(entries, 3, mutation_id="m1", actor="ada")),
        "I11",
        "duplicated",
    ),
    "a retry is answered otherwise": (
        _attempts("m1", OK, replace(OK, entity="cmt_7")),
        "I11",
        "inconsistent",
    ),
    "nobody comes back after a fault": (_attribute("faults", [Fault("kill", 0, 1, None)]), "I12", "stuck"),
    "they come back too late": (_attribute("faults", [Fault("kill", 0, 1, 11.0)]), "I12", "stuck"),
    "a first batch without a Checkpoint": (
        _runs("ada", run(OPEN, frame(11), after=(EPOCH, 0))),
        "I12",
        "silent",
    ),
    "a Resync(EXPIRED) while everything is there": (_ada(_resync("EXPIRED", 8), frame(11)), "I1", "lost"),
    "a Resync(TOO_FAR) after a few events": (_ada(_resync("TOO_FAR", 8), frame(11)), "I1", "lost"),
    "a Resync(EPOCH_CHANGED) in the same epoch": (_ada(_resync("EPOCH_CHANGED", 8), frame(11)), "I1", "lost"),
    "a Resync(AHEAD_OF_LOG) of a cursor in the log": (
        _ada(_resync("AHEAD_OF_LOG", 8), frame(11)),
        "I1",
        "lost",
    ),
    "a Resync(BULK_CHANGE) without a bulk change": (
        _ada(_with(OPEN, Seen("Resync", 8, reason="BULK_CHANGE")), frame(11)),
        "I2",
        "phantom",
    ),
    "a conflated batch without the last state": (
        _ada(replace(frame(1, 2, 3, 4, 5, upto=8, conflated=True), position=8), frame(11)),
        "I1",
        "lost",
    ),
    "a conflated batch that drops a comment": (
        _ada(replace(frame(1, 2, 5, 7, conflated=True), position=8), frame(11)),
        "I1",
        "lost",
    ),
    "a conflated batch that drops a check-in": (
        _ada(replace(frame(1, 5, 7, 8, conflated=True), position=8), frame(11)),
        "I1",
        "lost",
    ),
}


def test_a_good_history_passes_and_is_counted() -> None:
    verdict = check(good())

    assert verdict.violations == []
    assert verdict.delivered == 8 + 10 + 10 + 3 + 1
    assert (verdict.conflated, verdict.resyncs) == (0, {})


@pytest.mark.parametrize("name", BROKEN)
def test_each_way_to_break_a_history_is_found_under_its_invariant(name: str) -> None:
    breaking, invariant, what = BROKEN[name]
    history = good()
    breaking(history)

    found = {(violation.invariant, violation.what) for violation in check(history).violations}

    assert (invariant, what) in found


def test_an_epoch_that_changes_without_a_resync_is_found() -> None:
    history = good()
    history.logs["e2"] = history.logs[EPOCH]
    history.last_epoch = "e2"
    for subscriber in history.subscribers:
        subscriber.is_doomed = True
    _subscriber(history, "doomed").is_doomed = True
    changed = replace(frame(11), epoch="e2")
    _ada(OPEN, changed)(history)

    assert [each.what for each in check(history).violations if each.who == "ada"][:1] == ["lost"]


def _allowed(breaking: Break) -> None:
    history = good()
    breaking(history)

    assert [str(violation) for violation in check(history).violations] == []


def test_a_conflated_batch_may_skip_states_in_between_but_no_comment_or_check_in() -> None:
    _allowed(_ada(replace(frame(1, 2, 5, 7, 8, conflated=True), position=8), frame(11)))


def test_a_resync_excuses_what_was_taken_away() -> None:
    def expired(history: History) -> None:
        history.logs[EPOCH].floors = [(0.5, 8)]
        first = _with(_resync("EXPIRED", 8), Seen("Checkpoint", 8))
        _runs("ada", run(first, frame(11), after=(EPOCH, 3)))(history)

    _allowed(expired)


def test_a_bulk_change_is_due_as_a_resync() -> None:
    bulk = logged(11, "Bulk", "org_1")
    told = Frame(1, EPOCH, 11, (Seen("Resync", 11, reason="BULK_CHANGE"),))

    def imported(history: History) -> None:
        history.logs[EPOCH].entries[10] = bulk
        for subscriber in history.subscribers:
            if not subscriber.is_doomed:
                subscriber.runs[-1].frames[-1] = told

    _allowed(imported)


def test_an_entry_of_before_a_revocation_may_be_left_out_when_it_comes_after_it() -> None:
    _allowed(_runs("dan", run(checkpoint(0), frame(1, 2, 3, 4, 5, 7, 8, 9), frame(11), after=(EPOCH, 0))))


def test_what_nobody_knows_may_have_happened_or_not() -> None:
    _allowed(_attempts("m3", Attempt(0, 1, "info"), Attempt(0, 1, "info")))
