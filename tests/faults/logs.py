"""The log as the database holds it, read by SQL of its own for the checker; and what operators do to it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from okrgraph.kit.ids import PREFIX_OF_TYPE
from tests.databases import GivenDatabase
from tests.faults.history import Log, Logged, content_of
from tests.servers import connect

_ROWS = (
    "SELECT pos, tx_end, kind, entity_type, entity_id, entity_version, path, teams, acl, acl_before, "
    "actor_id, mutation_id, body, at FROM change_log WHERE organization_id = '{}' ORDER BY pos"
)
# Entity in the body of each kind of event.
_BODIES = {
    "ObjectiveChanged": "objective",
    "KeyResultChanged": "key_result",
    "CheckInPublished": "check_in",
    "ConfidenceChanged": "key_result",
    "AlignmentLinkChanged": "link",
    "CommentChanged": "comment",
    "CycleChanged": "cycle",
    "TeamChanged": "team",
    "PersonChanged": "person",
}
_CAMEL = {"current_value": "currentValue", "resolved_at": "resolvedAt", "deleted_at": "deletedAt"}


async def run_sql(database: GivenDatabase, *statements: str) -> list[Any]:
    """Run statements in one transaction, as an operator would; give the rows of the last one."""
    rows: list[Any] = []
    if database.address.path is not None:
        with closing(sqlite3.connect(database.address.path, timeout=20, isolation_level=None)) as client:
            client.execute("BEGIN IMMEDIATE")
            for statement in statements:
                rows = client.execute(statement).fetchall()
            client.execute("COMMIT")
        return rows
    connection = await connect(database.url)
    try:
        async with connection.transaction():
            for statement in statements:
                rows = await connection.fetch(statement)
    finally:
        await connection.close()
    return rows


async def head_and_floor(database: GivenDatabase, organization_id: UUID) -> tuple[int, int]:
    ((head, floor),) = await run_sql(
        database, f"SELECT pos, floor FROM log_head WHERE organization_id = '{organization_id}'"
    )
    return head, floor


async def read_log(database: GivenDatabase, organization_id: UUID) -> Log:
    """The whole log of an organisation."""
    head, floor = await head_and_floor(database, organization_id)
    rows = await run_sql(database, _ROWS.format(organization_id))
    return Log([_logged(row) for row in rows], head, floor)


async def raise_floor(database: GivenDatabase, organization_id: UUID, floor: int) -> None:
    """What retention does: take rows away and say so, in one transaction."""
    await run_sql(
        database,
        f"UPDATE log_head SET floor = {floor} WHERE organization_id = '{organization_id}'",
        f"DELETE FROM change_log WHERE organization_id = '{organization_id}' AND pos <= {floor}",
    )


async def change_epoch(database: GivenDatabase) -> None:
    """What a restore does: another history from now on."""
    await run_sql(database, f"UPDATE log_epoch SET epoch = '{uuid4()}'")


def _text(value: object) -> str | None:
    return None if value is None else (value if isinstance(value, UUID) else UUID(str(value))).hex


def _hexes(text: str) -> frozenset[str]:
    return frozenset(UUID(each).hex for each in orjson.loads(text))


def _logged(row: Any) -> Logged:
    kind, entity_type, body = row[2], row[3], orjson.loads(row[12])
    # Of sight gained or lost: the top of the subtree.
    shown_type = body["root_type"] if entity_type == "Access" else entity_type
    at = row[13] if isinstance(row[13], datetime) else datetime.fromisoformat(row[13])
    return Logged(
        position=row[0],
        tx_end=bool(row[1]),
        kind=kind,
        entity_type=entity_type,
        # What no feed shows, as a revoked token, has no public id.
        entity=f"{PREFIX_OF_TYPE.get(shown_type, shown_type)}_{_text(row[4])}",
        version=row[5],
        path=_hexes(row[6]),
        teams=_hexes(row[7]),
        acl=frozenset(orjson.loads(row[8])),
        acl_before=None if row[9] is None else frozenset(orjson.loads(row[9])),
        actor=_text(row[10]),
        mutation_id=row[11],
        at=(at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp(),
        content=_content(kind, entity_type, body),
    )


def _content(kind: str, entity_type: str, body: dict[str, Any]) -> Any:
    if kind not in _BODIES:
        return None
    row = {_CAMEL.get(name, name): value for name, value in body[_BODIES[kind]].items()}
    content = content_of(entity_type, row)
    if kind == "ConfidenceChanged":
        return [content, body["confidence_before"], body["confidence_after"]]
    return content
