"""The audit that follows every test with a database must itself be able to fail."""

import pytest

from okrgraph.events.entry import BULK_THRESHOLD
from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork, action
from okrgraph.kit.errors import wrong_state
from okrgraph.people.events import TeamChanged
from okrgraph.people.models import Membership, Team
from okrgraph.people.reads import TeamRow
from okrgraph.people.vocabulary import MemberRole
from tests.building import Operator, add_team, known_to_all, make_organization
from tests.databases import open_and_audited
from tests.snapshots import untrue_snapshots


@action
async def rename_silently(work: UnitOfWork, operator: Operator, team: Team, name: str):
    team.name = name
    team.version += 1
    await team.save()
    return team.id


@action
async def rename_and_tell_of_the_version_before(work: UnitOfWork, operator: Operator, team: Team, name: str):
    work.record(known_to_all(TeamChanged(row_of(TeamRow, team))))
    team.name = name
    team.version += 1
    await team.save()
    return team.id


@action
async def rename_and_tell_of_another(work: UnitOfWork, operator: Operator, team: Team, other: Team):
    work.record(known_to_all(TeamChanged(row_of(TeamRow, other))))
    team.version += 1
    await team.save()
    return team.id


@action
async def rename_and_fail(work: UnitOfWork, operator: Operator, team: Team):
    team.version += 1
    await team.save()
    raise wrong_state("No.")


@action
async def rename_after_telling(work: UnitOfWork, operator: Operator, team: Team, name: str):
    team.version += 1
    work.record(known_to_all(TeamChanged(row_of(TeamRow, team))))
    team.name = name
    await team.save()
    return team.id


@action
async def let_in_silently(work: UnitOfWork, operator: Operator, team: Team, person_id):
    await Membership.create(
        organization_id=operator.organization_id,
        person_id=person_id,
        team_id=team.id,
        role=MemberRole.MEMBER,
        joined_at=work.at,
    )
    return team.id


@action
async def add_many_teams(work: UnitOfWork, operator: Operator, parent: Team, count: int):
    for number in range(count):
        team = await Team.create(
            organization_id=operator.organization_id,
            parent_id=parent.id,
            kind="TEAM",
            name=f"Team {number}",
            created_at=work.at,
            updated_at=work.at,
        )
        work.record(known_to_all(TeamChanged(row_of(TeamRow, team))))
    return parent.id


async def assert_unlogged(database, *beginnings: str) -> None:
    found = await database.unlogged_changes()
    assert [line[: len(start)] for line, start in zip(found, beginnings, strict=True)] == [*beginnings]
    await database.take_rows_as_given()
    assert await database.unlogged_changes() == []


async def test_actions_that_record_what_they_change_pass(database):
    org = await make_organization()
    await org.person("Ada", {await org.team(): MemberRole.LEAD})

    assert await database.unlogged_changes() == []


async def test_an_action_that_forgets_to_record_is_found(database):
    org = await make_organization()
    await rename_silently(org.operator, org.company, "Renamed")

    await assert_unlogged(database, "UPDATE team")


async def test_an_action_that_records_an_older_version_is_found(database):
    org = await make_organization()
    await rename_and_tell_of_the_version_before(org.operator, org.company, "Renamed")

    await assert_unlogged(database, "UPDATE team")


async def test_an_action_that_records_another_entity_is_found(database):
    org = await make_organization()
    await rename_and_tell_of_another(org.operator, org.company, await org.team())

    await assert_unlogged(database, "UPDATE team")


async def test_a_silent_change_before_a_recorded_one_is_found(database):
    org = await make_organization()
    await rename_silently(org.operator, org.company, "Renamed")
    await add_team(org.operator, name="Growth", kind="TEAM", parent_id=org.company.id)

    await assert_unlogged(database, "UPDATE team")


async def test_an_action_that_tells_of_a_row_as_it_is_not_is_found(database):
    org = await make_organization()
    await rename_after_telling(org.operator, org.company, "Renamed")

    assert await database.unlogged_changes() == []
    (line,) = await untrue_snapshots()
    assert "the log says TeamRow" in line
    assert "name='Acme'" in line.split("the table has")[0]
    assert "name='Renamed'" in line.split("the table has")[1]
    await database.take_rows_as_given()


async def test_a_membership_that_is_news_of_nobody_is_found(database):
    org = await make_organization()
    ada = await org.person("Ada")
    await let_in_silently(org.operator, org.company, ada.person_id)

    await assert_unlogged(database, "INSERT membership")


async def test_a_deleted_row_is_found(database):
    org = await make_organization()
    await org.person("Ada", {org.company: MemberRole.MEMBER})
    await Membership.filter(team_id=org.company.id).delete()

    await assert_unlogged(database, "DELETE membership")


async def test_what_is_rolled_back_is_no_change(database):
    org = await make_organization()
    with pytest.raises(Exception, match=r"^No\.$"):
        await rename_and_fail(org.operator, org.company)

    assert await database.unlogged_changes() == []


async def test_a_bulk_row_tells_of_everything_in_its_transaction(database):
    org = await make_organization()
    await add_many_teams(org.operator, org.company, BULK_THRESHOLD + 1)

    assert await database.unlogged_changes() == []


async def test_a_test_that_changes_rows_silently_ends_red(closed_database):
    async def run_as_a_test() -> None:
        async with open_and_audited(closed_database):
            org = await make_organization()
            await rename_silently(org.operator, org.company, "Renamed")

    with pytest.raises(AssertionError, match="rows were changed without a row of the log:\nUPDATE team"):
        await run_as_a_test()
