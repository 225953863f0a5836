"""Media types: which one answers a request, and whether a body is JSON; the lists are short and exact."""

from collections.abc import Sequence
from dataclasses import dataclass

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"

# Clients that ask for anything (curl, fetch) expect the media type they have always been given.
_RANGES = {
    JSON: JSON,
    RESPONSE_JSON: RESPONSE_JSON,
    EVENT_STREAM: EVENT_STREAM,
    "application/*": JSON,
    "*/*": JSON,
}


@dataclass(frozen=True, slots=True)
class _MediaRange:
    name: str
    parameters: dict[str, str]

    @property
    def is_utf8(self) -> bool:
        return self.parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")

    @property
    def quality(self) -> float:
        try:
            quality = float(self.parameters.get("q", "1"))
        except ValueError:
            return 0.0
        return quality if 0.0 <= quality <= 1.0 else 0.0


def _parse(text: str) -> _MediaRange:
    name, *rest = text.split(";")
    parameters = {}
    for parameter in rest:
        key, _, value = parameter.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"')
    return _MediaRange(name.strip().lower(), parameters)


def acceptable(accept: Sequence[str]) -> str | None:
    """Choose the media type of the answer from the Accept headers; None when there is no match.

    The best quality wins, then the order of the header. An event stream must be named: no wildcard means it.
    """
    header = ",".join(accept)
    if not header.strip():
        return RESPONSE_JSON
    ranges = [_parse(part) for part in header.split(",")]
    usable = [each for each in ranges if each.name in _RANGES and each.is_utf8 and each.quality > 0]
    refused = {each.name for each in ranges if each.quality == 0}
    for each in sorted(usable, key=lambda each: each.quality, reverse=True):
        if (media_type := _RANGES[each.name]) not in refused:
            return media_type
    return None


def is_json(content_type: str | None) -> bool:
    """Whether a body of this Content-Type is JSON in UTF-8: matched exactly, so that no form can pass."""
    if content_type is None:
        return False
    media = _parse(content_type)
    return media.name == JSON and media.is_utf8 and set(media.parameters) <= {"charset"}
