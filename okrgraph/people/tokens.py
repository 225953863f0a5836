"""API tokens: made, listed, revoked and turned into a viewer; only their hashes are stored."""

import hashlib
import re
import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType
from uuid import UUID

from okrgraph.events.change import Place
from okrgraph.events.database import fetch_all, fetch_one
from okrgraph.events.rows import fetch_rows
from okrgraph.events.transactions import transaction
from okrgraph.events.unit_of_work import UnitOfWork, perform
from okrgraph.kit import clock
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import new_key
from okrgraph.people.events import TokenRevoked
from okrgraph.people.models import ApiToken
from okrgraph.people.viewer import Viewer
from okrgraph.people.vocabulary import MemberRole, TokenScope

TokenText = NewType("TokenText", str)
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 43  # 62^43 is about 2^256
_SHAPE = re.compile(r"okr_[A-Za-z0-9]{20,100}", re.ASCII)


def hash_of(token: str) -> str:
    """SHA-256: enough for a random secret of 256 bits, which no dictionary holds."""
    return hashlib.sha256(token.encode()).hexdigest()


async def create_token(
    slug: str,
    email: str,
    *,
    name: str = "",
    scope: TokenScope = TokenScope.WRITE,
    expires_in: timedelta | None = None,
) -> TokenText:
    """Make a token for a person of an organisation and return its text, which is stored nowhere.

    Raises OperatorError when there is no such organisation or active person.
    """
    found = await fetch_one("SELECT id FROM organization WHERE slug = :slug", slug=slug)
    if found is None:
        raise OperatorError(f"There is no organisation {slug!r}; import one first.")
    person = await fetch_one(
        "SELECT id FROM person WHERE organization_id = :organization AND email = :email AND status = 'ACTIVE'",
        organization=found[0],
        email=email.lower(),
    )
    if person is None:
        raise OperatorError(f"There is no active person {email!r} in {slug!r}.")
    token = TokenText("okr_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)))
    now = clock.now()
    async with transaction():
        await ApiToken.create(
            id=new_key(),
            organization_id=found[0],
            person_id=person[0],
            name=name,
            token_hash=hash_of(token),
            scope=scope,
            created_at=now,
            expires_at=now + expires_in if expires_in is not None else None,
        )
    return token


@dataclass(frozen=True, slots=True)
class TokenRow:
    id: UUID
    organization: str
    email: str
    name: str
    scope: TokenScope
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def list_tokens() -> list[TokenRow]:
    """Every token of every organisation on this server, oldest first: for the operator only."""
    return await fetch_rows(
        TokenRow,
        "SELECT t.id, o.slug, p.email, t.name, t.scope, t.created_at, t.expires_at, t.revoked_at "
        "FROM api_token t JOIN organization o ON o.id = t.organization_id JOIN person p ON p.id = t.person_id "
        "ORDER BY t.created_at, t.id",
    )


@dataclass(frozen=True, slots=True)
class _Operator:
    """Whoever runs the server, acting on an organisation."""

    organization_id: UUID
    person_id: None = None
    receipt: None = None


async def revoke_token(token_id: UUID) -> None:
    """Revoke a token at once; revoking it again changes nothing. Raises OperatorError when there is none.

    Events: TokenRevoked, which no feed shows and behind which none goes on with this credential.
    """
    found = await fetch_one("SELECT organization_id FROM api_token WHERE id = :id", id=token_id)
    if found is None:
        raise OperatorError(f"There is no token {token_id}; 'okrgraph token list' shows them.")

    async def revoke(work: UnitOfWork) -> UUID:
        row = await fetch_one(
            "UPDATE api_token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING id",
            now=work.at,
            id=token_id,
        )
        if row is not None:
            work.record(TokenRevoked(token_id).entry(Place((), (), acl=frozenset())))
        return token_id

    await perform(_Operator(_uuid(found[0])), revoke)


@dataclass(frozen=True, slots=True)
class _Credential:
    token_id: UUID
    scope: TokenScope
    person_id: UUID
    organization_id: UUID
    is_admin: bool
    time_zone: str
    has_admin: bool
    company_id: UUID | None


_CREDENTIAL = """
SELECT t.id, t.scope, p.id, p.organization_id, p.is_admin, o.time_zone,
    EXISTS (SELECT 1 FROM person a
            WHERE a.organization_id = o.id AND a.is_admin AND a.status = 'ACTIVE') AS has_admin,
    (SELECT c.id FROM team c WHERE c.organization_id = o.id AND c.parent_id IS NULL) AS company_id
FROM api_token t
JOIN person p ON p.id = t.person_id AND p.organization_id = t.organization_id AND p.status = 'ACTIVE'
JOIN organization o ON o.id = t.organization_id
WHERE {key} AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > :now)
"""


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


async def _viewers_where(condition: str, **params: object) -> list[Viewer]:
    found = await fetch_rows(_Credential, _CREDENTIAL.format(key=condition), now=clock.now(), **params)
    if not found:
        return []
    roles: dict[UUID, list[tuple[UUID, MemberRole]]] = {}
    for person_id, team_id, role in await fetch_all(
        "SELECT person_id, team_id, role FROM membership WHERE person_id = ANY(:people) AND left_at IS NULL "
        "ORDER BY person_id, team_id",
        people=list({credential.person_id for credential in found}),
    ):
        roles.setdefault(_uuid(person_id), []).append((_uuid(team_id), MemberRole(role)))
    return [
        Viewer(
            organization_id=credential.organization_id,
            person_id=credential.person_id,
            token_id=credential.token_id,
            token_scope=credential.scope,
            time_zone=credential.time_zone,
            is_admin=credential.is_admin,
            has_admin=credential.has_admin,
            company_id=credential.company_id,
            roles=tuple(roles.get(credential.person_id, ())),
        )
        for credential in found
    ]


async def viewer_of_token(token: str) -> Viewer | None:
    """Load the viewer behind a token; None when it is unknown, expired or revoked, or its person not active."""
    if not _SHAPE.fullmatch(token):
        return None
    found = await _viewers_where("t.token_hash = :hash", hash=hash_of(token))
    return found[0] if found else None


async def viewers_again(token_ids: Collection[UUID]) -> dict[UUID, Viewer]:
    """Load credentials anew, with today's roles, in two statements; those that no longer hold are missing."""
    found = await _viewers_where("t.id = ANY(:ids)", ids=list(token_ids))
    return {viewer.token_id: viewer for viewer in found}
