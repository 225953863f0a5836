"""The SQL of the stock server, batched by key for DataLoaders; the same tables and the same rule of who sees what."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

OBJECTIVE = "o.id, o.title, o.level, o.state, o.progress, o.version, o.team_id, o.owner_id"
RATINGS = "o.rated_1, o.rated_2, o.rated_3, o.rated_4, o.rated_5, o.unrated, o.declining"
KEY_RESULT = (
    "k.id, k.title, k.metric_kind, k.target_value, k.current_value, k.progress, k.confidence, k.owner_id"
)
COMMENT = "m.id, m.version, m.kind, m.body, m.created_at, m.resolved_at, m.author_id"


@dataclass(frozen=True, slots=True)
class Asker:
    """Whom a token speaks for."""

    organization: UUID
    person: UUID
    teams: list[UUID]


async def asker_of(pool: Any, token: str) -> Asker | None:
    """Look the token up; None when it is unknown, expired or revoked."""
    found = await pool.fetchrow(
        "SELECT p.organization_id, p.id, ARRAY(SELECT m.team_id FROM membership m "
        "WHERE m.person_id = p.id AND m.left_at IS NULL) AS teams "
        "FROM api_token t JOIN person p ON p.id = t.person_id AND p.status = 'ACTIVE' "
        "WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())",
        sha256(token.encode()).hexdigest(),
    )
    return None if found is None else Asker(found[0], found[1], found[2])


def visible(objective: str) -> str:
    """The rule of the product, with $1, $2 and $3 the organisation, person and teams of who asks."""
    return (
        f"({objective}.organization_id = $1 AND ({objective}.state <> 'DRAFT' OR {objective}.owner_id = $2 "
        f"OR {objective}.reviewer_id = $2 OR {objective}.team_id = ANY($3) OR EXISTS (SELECT 1 FROM "
        f"objective_team co WHERE co.objective_id = {objective}.id AND co.team_id = ANY($3))))"
    )


ALIGNMENT_TREE = f"""
WITH RECURSIVE seen AS (
    SELECT {OBJECTIVE}, row_number() OVER (ORDER BY o.position, o.created_at, o.id) AS place
    FROM objective o WHERE o.cycle_id = $4 AND {visible("o")}
), measured AS (
    SELECT {KEY_RESULT}, k.objective_id,
        row_number() OVER (ORDER BY k.position, k.created_at, k.id) AS place
    FROM key_result k JOIN seen ON seen.id = k.objective_id
), above AS (
    SELECT l.child_id, COALESCE(l.parent_key_result_id, l.parent_objective_id) AS parent_id
    FROM alignment_link l JOIN seen ON seen.id = l.child_id WHERE l.is_primary AND l.state = 'ACCEPTED'
), node AS (
    SELECT s.id, 2 AS kind, s.place, CASE WHEN s.level = 'COMPANY' THEN NULL ELSE p.id END AS parent_id,
        s.level <> 'COMPANY' AS is_low
    FROM seen s LEFT JOIN above a ON a.child_id = s.id
    LEFT JOIN (SELECT id FROM seen UNION ALL SELECT id FROM measured) p ON p.id = a.parent_id
    UNION ALL
    SELECT id, 1, place, objective_id, true FROM measured
), tree AS (
    SELECT n.id, n.kind, n.parent_id, 0 AS depth, ARRAY[n.is_low::int, n.place] AS path
    FROM node n WHERE n.parent_id IS NULL
    UNION ALL
    SELECT n.id, n.kind, n.parent_id, t.depth + 1, t.path || ARRAY[n.kind, n.place]
    FROM tree t JOIN node n ON n.parent_id = t.id
), below AS (
    SELECT parent_id, count(*) AS children FROM node GROUP BY parent_id
)
SELECT t.kind AS tree_kind, t.depth, t.parent_id, COALESCE(b.children, 0) AS children,
    s.id AS o_id, s.title AS o_title, s.level, s.state, s.progress AS o_progress, s.version, s.team_id,
    s.owner_id AS o_owner, k.id AS k_id, k.title AS k_title, k.metric_kind, k.target_value,
    k.current_value, k.progress AS k_progress, k.confidence, k.owner_id AS k_owner,
    p.kind AS parent_kind
