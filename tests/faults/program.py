"""The okrgraph command with a failpoint: it dies between a commit and the announcement of it, when it is told to.

The product has no hook for this. The broker is wrapped from outside, and only here.
"""

import os
from pathlib import Path
from typing import Any

from okrgraph import app
from okrgraph.cli import main

# Names a file; while it is there, the next announcement ends the process.
TRAP = "FAULTS_DIE_BEFORE_PUBLISH"
STATUS = 86


class DyingBroker:
    """The broker that the process would use, but for its publish."""

    def __init__(self, broker: Any, trap: Path) -> None:
        self._broker = broker
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def publish(self, *given: Any, **named: Any) -> Any:
        if self._trap.exists():
            self._trap.unlink(missing_ok=True)
            os._exit(STATUS)
        return self._broker.publish(*given, **named)


def arm(trap: Path) -> None:
    """Have every broker that is rung after commits die as long as the file is there."""
    # By name: what is replaced here is no seam of the product.
    doorbell = vars(app)["doorbell"]
    vars(app)["doorbell"] = lambda broker: doorbell(DyingBroker(broker, trap))


if __name__ == "__main__":
    if TRAP in os.environ:
        arm(Path(os.environ[TRAP]))
    main()
