import math

import pytest

from okrgraph.events.log import head_of, read_after
from okrgraph.events.receipts import Done
from okrgraph.kit.ids import new_key
from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.key_results import KeyResultChange, NewKeyResult, create_key_result, update_key_result
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.okrs.vocabulary import CycleState, MetricKind
from tests.refusals import refused


def change(**values) -> KeyResultChange:
    """Everything named here is given, None too; the reason is not part of what is changed."""
    return KeyResultChange(frozenset(values) - {"reason"}, **values)


@pytest.fixture
async def objective(acme) -> Objective:
    return await acme.org.objective(acme.member, team=acme.growth, published=True)


@pytest.fixture
async def number(acme, objective) -> KeyResult:
    """From 0 to 100."""
    return await acme.org.key_result(objective)


async def kinds_after(acme, position: int) -> list[str]:
    return [row.kind for row in await read_after(acme.org.id, position)]


async def test_a_new_key_result_has_no_progress_and_makes_its_objective_unrated(acme, objective):
    head = (await head_of(acme.org.id)).position
    new = NewKeyResult(
        objective.id,
        " Customers ",
        MetricKind.CURRENCY,
        unit="EUR",
        start_value=-1.5,
        target_value=1e300,
        weight=0.0,
        owner_id=acme.number_owner.person_id,
    )
    done = await create_key_result(acme.member, new)

    found = await KeyResult.get(id=done.entity_id)
    assert (found.title, found.metric_kind, found.unit) == ("Customers", MetricKind.CURRENCY, "EUR")
    assert (found.start_value, found.target_value, found.weight) == (-1.5, 1e300, 0.0)
    assert (found.current_value, found.progress, found.confidence, found.checked_in_on) == (None,) * 4
    assert (found.version, found.edited_version, found.owner_id) == (1, 1, acme.number_owner.person_id)
    above = await Objective.get(id=objective.id)
    assert (above.unrated, above.progress, above.version) == (1, None, objective.version + 1)
    assert above.edited_version == objective.edited_version
    assert await kinds_after(acme, head) == ["KeyResultChanged", "ObjectiveChanged"]
    logged = (await read_after(acme.org.id, head))[0]
    assert (logged.path, logged.teams) == ((found.id, objective.id), (acme.growth.id,))


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"title": " "}, "INVALID", "title"),
        ({"title": "x" * 501}, "INVALID", "title"),
        ({"unit": "x" * 33}, "INVALID", "unit"),
        ({"unit": "\0"}, "INVALID", "unit"),
        ({"start_value": math.inf}, "INVALID", "start_value"),
        ({"start_value": math.nan}, "INVALID", "start_value"),
        ({"target_value": -math.inf}, "INVALID", "target_value"),
        ({"weight": -0.1}, "INVALID", "weight"),
        ({"weight": 1_000_001.0}, "INVALID", "weight"),
        ({"weight": math.nan}, "INVALID", "weight"),
        ({"weight": math.inf}, "INVALID", "weight"),
        ({"owner_id": new_key()}, "NOT_FOUND", "owner_id"),
    ],
)
async def test_values_that_cannot_be_are_refused_by_field(acme, number, values, code, field):
    async with refused(code, field):
        columns = {"title": "Customers", **values}
        await create_key_result(acme.member, NewKeyResult(number.objective_id, **columns))
    if "unit" not in values:
        async with refused(code, field):
            await update_key_result(acme.member, number.id, change(**values))


async def test_ids_that_lead_nowhere_are_refused(acme, objective):
    async with refused("NOT_FOUND", "objective_id"):
        await create_key_result(acme.member, NewKeyResult(new_key(), "More"))
    async with refused("NOT_FOUND", "id"):
        await update_key_result(acme.member, objective.id, change(title="Other"))


@pytest.mark.parametrize(
    ("state", "open_for"),
    [
        (CycleState.PLANNING, {"draft"}),
        (CycleState.ALIGNING, {"draft", "published"}),
        (CycleState.ACTIVE, {"draft", "published"}),
        (CycleState.REVIEW, set()),
        (CycleState.CLOSED, set()),
        (CycleState.ARCHIVED, set()),
    ],
)
async def test_key_results_change_as_the_cycle_allows(acme, objective, number, state, open_for):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    drafted = await acme.org.key_result(draft)
    await acme.org.move(acme.cycle, state)
    for name, above, below in (("draft", draft, drafted), ("published", objective, number)):
        if name in open_for:
            await create_key_result(acme.member, NewKeyResult(above.id, "More"))
            await update_key_result(acme.member, below.id, change(weight=2.0))
            continue
        async with refused("STATE", "objective_id", entity_id=above.id):
            await create_key_result(acme.member, NewKeyResult(above.id, "More"))
        async with refused("STATE", entity_id=above.id):
            await update_key_result(acme.member, below.id, change(weight=2.0))


