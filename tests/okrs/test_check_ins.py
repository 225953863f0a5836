import asyncio
import itertools
import math
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from okrgraph.events.log import head_of, read_after
from okrgraph.kit import clock
from okrgraph.kit.ids import new_key
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.events import ConfidenceChanged
from okrgraph.okrs.models import CheckIn, KeyResult, Objective
from okrgraph.okrs.vocabulary import CycleKind, CycleState, MetricKind
from tests.locks import held_open, somebody_waits
from tests.refusals import refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TODAY = NOON.date()


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.fixture(autouse=True)
async def held_clock():
    """No test here can see the day change."""
    with clock.held_at(NOON):
        yield


@pytest.fixture
async def objective(acme) -> Objective:
    return await acme.org.objective(acme.member, team=acme.growth, published=True)


@pytest.fixture
async def number(acme, objective) -> KeyResult:
    """From 0 to 100."""
    return await acme.org.key_result(objective)


_seconds = itertools.count(1)


async def entered(acme, number, *values) -> CheckIn:
    """A check-in that is entered a second after the one before."""
    with clock.held_at(NOON + timedelta(seconds=next(_seconds))):
        return await acme.org.check_in(number, *values)


async def standing(key_result: KeyResult):
    """(value, progress, confidence, of which day, declining) as the key result stands now."""
    now = await KeyResult.get(id=key_result.id)
    return now.current_value, now.progress, now.confidence, now.checked_in_on, now.is_declining


async def test_the_first_check_in_gives_value_progress_and_rating(acme, objective, number):
    head = (await head_of(acme.org.id)).position
    done = await check_in(acme.member, NewCheckIn(number.id, 4, 25.0, " On the way "))

    found = await CheckIn.get(id=done.entity_id)
    assert (found.value, found.progress, found.confidence, found.confidence_before) == (25.0, 0.25, 4, None)
    assert (found.note, found.author_id, found.as_of) == (" On the way ", acme.member.person_id, TODAY)
    assert await standing(number) == (25.0, 0.25, 4, TODAY, False)
    above = await Objective.get(id=objective.id)
    assert (above.progress, above.rated_4, above.unrated, above.declining) == (0.25, 1, 0, 0)

    rows = await read_after(acme.org.id, head)
    assert [row.kind for row in rows] == [
        "CheckInPublished",
        "KeyResultChanged",
        "ConfidenceChanged",
        "ObjectiveChanged",
    ]
    assert [row.tx_end for row in rows] == [False, False, False, True]
    assert {row.actor_id for row in rows} == {acme.member.person_id}
    assert {row.path for row in rows[:3]} == {(number.id, objective.id)}
    changed = ConfidenceChanged.from_body(rows[2].body)
    assert (changed.confidence_before, changed.confidence_after) == (None, 4)


async def test_what_stays_the_same_is_not_announced(acme, number):
    await entered(acme, number, 4, 25.0)
    head = (await head_of(acme.org.id)).position
    await check_in(acme.member, NewCheckIn(number.id, 4, 25.0))

    kinds = [row.kind for row in await read_after(acme.org.id, head)]
    assert kinds == ["CheckInPublished", "KeyResultChanged"]


async def test_the_newest_day_counts_and_not_the_newest_entry(acme, objective, number):
    await entered(acme, number, 4, 60.0, days_ago(1))
    head = (await head_of(acme.org.id)).position
    late = await entered(acme, number, 2, 10.0, days_ago(8))

    assert await standing(number) == (60.0, 0.6, 4, days_ago(1), False)
    assert (late.progress, late.confidence_before) == (0.1, 4)
    assert (await Objective.get(id=objective.id)).progress == 0.6
    kinds = [row.kind for row in await read_after(acme.org.id, head)]
    assert kinds == ["CheckInPublished", "KeyResultChanged"]


async def test_of_one_day_the_later_entry_counts(acme, number):
    await entered(acme, number, 4, 60.0, days_ago(1))
    await entered(acme, number, 3, 50.0, days_ago(1))

    assert await standing(number) == (50.0, 0.5, 3, days_ago(1), False)


async def test_a_check_in_without_value_keeps_the_newest_that_was_given(acme, number):
    await entered(acme, number, 5, 30.0, days_ago(9))
    for days in (8, 7, 6, 5):
        await entered(acme, number, 4, None, days_ago(days))
    assert await standing(number) == (30.0, 0.3, 4, days_ago(5), False)

    await entered(acme, number, 4, 20.0, days_ago(10))
    assert await standing(number) == (30.0, 0.3, 4, days_ago(5), False)
    await entered(acme, number, 4, 40.0, days_ago(6))
    assert await standing(number) == (40.0, 0.4, 4, days_ago(5), False)


async def test_a_rating_alone_gives_no_progress(acme, objective, number):
    await entered(acme, number, 3)

    assert await standing(number) == (None, None, 3, TODAY, False)
    assert (await Objective.get(id=objective.id)).progress is None


async def test_a_falling_rating_is_declining_until_it_rises(acme, objective, number):
    for days, confidence, declining in (
        (9, 4, False),
        (8, 2, True),
        (7, 2, True),
        (6, 2, False),
        (5, 3, False),
    ):
        await entered(acme, number, confidence, None, days_ago(days))
        assert (await standing(number))[-1] is declining, days
        assert (await Objective.get(id=objective.id)).declining == int(declining)


async def test_any_order_of_entry_leads_to_the_same_standing(acme, objective):
    """Of check-ins on different days the order in which they are entered does not matter."""
    days = [(days_ago(day), (day * 7) % 5 + 1, None if day % 3 else float(day)) for day in range(8)]
    found = set()
    for seed in range(6):
        number = await acme.org.key_result(objective, title=f"Number {seed}")
        for day, confidence, value in random.Random(seed).sample(days, len(days)):
            await entered(acme, number, confidence, value, day)
        found.add(await standing(number))

    assert found == {(0.0, 0.0, 1, TODAY, True)}


