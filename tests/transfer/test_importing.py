import io
from datetime import UTC, date, datetime

import pytest

from okrgraph.events.database import fetch_all
from okrgraph.kit import clock
from okrgraph.kit.errors import OperatorError
from okrgraph.okrs.models import AlignmentLink, CheckIn, KeyResult, Objective
from okrgraph.okrs.vocabulary import AlignmentBasis, ObjectiveLevel, ObjectiveState
from okrgraph.people.models import Membership, Person, Team
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.people.vocabulary import MemberRole, TeamKind
from okrgraph.transfer.importing import import_file
from tests.transfer.files import (
    changed,
    kinds_in_log,
    load,
    okrs,
    one,
    organization,
    refusal_of,
    row,
    stand,
    text_of,
)


async def test_a_new_organisation_stands_as_the_file_says(database):
    result = await load([*organization(), *okrs()])
    assert result.slug == "acme"
    assert result.created == {
        "organization": 1,
        "team": 2,
        "person": 3,
        "cycle": 1,
        "objective": 2,
        "link": 1,
        "key_result": 3,
    }
    assert (result.changed, result.unchanged, result.warnings, result.dry_run) == ({}, {}, (), False)
    growth = await Team.get(name="Growth")
    company = await Team.get(id=growth.parent_id)
    assert (company.parent_id, company.kind, growth.kind) == (None, TeamKind.COMPANY, TeamKind.TEAM)
    ada, cy = await Person.get(name="Ada"), await Person.get(name="Cy")
    assert (ada.is_admin, cy.is_admin) == (True, False)
    assert (await Person.get(id=cy.manager_id)).name == "Bo"
    roles = {each.team_id: each.role for each in await Membership.filter(person_id=cy.id)}
    assert roles == {growth.id: MemberRole.MEMBER, company.id: MemberRole.VIEWER}
    win, grow = await Objective.get(title="Win"), await Objective.get(title="Grow")
    assert (win.level, grow.level) == (ObjectiveLevel.COMPANY, ObjectiveLevel.TEAM)
    assert (win.alignment_basis, grow.alignment_basis) == (AlignmentBasis.TOP, AlignmentBasis.LINKED)
    assert grow.state is ObjectiveState.PUBLISHED
    assert grow.published_at == grow.created_at
    assert (grow.progress, grow.unrated) == (None, 2)
    link = await AlignmentLink.get(child_id=grow.id)
    assert (link.kind, link.state, link.is_primary) == ("SUPPORTS", "ACCEPTED", True)
    assert link.parent_key_result_id == (await KeyResult.get(title="Deals")).id
    assert await kinds_in_log("acme") == ["Bulk"]


async def test_the_same_file_again_changes_nothing(database):
    rows = [
        *changed(okrs(), "leads", current="50", confidence="4"),
        row("comment", "why", parent="leads", owner="ada@acme.example", title="Why now?"),
    ]
    first = await load([*organization(), *rows])
    before = await stand()
    again = await load([*organization(), *rows])
    assert await stand() == before
    assert (again.created, again.changed) == ({}, {})
    assert again.unchanged == {kind: count for kind, count in first.created.items() if kind != "check_in"}


async def test_rows_may_stand_in_any_order(database):
    rows = [*organization(), *okrs()]
    assert (await load(reversed(rows))).created == {
        "organization": 1,
        "team": 2,
        "person": 3,
        "cycle": 1,
        "objective": 2,
        "link": 1,
        "key_result": 3,
    }


async def test_things_are_created_in_the_order_of_their_rows(database):
    objectives = [
        row("objective", f"o{number}", title=f"O {number}", team="growth", cycle="q4", why_now="So")
        for number in range(20)
    ]
    await load([*organization(), *objectives])
    rows = await fetch_all("SELECT title FROM objective ORDER BY position, created_at, id")
    assert [each[0] for each in rows] == [f"O {number}" for number in range(20)]


async def test_the_moment_that_a_row_names_is_the_moment_of_creation(database):
    at = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
    rows = [*organization(), *okrs()]
    for key in ("win", "deals", "grow"):
        rows = changed(rows, key, at="2026-09-01T10:30:00+02:00")
    await load(rows)
    assert (await Objective.get(title="Win")).created_at == at
    assert (await KeyResult.get(title="Deals")).created_at == at
    assert (await AlignmentLink.all().first()).created_at == at


async def test_a_changed_cell_changes_that_row_and_tells_the_log(database):
    rows = [*organization(), *okrs()]
    await load(rows)
    before = await stand()
    rows = changed(changed(rows, "grow", title="Grow faster"), "bo@acme.example", title="Bo Berg")
    result = await load(changed(rows, "q4", state="REVIEW"))
    assert result.created == {}
    assert result.changed == {"person": 1, "cycle": 1, "objective": 1}
    after = await stand()
    for table in before:
        expected = 1 if table in ("person", "cycle", "objective", "log_head") else 0
        assert len(set(before[table]) - set(after[table])) == expected, table
    assert await kinds_in_log("acme", after=1) == ["PersonChanged", "CycleChanged", "ObjectiveChanged"]
    grow = await Objective.get(title="Grow faster")
    assert (grow.version, grow.edited_version) == (2, 2)


