"""What can happen to cycles, objectives, key results and links."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from okrgraph.events.change import Change
from okrgraph.okrs.rows import CheckInRow, CycleRow, KeyResultRow, LinkRow, ObjectiveRow


@dataclass(frozen=True, slots=True)
class CycleChanged(Change):
    entity_type: ClassVar[str] = "Cycle"
    cycle: CycleRow

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.cycle.id, self.cycle.version


@dataclass(frozen=True, slots=True)
class ObjectiveChanged(Change):
    """`reason`: why a person changed what others had already seen; None where none was asked for."""

    entity_type: ClassVar[str] = "Objective"
    objective: ObjectiveRow
    reason: str | None = None

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.objective.id, self.objective.version


@dataclass(frozen=True, slots=True)
class KeyResultChanged(Change):
    """`reason`: as in ObjectiveChanged."""

    entity_type: ClassVar[str] = "KeyResult"
    key_result: KeyResultRow
    reason: str | None = None

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.key_result.id, self.key_result.version


@dataclass(frozen=True, slots=True)
class CheckInPublished(Change):
    entity_type: ClassVar[str] = "CheckIn"
    check_in: CheckInRow

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.check_in.id, 1


@dataclass(frozen=True, slots=True)
class ConfidenceChanged(Change):
    """A key result's latest rating changed, 1 to 5; None before: it had none."""

    entity_type: ClassVar[str] = "KeyResult"
    key_result: KeyResultRow
    confidence_before: int | None
    confidence_after: int

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.key_result.id, self.key_result.version


@dataclass(frozen=True, slots=True)
class AlignmentLinkChanged(Change):
    entity_type: ClassVar[str] = "AlignmentLink"
    link: LinkRow

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.link.id, self.link.version
