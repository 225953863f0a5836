"""Checks what only the whole can show, over the rows as the import leaves them and before it commits."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from okrgraph.events.database import fetch_all
from okrgraph.okrs.circles import find_circles
from okrgraph.transfer.formats.records import FileProblem
from okrgraph.transfer.plans.sentences import circle_reason
from okrgraph.transfer.spool import MOST_PROBLEMS, Spool, pieces

Edges = Mapping[tuple[UUID, UUID], UUID | None]

_EDGES_AT_ONCE = 10_000
_IDS_AT_ONCE = 5_000

_BELOW_THE_TOP = """
WITH RECURSIVE down AS (
    SELECT id FROM {table} WHERE organization_id = :organization AND {above} IS NULL
    UNION ALL
    SELECT t.id FROM down JOIN {table} t ON t.{above} = down.id
)
SELECT id, {above} FROM {table}
WHERE organization_id = :organization AND id NOT IN (SELECT id FROM down) ORDER BY id
"""
_APART = """
SELECT l.id, c.id, p.id, cc.id, pc.id
FROM alignment_link l
JOIN objective c ON c.id = l.child_id
JOIN cycle cc ON cc.id = c.cycle_id
LEFT JOIN key_result k ON k.id = l.parent_key_result_id
JOIN objective p ON p.id = COALESCE(l.parent_objective_id, k.objective_id)
JOIN cycle pc ON pc.id = p.cycle_id
WHERE l.organization_id = :organization AND l.state IN ('PROPOSED', 'ACCEPTED')
    AND (cc.starts_on > pc.ends_on OR pc.starts_on > cc.ends_on)
