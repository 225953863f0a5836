"""What a refused action leaves: an error with exact codes and fields, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from okrgraph.events.database import fetch_all
from okrgraph.kit.errors import DomainError

# Whatever an action may write. touched_row belongs to the tests, log_epoch never changes.
TABLES = (
    "organization",
    "team",
    "person",
    "membership",
    "cycle",
    "objective",
    "objective_team",
    "key_result",
    "check_in",
    "alignment_link",
    "comment",
    "dependency",
    "dependency_check_in",
    "liaison",
    "log_head",
    "change_log",
    "mutation_receipt",
)


async def everything_stored() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in a fixed order."""
    return {
        table: sorted((tuple(row) for row in await fetch_all(f"SELECT * FROM {table}")), key=repr)
        for table in TABLES
    }


class Refusal:
    """The error of a refused action, once the block is left."""

    error: DomainError

    @property
    def problems(self) -> list[tuple[str, str | None]]:
        return [(str(problem.code), problem.field) for problem in self.error.problems]

    @property
    def messages(self) -> list[str]:
        return [problem.message for problem in self.error.problems]


@asynccontextmanager
async def refused(
    code: str, field: str | None = None, *, entity_id: UUID | None = None, times: int = 1
) -> AsyncIterator[Refusal]:
    """Expect a refusal with this code and field, which leaves rows, log and receipts as they were.

    entity_id: what the refusal lets the caller show. times: how many problems of this kind there are.
    """
    before = await everything_stored()
    refusal = Refusal()
    with pytest.raises(DomainError) as raised:
        yield refusal
    refusal.error = raised.value
    assert refusal.problems == [(code, field)] * times, refusal.messages
    assert refusal.error.entity_id == entity_id
    assert await everything_stored() == before