async def test_an_empty_cell_and_a_missing_row_leave_what_is_there(database):
    await load([*organization(), *changed(okrs(), "grow", why_now="The market opens.")])
    growth = (await Team.get(name="Growth")).id
    result = await load(
        [row("objective", "grow", title="Grow more"), row("person", "cy@acme.example", team="company")],
        organization="acme",
    )
    assert result.changed == {"person": 1, "objective": 1}
    grow = await Objective.get(title="Grow more")
    assert (grow.why_now, grow.team_id) == ("The market opens.", growth)
    cy = await Person.get(name="Cy")
    roles = {each.team_id: each.role for each in await Membership.filter(person_id=cy.id, left_at=None)}
    assert roles[growth] is MemberRole.MEMBER
    assert sorted(roles.values()) == [MemberRole.MEMBER, MemberRole.MEMBER]


async def test_a_file_may_add_to_an_organisation_what_hangs_on_earlier_keys(database):
    await load([*organization(), *okrs()])
    result = await load(
        [
            row("key_result", "visits", title="Visits", parent="grow", owner="CY@acme.example"),
            row("comment", "hm", parent="leads", owner="Ada@ACME.example", title="Hm"),
        ],
        organization="acme",
    )
    assert result.created == {"key_result": 1, "comment": 1}
    assert (await Objective.get(title="Grow")).unrated == 3
    assert await kinds_in_log("acme", after=1) == ["ObjectiveChanged", "KeyResultChanged", "CommentChanged"]


async def test_a_dry_run_says_what_would_happen_and_writes_nothing(database):
    empty = await stand()
    result = await load([*organization(), *okrs()], dry_run=True)
    assert (result.dry_run, result.created["objective"]) == (True, 2)
    assert await stand() == empty
    await load([*organization(), *okrs()])
    before = await stand()
    result = await load([*organization(), *changed(okrs(), "grow", title="Other")], dry_run=True)
    assert result.changed == {"objective": 1}
    assert await stand() == before


async def test_the_organisation_is_named_by_the_option_when_the_file_does_not(database):
    rows = organization()[1:]
    (problem,) = await refusal_of(rows)
    assert problem == (
        "line 1, column type: Name the organisation: by a row of type organization, or by the option "
        "--organization."
    )
    assert (await load(rows, organization="acme")).slug == "acme"
    assert await one("SELECT name FROM organization WHERE slug = 'acme'") == "acme"
    assert await one("SELECT time_zone FROM organization WHERE slug = 'acme'") == "UTC"


async def test_file_and_option_must_agree(database):
    assert await refusal_of(organization(), organization="other") == [
        "line 2, column key: This names 'acme', but the option --organization says 'other'."
    ]
    assert (await load(organization(), organization="acme")).slug == "acme"


@pytest.mark.parametrize("slug", ["Acme", "a b", "-a", "é", "a" * 65, ""])
async def test_a_slug_of_another_shape_is_refused(sqlite_database, slug):
    with pytest.raises(OperatorError, match=r"A slug has lower-case letters, digits and hyphens"):
        await load(organization()[1:], organization=slug)
    if slug:
        (problem,) = await refusal_of(organization(slug))
        assert problem.startswith("line 2, column key: A slug has lower-case letters, digits and hyphens")


async def test_two_organisations_with_the_same_keys_keep_apart(database):
    await load([*organization("acme"), *okrs()])
    acme = {table: set(rows) for table, rows in (await stand()).items()}
    await load([*organization("other"), *changed(okrs(), "grow", title="Other growth")])
    assert await Objective.filter(title="Grow").count() == 1
    assert await Objective.filter(title="Other growth").count() == 1
    for table, rows in (await stand()).items():
        assert acme[table] <= set(rows), table
    changed_other = await load(changed(okrs(), "win", title="Lose"), organization="other")
    assert changed_other.changed == {"objective": 2}
    assert await Objective.filter(title="Win").count() == 1
    assert await kinds_in_log("acme") == ["Bulk"]


async def test_a_key_of_another_organisation_is_unknown(database):
    await load([*organization("acme"), *okrs()])
    await load(organization("other"))
    rows = [row("key_result", "x", title="X", parent="grow")]
    assert await refusal_of(rows, organization="other") == [
        "line 2, column parent: There is no objective with the key 'grow'."
    ]


async def test_a_new_name_of_the_organisation_is_told_as_a_bulk_change(database):
    await load([*organization(), *okrs()])
    rows = changed(organization(), "acme", title="Acme & Sons", time_zone="Asia/Tokyo")
    result = await load(rows)
    assert result.changed == {"organization": 1}
    assert await kinds_in_log("acme", after=1) == ["Bulk"]
    assert await one("SELECT version FROM organization") == 2


