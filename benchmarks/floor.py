"""The floor of the three-level tree: one flat SELECT a table, nested by a loop, orjson; no GraphQL, no HTTP.

A process of its own, as the servers are: for each line that it reads it makes the answer once and prints the
seconds that took; after the line `answer` it prints the answer itself. No permission is checked but that drafts
stay out, which the data has one of.
"""

import asyncio
import gc
import os
import sys
from time import perf_counter
from typing import Any, TypeAlias

import asyncpg
import orjson
import uvloop

Groups: TypeAlias = dict[Any, Any]

OBJECTIVES = """
SELECT title, level, state, progress, version, team_id, owner_id, id
FROM objective WHERE cycle_id = $1 AND state <> 'DRAFT' ORDER BY created_at, id
"""
KEY_RESULTS = """
SELECT k.title, k.metric_kind, k.target_value, k.current_value,
    k.progress, k.confidence, k.owner_id, k.id, k.objective_id, o.level <> 'INDIVIDUAL'
FROM key_result k JOIN objective o ON o.id = k.objective_id
WHERE o.cycle_id = $1 ORDER BY k.position, k.created_at, k.id
"""
LINKS = """
SELECT l.child_id, l.parent_key_result_id FROM alignment_link l
WHERE l.state = 'ACCEPTED' AND l.kind <> 'RELATES' AND l.parent_key_result_id IS NOT NULL
"""


async def names_of(client: Any, table: str) -> dict[Any, dict[str, str]]:
    """Give what is said of each team or person."""
    return {key: {"name": name} for key, name in await client.fetch(f"SELECT id, name FROM {table}")}


async def key_results(client: Any, cycle: Any, people: Groups) -> tuple[Groups, Groups]:
    """Give the key results by objective, and by key result the list that takes what supports it."""
    measures: Groups = {}
    aligned: Groups = {}
    rows = await client.fetch(KEY_RESULTS, cycle)
    for title, kind, target, current, progress, confidence, owner, raw, parent, is_high in rows:
        measure = {
            "id": "kr_" + raw.hex,
            "title": title,
            "metricKind": kind,
            "targetValue": target,
            "currentValue": current,
            "progress": progress,
            "confidence": confidence,
            "owner": people.get(owner),
        }
        if is_high:  # below the third layer, which is that of the people, nothing is asked for
            measure["alignedObjectives"] = aligned[raw] = []
        siblings = measures.get(parent)
        if siblings is None:
            measures[parent] = [measure]
        else:
            siblings.append(measure)
    return measures, aligned


async def tree(client: Any, cycle: Any) -> bytes:
    """Make the answer to the three-level tree."""
    people = await names_of(client, "person")
    teams = await names_of(client, "team")
    measures, aligned = await key_results(client, cycle, people)
    parents: Groups = {}
    for child, parent in await client.fetch(LINKS):
        parents.setdefault(child, []).append(parent)
    top = []
    rows = await client.fetch(OBJECTIVES, cycle)
    for title, level, state, progress, version, team, owner, raw in rows:
        objective = {
            "id": "obj_" + raw.hex,
            "title": title,
            "level": level,
            "state": state,
            "progress": progress,
            "version": version,
            "team": teams[team],
            "owner": people.get(owner),
            "keyResults": measures.get(raw, []),
        }
        if level == "COMPANY":
            top.append(objective)
        for parent in parents.get(raw, ()):
            aligned[parent].append(objective)
    return orjson.dumps({"data": {"objectives": {"nodes": top}}})


async def main() -> None:
    """Answer line by line until the input ends."""
    client = await asyncpg.connect(os.environ["FLOOR_DSN"])
    try:
        cycle = await client.fetchval("SELECT id FROM cycle")
        # Nothing here makes cycles, and passes over the growing answer would be a fifth of the time.
        gc.disable()
        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            start = perf_counter()
            answer = await tree(client, cycle)
            seconds = perf_counter() - start
            print(seconds, len(answer), flush=True)
            if line.strip() == b"answer":
                sys.stdout.buffer.write(answer + b"\n")
                sys.stdout.buffer.flush()
    finally:
        await client.close()


if __name__ == "__main__":
    uvloop.run(main())
