"""Why the server ends a socket or a stream, and the close code that says so; the codes that clients come back after."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """A close code, with its reason for the client, and for the metrics when it is the client's doing."""

    code: int
    reason: str
    eviction: str | None = None


# The protocol's own codes where it has one, else 1012 (the server stops) and 1013 (anything that may pass).
# The reference client connects again after these two, 4403 and 4408, and never after 1011.
RESTART = Ending(1012, "The server restarts.")
SLOW = Ending(1013, "The client reads too slowly.", "slow")
SILENT = Ending(1013, "The client is silent.", "silent")
TALKATIVE = Ending(1013, "The client sends too many messages.", "messages")
CROWDED = Ending(1013, "Too many connections are open with this credential.")
BROKEN = Ending(1013, "Try again later.")
REFUSED = Ending(4403, "Forbidden", "credential")
UNKNOWN = Ending(4403, "Forbidden")
UNINITIALISED = Ending(4408, "Connection initialisation timeout")
REINITIALISED = Ending(4429, "Too many initialisation requests")
UNAUTHORIZED = Ending(4401, "Unauthorized")
UNKNOWN_PROTOCOL = Ending(4406, "Subprotocol not acceptable")
FINISHED = Ending(1000, "")
