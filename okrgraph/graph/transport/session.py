"""Who may call, and what one operation knows of the call it came through; verifies no credential itself."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Never, Protocol, Self

logger = logging.getLogger(__name__)


class Session(Protocol):
    """One admitted credential, for the life of a request or socket, or until a recheck gives a newer one."""

    def operation(self) -> object:
        """Make the context of one operation, or of one event of a subscription: fresh loaders each time."""
        ...


Admit = Callable[[str | None], Awaitable[Session | None]]
"""From the Authorization value ("Bearer x") to a session; None refuses."""


class CredentialRefused(Exception):
    """The credential of a live socket or stream is no longer admitted."""


class Admission:
    """An admitted credential, and the session it gives now."""

    __slots__ = ("_admit", "_authorization", "session")

    def __init__(self, admit: Admit, authorization: str | None, session: Session) -> None:
        self._admit = admit
        self._authorization = authorization
        self.session = session

    @classmethod
    async def of(cls, admit: Admit, authorization: str | None) -> Self | None:
        session = await admit(authorization)
        return None if session is None else cls(admit, authorization, session)

    async def until_refused(self, every: float) -> Never:
        """Look at the credential again after at most so many seconds each, keeping the session up to date.

        Raises CredentialRefused when it is no longer admitted.
        """
        while True:
            # Clients that came back at one moment, after a restart, should not be looked up at one moment.
            await asyncio.sleep(every * random.uniform(0.5, 1))  # noqa: S311 - spreads load, hides nothing
            try:
                session = await self._admit(self._authorization)
            except Exception:
                # A database that is away must not throw everybody out.
                logger.warning(
                    "A credential could not be looked at again; its session goes on", exc_info=True
                )
                continue
            if session is None:
                raise CredentialRefused
            self.session = session


@dataclass(frozen=True, slots=True)
class Call:
    """What the schema must know of the call that an operation came through."""

    admission: Admission
    seconds: float


# The schema builds its executors and extensions itself, out of reach of any argument of the transport.
CALL: ContextVar[Call] = ContextVar("okrgraph.graph.transport.call")
