"""Operations that the ORM's own lack: tables with CHECK constraints, and SQL that differs by database."""

from collections.abc import Mapping, Sequence
from typing import Any

from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State


class CreateTable(ops.CreateModel):
    """CreateModel with CHECK constraints in the first table definition.

    The ORM ignores Meta.constraints in CreateModel, and its AddConstraint on SQLite rebuilds the table
    and loses indexes, so a constraint has to stand in the first definition.
    """

    def __init__(self, *args: Any, checks: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checks = dict(checks or {})

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        if state_editor is None:
            return
        definitions = [f'CONSTRAINT "{name}" CHECK ({rule})' for name, rule in self.checks.items()]
        usual = state_editor._get_inner_statements
        state_editor._get_inner_statements = lambda: [*usual(), *definitions]  # type: ignore[method-assign]
        try:
            await super().database_forward(app_label, old_state, new_state, state_editor)
        finally:
            state_editor._get_inner_statements = usual  # type: ignore[method-assign]


def sql(statements: Sequence[str], *, sqlite: Mapping[str, str] | None = None) -> ops.RunPython:
    """Run statements one by one; `sqlite` maps words of PostgreSQL's text to SQLite's."""

    async def run(apps: object, editor: BaseSchemaEditor) -> None:
        for statement in statements:
            text = statement
            if editor.DIALECT == "sqlite":
                for word, replacement in (sqlite or {}).items():
                    text = text.replace(word, replacement)
            await editor.client.execute_query(text)

    return ops.RunPython(run)
