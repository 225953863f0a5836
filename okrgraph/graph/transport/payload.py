"""JSON in and out, and the shape of a request for one operation, the same in every protocol."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import orjson


class Malformed(Exception):
    """What a client sent cannot be read; the message tells the client why."""


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise Malformed("A name occurs twice in one JSON object.")


_DUPLICATES = json.JSONDecoder(object_pairs_hook=_unique)


def decode(text: bytes | str) -> object:
    """Read strict JSON in UTF-8.

    Raises Malformed, also for NaN, lone surrogates, numbers beyond any float, more than 1,024 levels and equal names.
    """
    try:
        value: object = orjson.loads(text)
        # orjson lets the last of two equal names win; a proxy in front may have judged the first one.
        _DUPLICATES.decode(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError):
        raise Malformed("This is not valid JSON.") from None
    return value


def encode(value: object) -> bytes:
    return orjson.dumps(value)


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """One operation as a client asks for it."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None

    @classmethod
    def read(cls, payload: object) -> Self:
        """Check the shape. Raises Malformed."""
        if not isinstance(payload, dict):
            raise Malformed("A GraphQL request is one JSON object.")
        query = payload.get("query")
        if not isinstance(query, str):
            raise Malformed("`query` must be a string.")
        operation_name = payload.get("operationName")
        if not isinstance(operation_name, str | None):
            raise Malformed("`operationName` must be a string or null.")
        return cls(query, _object(payload, "variables"), operation_name, _object(payload, "extensions"))


def _object(payload: Mapping[str, object], name: str) -> dict[str, Any] | None:
    value = payload.get(name)
    if not isinstance(value, dict | None):
        raise Malformed(f"`{name}` must be an object or null.")
    return value
