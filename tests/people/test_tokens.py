import re
from datetime import timedelta

import pytest

from okrgraph.events.database import execute, fetch_all
from okrgraph.kit import clock
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import new_key
from okrgraph.people.models import ApiToken
from okrgraph.people.tokens import (
    create_token,
    hash_of,
    list_tokens,
    revoke_token,
    viewer_of_token,
    viewers_again,
)
from okrgraph.people.vocabulary import MemberRole, PersonStatus, TokenScope
from tests.building import add_person, make_organization

ADA = "ada@acme.example"


@pytest.fixture
async def org(database):
    return await make_organization("acme", time_zone="Europe/Oslo")


@pytest.fixture
async def ada(org):
    return await org.person("Ada", {org.company: MemberRole.LEAD, await org.team(): MemberRole.VIEWER})


async def test_a_token_is_stored_as_its_hash_only(org, ada):
    token = await create_token("acme", ADA, name="laptop")

    assert re.fullmatch("okr_[A-Za-z0-9]{43}", token)
    stored = str([tuple(row) for row in await fetch_all("SELECT * FROM api_token")])
    assert hash_of(token) in stored
    assert token not in stored
    assert token[4:] not in stored


async def test_no_two_tokens_are_alike(org, ada):
    assert len({await create_token("acme", ADA) for _ in range(20)}) == 20


async def test_a_viewer_is_the_person_with_its_roles(org, ada):
    viewer = await viewer_of_token(await create_token("acme", "Ada@Acme.example", scope=TokenScope.READ))

    assert (viewer.organization_id, viewer.person_id) == (org.id, ada.person_id)
    assert (viewer.token_scope, viewer.time_zone, viewer.company_id) == (
        TokenScope.READ,
        "Europe/Oslo",
        org.company.id,
    )
    assert (viewer.is_admin, viewer.has_admin) == (False, False)
    assert dict(viewer.roles)[org.company.id] is MemberRole.LEAD
    assert viewer.working_team_ids == viewer.led_team_ids == {org.company.id}
    assert len(viewer.team_ids) == 2


@pytest.mark.parametrize(
    "text", ["", "okr_", "okr_unknown", "okr_" + "a" * 43, "Bearer x", "okr_\0" + "a" * 42]
)
async def test_a_text_that_is_no_token_of_this_server_has_no_viewer(org, ada, text):
    assert await viewer_of_token(text) is None


async def test_a_token_ends_at_its_expiry(org, ada):
    now = clock.now()
    with clock.held_at(now):
        token = await create_token("acme", ADA, expires_in=timedelta(days=1))
        viewer = await viewer_of_token(token)
    for later, holds in ((timedelta(days=1, seconds=-1), True), (timedelta(days=1), False)):
        with clock.held_at(now + later):
            assert (await viewer_of_token(token) is not None) is holds
            assert (viewer.token_id in await viewers_again([viewer.token_id])) is holds


async def test_a_revoked_token_ends_at_once_and_others_stay(org, ada):
    first, second = await create_token("acme", ADA), await create_token("acme", ADA)
    viewer = await viewer_of_token(first)
    await revoke_token(viewer.token_id)
    revoked_at = (await ApiToken.get(id=viewer.token_id)).revoked_at
    await revoke_token(viewer.token_id)

    assert await viewer_of_token(first) is None
    assert await viewers_again([viewer.token_id]) == {}
    assert await viewer_of_token(second) is not None
    assert (await ApiToken.get(id=viewer.token_id)).revoked_at == revoked_at
    with pytest.raises(OperatorError, match=r"^There is no token .*; 'okrgraph token list' shows them\.$"):
        await revoke_token(new_key())


@pytest.mark.parametrize("status", [PersonStatus.SUSPENDED, PersonStatus.INVITED, PersonStatus.EXTERNAL])
async def test_only_active_persons_have_viewers_and_get_tokens(org, ada, database, status):
    token = org.tokens[ada.person_id]
    await execute("UPDATE person SET status = :status WHERE id = :id", status=status.value, id=ada.person_id)
    await database.take_rows_as_given()

    assert await viewer_of_token(token) is None
    assert await viewers_again([ada.token_id]) == {}
    with pytest.raises(OperatorError, match=r"^There is no active person 'ada@acme\.example' in 'acme'"):
        await create_token("acme", ADA)


async def test_a_person_of_another_organization_gets_no_token_here(org, ada):
    await make_organization("other")
    with pytest.raises(OperatorError, match=r"^There is no active person 'ada@acme\.example' in 'other'"):
        await create_token("other", ADA)
    with pytest.raises(OperatorError, match=r"^There is no organisation 'third'; import one first\."):
        await create_token("third", ADA)


async def test_a_viewer_loaded_again_has_todays_roles(org, ada):
    again = await org.leave(ada, org.company)

    assert (again.token_id, again.receipt) == (ada.token_id, None)
    assert again.led_team_ids == frozenset()
    assert ada.led_team_ids == {org.company.id}


async def test_tokens_are_listed_oldest_first_without_their_texts(org, ada):
    token = await create_token("acme", ADA, name="script", scope=TokenScope.ADMIN)

    rows = await list_tokens()
    assert [(row.organization, row.email, row.name, row.scope) for row in rows] == [
        ("acme", ADA, "", TokenScope.WRITE),
        ("acme", ADA, "script", TokenScope.ADMIN),
    ]
    assert token not in repr(rows)


async def test_the_company_team_administers_while_there_is_no_administrator(org, ada):
    async def may_administer(scope: TokenScope) -> bool:
        return (await org.viewer(ada.person_id, ADA, scope)).may_administer

    assert [await may_administer(scope) for scope in TokenScope] == [False, False, True]
    suspended = {
        "name": "Sue",
        "email": "sue@acme.example",
        "is_admin": True,
        "status": PersonStatus.SUSPENDED,
    }
    await add_person(org.operator, {}, **suspended)
    assert await may_administer(TokenScope.ADMIN)
    ann = await org.person("Ann", admin=True, scope=TokenScope.ADMIN)
    assert not await may_administer(TokenScope.ADMIN)
    assert ann.may_administer
    assert not (await org.viewer(ann.person_id, "ann@acme.example", TokenScope.WRITE)).may_administer


async def test_a_viewer_of_the_company_team_administers_nothing(org):
    ole = await org.person("Ole", {org.company: MemberRole.VIEWER}, scope=TokenScope.ADMIN)

    assert not ole.may_administer