async def test_more_changes_than_the_log_replays_are_one_entry(database):
    await load([*organization(), *okrs()])
    comments = [
        row("comment", f"c{number}", parent="leads", owner="ada@acme.example", title="Well")
        for number in range(501)
    ]
    await load(comments[:500], organization="acme")
    assert await kinds_in_log("acme", after=1) == ["CommentChanged"] * 500
    await load(changed(comments, "c7", title="Very well"), organization="acme")
    assert (await kinds_in_log("acme", after=501)) == ["CommentChanged"] * 2
    await load([{**each, "title": "Good"} for each in comments], organization="acme")
    assert (await kinds_in_log("acme", after=503)) == ["Bulk"]


async def test_a_person_who_joins_a_team_gains_access_to_it(database):
    await load([*organization(), *okrs()])
    await load([row("person", "ada@acme.example", team="company:LEAD;growth:VIEWER")], organization="acme")
    assert await kinds_in_log("acme", after=1) == ["PersonChanged", "AccessChanged"]
    growth = await Team.get(name="Growth")
    viewer = await viewer_of_token(await create_token("acme", "ada@acme.example"))
    assert dict(viewer.roles)[growth.id] is MemberRole.VIEWER


async def test_a_draft_that_a_file_publishes_comes_into_everybodys_sight(database):
    rows = [*organization(), *changed(okrs(), "grow", state="DRAFT")]
    await load(rows)
    growth, bo = (await Team.get(name="Growth")).id, (await Person.get(name="Bo")).id
    result = await load(changed(rows, "grow", state="PUBLISHED"))
    assert result.changed == {"objective": 1}
    entries = await fetch_all(
        "SELECT kind, acl, acl_before, entity_version FROM change_log WHERE pos > 1 ORDER BY pos"
    )
    assert [each[0] for each in entries] == [
        "ObjectiveChanged",
        "KeyResultChanged",
        "KeyResultChanged",
        "AlignmentLinkChanged",
        "AccessChanged",
    ]
    assert {each[1] for each in entries} == {'["org"]'}
    assert {each[2] for each in entries} == {f'["person:{bo.hex}","team:{growth.hex}"]'}
    assert [each[3] for each in entries[:4]] == [2, 2, 2, 2]
    grow = await Objective.get(title="Grow")
    assert grow.published_at == grow.updated_at


async def test_closing_and_reopening_set_and_clear_the_moment(database):
    rows = [*organization(), *okrs()]
    await load(rows)
    await load(changed(rows, "grow", state="CLOSED"))
    grow = await Objective.get(title="Grow")
    assert grow.closed_at == grow.updated_at
    assert grow.published_at == grow.created_at
    await load(changed(rows, "grow", state="PUBLISHED"))
    assert (await Objective.get(title="Grow")).closed_at is None


async def test_co_owning_teams_are_those_after_the_first(database):
    rows = [*organization(), row("team", "sales", title="Sales", parent="company"), *okrs()]
    await load(changed(rows, "grow", team="growth;sales"))
    sales = await Team.get(name="Sales")
    owners = await fetch_all("SELECT team_id FROM objective_team")
    assert [str(each[0]) for each in owners] == [str(sales.id)]
    result = await load(changed(rows, "grow", team="growth;company"))
    assert result.changed == {"objective": 1}
    company = await Team.get(name="Acme")
    owners = await fetch_all("SELECT team_id FROM objective_team")
    assert [str(each[0]) for each in owners] == [str(company.id)]


async def test_a_waived_publish_gate_is_one_warning(database):
    rows = changed([*organization(), *okrs()], "q4", state="PLANNING")
    rows = changed(rows, "grow", owner="")
    rows += [
        row("objective", f"bare{number}", title=f"Bare {number}", team="growth", cycle="q4")
        for number in range(3)
    ]
    result = await load(rows)
    (warning,) = result.warnings
    assert warning == (
        "5 objectives are published although the publish gate would not open (ALIGNMENT_MISSING 3, "
        'CYCLE_NOT_OPEN 5, KEY_RESULT_MISSING 3, OWNER_MISSING 4): "Win", "Grow", "Bare 0", 2 more.'
    )
    assert (await load(rows)).warnings == ()


async def test_cells_that_a_type_does_not_use_are_warned_of(database):
    rows = changed(organization(), "growth", owner="bo@acme.example", confidence="9")
    (warning,) = (await load(rows)).warnings
    assert warning == (
        "Cells in columns that their type of row does not use were left out: line 4 column owner, "
        "line 4 column confidence."
    )


async def test_progress_is_told_by_stage(database):
    told = []
    await load([*organization(), *okrs()], progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["reading", "writing"]
    for stage in ("reading", "writing"):
        (*_, last) = [step for step in told if step[0] == stage]
        assert last[1] == last[2] > 0


async def test_the_day_of_an_import_is_the_organisations_own(database):
    rows = [*organization(), *changed(okrs(), "deals", current="3", confidence="4")]
    with clock.held_at(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)):
        await load(rows)
    assert (await CheckIn.all().get()).as_of == date(2026, 11, 23)


async def test_a_stream_and_a_path_are_read_alike(database, tmp_path):
    path = tmp_path / "acme.csv"
    path.write_text(text_of(organization()), encoding="utf-8")
    assert (await import_file(path)).created["team"] == 2
    assert (await import_file(io.BytesIO(text_of(organization()).encode()))).unchanged["team"] == 2
