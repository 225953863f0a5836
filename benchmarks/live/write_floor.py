"""The floor of a check-in: the same four statements in one transaction by plain asyncpg, and nothing around them."""

import itertools
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import uvloop

from benchmarks.live.commands import serve_commands
from benchmarks.live.mutating import as_fast_as_possible

TABLES = """
DROP TABLE IF EXISTS floor_key_result, floor_check_in, floor_head, floor_log;
CREATE TABLE floor_key_result (id uuid PRIMARY KEY, confidence int, version int NOT NULL DEFAULT 1);
CREATE TABLE floor_check_in (id uuid PRIMARY KEY, key_result_id uuid, confidence int, at timestamptz DEFAULT now());
CREATE TABLE floor_head (organization_id uuid PRIMARY KEY, pos bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE floor_log (organization_id uuid, pos bigint, body text, PRIMARY KEY (organization_id, pos));
"""
UPDATE = "UPDATE floor_key_result SET confidence = $2, version = version + 1 WHERE id = $1"
INSERT = "INSERT INTO floor_check_in (id, key_result_id, confidence) VALUES ($1, $2, $3)"
LOG = """
WITH h AS (UPDATE floor_head SET pos = pos + 1 WHERE organization_id = $1 RETURNING pos)
INSERT INTO floor_log SELECT $1, h.pos, $2 FROM h RETURNING pos
"""
BODY = "x" * 700


class Floor:
    """Obeys: so many writers on so many organisations for so long."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def obey(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says."""
        organizations = [uuid4() for _ in range(told["organizations"])]
        await self._pool.execute(TABLES)
        await self._pool.executemany(
            "INSERT INTO floor_head VALUES ($1, 0)", [(key,) for key in organizations]
        )
        key_results = [uuid4() for _ in range(told["writers"])]
        rows = [(key,) for key in key_results]
        await self._pool.executemany("INSERT INTO floor_key_result VALUES ($1, 3)", rows)
        writers = [
            self._writer(key_result, organizations[number:] + organizations[:number])
            for number, key_result in enumerate(key_results)
        ]
        return await as_fast_as_possible(told["seconds"], writers)

    def _writer(self, key_result: UUID, organizations: list[UUID]) -> Callable[[], Awaitable[int]]:
        turns = itertools.cycle(organizations)

        async def write() -> int:
            async with self._pool.acquire() as client, client.transaction():
                await client.execute(UPDATE, key_result, 4)
                await client.execute(INSERT, uuid4(), key_result, 4)
                position: int = await client.fetchval(LOG, next(turns), BODY)
            return position

        return write


async def main() -> None:
    """Obey until the input ends."""
    async with asyncpg.create_pool(os.environ["FLOOR_DSN"], min_size=16, max_size=16) as pool:
        await serve_commands(Floor(pool).obey)


if __name__ == "__main__":
    uvloop.run(main())
