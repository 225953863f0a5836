"""What can happen to dependencies and liaisons."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from okrgraph.dependencies.rows import DependencyRow, LiaisonRow
from okrgraph.dependencies.vocabulary import DependencyAction, DependencyState
from okrgraph.events.change import Change


@dataclass(frozen=True, slots=True)
class DependencyChanged(Change):
    """One step of a dependency. state_before: None when it is new. action: None for an import."""

    entity_type: ClassVar[str] = "Dependency"
    dependency: DependencyRow
    state_before: DependencyState | None = None
    action: DependencyAction | None = None

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.dependency.id, self.dependency.version


@dataclass(frozen=True, slots=True)
class LiaisonChanged(Change):
    entity_type: ClassVar[str] = "Liaison"
    liaison: LiaisonRow

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.liaison.id, self.liaison.version
