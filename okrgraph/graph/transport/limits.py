"""How much a client may ask of the transport, and how long anything may take; numbers only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransportLimits:
    """Sizes in bytes, times in seconds."""

    body_bytes: int = 1024 * 1024
    body_seconds: float = 10.0
    "From the end of the headers to the last byte of the body."
    linger_seconds: float = 5.0
    "A client that is still sending its refused body gets so long to read the answer."
    message_bytes: int = 256 * 1024
    "One WebSocket message. The server enforces it: see uvicorn_options."
    messages_per_second: float = 100.0
    "Of one WebSocket, in the long run."
    messages_burst: int = 200
    "Of one WebSocket, at once."
    init_seconds: float = 5.0
    "From the opened WebSocket to its connection_init."
    operations_per_socket: int = 100
    sockets_per_session_key: int = 20
    "Sockets and event streams together, open at one time in one process with the credentials of one session key."
    operation_seconds: float = 10.0
    "A query or a mutation, never a subscription; and a look at credentials."
    send_seconds: float = 20.0
    "A client that does not read for so long is given up."
    keep_alive_seconds: float = 15.0
    "Between the comments of an event stream."
    ping_seconds: float = 15.0
    silence_seconds: float = 35.0
    "A socket that sends nothing for so long, not even the answer to a ping, is taken for dead."
    recheck_seconds: float = 5.0
    "Between two looks at the credential of a socket or stream: revocation shows within that time."

    @property
    def tick_seconds(self) -> float:
        """How exactly the times of live connections are kept."""
        times = self.init_seconds, self.ping_seconds, self.silence_seconds, self.keep_alive_seconds
        return min(0.25, min(times) / 5)


DEFAULT_LIMITS = TransportLimits()
