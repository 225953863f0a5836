from datetime import date, timedelta
from itertools import permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from okrgraph.dependencies.deadlocks import Waiting, deadlocks

START = date(2026, 1, 5)
A, B, C = (UUID(int=number) for number in (1, 2, 3))
GOAL = {team: UUID(int=team.int + 100) for team in (A, B, C)}


def week(number: int) -> date:
    return START + timedelta(weeks=number)


def waiting(
    number: int,
    consumer: UUID,
    provider: UUID,
    needed: int,
    promised: int | None = None,
    *,
    by: UUID | None = None,
    goal: UUID | None = None,
) -> Waiting:
    return Waiting(
        UUID(int=1_000 + number),
        consumer,
        provider,
        week(needed),
        None if promised is None else week(promised),
        goal or GOAL[consumer],
        by,
    )


def numbers(found: list[tuple[UUID, ...]]) -> list[tuple[int, ...]]:
    return [tuple(key.int - 1_000 for key in circle) for circle in found]


def test_two_teams_that_need_things_at_different_times_are_in_order() -> None:
    assert deadlocks([waiting(1, A, B, 2), waiting(2, B, A, 6)]) == []


def test_two_teams_that_need_things_on_one_day_wait_for_each_other() -> None:
    assert numbers(deadlocks([waiting(1, A, B, 4), waiting(2, B, A, 4)])) == [(1, 2)]


def test_a_promise_that_comes_too_late_closes_the_circle() -> None:
    late = waiting(1, A, B, 2, 8)
    assert numbers(deadlocks([late, waiting(2, B, A, 6)])) == [(1, 2)]
    assert deadlocks([late, waiting(2, B, A, 9)]) == []


def test_a_circle_goes_through_several_teams() -> None:
    circle = [waiting(1, A, B, 4), waiting(2, B, C, 4), waiting(3, C, A, 4)]
    assert numbers(deadlocks(circle)) == [(1, 2, 3)]
    assert deadlocks(circle[:2]) == []
    assert deadlocks([*circle[:2], waiting(3, C, A, 5)]) == []


def test_what_only_waits_for_a_circle_is_not_in_it() -> None:
    circle = [waiting(1, A, B, 4), waiting(2, B, A, 4)]
    assert numbers(deadlocks([*circle, waiting(3, C, A, 9)])) == [(1, 2)]


def test_what_is_delivered_by_another_objective_waits_for_nothing_of_this_one() -> None:
    elsewhere = UUID(int=500)
    given = [waiting(1, A, B, 4, by=elsewhere), waiting(2, B, A, 4)]
    assert deadlocks(given) == []
    assert numbers(deadlocks([given[0], waiting(2, B, A, 4, goal=elsewhere)])) == [(1, 2)]


def test_the_order_of_the_rows_does_not_matter() -> None:
    given = [waiting(1, A, B, 4), waiting(2, B, A, 4), waiting(3, B, C, 1), waiting(4, C, A, 3)]
    assert {str(deadlocks(each)) for each in permutations(given)} == {str(deadlocks(given))}


def test_a_chain_of_thousands_is_walked() -> None:
    teams = [UUID(int=number) for number in range(1, 5_002)]
    chain = [
        Waiting(UUID(int=10_000 + n), teams[n], teams[n + 1], week(1), None, teams[n], None)
        for n in range(5_000)
    ]
    assert deadlocks(chain) == []
    back = Waiting(UUID(int=9_999), teams[5_000], teams[0], week(1), None, teams[5_000], None)
    assert [len(circle) for circle in deadlocks([*chain, back])] == [5_001]


def _is_on_circle(start: Waiting, all_: list[Waiting]) -> bool:
    def waits_for(one: Waiting) -> list[Waiting]:
        return [
            other
            for other in all_
            if other.consumer_team_id == one.provider_team_id
            and other.needed_by <= (one.promised_by or one.needed_by)
        ]

    reached, left = set[UUID](), [start]
    while left:
        for other in waits_for(left.pop()):
            if other.id == start.id:
                return True
            if other.id not in reached:
                reached.add(other.id)
                left.append(other)
    return False


@given(
    st.lists(
        st.tuples(st.permutations([A, B, C]), st.integers(1, 6), st.one_of(st.none(), st.integers(1, 8))),
        max_size=9,
    )
)
def test_just_those_are_found_that_wait_for_themselves(drawn) -> None:
    given_ = [
        waiting(number, pair[0], pair[1], needed, promised)
        for number, (pair, needed, promised) in enumerate(drawn)
    ]
    found = [key for circle in deadlocks(given_) for key in circle]
    assert len(found) == len(set(found))
    assert set(found) == {each.id for each in given_ if _is_on_circle(each, given_)}
