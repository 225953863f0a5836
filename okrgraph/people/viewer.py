"""Who asks: the organisation, the person and what the credential and the roles allow; no rule about OKRs."""

import dataclasses
from dataclasses import dataclass
from uuid import UUID

from okrgraph.events.receipts import Receipt
from okrgraph.kit.errors import forbidden
from okrgraph.people.vocabulary import MemberRole, TokenScope

EVERYONE = "org"


def team_scope(team_id: UUID) -> str:
    return f"team:{team_id.hex}"


def person_scope(person_id: UUID) -> str:
    return f"person:{person_id.hex}"


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person through one credential, as the roles stood when the viewer was loaded.

    roles: the person's open memberships. company_id: the root team. has_admin: whether the organisation
    has an active administrator. receipt: the clientMutationId under which the viewer acts, if any.
    """

    organization_id: UUID
    person_id: UUID
    token_id: UUID
    token_scope: TokenScope
    time_zone: str
    is_admin: bool
    has_admin: bool
    company_id: UUID | None
    roles: tuple[tuple[UUID, MemberRole], ...]
    receipt: Receipt | None = None

    def under(self, receipt: Receipt | None) -> "Viewer":
        """The same viewer, acting under a clientMutationId."""
        return dataclasses.replace(self, receipt=receipt)

    @property
    def team_ids(self) -> tuple[UUID, ...]:
        """Teams that the person belongs to, in any role."""
        return tuple(team_id for team_id, _ in self.roles)

    @property
    def working_team_ids(self) -> frozenset[UUID]:
        """Teams whose work the person may edit: every role but VIEWER."""
        return frozenset(team_id for team_id, role in self.roles if role is not MemberRole.VIEWER)

    @property
    def led_team_ids(self) -> frozenset[UUID]:
        return frozenset(team_id for team_id, role in self.roles if role is MemberRole.LEAD)

    @property
    def scopes(self) -> frozenset[str]:
        """What of the change log the person may see: an entry whose acl shares a scope with these."""
        return frozenset(
            {EVERYONE, person_scope(self.person_id), *(team_scope(team_id) for team_id in self.team_ids)}
        )

    @property
    def params(self) -> dict[str, object]:
        """The values that every read's visibility predicate needs."""
        return {
            "viewer_organization": self.organization_id,
            "viewer_person": self.person_id,
            "viewer_teams": self.team_ids,
        }

    @property
    def may_administer(self) -> bool:
        if self.token_scope is not TokenScope.ADMIN:
            return False
        return self.is_admin or (not self.has_admin and self.company_id in self.working_team_ids)

    @property
    def may_write(self) -> bool:
        return self.token_scope is not TokenScope.READ

    def require_write(self) -> None:
        """Raises DomainError FORBIDDEN for a credential that may only read."""
        if not self.may_write:
            raise forbidden("This token may only read; use one with scope write.")
