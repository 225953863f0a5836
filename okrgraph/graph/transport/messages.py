"""The messages a client may send in the graphql-transport-ws protocol, checked before anything uses them."""

from dataclasses import dataclass

from okrgraph.graph.transport.payload import Malformed, OperationRequest


@dataclass(frozen=True, slots=True)
class ConnectionInit:
    payload: dict[str, object]

    @property
    def authorization(self) -> str | None:
        """The value named authorization, in any letter case."""
        for name, value in self.payload.items():
            if name.lower() == "authorization" and isinstance(value, str):
                return value
        return None


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Subscribe:
    id: str
    request: OperationRequest


@dataclass(frozen=True, slots=True)
class Complete:
    id: str


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete


def read_message(value: object) -> ClientMessage:
    """Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("A message is one JSON object.")
    match value.get("type"):
        case "connection_init":
            return ConnectionInit(_payload(value) or {})
        case "ping":
            _payload(value)
            return Ping()
        case "pong":
            _payload(value)
            return Pong()
        case "subscribe":
            return Subscribe(_id(value), OperationRequest.read(value.get("payload")))
        case "complete":
            return Complete(_id(value))
        case unknown:
            raise Malformed(f"Unknown message type: {unknown}")


def _id(message: dict[str, object]) -> str:
    value = message.get("id")
    if not isinstance(value, str) or not value:
        raise Malformed("`id` must be a string that is not empty.")
    return value


def _payload(message: dict[str, object]) -> dict[str, object] | None:
    payload = message.get("payload")
    if not isinstance(payload, dict | None):
        raise Malformed("`payload` must be an object or null.")
    return payload
