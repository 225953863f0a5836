from datetime import UTC, date, datetime

from okrgraph.kit import clock
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.models import CheckIn, KeyResult, Objective
from okrgraph.people.models import Person
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.transfer.importing import ImportResult
from tests.transfer.files import Row, changed, kinds_in_log, load, okrs, organization, row

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def rows_of_check_ins() -> list[Row]:
    """Out of order; the second one in time has no value."""
    by = {"parent": "leads", "owner": "bo@acme.example"}
    return [
        row("check_in", "third", start="2026-11-08", current="120", confidence="2", title="Hard.", **by),
        row("check_in", "first", start="2026-10-25", current="40", confidence="4", **by),
        row("check_in", "second", start="2026-11-01", confidence="3", **by),
    ]


async def at_noon(rows: list[Row], **options: str) -> ImportResult:
    with clock.held_at(NOON):
        return await load(rows, **options)


async def test_a_key_result_and_its_objective_follow_from_the_check_ins(database):
    result = await at_noon([*organization(), *okrs(), *rows_of_check_ins()])
    assert result.created["check_in"] == 3
    leads, grow = await KeyResult.get(title="Leads"), await Objective.get(title="Grow")
    assert (leads.current_value, leads.progress) == (120.0, 0.6)
    assert (leads.confidence, leads.is_declining, leads.checked_in_on) == (2, True, date(2026, 11, 8))
    assert grow.progress == 0.6
    assert (grow.rated_2, grow.unrated, grow.declining) == (1, 1, 1)
    told = await CheckIn.all().order_by("as_of")
    assert [(each.confidence_before, each.confidence) for each in told] == [(None, 4), (4, 3), (3, 2)]
    assert [each.progress for each in told] == [0.2, 0.2, 0.6]


async def test_a_later_check_in_is_told_as_the_action_would_tell_it(database):
    await at_noon([*organization(), *okrs(), *rows_of_check_ins()])
    late = row(
        "check_in",
        "fourth",
        start="2026-11-15",
        current="200",
        confidence="5",
        parent="leads",
        owner="cy@acme.example",
    )
    result = await at_noon([late], organization="acme")
    assert (result.created, result.changed) == ({"check_in": 1}, {})
    assert await kinds_in_log("acme", after=1) == [
        "ObjectiveChanged",
        "CheckInPublished",
        "KeyResultChanged",
        "ConfidenceChanged",
    ]
    leads, grow = await KeyResult.get(title="Leads"), await Objective.get(title="Grow")
    assert (leads.progress, leads.confidence, grow.progress) == (1.0, 5, 1.0)
    assert (leads.version, leads.edited_version, grow.version, grow.edited_version) == (2, 1, 2, 1)
    fourth = await CheckIn.get(confidence=5)
    assert (fourth.confidence_before, fourth.author_id) == (2, (await Person.get(name="Cy")).id)


async def test_an_earlier_day_does_not_push_the_newest_aside(database):
    await at_noon([*organization(), *okrs(), *rows_of_check_ins()])
    early = row("check_in", "zero", start="2026-10-12", current="1", confidence="1")
    await at_noon([{**early, "parent": "leads", "owner": "bo@acme.example"}], organization="acme")
    leads = await KeyResult.get(title="Leads")
    assert (leads.current_value, leads.confidence) == (120.0, 2)
    assert (await CheckIn.get(confidence=1)).confidence_before is None
    assert await kinds_in_log("acme", after=1) == ["CheckInPublished"]


async def test_a_corrected_check_in_takes_the_files_value(database):
    rows = [*organization(), *okrs(), *rows_of_check_ins()]
    await at_noon(rows)
    result = await at_noon(changed(rows, "third", current="100"))
    assert (result.created, result.changed) == ({}, {"check_in": 1})
    leads = await KeyResult.get(title="Leads")
    assert (leads.current_value, leads.progress) == (100.0, 0.5)
    assert (await CheckIn.get(note="Hard.")).progress == 0.5


