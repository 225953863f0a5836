"""The table that remembers which key of an import file stands for which entity."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from okrgraph.kit.ids import new_key


class ImportKey(Model):
    id = fields.UUIDField(primary_key=True, default=new_key)
    organization_id: UUID
    organization: Any = fields.ForeignKeyField("okrgraph.Organization", on_delete=fields.OnDelete.RESTRICT)
    entity_type = fields.CharField(max_length=16)
    entity_key = fields.CharField(max_length=320)
    entity_id = fields.UUIDField()

    class Meta:
        table = "import_key"
