import dataclasses
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, StrEnum
from types import NoneType
from typing import get_args, get_type_hints
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tortoise import Tortoise

from okrgraph.dependencies.liaisons import NewLiaison, appoint_liaison
from okrgraph.dependencies.vocabulary import DependencyState
from okrgraph.events.change import Place
from okrgraph.events.database import execute
from okrgraph.events.rows import (
    as_json,
    columns,
    fetch_groups,
    fetch_row,
    fetch_rows,
    row_from_body,
    row_of,
)
from okrgraph.kit.ids import new_key
from tests.building import make_organization
from tests.snapshots import TABLE_OF, event_kinds
from tests.two_teams import make_two_teams

# What actions let through: text without NUL and half surrogate pairs, finite numbers.
VALUES = {
    str: st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def value_of(hint: object) -> st.SearchStrategy[object]:
    if hint in VALUES:
        return VALUES[hint]
    if isinstance(hint, type):
        return instances(hint) if dataclasses.is_dataclass(hint) else st.from_type(hint)
    return st.one_of(*(st.none() if each is NoneType else value_of(each) for each in get_args(hint)))


def instances(kind: type) -> st.SearchStrategy[object]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: value_of(hints[field.name]) for field in dataclasses.fields(kind)})


@pytest.mark.parametrize("row_type", TABLE_OF, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=30)
def test_a_row_is_read_back_from_json_as_it_was(row_type, data):
    row = data.draw(instances(row_type))

    assert row_from_body(row_type, orjson.loads(as_json(row))) == row


@pytest.mark.parametrize("kind", event_kinds().values(), ids=event_kinds())
@given(data=st.data())
@settings(max_examples=10)
def test_an_event_is_read_back_from_its_entry_as_it_was(kind, data):
    event = data.draw(instances(kind))
    entry = event.entry(Place((), (), frozenset()))

    assert (entry.kind, entry.entity_type) == (kind.__name__, kind.entity_type)
    assert (entry.entity_id, entry.entity_version) == event.entity
    assert kind.from_body(orjson.loads(as_json(entry.body))) == event


def test_the_rows_of_all_events_are_tested_here():
    used = {
        hint
        for kind in event_kinds().values()
        for hint in get_type_hints(kind).values()
        if dataclasses.is_dataclass(hint)
    }

    assert len(event_kinds()) >= 9
    assert used <= set(TABLE_OF)


async def make_one_of_each() -> None:
    teams = await make_two_teams()
    await teams.in_state(DependencyState.IN_PROGRESS)
    pair = (teams.staff.person_id, teams.growth.id, teams.platform.id)
    await appoint_liaison(teams.administrator, NewLiaison(*pair, purpose="Both need it"))
    org = await make_organization("rows")
    growth = await org.team("Growth")
    ada = await org.person("Ada", {growth: "LEAD"}, admin=True, time_zone="Europe/Oslo")
    above = await org.objective(published=True, owner_id=ada.person_id)
    below = await org.objective(ada, team=growth, published=True, why_now="Now", description="All of it")
    number = await org.key_result(above, weight=0.1)
    await org.check_in(number, 2, 50.0)
    await org.check_in(number, 2)
    await org.link(below, number, accepted=True)
    await org.comment(ada, below)


async def test_sql_and_the_orm_give_the_same_rows(database):
    await make_one_of_each()

    models = {model._meta.db_table: model for model in Tortoise.apps["okrgraph"].values()}
    for row_type, table in TABLE_OF.items():
        model = models[table]
        select = f"SELECT {columns(row_type, 't')} FROM {table} t ORDER BY t.id"
        rows = await fetch_rows(row_type, select)
        assert rows
        assert rows == [row_of(row_type, entity) for entity in await model.all().order_by("id")]
        for row in rows:
            assert_exact_types(row)
            assert row_from_body(row_type, orjson.loads(as_json(row))) == row


def assert_exact_types(row: object) -> None:
    """1 is no bool, a string no enum member, and a moment says UTC."""
    for name, hint in get_type_hints(type(row)).items():
        value = getattr(row, name)
        allowed = get_args(hint) or (hint,)
        assert any(type(value) is kind or (kind is UUID and isinstance(value, UUID)) for kind in allowed), (
            name
        )
        if isinstance(value, datetime):
            assert value.utcoffset() == timedelta(0)


@dataclass(frozen=True, slots=True)
class Older:
    id: UUID
    name: str


class Colour(StrEnum):
    RED = "RED"


@dataclass(frozen=True, slots=True)
class Newer:
    id: UUID
    name: str
    colour: Colour | None = None
    weight: float = 1.0


def test_a_field_that_the_writer_did_not_know_takes_its_default():
    older = Older(new_key(), "Grow")

    assert row_from_body(Newer, orjson.loads(as_json(older))) == Newer(older.id, "Grow", None, 1.0)


def test_a_field_that_the_reader_does_not_know_is_left_out():
    newer = Newer(new_key(), "Grow", Colour.RED, 2.0)

    assert row_from_body(Older, orjson.loads(as_json(newer))) == Older(newer.id, "Grow")


def test_a_field_without_default_must_be_there():
    with pytest.raises(KeyError, match="name"):
        row_from_body(Older, {"id": str(new_key())})


def test_only_rows_and_what_they_are_made_of_have_a_place_in_json():
    with pytest.raises(TypeError):
        as_json({"a": object()})


@dataclass(frozen=True, slots=True)
class Thing:
    id: UUID
    number: float | None
    flag: bool
    day: date | None
    at: datetime
    colour: Colour | None


async def test_groups_keep_the_order_of_the_rows(database):
    await execute(
        "CREATE TABLE thing (parent uuid, id uuid, number double precision, flag boolean, day date, "
        "at timestamptz, colour text)"
    )
    parents = sorted(new_key() for _ in range(2))
    moment = datetime(2026, 3, 2, 9, 30, 0, 1, tzinfo=timezone(timedelta(hours=-5)))
    things = [
        Thing(new_key(), math.pi, True, date(2026, 3, 2), moment.astimezone(UTC), Colour.RED),
        Thing(new_key(), None, False, None, moment.astimezone(UTC), None),
        Thing(new_key(), -1.0, True, None, moment.astimezone(UTC), None),
    ]
    for place, thing in enumerate(things):
        values = {
            name: value.value if isinstance(value, Enum) else value
            for name, value in dataclasses.asdict(thing).items()
        }
        await execute(
            "INSERT INTO thing VALUES (:parent, :id, :number, :flag, :day, :at, :colour)",
            parent=parents[place % 2],
            **(values | {"at": moment}),
        )

    groups = await fetch_groups(
        Thing, f"SELECT t.parent, {columns(Thing, 't')} FROM thing t ORDER BY t.number IS NOT NULL, t.number"
    )
    assert groups == {parents[0]: [things[2], things[0]], parents[1]: [things[1]]}
    assert await fetch_row(Thing, f"SELECT {columns(Thing, 't')} FROM thing t WHERE t.number > 4") is None