ORDER BY l.id LIMIT :most
"""
_PUBLISHED_IN_BACKLOG = """
SELECT c.id, o.id FROM objective o JOIN cycle c ON c.id = o.cycle_id
WHERE o.organization_id = :organization AND c.kind = 'BACKLOG' AND o.state = 'PUBLISHED'
ORDER BY c.id, o.id LIMIT :most
"""
_STANDS_UNDER = """
SELECT l.id, l.child_id, COALESCE(l.parent_objective_id, k.objective_id), l.parent_key_result_id
FROM alignment_link l LEFT JOIN key_result k ON k.id = l.parent_key_result_id
WHERE l.organization_id = :organization AND l.state IN ('PROPOSED', 'ACCEPTED') AND l.kind <> 'RELATES'
"""


async def check_whole(spool: Spool, organization_id: UUID, *, is_new: bool) -> list[FileProblem]:
    """What is wrong with the organisation as a whole, where rows of the file are to blame for it.

    is_new: all of it stands in the file, whose trees were checked when it was read.
    """
    problems: list[FileProblem] = []
    if not is_new:
        problems += await _tree_problems(spool, organization_id, "team", "parent_id")
        problems += await _tree_problems(spool, organization_id, "person", "manager_id")
        problems += await _backlog_problems(spool, organization_id)
    problems += await _overlap_problems(spool, organization_id)
    problems += await _alignment_problems(spool, organization_id)
    return problems


async def _tree_problems(spool: Spool, organization_id: UUID, table: str, above: str) -> list[FileProblem]:
    rows = await fetch_all(_BELOW_THE_TOP.format(table=table, above=above), organization=organization_id)
    edges = {(_uuid(low), _uuid(up)): _uuid(low) for low, up in rows}
    return await _circle_problems(spool, edges, organization_id)


def _uuid(value: object) -> UUID:
    return UUID(str(value))


async def _backlog_problems(spool: Spool, organization_id: UUID) -> list[FileProblem]:
    """A cycle that becomes a BACKLOG holds nothing published; each such cycle is refused once."""
    rows = await fetch_all(_PUBLISHED_IN_BACKLOG, organization=organization_id, most=MOST_PROBLEMS)
    lines = {spool.line_of(_uuid(cycle)) for cycle, _ in rows}
    reason = "This cycle holds published objectives; a BACKLOG holds drafts only."
    return [FileProblem(line, "kind", reason) for line in sorted(line for line in lines if line is not None)]


async def _overlap_problems(spool: Spool, organization_id: UUID) -> list[FileProblem]:
    """The cycle of an objective overlaps that of what it supports; a BACKLOG, without dates, suits all."""
    problems = []
    for row in await fetch_all(_APART, organization=organization_id, most=MOST_PROBLEMS):
        columns = ("parent", "cycle", "cycle", "start", "start")
        lines = [(spool.line_of(_uuid(key)), column) for key, column in zip(row, columns, strict=True)]
        reason = "The cycles of an objective and of what it supports must overlap; these two do not."
        found = next(((line, column) for line, column in lines if line is not None), None)
        if found is not None:
            problems.append(FileProblem(found[0], found[1], reason))
    return problems


async def _alignment_problems(spool: Spool, organization_id: UUID) -> list[FileProblem]:
    """Live CONTRIBUTES and SUPPORTS links, with what key results belong to, close no circle."""
    async for piece in _links(organization_id):
        spool.add_edges((_uuid(row[1]), _uuid(row[2])) for row in piece)
    rows: list[Any] = []
    for children in pieces(spool.circular(), _IDS_AT_ONCE):
        sql = f"{_STANDS_UNDER} AND l.child_id = ANY(:children) ORDER BY l.id"
        rows += await fetch_all(sql, organization=organization_id, children=children)
    # What key results belong to comes first: of a circle, the first edge that a row makes is blamed.
    edges: dict[tuple[UUID, UUID], UUID | None] = {
        (_uuid(row[3]), _uuid(row[2])): None for row in rows if row[3] is not None
    }
    for row in rows:
        edges[_uuid(row[1]), _uuid(row[2] if row[3] is None else row[3])] = _uuid(row[0])
    return await _circle_problems(spool, edges, organization_id)


async def _links(organization_id: UUID) -> AsyncIterator[list[tuple[object, ...]]]:
    """All links of the tree, in pieces."""
    after = UUID(int=0)
    while True:
        rows = await fetch_all(
            f"{_STANDS_UNDER} AND l.id > :after ORDER BY l.id LIMIT :most",
            organization=organization_id,
            after=after,
            most=_EDGES_AT_ONCE,
        )
        if not rows:
            return
        yield rows
        after = _uuid(rows[-1][0])


async def _circle_problems(spool: Spool, edges: Edges, organization_id: UUID) -> list[FileProblem]:
    """Report each circle on a line that has part in it. edges: (child, parent), and what makes it so."""
    problems = []
    reported: set[tuple[UUID, UUID]] = set()
    for circle in find_circles(edges):
        steps = list(zip(circle, [*circle[1:], circle[0]], strict=True))
        for place, step in enumerate(steps):
            made_by = edges[step]
            line = None if made_by is None or step in reported else spool.line_of(made_by)
            if line is not None:
                reported.add(step)
                names = await _names([*circle[place:], *circle[:place]], organization_id)
                problems.append(FileProblem(line, "parent", circle_reason(names)))
                break
        if len(problems) > MOST_PROBLEMS:
            break
    return problems


async def _names(ids: list[UUID], organization_id: UUID) -> list[str]:
    """The keys of things, else their titles, else people's addresses."""
    wanted = ids[:_IDS_AT_ONCE]
    named: dict[UUID, str] = {}
    for sql in (
        "SELECT id, title FROM objective WHERE id = ANY(:ids) AND organization_id = :organization",
        "SELECT id, title FROM key_result WHERE id = ANY(:ids) AND organization_id = :organization",
        "SELECT id, email FROM person WHERE id = ANY(:ids) AND organization_id = :organization",
        "SELECT id, name FROM team WHERE id = ANY(:ids) AND organization_id = :organization",
        (
            "SELECT entity_id, entity_key FROM import_key WHERE entity_id = ANY(:ids) "
            "AND organization_id = :organization"
        ),
    ):
        rows = await fetch_all(sql, ids=wanted, organization=organization_id)
        named.update((_uuid(row[0]), row[1]) for row in rows)
    return [named.get(key, "...") for key in ids]
