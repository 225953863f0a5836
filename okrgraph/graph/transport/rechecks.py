"""The credentials of live sockets and streams, looked at again and again, many in one question."""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextvars import Context
from typing import Any

from okrgraph.graph.transport.keeper import NOWHERE, Wheel
from okrgraph.graph.transport.session import Admission, Admit, Session

logger = logging.getLogger(__name__)

# A larger answer would hold up everything else for the time of reading it.
_AT_ONCE = 500
_TICKS = 20


class Rechecks:
    """Looks at each admission within the period, spread over it. Runs while there are any."""

    def __init__(self, admit: Admit[Any], seconds: float, patience: float) -> None:
        self._admit = admit
        self._seconds = seconds
        self._patience = patience
        self._wheel: Wheel[Admission] = Wheel(seconds / _TICKS)
        self._count = 0
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    def add(self, admission: Admission) -> None:
        # Clients that came back at one moment, after a restart, should not be looked up at one moment.
        self._put(admission, earliest=0.0)
        self._count += 1
        if self._task is None or self._task.done():
            self._task = Context().run(asyncio.create_task, self._run())

    def remove(self, admission: Admission) -> None:
        self._wheel.remove(admission)
        self._count -= 1
        if not self._count and self._task is not None:
            self._task.cancel()
            self._task = None

    def _put(self, admission: Admission, earliest: float = 0.6) -> None:
        # The rest of the period is for the ticks and the question itself.
        share = random.uniform(earliest, 0.8)  # noqa: S311 - spreads load, hides nothing
        self._wheel.put(admission, asyncio.get_running_loop().time() + self._seconds * share)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._wheel.tick)
            due = self._wheel.take(loop.time())
            for start in range(0, len(due), _AT_ONCE):
                await self._look_at(due[start : start + _AT_ONCE])

    async def _look_at(self, admissions: Sequence[Admission]) -> None:
        before = [admission.session for admission in admissions]
        now = await self._ask(before)
        for admission, old, new in zip(admissions, before, now, strict=True):
            if admission.slot == NOWHERE:
                continue
            self._put(admission)
            if new is None:
                admission.refuse()
            elif admission.session is old:
                # Else the operation has renewed it in the meantime, and knows more.
                admission.session = new

    async def _ask(self, sessions: Sequence[Session]) -> Sequence[Session | None]:
        try:
            async with asyncio.timeout(self._patience):
                answer: Sequence[Session | None] = await self._admit.again(sessions)
        except Exception:
            # A database that is away must not throw everybody out.
            if not self._is_failing:
                logger.warning("Credentials cannot be looked at again; their sessions go on", exc_info=True)
            self._is_failing = True
            return sessions
        if self._is_failing:
            logger.warning("Credentials are looked at again")
        self._is_failing = False
        return answer
