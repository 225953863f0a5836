import pytest

from benchmarks.live.checking import Faults, faults_of, faults_of_all


def test_each_once_and_in_order_is_clean() -> None:
    assert faults_of([3, 1, 2], [3, 1, 2]) == Faults()
    assert faults_of([], []).is_clean


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ([1, 2, 4], Faults(lost=1)),
        ([], Faults(lost=4)),
        ([1, 2, 2, 3, 4, 4, 4], Faults(duplicated=3)),
        ([1, 3, 2, 4], Faults(reordered=1)),
        ([4, 3, 2, 1], Faults(reordered=3)),
        ([1, 2, 3, 4, 9, 9], Faults(phantom=2)),
        ([2, 1, 1, 9], Faults(lost=2, duplicated=1, reordered=1, phantom=1)),
    ],
)
def test_every_fault_is_counted(received: list[int], expected: Faults) -> None:
    found = faults_of(received, [1, 2, 3, 4])
    assert found == expected
    assert not found.is_clean


def test_order_is_that_of_the_commits_and_not_of_the_numbers() -> None:
    assert faults_of([5, 4, 6], [5, 4, 6]).is_clean
    assert faults_of([4, 5, 6], [5, 4, 6]) == Faults(reordered=1)


def test_clients_are_added_up_and_told_in_words() -> None:
    found = faults_of_all([[1, 2], [1], [2, 2, 1], [3]], [1, 2])
    assert found == Faults(lost=3, duplicated=1, reordered=1, phantom=1)
    assert str(found) == "3 lost, 1 duplicated, 1 out of order, 1 never written"
