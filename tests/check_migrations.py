"""Whether the migrations lead to what the models say: `python -m tests.check_migrations` exits 1 when not."""

import asyncio
import sys
from collections.abc import Sequence

from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from okrgraph.events.database import MODELS, DatabaseAddress


async def differences(models: Sequence[str] = MODELS) -> list[str]:
    """Name the operations that a new migration would need. Reads no database and writes no file."""
    # Never connected to: the models are loaded as for any SQLite file.
    config = DatabaseAddress.parse("sqlite:///unused.db").orm_config()
    config["apps"]["okrgraph"]["models"] = list(models)
    await Tortoise.init(config=config)
    try:
        writers = await MigrationAutodetector(Tortoise.apps, config["apps"]).changes()
        return [_named(operation) for writer in writers for operation in writer.operations]
    finally:
        await Tortoise.close_connections()


def _named(operation: object) -> str:
    subject = getattr(operation, "model_name", None)
    name = getattr(operation, "name", None)
    return f"{type(operation).__name__} {'.'.join(part for part in (subject, name) if part)}".strip()


def main(models: Sequence[str] = MODELS) -> int:
    found = asyncio.run(differences(models))
    if not found:
        return 0
    print(f"The models ask for what no migration does ({', '.join(found)}); write the migration.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
