"""Who may call, and what one operation knows of the call it came through; verifies no credential itself."""

from collections.abc import Callable, Hashable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from graphql.execution import Executor


class Session(Protocol):
    """One admitted credential, for the life of a request or socket, or until a recheck gives a newer one."""

    @property
    def key(self) -> Hashable:
        """Whose connections are counted together."""
        ...

    def operation(self) -> object:
        """Make the context of one operation, or of one event of a subscription: fresh loaders each time."""
        ...


AnySession = TypeVar("AnySession", bound=Session)


class Admit(Protocol[AnySession]):
    """Turns credentials into sessions, and sessions into what they are now."""

    async def __call__(self, authorization: str | None) -> AnySession | None:
        """From the Authorization value ("Bearer x") to a session; None refuses."""
        ...

    async def again(self, sessions: Sequence[AnySession]) -> Sequence[AnySession | None]:
        """Look at many live credentials at once: for each, in order, its session of now; None refuses it."""
        ...


def ignored() -> None:
    """Do nothing: there is nothing open that could be ended."""


class Admission:
    """An admitted credential, and the session it gives now."""

    __slots__ = ("key", "on_refusal", "session", "slot")

    def __init__(self, session: Session) -> None:
        self.session = session
        # Of the session that was admitted: a newer one may have another, and what was counted must be uncounted.
        self.key = session.key
        self.on_refusal: Callable[[], None] = ignored
        self.slot = 0

    @classmethod
    async def of(cls, admit: Admit[Any], authorization: str | None) -> Self | None:
        session: Session | None = await admit(authorization)
        return None if session is None else cls(session)

    def refuse(self) -> None:
        """End the socket or stream at once: the credential is known to be refused from now on."""
        self.on_refusal()


class Sink(Protocol):
    """The fast lane of one live operation: response bodies that were encoded once for many."""

    def push(self, body: str, event_id: str | None = None) -> bool:
        """Send one response map, a line of JSON text; the id is what a stream resumes by, and no socket sends it.

        True: it is on its way, push again at will. False: it is taken, but the client reads slowly: wait for
        drained() before the next push. Raises nothing; after the client has gone it takes and drops.
        """
        ...

    async def drained(self) -> None:
        """Return when the next push may come.

        Raises nothing. A client that does not drain in the time of a send is closed, which cancels the operation.
        """
        ...


@dataclass(slots=True)
class Call:
    """What the schema must know of the call that an operation came through."""

    admission: Admission
    seconds: float
    sink: Sink | None = None
    "Where an operation may send events itself, beside what it yields; None where there is one answer only."
    last_event_id: str | None = None
    "The id of the last event that the client of a stream has seen, as it says."
    executor: "Executor[Any] | None" = None
    "Of a subscription: what executes its document on one event."


# The schema builds its executors and extensions itself, out of reach of any argument of the transport.
CALL: ContextVar[Call | None] = ContextVar("okrgraph.graph.transport.call", default=None)
