import base64
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrgraph.events.database import execute
from okrgraph.events.pages import Order, OrderKey, Page, PageRequest, empty_page, fetch_pages
from okrgraph.events.rows import columns
from okrgraph.kit.ids import new_key
from tests.statements import recorded_statements

BEGINNING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thing:
    id: UUID
    position: int
    at: datetime
    day: date
    name: str


BY_POSITION = Order(
    (OrderKey("t.position", "position", int), OrderKey("t.at", "at", datetime), OrderKey("t.id", "id", UUID))
)
NEWEST_FIRST = Order(
    (OrderKey("t.day", "day", date), OrderKey("t.at", "at", datetime), OrderKey("t.id", "id", UUID)),
    newest_first=True,
)
BY_NAME = Order((OrderKey('t.name COLLATE "C"', "name", str), OrderKey("t.id", "id", UUID)))
ORDERS = {"position": BY_POSITION, "newest": NEWEST_FIRST, "name": BY_NAME}


def sorted_by(order: Order, things: list[Thing]) -> list[Thing]:
    return sorted(
        things,
        key=lambda each: tuple(getattr(each, key.attribute) for key in order.keys),
        reverse=order.newest_first,
    )


@pytest.fixture
async def things(database) -> dict[UUID, list[Thing]]:
    """Things of five parents, with many ties in every column but the id."""
    chance = random.Random(3)
    await execute(
        "CREATE TABLE thing (parent uuid, id uuid, position integer, at timestamptz, day date, name text)"
    )
    found: dict[UUID, list[Thing]] = {}
    for count in (0, 1, 2, 7, 12):
        parent = new_key()
        found[parent] = [
            Thing(
                new_key(),
                chance.randint(-1, 2),
                BEGINNING + timedelta(microseconds=chance.choice((0, 1, 100_000))),
                date(2026, 3, chance.randint(1, 3)),
                chance.choice(["b", "A", "a", "\N{LATIN SMALL LETTER E WITH ACUTE}", 'it\'s; "quoted"']),
            )
            for _ in range(count)
        ]
        for each in found[parent]:
            await execute(
                "INSERT INTO thing VALUES (:parent, :id, :position, :at, :day, :name)",
                parent=parent,
                id=each.id,
                position=each.position,
                at=each.at,
                day=each.day,
                name=each.name,
            )
    return found


async def pages_of(parents, order: Order, request: PageRequest) -> dict[UUID, Page[Thing]]:
    return await fetch_pages(
        Thing,
        select=columns(Thing, "t"),
        source="FROM thing t WHERE t.parent = ANY(:parents)",
        parent="t.parent",
        order=order,
        request=request,
        params={"parents": list(parents)},
    )


async def page_of(parent: UUID, order: Order, request: PageRequest) -> Page[Thing]:
    return (await pages_of([parent], order, request)).get(parent, empty_page(request))


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
async def test_walking_forward_gives_the_sorted_list_page_by_page(things, order):
    for parent, of_parent in things.items():
        wanted = sorted_by(order, of_parent)
        for size in (1, 2, 5, 100):
            position, walked = None, 0
            while True:
                page = await page_of(parent, order, PageRequest(size, position))
                assert list(page.rows) == wanted[walked : walked + size]
                assert page.has_previous is (walked > 0)
                walked += len(page.rows)
                assert page.has_next is (walked < len(wanted))
                if not page.has_next:
                    break
                position = order.read_cursor(order.cursor_of(page.rows[-1]))
                assert position is not None
            assert walked == len(wanted)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
