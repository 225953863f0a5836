"""How a call is refused and how a bug is kept from the client: codes, bodies, references."""

import logging
import secrets
from collections.abc import Mapping

from graphql import GraphQLError

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """An HTTP request that is answered before any GraphQL: status, code, message for the client."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def errors_of(code: str, message: str) -> list[dict[str, object]]:
    """Give one refusal in the form of a GraphQL response's errors."""
    return [{"message": message, "extensions": {"code": code}}]


def internal_error(cause: BaseException) -> GraphQLError:
    """Log an unexpected exception and give what the client may know of it."""
    return masked(report(cause))


def report(cause: BaseException) -> str:
    """Log an unexpected exception once, with its traceback, and give the reference to find it by."""
    reference = secrets.token_hex(6)
    logger.error("Internal error %s", reference, exc_info=cause)
    return reference


def masked(reference: str, at: GraphQLError | None = None) -> GraphQLError:
    """Give the error that stands for a reported one, at the same place of the answer."""
    return GraphQLError(
        f"Internal error. Reference: {reference}",
        nodes=at.nodes if at else None,
        path=at.path if at else None,
        extensions={"code": "INTERNAL", "id": reference},
    )
