"""The plan of one import: the drafts of everything it meets, and the names by which rows speak of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from tortoise.models import Model

from okrgraph.dependencies.models import Dependency, DependencyCheckIn, Liaison
from okrgraph.discussion.models import Comment
from okrgraph.okrs.models import AlignmentLink, CheckIn, Cycle, KeyResult, Objective
from okrgraph.okrs.vocabulary import CycleKind
from okrgraph.people.models import Membership, Organization, Person, Team
from okrgraph.transfer.formats.records import FileProblem, Record, RecordType, quoted, with_article, word_for
from okrgraph.transfer.plans.cells import Cells
from okrgraph.transfer.plans.drafts import Draft, Entity

MODEL_OF_TYPE: dict[RecordType, type[Model]] = {
    RecordType.ORGANIZATION: Organization,
    RecordType.TEAM: Team,
    RecordType.PERSON: Person,
    RecordType.CYCLE: Cycle,
    RecordType.OBJECTIVE: Objective,
    RecordType.KEY_RESULT: KeyResult,
    RecordType.LINK: AlignmentLink,
    RecordType.CHECK_IN: CheckIn,
    RecordType.DEPENDENCY: Dependency,
    RecordType.DEPENDENCY_CHECK_IN: DependencyCheckIn,
    RecordType.LIAISON: Liaison,
    RecordType.COMMENT: Comment,
}
TYPE_OF_MODEL = {model: kind for kind, model in MODEL_OF_TYPE.items()}


@dataclass(slots=True)
class Plan:
    """What a part of an import will write, and why it may not.

    is_partial: rows were lost, whose things nobody shall miss; lost_keys: those of them that this part speaks
    of. in_file: type and line of the rows whose keys this part speaks of. today: in the organisation's time
    zone. rows: of each type, in the order of the file. by_key: every keyed thing that this part names or
    speaks of; people go by their address. co_owners: teams beside the accountable one, before and after.
    new_keys: keys whose entity the database shall remember. link_rows: links are found by their ends, so each
    has an entity only once it is planned.
    """

    at: datetime
    organization: Draft[Organization]
    problems: list[FileProblem] = field(default_factory=list)
    is_partial: bool = False
    lost_keys: set[str] = field(default_factory=set)
    in_file: dict[str, tuple[RecordType, int]] = field(default_factory=dict)
    today: date = date.min
    company: Draft[Team] | None = None
    teams: dict[UUID, Draft[Team]] = field(default_factory=dict)
    people: dict[UUID, Draft[Person]] = field(default_factory=dict)
    memberships: dict[tuple[UUID, UUID], Draft[Membership]] = field(default_factory=dict)
    cycles: dict[UUID, Draft[Cycle]] = field(default_factory=dict)
    objectives: dict[UUID, Draft[Objective]] = field(default_factory=dict)
    key_results: dict[UUID, Draft[KeyResult]] = field(default_factory=dict)
    links: dict[UUID, Draft[AlignmentLink]] = field(default_factory=dict)
    check_ins: dict[UUID, Draft[CheckIn]] = field(default_factory=dict)
    dependencies: dict[UUID, Draft[Dependency]] = field(default_factory=dict)
    dependency_check_ins: dict[UUID, Draft[DependencyCheckIn]] = field(default_factory=dict)
    liaisons: dict[UUID, Draft[Liaison]] = field(default_factory=dict)
    comments: dict[UUID, Draft[Comment]] = field(default_factory=dict)
    co_owners_before: dict[UUID, list[UUID]] = field(default_factory=dict)
    co_owners: dict[UUID, list[UUID]] = field(default_factory=dict)
    key_of_link: dict[UUID, str] = field(default_factory=dict)
    by_key: dict[str, Draft[Any]] = field(default_factory=dict)
    by_email: dict[str, Draft[Person]] = field(default_factory=dict)
    rows: dict[RecordType, list[Draft[Any]]] = field(default_factory=dict)
    link_rows: list[Record] = field(default_factory=list)
    new_keys: list[tuple[RecordType, str, UUID]] = field(default_factory=list)

    @property
    def organization_id(self) -> UUID:
        return self.organization.entity.id

    def shelf(self, model: type[Entity]) -> dict[UUID, Draft[Entity]]:
        """The drafts of one type, by id."""
        shelves: dict[type[Model], Any] = {
            Team: self.teams,
            Person: self.people,
            Cycle: self.cycles,
            Objective: self.objectives,
            KeyResult: self.key_results,
            AlignmentLink: self.links,
            CheckIn: self.check_ins,
            Dependency: self.dependencies,
            DependencyCheckIn: self.dependency_check_ins,
            Liaison: self.liaisons,
            Comment: self.comments,
        }
        return cast(dict[UUID, Draft[Entity]], shelves[model])

    def drafts(self) -> Iterator[Draft[Any]]:
        """All but the organisation, which is written before every part."""
        for shelf in (
            self.teams,
            self.people,
            self.memberships,
            self.cycles,
            self.objectives,
            self.key_results,
            self.links,
            self.check_ins,
            self.dependencies,
            self.dependency_check_ins,
            self.liaisons,
            self.comments,
        ):
            yield from shelf.values()

    def add(self, entities: Iterable[Entity]) -> None:
        """Take entities that stand in the database; those that are there already stay as they are."""
        for entity in entities:
            self.shelf(type(entity)).setdefault(entity.pk, Draft.of(entity))

    def named_in_file(self, model: type[Entity]) -> Iterator[tuple[Draft[Entity], Cells]]:
        """The rows of one type, in the order of the file."""
        for draft in self.rows.get(TYPE_OF_MODEL[model], ()):
            assert draft.record is not None, "the file names it"
            yield draft, Cells(draft.record, self.problems)

    def find(self, cells: Cells, column: str, key: str, *models: type[Model]) -> Draft[Any] | None:
        """Find what a key stands for; what is not there, or of another type, is refused.

        None without a problem: its own row was refused.
        """
        draft = self.by_key.get(key)
        if draft is not None and isinstance(draft.entity, models):
            return draft
        kind, line = self.in_file.get(key, (None, None))
        if draft is not None:
            kind = TYPE_OF_MODEL[type(draft.entity)]
        kinds = [TYPE_OF_MODEL[model] for model in models]
        if kind is not None and kind not in kinds:
            where = "" if line is None else f" (line {line})"
            wanted = " or ".join(map(with_article, kinds))
            cells.refuse(column, f"{quoted(key)} is {with_article(kind)}{where}, not {wanted}.")
        elif kind is None and key not in self.lost_keys:
            wanted = " or ".join(map(word_for, kinds))
            cells.refuse(column, f"There is no {wanted} with the key {quoted(key)}.")
        elif key not in self.lost_keys:
            raise LookupError(f"{key!r} stands in the file and was not made before it is spoken of")
        return None

    def named(self, cells: Cells, column: str, model: type[Entity]) -> Draft[Entity] | None:
        """Find the one thing whose key stands in a column; None when the column is empty or was refused."""
        key = cells.word(column)
        return None if key is None else self.find(cells, column, key, model)

    def person(self, cells: Cells, column: str) -> Draft[Person] | None:
        email = cells.word(column)
        if email is None:
            return None
        found = self.by_email.get(email.lower())
        if found is None and email.lower() not in self.lost_keys:
            kind, _ = self.in_file.get(email.lower(), (None, None))
            if kind is RecordType.PERSON:
                raise LookupError(f"{email!r} stands in the file and was not made before it is spoken of")
            cells.refuse(column, f"There is no person with the e-mail address {quoted(email)}.")
        return found

    def cycle_of(self, objective: Objective) -> Cycle | None:
        """None for an objective whose cycle was refused."""
        draft = self.cycles.get(objective.cycle_id)
        return None if draft is None else draft.entity

    def is_backlog(self, objective: Objective) -> bool:
        cycle = self.cycle_of(objective)
        return cycle is not None and cycle.kind is CycleKind.BACKLOG

    def links_of(self) -> dict[UUID, list[Draft[AlignmentLink]]]:
        """The drafts of links by their child."""
        found: dict[UUID, list[Draft[AlignmentLink]]] = {}
        for draft in self.links.values():
            found.setdefault(draft.entity.child_id, []).append(draft)
        return found

    def key_results_of(self) -> dict[UUID, list[Draft[KeyResult]]]:
        """The drafts of key results by their objective."""
        found: dict[UUID, list[Draft[KeyResult]]] = {}
        for draft in self.key_results.values():
            found.setdefault(draft.entity.objective_id, []).append(draft)
        return found
