"""Saying once that something fails, however often it does, and once that it no longer does."""

import logging


class Outage:
    """Whether something that is tried again and again fails at present."""

    def __init__(self, logger: logging.Logger, failing: str, over: str) -> None:
        self._logger, self._failing, self._over = logger, failing, over
        self.is_on = False

    def began(self, error: BaseException, *, traced: bool = True) -> None:
        """Take note of a failure. traced: whether it may be a bug, and where it happened is worth knowing."""
        if not self.is_on:
            self.is_on = True
            what = f"{type(error).__name__}: {error}"
            self._logger.error("%s (%s)", self._failing, what, exc_info=error if traced else None)

    def ended(self) -> None:
        if self.is_on:
            self.is_on = False
            self._logger.warning("%s", self._over)