async def test_current_value_and_confidence_make_the_first_check_in(database):
    rows = [*organization(), *changed(okrs(), "leads", current="50", confidence="4")]
    result = await at_noon(changed(rows, "deals", confidence="3"))
    assert result.created["check_in"] == 2
    leads, deals = await KeyResult.get(title="Leads"), await KeyResult.get(title="Deals")
    assert (leads.current_value, leads.progress, leads.confidence) == (50.0, 0.25, 4)
    assert (deals.current_value, deals.progress, deals.confidence) == (None, None, 3)
    first = await CheckIn.get(key_result_id=leads.id)
    assert (first.as_of, first.created_at) == (date(2026, 11, 22), NOON)
    assert first.author_id == (await Person.get(name="Bo")).id


async def test_the_owner_of_the_key_result_comes_before_the_objectives(database):
    rows = changed(okrs(), "leads", current="50", confidence="4", owner="cy@acme.example")
    await at_noon([*organization(), *rows])
    assert (await CheckIn.all().get()).author_id == (await Person.get(name="Cy")).id


async def test_they_are_ignored_once_there_is_a_check_in(database):
    rows = [*organization(), *changed(okrs(), "leads", current="50", confidence="4")]
    await at_noon(rows)
    again = await at_noon(changed(rows, "leads", current="90", confidence="1"))
    assert (again.created, again.changed) == ({}, {})
    assert (await KeyResult.get(title="Leads")).current_value == 50.0
    await at_noon(changed(rows, "calls", confidence="5"))
    assert await CheckIn.all().count() == 2


async def test_they_are_ignored_beside_check_ins_of_the_same_file(database):
    rows = [*changed(okrs(), "leads", current="50", confidence="5"), *rows_of_check_ins()]
    assert (await at_noon([*organization(), *rows])).created["check_in"] == 3


async def test_they_are_ignored_after_a_check_in_by_hand(database):
    await at_noon([*organization(), *okrs()])
    bo = await viewer_of_token(await create_token("acme", "bo@acme.example"))
    leads = await KeyResult.get(title="Leads")
    await check_in(bo, NewCheckIn(leads.id, confidence=2, value=20.0))
    await at_noon([row("key_result", "leads", current="50", confidence="5")], organization="acme")
    assert (await KeyResult.get(title="Leads")).current_value == 20.0


async def test_the_day_of_the_import_can_be_given(database):
    rows = [*organization(), *changed(okrs(), "leads", confidence="4")]
    await load(rows, today=date(2026, 11, 3))
    assert (await CheckIn.all().get()).as_of == date(2026, 11, 3)


async def test_a_check_in_without_a_day_speaks_of_the_day_it_was_made_on(database):
    rows = [
        row("check_in", "a", parent="leads", owner="bo@acme.example", confidence="4"),
        row(
            "check_in",
            "b",
            parent="leads",
            owner="bo@acme.example",
            confidence="5",
            at="2026-11-01T23:30:00Z",
        ),
    ]
    await at_noon([*organization(), *okrs(), *rows])
    assert (await CheckIn.get(confidence=4)).as_of == date(2026, 11, 22)
    assert (await CheckIn.get(confidence=5)).as_of == date(2026, 11, 2)


async def test_a_new_target_moves_progress_without_a_check_in(database):
    rows = [*organization(), *okrs(), *rows_of_check_ins()]
    await at_noon(rows)
    result = await at_noon(changed(rows, "leads", target="240"))
    assert result.changed == {"key_result": 1}
    leads = await KeyResult.get(title="Leads")
    assert (leads.progress, (await Objective.get(title="Grow")).progress) == (0.5, 0.5)
    assert (leads.version, leads.edited_version) == (2, 2)
    assert await kinds_in_log("acme", after=1) == ["ObjectiveChanged", "KeyResultChanged"]
