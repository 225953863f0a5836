import asyncio

from okrgraph.okrs.check_ins import NewCheckIn, check_in
from okrgraph.okrs.models import CheckIn, KeyResult
from tests.building import make_organization


async def test_of_check_ins_made_at_once_the_one_committed_last_counts(database) -> None:
    organization = await make_organization()
    steward = await organization.steward(organization.company)
    objective = await organization.objective(published=True)
    key_result = await organization.key_result(objective)
    made = await asyncio.gather(
        *(
            check_in(steward, NewCheckIn(key_result.id, confidence=number % 5 + 1, value=float(number)))
            for number in range(16)
        )
    )
    committed = [done.entity_id for done in sorted(made, key=lambda done: done.position)]
    by_time = await CheckIn.filter(key_result_id=key_result.id).order_by("created_at", "id")
    assert [each.id for each in by_time] == committed
    stands = await KeyResult.get(id=key_result.id)
    assert (stands.current_value, stands.confidence) == (by_time[-1].value, by_time[-1].confidence)