async def test_only_what_is_given_is_changed_and_none_clears(acme, objective):
    draft = await acme.org.objective(acme.member, team=acme.growth)
    number = await acme.org.key_result(draft, owner_id=acme.number_owner.person_id, start_value=5.0)
    await update_key_result(acme.member, number.id, change(owner_id=None, target_value=None))

    found = await KeyResult.get(id=number.id)
    assert (found.title, found.start_value, found.target_value, found.owner_id) == (
        "Customers",
        5.0,
        None,
        None,
    )
    assert (found.version, found.edited_version) == (2, 2)
    for values, field in (({"title": None}, "title"), ({"weight": None}, "weight")):
        async with refused("INVALID", field):
            await update_key_result(acme.member, number.id, change(**values))


async def test_a_change_that_changes_nothing_leaves_no_trace(acme, number):
    head = (await head_of(acme.org.id)).position

    assert await update_key_result(acme.member, number.id, change(title="Customers ", weight=1.0)) == Done(
        number.id, head
    )
    assert (await KeyResult.get(id=number.id)).version == number.version


@pytest.mark.parametrize(
    "values", [{"title": "Other"}, {"start_value": 1.0}, {"target_value": 90.0}, {"owner_id": "number_owner"}]
)
async def test_what_is_measured_and_by_whom_changes_with_a_reason_once_the_cycle_runs(acme, number, values):
    if "owner_id" in values:
        values = {"owner_id": acme.number_owner.person_id}
    async with refused("INVALID", "reason"):
        await update_key_result(acme.member, number.id, change(**values, reason=" "))
    head = (await head_of(acme.org.id)).position
    await update_key_result(acme.member, number.id, change(**values, reason="We learned"))

    assert (await read_after(acme.org.id, head))[0].body["reason"] == "We learned"


async def test_weights_drafts_and_cycles_not_yet_running_need_no_reason(acme, number):
    drafted = await acme.org.key_result(await acme.org.objective(acme.member, team=acme.growth))
    await update_key_result(acme.member, number.id, change(weight=2.0))
    await update_key_result(acme.member, drafted.id, change(target_value=90.0))
    await acme.org.move(acme.cycle, CycleState.ALIGNING)
    await update_key_result(acme.member, number.id, change(target_value=90.0))


async def test_progress_follows_start_and_target_into_the_objective(acme, objective, number):
    other = await acme.org.key_result(objective, title="Other")
    await acme.org.check_in(number, 4, 50.0)
    await acme.org.check_in(other, 4, 100.0)
    assert (await Objective.get(id=objective.id)).progress == 0.75
    head = (await head_of(acme.org.id)).position

    await update_key_result(acme.member, number.id, change(target_value=200.0, reason="More to win"))
    assert (await KeyResult.get(id=number.id)).progress == 0.25
    assert (await Objective.get(id=objective.id)).progress == 0.625
    await update_key_result(acme.member, number.id, change(weight=3.0))
    assert (await Objective.get(id=objective.id)).progress == 0.4375
    await update_key_result(acme.member, number.id, change(target_value=None, reason="No longer counted"))
    assert (await KeyResult.get(id=number.id)).progress is None
    assert (await Objective.get(id=objective.id)).progress == 1.0
    assert await kinds_after(acme, head) == ["KeyResultChanged", "ObjectiveChanged"] * 3


async def test_a_title_changes_nothing_of_the_objective(acme, objective, number):
    before = (await Objective.get(id=objective.id)).version
    head = (await head_of(acme.org.id)).position
    await update_key_result(acme.member, number.id, change(title="Other", reason="Clearer"))

    assert await kinds_after(acme, head) == ["KeyResultChanged"]
    assert (await Objective.get(id=objective.id)).version == before


async def test_an_edit_conflicts_with_an_edit_and_not_with_a_check_in(acme, number):
    await check_in(acme.lead, NewCheckIn(number.id, 4, 50.0))
    assert (await KeyResult.get(id=number.id)).version == number.version + 1
    await update_key_result(acme.member, number.id, change(weight=2.0), expected_version=number.version)

    async with refused("CONFLICT", "expected_version", entity_id=number.id):
        await update_key_result(acme.lead, number.id, change(weight=3.0), expected_version=number.version)
    async with refused("CONFLICT", "expected_version", entity_id=number.id):
        await update_key_result(acme.lead, number.id, change(weight=3.0), expected_version=number.version + 1)
    await update_key_result(acme.lead, number.id, change(weight=3.0), expected_version=number.version + 2)
