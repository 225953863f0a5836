"""CheckIn in the schema."""

from datetime import date, datetime
from typing import Any

import strawberry

from okrgraph.graph.node import Node
from okrgraph.graph.people import Person
from okrgraph.graph.relations import one
from okrgraph.okrs.rows import CheckInRow
from okrgraph.people import reads as people_reads


@strawberry.type(description="What somebody said of a key result on a day; never changed afterwards.")
class CheckIn(Node):
    author: Person = one(people_reads.people_by_id, "author_id", "Who said it.", shared=True)
    value: float | None = strawberry.field(
        description="Value of the key result's metric, in its unit; null when only the confidence was rated."
    )
    progress: float | None = strawberry.field(description="0 to 1: the key result's progress at that value.")
    confidence: int = strawberry.field(description="1 (will miss) to 5 (certain).")
    note: str | None = strawberry.field(description="What there is to say about it.")
    as_of: date = strawberry.field(description="The day it speaks of.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, CheckInRow)
