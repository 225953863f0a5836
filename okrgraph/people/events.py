"""What can happen to teams and people."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from okrgraph.events.change import Change
from okrgraph.people.reads import PersonRow, TeamRow


@dataclass(frozen=True, slots=True)
class TeamChanged(Change):
    entity_type: ClassVar[str] = "Team"
    team: TeamRow

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.team.id, self.team.version


@dataclass(frozen=True, slots=True)
class PersonChanged(Change):
    entity_type: ClassVar[str] = "Person"
    person: PersonRow

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.person.id, self.person.version


@dataclass(frozen=True, slots=True)
class TokenRevoked(Change):
    """A credential no longer holds. Shown to nobody: it has a place in the log so that nothing behind it goes out."""

    entity_type: ClassVar[str] = "Token"
    token_id: UUID

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.token_id, 1


@dataclass(frozen=True, slots=True)
class AccessChanged(Change):
    """Some viewers gained or lost sight of a subtree: those in one of acl and acl_before, not in both."""

    entity_type: ClassVar[str] = "Access"
    root_id: UUID
    root_type: str

    @property
    def entity(self) -> tuple[UUID, int]:
        return self.root_id, 1
