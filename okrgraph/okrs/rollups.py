"""Keeps an objective's progress and confidence with its key results, inside the transaction that changes them."""

from collections.abc import Sequence

from okrgraph.events.rows import row_of
from okrgraph.events.unit_of_work import UnitOfWork
from okrgraph.okrs.events import ObjectiveChanged
from okrgraph.okrs.models import KeyResult, Objective
from okrgraph.okrs.places import place_of
from okrgraph.okrs.rollup import weighted_progress
from okrgraph.okrs.rows import ObjectiveRow
from okrgraph.okrs.subjects import touch

DERIVED = (
    "progress",
    "rated_1",
    "rated_2",
    "rated_3",
    "rated_4",
    "rated_5",
    "unrated",
    "declining",
)


def derive(objective: Objective, key_results: Sequence[KeyResult]) -> bool:
    """Set what an objective takes from its key results; tell whether anything changed."""
    before = [getattr(objective, name) for name in DERIVED]
    objective.progress = weighted_progress((each.progress, each.weight) for each in key_results).value
    ratings = [each.confidence for each in key_results if each.confidence is not None]
    objective.rated_1, objective.rated_2, objective.rated_3, objective.rated_4, objective.rated_5 = (
        ratings.count(rating) for rating in range(1, 6)
    )
    objective.unrated = len(key_results) - len(ratings)
    objective.declining = sum(each.is_declining for each in key_results)
    return before != [getattr(objective, name) for name in DERIVED]


async def roll_up(work: UnitOfWork, objective: Objective) -> None:
    """Derive a locked objective anew from its key results.

    Records: ObjectiveChanged when its progress or confidence summary changed.
    """
    key_results = await KeyResult.filter(objective_id=objective.id).order_by("id")
    if derive(objective, key_results):
        touch(objective, work, edited=False)
        await objective.save()
        work.record(ObjectiveChanged(row_of(ObjectiveRow, objective)).entry(await place_of(objective)))
