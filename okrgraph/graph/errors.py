"""Refusals as data: how a mutation runs an action and answers with a payload, whatever comes of it."""

import dataclasses
import hashlib
import json
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types.maybe import Some

from okrgraph.events.receipts import Done, Receipt
from okrgraph.graph.context import Batch, Info
from okrgraph.graph.scalars import CursorText, key_of
from okrgraph.kit.errors import BusyError, DomainError, ErrorCode, Problem, invalid, not_found
from okrgraph.kit.text import is_storable
from okrgraph.people.viewer import Viewer

MUTATION_ID_LENGTH = 128


@strawberry.type(description="One thing that is wrong with a mutation's input, or not allowed.")
class UserError:
    code: ErrorCode = strawberry.field(description="What kind of refusal it is.")
    message: str = strawberry.field(description="One sentence that says what to do.")
    field: list[str] | None = strawberry.field(
        description='Path from the argument on, as ["input", "confidence"] or ["id"]; null when it is about the '
        "whole."
    )


Payload = TypeVar("Payload")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _path(field: str | None) -> list[str] | None:
    if field is None:
        return None
    if field == "id":
        return ["id"]
    return ["input", *(_camel(part) for part in field.split("."))]


def _error_of(problem: Problem) -> UserError:
    return UserError(code=problem.code, message=problem.message, field=_path(problem.field))


def key_for(type_name: str, text: str, field: str, what: str) -> UUID:
    """The key in an id that the action needs. Raises DomainError NOT_FOUND for what is no id of the type."""
    key = key_of(type_name, text)
    if key is None:
        raise not_found(what, field)
    return key


def optional_key(type_name: str, text: str | None, field: str, what: str) -> UUID | None:
    return None if text is None else key_for(type_name, text, field, what)


def _plain(value: Any) -> Any:
    """What of an input makes two requests the same: absent fields are not there, null is."""
    if isinstance(value, Some):
        return {"some": _plain(value.value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name != "client_mutation_id" and getattr(value, field.name) is not strawberry.UNSET
        }
    return value


def _receipt(info: Info, id: str | None, input: Any) -> Receipt | None:
    mutation_id = getattr(input, "client_mutation_id", None)
    if mutation_id is None:
        return None
    if not 1 <= len(mutation_id) <= MUTATION_ID_LENGTH or not is_storable(mutation_id):
        raise invalid("clientMutationId is any text of 1 to 128 characters.", "client_mutation_id")
    # The library's own encoder: it also writes half a surrogate pair, which the rules have yet to refuse.
    request = json.dumps([info.field_name, id, _plain(input)], sort_keys=True, default=str)
    return Receipt(str(mutation_id), info.field_name, hashlib.sha256(request.encode()).hexdigest())


async def _shown(
    viewer: Viewer, entity: str, batch: Batch[Any], refused: DomainError, id: str | None
) -> Any | None:
    """What exists and may be seen beside a refusal: what the refusal names, or what the mutation was about."""
    type_name = "".join(word.capitalize() for word in entity.split("_"))
    keys = [key for key in (refused.entity_id, key_of(type_name, id or "")) if key is not None]
    found = await batch(viewer, keys) if keys else {}
    return next((found[key] for key in keys if key in found), None)


async def mutate(
    info: Info,
    payload: Callable[..., Payload],
    entity: str,
    batch: Batch[Any],
    run: Callable[[Viewer], Awaitable[Done]],
    *,
    id: str | None = None,
    input: Any = None,
) -> Payload:
    """Run an action for the viewer and make its payload.

    entity, batch: the payload's field and the read that fills it. run: takes the viewer to act as.
    """
    context = info.context
    # Another mutation of this request may have loaded what this one changes.
    context.forget()
    try:
        done = await run(context.viewer.under(_receipt(info, id, input)))
    except DomainError as refused:
        shown = await _shown(context.viewer, entity, batch, refused, id)
        errors = [_error_of(problem) for problem in refused.problems]
        return payload(**{entity: shown}, user_errors=errors, cursor=None)
    except BusyError as busy:
        raise GraphQLError(str(busy), extensions={"code": "UNAVAILABLE"}) from busy
    found = (await batch(context.viewer, [done.entity_id])).get(done.entity_id)
    cursor = CursorText(context.cursor(done.position))
    return payload(**{entity: found}, user_errors=[], cursor=cursor)


ERRORS = "Why the mutation was refused; empty when it was done."
CURSOR = "Where the change stands in the change log; null when refused."
MUTATION_ID = (
    "Any text of 1 to 128 characters that makes a retry safe: sent again with the same input it gives the first "
    "answer."
)
EXPECTED_VERSION = "The version that the caller saw; CONFLICT when a person has edited it since."