async def test_several_key_results_make_one_summary(acme, objective):
    ratings = (1, 2, 2, 5, None)
    numbers = [await acme.org.key_result(objective, title=f"Number {place}") for place in range(len(ratings))]
    for number, rating in zip(numbers, ratings, strict=True):
        if rating:
            await entered(acme, number, rating, 10.0 * rating)

    above = await Objective.get(id=objective.id)
    counts = [above.rated_1, above.rated_2, above.rated_3, above.rated_4, above.rated_5, above.unrated]
    assert counts == [1, 2, 0, 0, 1, 1]
    assert above.progress == pytest.approx(0.25)


@pytest.mark.parametrize("confidence", [-1, 0, 6, 100])
async def test_a_rating_outside_one_to_five_is_refused(acme, number, confidence):
    async with refused("INVALID", "confidence"):
        await check_in(acme.member, NewCheckIn(number.id, confidence))


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
async def test_a_value_that_is_no_number_is_refused(acme, number, value):
    async with refused("INVALID", "value"):
        await check_in(acme.member, NewCheckIn(number.id, 3, value))


@pytest.mark.parametrize(
    ("kind", "value"), [(MetricKind.BINARY, 0.5), (MetricKind.ORDINAL, 4.0), (MetricKind.MILESTONE, -1.0)]
)
async def test_a_value_that_the_kind_does_not_take_is_refused(acme, objective, kind, value):
    number = await acme.org.key_result(objective, metric_kind=kind)
    async with refused("INVALID", "value"):
        await check_in(acme.member, NewCheckIn(number.id, 3, value))


async def test_a_note_that_cannot_be_kept_is_refused(acme, number):
    for note in ("x" * 20_001, "\0", "\udfff"):
        async with refused("INVALID", "note"):
            await check_in(acme.member, NewCheckIn(number.id, 3, note=note))


async def test_today_is_today_where_the_organization_is(acme, number):
    """At half past eleven at night in UTC it is tomorrow in Oslo."""
    with clock.held_at(datetime(2030, 6, 1, 23, 30, tzinfo=UTC)):
        done = await check_in(acme.member, NewCheckIn(number.id, 3))
        async with refused("INVALID", "as_of"):
            await check_in(acme.member, NewCheckIn(number.id, 3, as_of=date(2030, 6, 3)))
        await check_in(acme.member, NewCheckIn(number.id, 4, as_of=date(2030, 6, 2)))

    assert (await CheckIn.get(id=done.entity_id)).as_of == date(2030, 6, 2)


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (CycleState.PLANNING, False),
        (CycleState.ALIGNING, False),
        (CycleState.ACTIVE, True),
        (CycleState.REVIEW, True),
        (CycleState.CLOSED, False),
        (CycleState.ARCHIVED, False),
    ],
)
async def test_check_ins_are_made_while_the_cycle_runs_or_is_reviewed(acme, number, state, is_open):
    await acme.org.move(acme.cycle, state)
    if is_open:
        await check_in(acme.member, NewCheckIn(number.id, 3))
        return
    async with refused("STATE", "key_result_id"):
        await check_in(acme.member, NewCheckIn(number.id, 3))


async def test_drafts_and_backlogs_take_no_check_in(acme):
    backlog = await acme.org.cycle(kind=CycleKind.BACKLOG, starts_on=None, ends_on=None)
    for cycle in (acme.cycle, backlog):
        draft = await acme.org.objective(acme.member, team=acme.growth, cycle=cycle)
        number = await acme.org.key_result(draft)
        async with refused("STATE", "key_result_id"):
            await check_in(acme.member, NewCheckIn(number.id, 3))


async def test_a_key_result_that_is_not_there_is_refused(acme, objective):
    for key in (new_key(), objective.id):
        async with refused("NOT_FOUND", "key_result_id"):
            await check_in(acme.member, NewCheckIn(key, 3))


async def test_check_ins_made_at_once_all_count(acme, objective):
    """Each of eight key results, four times; the objective ends where its key results are."""
    numbers = [await acme.org.key_result(objective, title=f"Number {place}") for place in range(8)]
    version = (await Objective.get(id=objective.id)).version
    await asyncio.gather(
        *(
            check_in(
                acme.member,
                NewCheckIn(number.id, confidence, 20.0 * confidence, as_of=days_ago(5 - confidence)),
            )
            for number in numbers
            for confidence in (1, 2, 3, 4)
        )
    )

    assert await CheckIn.all().count() == 32
    assert [await standing(number) for number in numbers] == [(80.0, 0.8, 4, days_ago(1), False)] * 8
    above = await Objective.get(id=objective.id)
    assert (above.progress, above.rated_4, above.unrated) == (pytest.approx(0.8), 8, 0)
    assert above.version > version
    positions = [row.position for row in await read_after(acme.org.id, 0)]
    assert positions == list(range(1, len(positions) + 1))


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_summary_waits_for_the_check_in_beside_it(acme, objective, number):
    other = await acme.org.key_result(objective)
    async with held_open(lambda: check_in(acme.member, NewCheckIn(number.id, 4, 20.0))):
        second = asyncio.create_task(check_in(acme.lead, NewCheckIn(other.id, 4, 40.0)))
        await somebody_waits()
    await second

    above = await Objective.get(id=objective.id)
    assert (above.rated_4, above.unrated, above.progress) == (2, 0, pytest.approx(0.3))
