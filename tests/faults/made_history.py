"""A small history in which everything is as it must be, for the tests of the checker to break."""

from dataclasses import replace

from tests.faults.history import (
    Attempt,
    Fault,
    Follow,
    Frame,
    History,
    Log,
    Logged,
    Memory,
    Operation,
    Place,
    Revoked,
    Run,
    Seen,
    Sight,
    Subscriber,
)

EPOCH = "e1"
ALL = frozenset({"org"})
SECRET = frozenset({"team:secret"})
ADA = ALL | {"person:ada"}
CY = ALL | SECRET | {"person:cy"}
# The end of Dan's time in Secret.
LEFT = 9
WORD = "canary-acme-1"


def logged(
    position: int, kind: str, entity: str, version: int = 1, *, end: bool = True, name: str | None = None
) -> Logged:
    types = {
        "CommentChanged": "Comment",
        "CheckInPublished": "CheckIn",
        "KeyResultChanged": "KeyResult",
        "ObjectiveChanged": "Objective",
        "AccessChanged": "Access",
        "Bulk": "Organization",
    }
    return Logged(
        position,
        end,
        kind,
        types[kind],
        entity,
        version,
        ALL,
        actor="ada" if name else None,
        mutation_id=name,
        content=None if kind in ("AccessChanged", "Bulk") else [entity, version],
    )


def shown(entry: Logged, end: int | None = None, **more: object) -> Seen:
    """The member of a batch that shows an entry."""
    typename = str(more.pop("typename", entry.kind))
    return Seen(
        typename,
        end or entry.position,
        entry.entity,
        entry.version,
        entry.mutation_id,
        entry.content,
        **more,  # type: ignore[arg-type]
    )


def _entries() -> list[Logged]:
    secret = {"acl": SECRET}
    rows = [
        logged(1, "CommentChanged", "cmt_1", name="m1"),
        logged(2, "CheckInPublished", "chk_1", end=False, name="m2"),
        logged(3, "KeyResultChanged", "kr_1", 1, name="m2"),
        logged(4, "KeyResultChanged", "kr_1", 2),
        logged(5, "ObjectiveChanged", "obj_1", 1),
        logged(6, "ObjectiveChanged", "obj_2", 1),
        logged(7, "KeyResultChanged", "kr_1", 3),
        logged(8, "CommentChanged", "cmt_2", name="m3"),
        logged(9, "AccessChanged", "team_secret"),
        logged(10, "ObjectiveChanged", "obj_2", 2),
        logged(11, "CommentChanged", "cmt_3"),
    ]
    for place in (5, 9):
        rows[place] = replace(rows[place], **secret)  # type: ignore[arg-type]
    rows[8] = replace(rows[8], acl=frozenset(), acl_before=frozenset({"person:dan"}))
    return rows


ENTRIES = _entries()


def checkpoint(position: int, epoch: str = EPOCH) -> Frame:
    return Frame(0.0, epoch, position, (Seen("Checkpoint", position),))


def frame(*positions: int, upto: int | None = None, at: float = 1.0, **more: object) -> Frame:
    """A batch that shows these entries of the log."""
    ends = {2: 3}
    changes = []
    for position in positions:
        entry = ENTRIES[position - 1]
        granted = False if entry.kind == "AccessChanged" else None
        changes.append(shown(entry, ends.get(position), granted=granted))
    reached = upto or max(changes[-1].position, *positions)
    return Frame(at, EPOCH, reached, tuple(changes), **more)  # type: ignore[arg-type]


def run(*frames: Frame, after: Place | None = None, why: str = "stopped") -> Run:
    return Run(after, 0.0, list(frames), 100.0, why)


def ada() -> Subscriber:
    """Sees what is open; one reconnect between 5 and 7."""
    return Subscriber(
        "ada",
        "websocket",
        "Ada",
        runs=[
            run(checkpoint(0), frame(1, 2, 3), frame(4), frame(5), after=(EPOCH, 0), why="1006"),
            run(checkpoint(5), frame(7), frame(8), frame(11), after=(EPOCH, 5)),
        ],
        model={"kr_1": [3, "x"]},
        fresh={"kr_1": [3, "x"]},
    )


def cy() -> Subscriber:
    """Sees Secret."""
    whole = [checkpoint(0), frame(1, 2, 3, 4, 5, 6, 7, 8, upto=9), frame(10, canaries=(WORD,)), frame(11)]
    return Subscriber("cy", "websocket", "Cy", runs=[run(*whole, after=(EPOCH, 0))])


def dan() -> Subscriber:
    """Saw Secret until he left it."""
    whole = [checkpoint(0), frame(1, 2, 3, 4, 5, 6, 7, 8, 9), frame(11)]
    return Subscriber("dan", "websocket", "Dan", runs=[run(*whole, after=(EPOCH, 0))])


def commentator() -> Subscriber:
    """Follows comments only, by polling."""
    whole = [frame(1, upto=3), frame(8), frame(11)]
    follow = Follow(kinds=frozenset({"COMMENT"}))
    return Subscriber("commentator", "poll", "Ada", follow, runs=[run(*whole, after=(EPOCH, 0))])


def doomed() -> Subscriber:
    whole = [checkpoint(0), frame(1, at=5.0)]
    gone = run(*whole, after=(EPOCH, 0), why="4403 Forbidden")
    return Subscriber("doomed", "sse", "Fay", runs=[gone], is_doomed=True)


def operations() -> list[Operation]:
    done = Attempt(0, 1, "ok", (EPOCH, 1), "cmt_1")
    unknown = Attempt(0, 1, "info")
    return [
        Operation("m1", "ada", "commentCreate", [unknown, done, done]),
        Operation("m2", "ada", "checkInCreate", [Attempt(0, 1, "ok", (EPOCH, 3), "chk_1")]),
        Operation("m3", "ada", "commentCreate", [unknown]),
        Operation("m4", "ada", "commentCreate", [unknown]),
        Operation("m5", "ada", "commentCreate", [Attempt(0, 1, "fail")]),
    ]


def good() -> History:
    """Eleven rows, five subscribers, five mutations, a revocation and a fault."""
    history = History(operations=operations(), last_epoch=EPOCH, patience=10)
    history.subscribers = [ada(), cy(), dan(), commentator(), doomed()]
    history.logs = {EPOCH: Log(list(ENTRIES), 11)}
    history.sights = {
        "Ada": Sight("ada", ((0, ADA),)),
        "Cy": Sight("cy", ((0, CY),)),
        "Fay": Sight("fay", ((0, ALL),)),
        "Dan": Sight("dan", ((0, ALL | SECRET | {"person:dan"}), (LEFT, ALL | {"person:dan"}))),
    }
    history.canaries = {WORD: SECRET}
    history.faults = [Fault("kill", 0, 1, 0.5)]
    history.revoked = [Revoked("Fay", 4.0, 5.0)]
    history.memory = [Memory("worker-1", 100, 120, 50)]
    return history
