"""An organisation's log as the database holds it, and the proof that it is gapless and equal to the rows."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.events.entry import LoggedEntry
from okrgraph.events.log import head_of, read_after

# Where the log's entities are kept.
TABLES = {
    "Team": "team",
    "Person": "person",
    "Cycle": "cycle",
    "Objective": "objective",
    "KeyResult": "key_result",
    "CheckIn": "check_in",
    "AlignmentLink": "alignment_link",
    "Comment": "comment",
}
UNVERSIONED = {"CheckIn"}
# How the kinds of each action follow one another; a question mark: only when that has changed.
SHAPES = {
    "CheckInPublished": ("CheckInPublished", "KeyResultChanged", "ConfidenceChanged?", "ObjectiveChanged?"),
    "CommentChanged": ("CommentChanged",),
    "ObjectiveChanged": ("ObjectiveChanged", "AlignmentLinkChanged"),
}


@dataclass(frozen=True, slots=True)
class Transaction:
    entries: tuple[LoggedEntry, ...]

    @property
    def mutation_id(self) -> str | None:
        return self.entries[0].mutation_id

    @property
    def end(self) -> int:
        return self.entries[-1].position

    @property
    def entity_ids(self) -> set[UUID]:
        return {entry.entity_id for entry in self.entries}

    def require_whole(self) -> None:
        """One person's one action, with everything that belongs to it."""
        kinds = [entry.kind for entry in self.entries]
        assert len({(entry.mutation_id, entry.actor_id, entry.at) for entry in self.entries}) == 1, kinds
        if self.mutation_id is None:
            return
        wanted = iter(SHAPES[kinds[0]])
        for kind in kinds:
            while (shape := next(wanted)) != kind and shape != f"{kind}?":
                assert shape.endswith("?"), kinds
        assert all(shape.endswith("?") for shape in wanted), kinds
        if kinds[0] == "CheckInPublished":
            before = self.entries[0].body["check_in"]["confidence_before"]
            after = self.entries[1].body["key_result"]["confidence"]
            assert ("ConfidenceChanged" in kinds) is (before != after), self.entries


async def whole_log(organization_id: UUID) -> list[Transaction]:
    """The transactions of an organisation's log, oldest first. Needs an open database."""
    entries = await _all_entries(organization_id)
    head = await head_of(organization_id)
    assert [entry.position for entry in entries] == list(range(1, head.position + 1))
    assert entries[-1].tx_end
    transactions, open_ones = [], list[LoggedEntry]()
    for entry in entries:
        open_ones.append(entry)
        if entry.tx_end:
            transactions.append(Transaction(tuple(open_ones)))
            open_ones = []
    for transaction in transactions:
        transaction.require_whole()
    await _require_equal_to_the_rows(organization_id, entries)
    await _require_receipts(organization_id, transactions)
    return transactions


async def _all_entries(organization_id: UUID) -> list[LoggedEntry]:
    rows = await fetch_all(
        "SELECT count(*) AS n FROM change_log WHERE organization_id = :organization",
        organization=organization_id,
    )
    entries: list[LoggedEntry] = []
    while more := await read_after(organization_id, entries[-1].position if entries else 0):
        entries += more
    # read_after leaves out a transaction without an end, which is just what must not be there.
    assert len(entries) == rows[0][0]
    return entries


async def _require_equal_to_the_rows(organization_id: UUID, entries: list[LoggedEntry]) -> None:
    """Each entity of the log is a row of its newest version, and each row is in the log."""
    for entity_type, table in TABLES.items():
        newest = {
            entry.entity_id: entry.entity_version for entry in entries if entry.entity_type == entity_type
        }
        version = "1" if entity_type in UNVERSIONED else "version"
        rows = await fetch_all(
            f"SELECT id, {version} FROM {table} WHERE organization_id = :organization",
            organization=organization_id,
        )
        assert {_uuid(row[0]): row[1] for row in rows} == newest, entity_type


async def _require_receipts(organization_id: UUID, transactions: list[Transaction]) -> None:
    """Each clientMutationId in the log has one transaction and one receipt, which points to its end."""
    rows = await fetch_all(
        "SELECT mutation_id, entity_id, pos FROM mutation_receipt WHERE organization_id = :organization",
        organization=organization_id,
    )
    receipts = {row[0]: (_uuid(row[1]), row[2]) for row in rows}
    named = [transaction for transaction in transactions if transaction.mutation_id is not None]
    assert len(named) == len(receipts) == len(rows)
    for transaction in named:
        entity_id, position = receipts[transaction.mutation_id]
        assert position == transaction.end
        assert entity_id in transaction.entity_ids


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
