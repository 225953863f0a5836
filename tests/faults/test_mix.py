"""The short mix: every fault once, on each database. `make faults` runs the long one."""

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.faults import injections
from tests.faults.mix import Crowd, Injection, Round, play
from tests.faults.node_clients import install
from tests.faults.report import report
from tests.faults.stage import Sizes, postgres_stage, sqlite_stage

# As short as shows what each fault breaks; another seed changes who and when, not what.
SIZES = Sizes(hold=0.8, burst=40, herd=12)
SEED = int(os.environ.get("OKRGRAPH_FAULT_SEED", "20261122"))


def _require_kept(played: Round, lanes: Sequence[Sequence[Injection]], database: str) -> None:
    """Nothing lost, doubled, out of order or leaked, and each fault was there. The report is in the output."""
    print(report([played], command="pytest tests/faults/test_mix.py", database=database, seed=SEED))
    assert played.violations == [], f"seed {SEED}: {played.violations[:20]}"
    injected = {fault.name for fault in played.histories[0].faults}
    assert injected == {injection.name for lane in lanes for injection in lane}
    assert all(verdict.delivered > 0 for verdict in played.verdicts)


async def test_on_sqlite_with_one_worker_nothing_is_lost_doubled_reordered_or_leaked(tmp_path: Path) -> None:
    lanes = (injections.WORKERS, injections.CLIENTS_AND_DATA)
    async with sqlite_stage(tmp_path, random.Random(SEED), SIZES) as stage:
        played = await play(stage, lanes, Crowd(is_small=True), tmp_path)

    _require_kept(played, lanes, "SQLite, one worker")


async def test_on_postgres_with_two_workers_nothing_is_lost_whatever_befalls_workers_and_clients(
    tmp_path: Path,
) -> None:
    lanes = (injections.WORKERS, (*injections.CLIENTS_AND_DATA, *injections.NODE))
    (tmp_path / "node").mkdir()
    crowd = Crowd(node=await install(tmp_path / "node"))
    async with postgres_stage(tmp_path, random.Random(SEED), SIZES) as stage:
        played = await play(stage, lanes, crowd, tmp_path)

    _require_kept(played, lanes, "PostgreSQL, Valkey, two workers")


async def test_on_postgres_with_two_workers_nothing_is_lost_whatever_befalls_redis_and_postgres(
    tmp_path: Path,
) -> None:
    lanes = (injections.REDIS, injections.POSTGRES)
    async with postgres_stage(tmp_path, random.Random(SEED), SIZES) as stage:
        played = await play(stage, lanes, Crowd(is_small=True), tmp_path)
        assert stage.redis is not None
        assert stage.redis.done["messages"] > 0, "the workers heard nothing through Redis"

    _require_kept(played, lanes, "PostgreSQL, Valkey, two workers")


async def test_a_failover_that_loses_a_tail_is_told_to_everybody(tmp_path: Path) -> None:
    lanes = ((injections.FAILOVER,),)
    async with postgres_stage(tmp_path, random.Random(SEED), SIZES) as stage:
        played = await play(stage, lanes, Crowd(is_small=True), tmp_path)

    _require_kept(played, lanes, "PostgreSQL, Valkey, two workers")
    assert played.verdicts[0].resyncs["EPOCH_CHANGED"] > 0


async def test_with_two_workers_behind_one_port_nothing_is_lost_when_they_are_killed_and_replaced(
    tmp_path: Path,
) -> None:
    lanes = (injections.SEVERAL,)
    sizes = replace(SIZES, workers=1, processes=2)
    async with postgres_stage(tmp_path, random.Random(SEED), sizes) as stage:
        played = await play(stage, lanes, Crowd(is_small=True), tmp_path)

    _require_kept(played, lanes, "PostgreSQL, Valkey, okrgraph serve --workers 2")
