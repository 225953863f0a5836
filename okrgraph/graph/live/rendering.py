"""One execution of a subscription's document for each batch, and the bytes of it for all who are to get them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from uuid import UUID

from graphql.execution import Executor, execute_subscription_event
from strawberry.types import ExecutionResult

from okrgraph.events.entry import LoggedEntry
from okrgraph.graph.change_types import Checkpoint
from okrgraph.graph.context import Context
from okrgraph.graph.live.batches import ChangeBatch, Verdicts, changes_of, cursor_at
from okrgraph.graph.masking import bug_behind, presentable
from okrgraph.graph.scalars import CursorText
from okrgraph.graph.transport.execution import body_of
from okrgraph.graph.transport.payload import encode
from okrgraph.kit import metrics

# Of bodies that a worker keeps for subscribers who come to the same place a little later, in characters.
REMEMBERED = 16 * 1024 * 1024
# What a small body takes beside its text.
_OVERHEAD = 500
_numbers = count()


class Remembered:
    """The newest bodies of a worker, up to a size."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._size = 0
        self._bodies: OrderedDict[tuple[Any, ...], str] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> str | None:
        return self._bodies.get(key)

    def put(self, key: tuple[Any, ...], body: str) -> None:
        if key in self._bodies:
            return
        self._bodies[key] = body
        self._size += len(body) + _OVERHEAD
        while self._size > self._most:
            self._size -= len(self._bodies.popitem(last=False)[1]) + _OVERHEAD


class Rendering:
    """What one document makes of batches: for many subscribers when it is shared, otherwise for one."""

    def __init__(
        self,
        executor: Executor[Any],
        context: Callable[[], Context],
        remembered: Remembered | None,
    ) -> None:
        self._executor = executor
        self._context = context
        self._remembered = remembered
        # Stands for this in the keys of what is remembered, which would keep the executor alive.
        self._number = next(_numbers)
        self._under_way: dict[tuple[Any, ...], asyncio.Task[str]] = {}
        self.followers = 0

    @property
    def is_shared(self) -> bool:
        return self._remembered is not None

    async def entries(
        self,
        entries: Sequence[LoggedEntry],
        decided: Verdicts,
        epoch: str,
        *,
        replay: bool = False,
        conflated: bool = False,
    ) -> str:
        """Render what was decided of some entries, whose batch ends at the last of them."""
        first, last = entries[0].position, entries[-1]
        key = (self._number, last.organization_id, epoch, first, last.position, decided, replay, conflated)
        if self._remembered is not None:
            body = self._remembered.get(key)
            if body is not None:
                return body
        changes = changes_of(entries, decided, epoch, one_cursor=conflated)
        cursor = cursor_at(last.organization_id, epoch, last.position)
        batch = ChangeBatch(cursor=cursor, changes=changes, replay=replay, conflated=conflated)
        return await self._once(key, batch)

    async def checkpoint(self, organization_id: UUID, epoch: str, position: int) -> str:
        """Render that there was nothing up to a position."""
        cursor = cursor_at(organization_id, epoch, position)
        return await self.notice(cursor, [Checkpoint(cursor=cursor)])

    async def notice(self, cursor: CursorText, notices: list[Any]) -> str:
        """Render what is no change of an entity: where the log stands, or that it cannot be continued from."""
        key = (self._number, cursor, *(getattr(notice, "reason", None) for notice in notices))
        body = self._remembered.get(key) if self._remembered is not None else None
        if body is None:
            batch = ChangeBatch(cursor=cursor, changes=notices, replay=False, conflated=False)
            body = await self._once(key, batch)
        return body

    async def _once(self, key: tuple[Any, ...], batch: ChangeBatch) -> str:
        """Execute; once for all who want the same at one time."""
        if self._remembered is None:
            return await self._execute(batch)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._execute(batch))
            task.add_done_callback(lambda done: self._ended(key, done))
        body = await asyncio.shield(task)
        if self.followers > 1:
            self._remembered.put(key, body)
        return body

    def _ended(self, key: tuple[Any, ...], task: asyncio.Task[str]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            # Whoever waited has it, too; if nobody does any more, it is nobody's.
            task.exception()

    async def _execute(self, batch: ChangeBatch) -> str:
        """Execute the document on a batch and encode the response map.

        Raises what went wrong here: a client would take a response with such an error for the whole batch, and go
        on behind it.
        """
        metrics.EXECUTIONS.labels("yes" if self.is_shared else "no").inc()
        executor = self._executor.build_per_event_executor(batch)
        executor.context_value = self._context()
        result: Any = execute_subscription_event(executor)
        if executor.is_awaitable(result):
            result = await result
        for error in result.errors or ():
            bug = bug_behind(error)
            if bug is not None:
                raise bug
        errors = presentable(result.errors) if result.errors else None
        return encode(body_of(ExecutionResult(data=result.data, errors=errors))).decode()
