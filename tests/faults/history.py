"""What a run of the fault tests records: operations, subscriptions, logs and faults, as plain data and as JSON."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

# A position and the epoch of the history that it is of.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a mutation. outcome: ok, fail (refused: userErrors) or info (nobody knows)."""

    invoked: float
    ended: float
    outcome: str
    place: Place | None = None
    entity: str | None = None
    why: str = ""


@dataclass(slots=True)
class Operation:
    """One mutation of one person under one clientMutationId, with all its retries."""

    mutation_id: str
    person: str
    mutation: str
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seen:
    """One member of a batch. `position`: of its cursor. content: what of the entity is compared."""

    typename: str
    position: int
    entity: str = ""
    version: int = 0
    mutation_id: str | None = None
    content: Any = None
    granted: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One batch or page. canaries: the secret words found anywhere in its text."""

    at: float
    epoch: str
    position: int
    changes: tuple[Seen, ...] = ()
    replay: bool = False
    conflated: bool = False
    canaries: tuple[str, ...] = ()


@dataclass(slots=True, repr=False)
class Run:
    """One subscription, from its first batch to its end. after: the cursor it was given."""

    after: Place | None
    begun: float
    frames: list[Frame] = field(default_factory=list)
    ended: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Follow:
    """A filter as the schema has it, ids as hexadecimal keys; None narrows nothing."""

    kinds: frozenset[str] | None = None
    under: str | None = None
    team: str | None = None
    entities: frozenset[str] | None = None
    not_by: str | None = None


@dataclass(slots=True, repr=False)
class Subscriber:
    """One client through all its reconnects. model and fresh: entity -> [version, content], None if not compared.

    is_doomed: its credential was revoked, so it need not reach the end.
    """

    name: str
    transport: str
    viewer: str
    follow: Follow = field(default_factory=Follow)
    runs: list[Run] = field(default_factory=list)
    refetched: int = 0
    is_doomed: bool = False
    model: dict[str, Any] | None = None
    fresh: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One row of the log, its lists as sets of text; entity: the public id."""

    position: int
    tx_end: bool
    kind: str
    entity_type: str
    entity: str
    version: int
    acl: frozenset[str]
    acl_before: frozenset[str] | None = None
    path: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    actor: str | None = None
    mutation_id: str | None = None
    at: float = 0.0
    content: Any = None


@dataclass(slots=True, repr=False)
class Log:
    """The log of one epoch. `floors`: each position up to which rows were taken away, and when.

    ended: when another history took its place; workers may go by its name for a moment longer.
    kept: rows that the database had in the end, and its floor then.
    """

    entries: list[Logged]
    head: int
    floor: int = 0
    floors: list[tuple[float, int]] = field(default_factory=list)
    ended: float | None = None
    kept: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """A person's scopes in each period: (first position after which they hold, scopes), oldest first."""

    person: str
    periods: tuple[tuple[int, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Revoked:
    """A token was revoked. `bound`: seconds within which its clients must be sent away."""

    viewer: str
    at: float
    bound: float


@dataclass(frozen=True, slots=True)
class Fault:
    """What was broken, from when to when, and the seconds after which every live client was up to date again."""

    name: str
    begun: float
    ended: float
    steady: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a worker in kB before and after something that must not make it grow."""

    what: str
    before: int
    after: int
    allowed: int


@dataclass(slots=True, repr=False)
class History:
    """A whole run in one organisation. Like its parts it has no text of its own, which would be megabytes.

    canaries: each secret word with the scopes that may read it. patience: seconds that a client may take to be
    up to date after a fault.
    """

    seed: int = 0
    operations: list[Operation] = field(default_factory=list)
    subscribers: list[Subscriber] = field(default_factory=list)
    logs: dict[str, Log] = field(default_factory=dict)
    sights: dict[str, Sight] = field(default_factory=dict)
    canaries: dict[str, frozenset[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    revoked: list[Revoked] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    patience: float = 60.0
    last_epoch: str = ""


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value))


def save(history: History, path: Path) -> None:
    """Write a history as JSON, to be read by people and by `jq`."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_NON_STR_KEYS
    path.write_bytes(orjson.dumps(dataclasses.asdict(history), default=_plain, option=options))


_COMPARED = {
    "Objective": ("title", "state", "progress"),
    "KeyResult": ("title", "currentValue", "confidence", "progress"),
    "CheckIn": ("value", "confidence", "note"),
    "AlignmentLink": ("state", "kind"),
    "Cycle": ("name", "state"),
}


def content_of(typename: str, node: Mapping[str, Any]) -> Any:
    """What is compared of an entity, as the schema shows it: the same of a batch, a query and the log."""
    if typename == "Comment":
        settled = [node["resolvedAt"] is not None, node["deletedAt"] is not None]
        return [node["body"], node["kind"], *settled]
    return [node[name] for name in _COMPARED.get(typename, ("name",))]
