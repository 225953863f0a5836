"""Receipts of clientMutationId: a retry is answered from the first effect, before any rule runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from okrgraph.events.database import execute, fetch_one
from okrgraph.events.transactions import transaction
from okrgraph.kit.errors import invalid

KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a client says to make a mutation safe to retry.

    mutation_id: 1 to 128 characters, chosen by the client. request_hash: of the mutation's name and input.
    """

    mutation_id: str
    mutation: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Done:
    """What an action answers: the entity that it was about, and where the change stands in the log."""

    entity_id: UUID
    position: int


async def claim(organization_id: UUID, actor_id: UUID, receipt: Receipt, at: datetime) -> Done | None:
    """Take the receipt as the first statement of a transaction; a concurrent retry waits here.

    Returns what the first attempt did, or None when this is the first.
    Raises DomainError INVALID when the id was used for another mutation or another input.
    """
    key = {"organization": organization_id, "actor": actor_id, "mutation_id": receipt.mutation_id}
    inserted = await fetch_one(
        "INSERT INTO mutation_receipt (organization_id, actor_id, mutation_id, mutation, request_hash, at) "
        "VALUES (:organization, :actor, :mutation_id, :mutation, :hash, :at) "
        "ON CONFLICT DO NOTHING RETURNING 1",
        mutation=receipt.mutation,
        hash=receipt.request_hash,
        at=at,
        **key,
    )
    if inserted is not None:
        return None
    stored = await fetch_one(
        "SELECT mutation, request_hash, entity_id, pos FROM mutation_receipt "
        "WHERE organization_id = :organization AND actor_id = :actor AND mutation_id = :mutation_id",
        **key,
    )
    if stored is None or (stored[0], stored[1]) != (receipt.mutation, receipt.request_hash):
        raise invalid(
            "This clientMutationId was used for another mutation or input; choose a new one.",
            "client_mutation_id",
        )
    return Done(stored[2] if isinstance(stored[2], UUID) else UUID(stored[2]), stored[3])


async def prune(now: datetime) -> None:
    """Forget receipts that are older than seven days."""
    async with transaction():
        await execute("DELETE FROM mutation_receipt WHERE at < :before", before=now - KEPT_FOR)
