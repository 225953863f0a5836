import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from okrgraph.events.database import fetch_all
from okrgraph.kit import clock
from okrgraph.okrs.models import Cycle, Objective
from okrgraph.okrs.vocabulary import ObjectiveLevel, ObjectiveState
from okrgraph.people.tokens import create_token, viewer_of_token
from okrgraph.people.vocabulary import TokenScope
from okrgraph.transfer.demonstration import SLUG, DemonstrationPeople, demonstration_csv, fill_demonstration
from okrgraph.transfer.importing import import_csv
from tests.transfer.files import kinds_in_log, stand

SUNDAY = datetime(2026, 11, 22, 18, tzinfo=UTC)


def test_days_count_from_the_monday_of_the_week():
    text = demonstration_csv(SUNDAY.date())
    assert text == demonstration_csv(date(2026, 11, 16))
    assert text != demonstration_csv(date(2026, 11, 23))
    assert "cycle,this-quarter,,Q4 2026,,,,,,2026-10-05,2027-01-03," in text
    assert "cycle,last-quarter,,Q3 2026,,,,,,2026-07-06,2026-10-04," in text
    assert not re.search(r"\{(d|quarter|last)", text)


@pytest.mark.parametrize(
    ("today", "quarter", "last_quarter"),
    [
        (date(2027, 1, 3), "Q4 2026", "Q3 2026"),
        (date(2027, 1, 4), "Q1 2027", "Q4 2026"),
        (date(2026, 4, 1), "Q1 2026", "Q4 2025"),
        (date(2026, 7, 31), "Q3 2026", "Q2 2026"),
    ],
)
def test_quarters_are_those_of_the_monday(today, quarter, last_quarter):
    text = demonstration_csv(today)
    assert f"cycle,this-quarter,,{quarter}," in text
    assert f"cycle,last-quarter,,{last_quarter}," in text


async def test_it_stands_in_the_middle_of_a_quarter_without_warning(database):
    with clock.held_at(SUNDAY):
        result = await import_csv(io.StringIO(demonstration_csv(SUNDAY.date())))
    assert result.warnings == ()
    cycle = await Cycle.get(state="ACTIVE")
    assert cycle.starts_on + timedelta(weeks=6) <= SUNDAY.date() < cycle.starts_on + timedelta(weeks=7)
    objectives = await Objective.all()
    assert {objective.level for objective in objectives} == set(ObjectiveLevel)
    assert sum(objective.state is ObjectiveState.DRAFT for objective in objectives) == 1
    published = [each for each in objectives if each.state is ObjectiveState.PUBLISHED]
    assert all(each.progress is not None for each in published if each.unrated == 0)
    moments = await fetch_all("SELECT max(created_at) FROM comment")
    assert datetime.fromisoformat(str(moments[0][0])) < SUNDAY


async def test_loading_it_twice_changes_nothing(database):
    text = demonstration_csv(SUNDAY.date())
    await import_csv(io.StringIO(text))
    before = await stand()
    again = await import_csv(io.StringIO(text))
    assert (again.created, again.changed) == ({}, {})
    assert await stand() == before
    assert await kinds_in_log(SLUG) == ["Bulk"]


async def test_filling_loads_it_once_and_names_three_people(database):
    with clock.held_at(SUNDAY):
        people = await fill_demonstration()
    assert people == DemonstrationPeople()
    before = await stand()
    with clock.held_at(SUNDAY + timedelta(days=30)):
        assert await fill_demonstration() == people
    assert await stand() == before
    viewers = [
        await viewer_of_token(await create_token(people.slug, email, scope=TokenScope.ADMIN))
        for email in (people.administrator, people.lead, people.member)
    ]
    assert [viewer.may_administer for viewer in viewers] == [True, False, False]
    assert [bool(viewer.led_team_ids) for viewer in viewers] == [False, True, False]
