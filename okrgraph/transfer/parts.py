"""Cuts a file into parts that are planned and written one after the other, each when what it needs is there.

Teams before people, cycles, objectives with what hangs on them, links, dependencies, comments; a part holds a
bounded number of rows, but for those of one objective. What a part made stands in the database when the next one
is loaded.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from okrgraph.transfer.formats.records import Record, RecordType
from okrgraph.transfer.plans.check_ins import plan_check_ins
from okrgraph.transfer.plans.comments import plan_comments
from okrgraph.transfer.plans.cycles import check_cycles
from okrgraph.transfer.plans.dependencies import (
    plan_dependencies,
    plan_dependency_check_ins,
    plan_liaisons,
)
from okrgraph.transfer.plans.links import check_parents, plan_links
from okrgraph.transfer.plans.okrs import plan_cycles, plan_key_results, plan_objectives
from okrgraph.transfer.plans.opening import meet_rows, open_rows
from okrgraph.transfer.plans.people import plan_people, plan_teams
from okrgraph.transfer.plans.plan import Plan
from okrgraph.transfer.spool import Spool, pieces

Step = Callable[[Plan], None]

_ROWS = 2_000
_OBJECTIVES = 400
_KEY_RESULTS = 1_000
_KEY_RESULT_STEPS: tuple[Step, ...] = (plan_key_results, plan_check_ins)
_BETWEEN_TEAMS: tuple[tuple[RecordType, Step], ...] = (
    (RecordType.DEPENDENCY, plan_dependencies),
    (RecordType.DEPENDENCY_CHECK_IN, plan_dependency_check_ins),
    (RecordType.LIAISON, plan_liaisons),
)


class Look(Enum):
    """How a part looks at the organisation: what is loaded beside the things that its rows speak of."""

    TEAMS = auto()
    PEOPLE = auto()
    CYCLES = auto()
    OKRS = auto()
    DEPENDENCIES = auto()
    COMMENTS = auto()


_REFERENCES = {
    RecordType.TEAM: ("parent",),
    RecordType.PERSON: ("team",),
    RecordType.CYCLE: ("parent",),
    RecordType.OBJECTIVE: ("team", "cycle"),
    RecordType.KEY_RESULT: ("parent",),
    RecordType.CHECK_IN: ("parent",),
    RecordType.LINK: ("child", "parent"),
    RecordType.DEPENDENCY: ("parent", "team", "provider"),
    RecordType.DEPENDENCY_CHECK_IN: ("parent",),
    RecordType.LIAISON: ("team", "cycle"),
    RecordType.COMMENT: ("parent", "reply_to"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are planned together. is_about_links: its objectives are there already, only their links are not."""

    look: Look
    records: list[Record]
    steps: tuple[Step, ...]
    is_about_links: bool = False

    def references(self, kind: RecordType) -> Iterable[str]:
        """The columns whose keys this part has to know."""
        if self.is_about_links and kind is RecordType.OBJECTIVE:
            return ("parent",)
        return _REFERENCES.get(kind, ())

    def plan(self, plan: Plan) -> None:
        """Plan the rows; what is wrong with them goes into the problems of the plan."""
        if self.is_about_links:
            objectives = (each for each in self.records if each.type is RecordType.OBJECTIVE)
            for record in meet_rows(plan, objectives):
                check_parents(plan, record)
        open_rows(plan, (each for each in self.records if not self._is_met(each)))
        for step in self.steps:
            step(plan)

    def _is_met(self, record: Record) -> bool:
        return self.is_about_links and record.type is RecordType.OBJECTIVE

    @property
    def counted(self) -> Iterator[Record]:
        """The rows that no other part has."""
        return (record for record in self.records if not self._is_met(record))


def parts_of(spool: Spool) -> Iterator[Part]:
    """All parts of a file, in the order in which they can be written."""
    # Without any row of a team there is still a company to be missed.
    teams = pieces(spool.all_of(RecordType.TEAM), _ROWS)
    for records in (next(teams, []), *teams):
        yield Part(Look.TEAMS, records, (plan_teams,))
    for records in pieces(spool.all_of(RecordType.PERSON), _ROWS):
        yield Part(Look.PEOPLE, records, (plan_people,))
    if cycles := list(spool.all_of(RecordType.CYCLE)):
        yield Part(Look.CYCLES, cycles, (plan_cycles, check_cycles))
    yield from _okrs(spool)
    for keys in pieces(spool.children(), _KEY_RESULTS):
        yield Part(Look.OKRS, spool.links_from(keys), (plan_links,), is_about_links=True)
    for records in pieces(spool.links_without_child(), _ROWS):
        yield Part(Look.OKRS, records, (plan_links,), is_about_links=True)
    for kind, step in _BETWEEN_TEAMS:
        for records in pieces(spool.all_of(kind), _ROWS):
            yield Part(Look.DEPENDENCIES, records, (step,))
    for records in pieces(spool.all_of(RecordType.COMMENT), _ROWS):
        yield Part(Look.COMMENTS, records, (plan_comments,))


def _okrs(spool: Spool) -> Iterator[Part]:
    """Objectives with what the file hangs on them; then what it hangs on things that stand outside the file."""
    for objectives in pieces(spool.all_of(RecordType.OBJECTIVE), _OBJECTIVES):
        key_results = spool.below(RecordType.KEY_RESULT, _keys(objectives))
        check_ins = spool.below(RecordType.CHECK_IN, _keys(key_results))
        yield Part(Look.OKRS, [*objectives, *key_results, *check_ins], (plan_objectives, *_KEY_RESULT_STEPS))
    for key_results in pieces(spool.apart_from(RecordType.KEY_RESULT, RecordType.OBJECTIVE), _KEY_RESULTS):
        check_ins = spool.below(RecordType.CHECK_IN, _keys(key_results))
        yield Part(Look.OKRS, [*key_results, *check_ins], _KEY_RESULT_STEPS)
    for check_ins in pieces(spool.apart_from(RecordType.CHECK_IN, RecordType.KEY_RESULT), _ROWS):
        yield Part(Look.OKRS, check_ins, _KEY_RESULT_STEPS)


def _keys(records: Iterable[Record]) -> list[str]:
    return [record.key for record in records if record.key is not None]