FROM tree t LEFT JOIN below b ON b.parent_id = t.id LEFT JOIN node p ON p.id = t.parent_id
LEFT JOIN seen s ON s.id = t.id LEFT JOIN measured k ON k.id = t.id
ORDER BY t.path
"""


class Reads:
    """What one request reads, for one asker."""

    def __init__(self, pool: Any, asker: Asker) -> None:
        self._pool = pool
        self.asker = asker
        self._sight = (asker.organization, asker.person, asker.teams)

    async def _by_id(self, sql: str, keys: Sequence[UUID]) -> list[Any]:
        rows = await self._pool.fetch(sql, self.asker.organization, keys)
        found = {record["id"]: record for record in rows}
        return [found.get(key) for key in keys]

    async def _groups(self, sql: str, keys: Sequence[UUID], *more: object) -> list[list[Any]]:
        groups: defaultdict[UUID, list[Any]] = defaultdict(list)
        for record in await self._pool.fetch(sql, *self._sight, keys, *more):
            groups[record["parent"]].append(record)
        return [groups[key] for key in keys]

    async def people(self, keys: list[UUID]) -> list[Any]:
        """Give a person for each key."""
        sql = "SELECT id, name, email FROM person WHERE organization_id = $1 AND id = ANY($2)"
        return await self._by_id(sql, keys)

    async def teams(self, keys: list[UUID]) -> list[Any]:
        """Give a team for each key."""
        sql = "SELECT id, name, kind FROM team WHERE organization_id = $1 AND id = ANY($2)"
        return await self._by_id(sql, keys)

    async def members(self, keys: list[UUID]) -> list[list[Any]]:
        """Give the people of each team, by name."""
        rows = await self._pool.fetch(
            "SELECT m.team_id, p.id, p.name, p.email FROM membership m JOIN person p ON p.id = m.person_id "
            "WHERE p.organization_id = $1 AND m.left_at IS NULL AND m.team_id = ANY($2) "
            'ORDER BY p.name COLLATE "C", p.id',
            self.asker.organization,
            keys,
        )
        return [[record for record in rows if record["team_id"] == key] for key in keys]

    async def objective(self, key: UUID) -> Any:
        """Give one objective, None when it is absent or hidden."""
        return await self._pool.fetchrow(
            f"SELECT {OBJECTIVE}, {RATINGS} FROM objective o WHERE {visible('o')} AND o.id = $4",
            *self._sight,
            key,
        )

    async def objectives(self, cycle: UUID | None, levels: list[str] | None) -> list[Any]:
        """Give the first objectives of a cycle and of some levels."""
        rows: list[Any] = await self._pool.fetch(
            f"SELECT {OBJECTIVE}, {RATINGS} FROM objective o WHERE {visible('o')} "
            "AND ($4::uuid IS NULL OR o.cycle_id = $4) AND ($5::text[] IS NULL OR o.level = ANY($5)) "
            "ORDER BY o.position, o.created_at, o.id LIMIT 50",
            *self._sight,
            cycle,
            levels,
        )
        return rows

    async def objectives_of_teams(self, cycle: UUID, keys: list[UUID]) -> list[list[Any]]:
        """Give what each team owns or co-owns in a cycle."""
        return await self._groups(
            f"SELECT held.team_id AS parent, {OBJECTIVE}, {RATINGS} FROM (SELECT id AS objective_id, team_id "
            "FROM objective WHERE team_id = ANY($4) AND cycle_id = $5 UNION SELECT objective_id, team_id "
            "FROM objective_team WHERE team_id = ANY($4)) AS held "
            f"JOIN objective o ON o.id = held.objective_id WHERE o.cycle_id = $5 AND {visible('o')} "
            "ORDER BY o.position, o.created_at, o.id",
            keys,
            cycle,
        )

    async def key_results(self, keys: list[UUID]) -> list[list[Any]]:
        """Give the key results of each objective."""
        return await self._groups(
            f"SELECT k.objective_id AS parent, {KEY_RESULT} FROM key_result k JOIN objective o "
            f"ON o.id = k.objective_id WHERE k.objective_id = ANY($4) AND {visible('o')} "
            "ORDER BY k.position, k.created_at, k.id",
            keys,
        )

    async def aligned_objectives(self, keys: list[UUID]) -> list[list[Any]]:
        """Give the objectives that support each key result."""
        return await self._groups(
            f"SELECT l.parent_key_result_id AS parent, {OBJECTIVE}, {RATINGS} FROM alignment_link l "
            f"JOIN objective o ON o.id = l.child_id WHERE l.parent_key_result_id = ANY($4) "
            f"AND l.state = 'ACCEPTED' AND l.kind <> 'RELATES' AND {visible('o')} "
            "ORDER BY l.is_primary DESC, o.created_at, o.id",
            keys,
        )

    async def comments(self, key: UUID, first: int) -> list[Any]:
        """Give the first threads on an objective, and one more if there is one."""
        rows: list[Any] = await self._pool.fetch(
            f"SELECT {COMMENT} FROM comment m JOIN objective o ON o.id = m.objective_id WHERE {visible('o')} "
            "AND m.subject_id = $4 AND m.parent_comment_id IS NULL ORDER BY m.created_at, m.id LIMIT $5",
            *self._sight,
            key,
            first + 1,
        )
        return rows

    async def comment_count(self, key: UUID) -> int:
        """Count the threads on an objective."""
        found: int = await self._pool.fetchval(
            f"SELECT count(*) FROM comment m JOIN objective o ON o.id = m.objective_id WHERE {visible('o')} "
            "AND m.subject_id = $4 AND m.parent_comment_id IS NULL",
            *self._sight,
            key,
        )
        return found

    async def replies(self, keys: list[UUID]) -> list[list[Any]]:
        """Give the answers to each comment."""
        return await self._groups(
            f"SELECT m.parent_comment_id AS parent, {COMMENT} FROM comment m JOIN objective o "
            f"ON o.id = m.objective_id WHERE m.parent_comment_id = ANY($4) AND {visible('o')} "
            "ORDER BY m.created_at, m.id",
            keys,
        )

    async def alignment_tree(self, cycle: UUID) -> list[Any]:
        """Give every objective and key result of a cycle, depth first, with where it stands."""
        rows: list[Any] = await self._pool.fetch(ALIGNMENT_TREE, *self._sight, cycle)
        return rows


async def pool_of(dsn: str) -> Any:
    """Open a pool of the size that okrgraph has."""
    return await asyncpg.create_pool(dsn, min_size=1, max_size=10)
