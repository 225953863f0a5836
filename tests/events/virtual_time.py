"""An event loop whose clock stands still while there is work and jumps to the next timer when there is none."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, moves the clock."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits and nothing is due: a deadlock"
        self.skipped += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code without input and output: hours pass in no time."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.skipped

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.run_until_complete(work)

    def finish(self) -> None:
        """Cancel what still runs, and close."""
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        if tasks:
            self.run(asyncio.wait(tasks))
        self.close()
