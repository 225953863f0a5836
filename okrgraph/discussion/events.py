"""What can happen to comments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from okrgraph.discussion.reads import CommentRow
from okrgraph.events.change import Change


@dataclass(frozen=True, slots=True)
class CommentChanged(Change):
    entity_type: ClassVar[str] = "Comment"
    comment: CommentRow

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.comment.id, self.comment.version
