"""Brings the database to the current schema, one process at a time, all or nothing."""

from tortoise.migrations.executor import MigrationExecutor, PlanStep
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from okrgraph.events.database import CONNECTION, DatabaseAddress, connection, execute
from okrgraph.events.transactions import transaction
from okrgraph.kit.errors import OperatorError

# Any number that nothing else in the database uses as an advisory lock.
_MIGRATION_LOCK = 7_240_313_001


async def pending(address: DatabaseAddress) -> list[str]:
    """Names of the migrations that the database still lacks, in order."""
    return [step.migration.name for step in await _plan(address)]


async def require_migrated(address: DatabaseAddress) -> None:
    """Raises OperatorError when the open database lacks a migration."""
    missing = await pending(address)
    if missing:
        raise OperatorError(f"The database lacks {len(missing)} migration(s); run 'okrgraph migrate' first.")


async def _plan(address: DatabaseAddress) -> list[PlanStep]:
    executor = MigrationExecutor(connection(), address.orm_config()["apps"])
    return await executor.plan()


async def migrate(address: DatabaseAddress) -> list[str]:
    """Apply what is pending and return the names applied; safe to run twice and from two processes at once.

    The ORM's own runner records a migration after its transaction and takes no lock; here both stand in one
    transaction, so that a crash leaves either nothing or all of it.
    """
    async with transaction() as client:
        if client.capabilities.dialect == "postgres":
            await execute("SET LOCAL lock_timeout = 0")
            await execute("SELECT pg_advisory_xact_lock(:number)", number=_MIGRATION_LOCK)
        executor = MigrationExecutor(client, address.orm_config()["apps"])
        editor = executor._schema_editor(atomic=True)
        bookkeeping = editor._get_model_sql_data(executor.recorder.model).table_sql
        await client.execute_query(bookkeeping.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
        plan = await executor.plan()
        state = State(models={}, apps=StateApps(default_connections={"okrgraph": CONNECTION}))
        applied = set(await executor.recorder.applied_migrations())
        for key in executor._full_plan():
            if key in applied:
                migration = executor.loader.graph.nodes[key]
                assert migration is not None, key
                await migration.apply(state, dry_run=True, schema_editor=None)
        for step in plan:
            await step.migration.apply(state, schema_editor=editor)
            await executor.recorder.record_applied("okrgraph", step.migration.name)
    return [step.migration.name for step in plan]