async def test_walking_backward_gives_the_same_list_from_its_end(things, order):
    for parent, of_parent in things.items():
        wanted = sorted_by(order, of_parent)
        for size in (1, 2, 5, 100):
            position, end = None, len(wanted)
            while True:
                page = await page_of(parent, order, PageRequest(size, position, backward=True))
                assert list(page.rows) == wanted[max(0, end - size) : end]
                assert page.has_next is (end < len(wanted))
                end -= len(page.rows)
                assert page.has_previous is (end > 0)
                if not page.has_previous:
                    break
                position = order.read_cursor(order.cursor_of(page.rows[0]))
                assert position is not None
            assert end == 0


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("backward", [False, True])
async def test_pages_of_many_parents_are_one_statement_and_equal_each_ones_own(things, order, backward):
    position = order.read_cursor(order.cursor_of(things[list(things)[-1]][0]))
    for request in (PageRequest(3, None, backward), PageRequest(3, position, backward)):
        async with recorded_statements() as statements:
            together = await pages_of(things, order, request)
        assert len(statements) == 1
        for parent in things:
            alone = await page_of(parent, order, request)
            assert together.get(parent, empty_page(request)) == alone


async def test_a_row_that_is_gone_still_marks_its_place(things):
    parent = list(things)[-1]
    wanted = sorted_by(BY_POSITION, things[parent])
    position = BY_POSITION.read_cursor(BY_POSITION.cursor_of(wanted[4]))
    await execute("DELETE FROM thing WHERE id = :id", id=wanted[4].id)

    assert list((await page_of(parent, BY_POSITION, PageRequest(3, position))).rows) == wanted[5:8]


def test_the_page_of_nothing_knows_its_sides():
    position = (1, BEGINNING, new_key())

    sides = [
        (page.has_next, page.has_previous)
        for page in (
            empty_page(PageRequest(3)),
            empty_page(PageRequest(3, backward=True)),
            empty_page(PageRequest(3, position)),
            empty_page(PageRequest(3, position, backward=True)),
        )
    ]
    assert sides == [(False, False), (False, False), (False, True), (True, False)]


@given(
    st.builds(
        Thing,
        id=st.uuids(),
        position=st.integers(-(2**31), 2**31 - 1),
        at=st.datetimes(timezones=st.just(UTC)),
        day=st.dates(),
        name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200),
    )
)
def test_a_cursor_is_read_as_it_was_written(thing):
    for order in ORDERS.values():
        values = tuple(getattr(thing, key.attribute) for key in order.keys)
        assert order.read_cursor(order.cursor_of(thing)) == values


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")))
def test_other_text_is_no_cursor(text):
    assert [order.read_cursor(text) for order in ORDERS.values()] == [None] * len(ORDERS)


ID = str(UUID(int=1))


@pytest.mark.parametrize(
    "plain",
    [
        "null",
        "{}",
        "[]",
        f'[1, "2026-03-02T09:30:00Z", "{ID}", 1]',
        f'[1.0, "2026-03-02T09:30:00Z", "{ID}"]',
        f'[true, "2026-03-02T09:30:00Z", "{ID}"]',
        f'["1", "2026-03-02T09:30:00Z", "{ID}"]',
        f'[2147483648, "2026-03-02T09:30:00Z", "{ID}"]',
        f'[-2147483649, "2026-03-02T09:30:00Z", "{ID}"]',
        f'[1, "2026-03-02T09:30:00", "{ID}"]',
        f'[1, "yesterday", "{ID}"]',
        f'[1, 5, "{ID}"]',
        '[1, "2026-03-02T09:30:00Z", "no id"]',
        '[1, "2026-03-02T09:30:00Z", null]',
    ],
)
def test_a_cursor_of_another_shape_is_none(plain):
    assert BY_POSITION.read_cursor(base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")) is None


async def test_no_cursor_that_is_read_breaks_the_statement(things):
    parent = list(things)[-1]
    extremes = [
        (2**31 - 1, datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1)),
        (-(2**31), datetime.min.replace(tzinfo=UTC), UUID(int=0)),
    ]
    found = []
    for values in extremes:
        text = BY_POSITION.cursor_of(Thing(values[2], values[0], values[1], date.max, ""))
        page = await page_of(parent, BY_POSITION, PageRequest(100, BY_POSITION.read_cursor(text)))
        found.append(len(page.rows))

    assert found == [0, 12]


def test_a_cursor_with_half_a_character_or_nul_is_none():
    for name in ("\\ud800", "\\u0000"):
        text = base64.urlsafe_b64encode(f'["{name}", "{ID}"]'.encode()).decode().rstrip("=")
        assert BY_NAME.read_cursor(text) is None
