"""One run of an import, as the body of a unit of work: part by part planned and written, then judged as a whole."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

import asyncpg
from tortoise.exceptions import BaseORMException

from okrgraph.events.database import count_anew, joined_by_hashing
from okrgraph.events.transactions import transaction
from okrgraph.events.unit_of_work import UnitOfWork
from okrgraph.okrs.vocabulary import ObjectiveState
from okrgraph.okrs.weeks import today_in
from okrgraph.people.models import Organization
from okrgraph.transfer.announcing import Announcement
from okrgraph.transfer.formats.records import FileProblem, Record
from okrgraph.transfer.gates import gate_warnings
from okrgraph.transfer.loading import load
from okrgraph.transfer.parts import Part, parts_of
from okrgraph.transfer.plans.derived import derive_all
from okrgraph.transfer.plans.drafts import Draft
from okrgraph.transfer.plans.dropping import drop_faulty
from okrgraph.transfer.plans.people import plan_organization
from okrgraph.transfer.plans.plan import TYPE_OF_MODEL, Plan
from okrgraph.transfer.spool import MOST_PROBLEMS, Spool
from okrgraph.transfer.whole import check_whole
from okrgraph.transfer.writing import TABLES, OrganizationAppeared, write, write_organization

# A transaction that has written so much has its tables counted, and again with every doubling. From then on
# it also keeps autovacuum out, which would count as empty what is not committed yet, and others would believe it.
_ROWS_TO_COUNT = 1_000


class ImportRefused(Exception):
    """A file with faults, of which nothing was written. problems: all that were found, by line.

    is_cut: there were so many that the search for more ended.
    """

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        found = sorted(problems, key=lambda problem: (problem.line, problem.column or ""))
        self.is_cut = len(found) > MOST_PROBLEMS
        self.problems = tuple(found[:MOST_PROBLEMS])
        super().__init__("\n".join(map(str, self.problems)))


class Rehearsed(Exception):
    """A dry run came to its end; the transaction goes back."""


@dataclass(slots=True)
class Counts:
    """How many things of each type were new, took other values, stayed as they were."""

    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)

    def take(self, drafts: Iterable[Draft[Any]]) -> None:
        for draft in drafts:
            kind = TYPE_OF_MODEL.get(type(draft.entity))
            if kind is None:
                continue
            if draft.is_new:
                self.created[kind.value] += 1
            elif draft.record is not None:
                (self.changed if draft.is_edited else self.unchanged)[kind.value] += 1


class Run:
    """The body of the unit of work, which may run more than once; counts and warnings are of the last run."""

    def __init__(
        self,
        spool: Spool,
        slug: str,
        record: Record | None,
        *,
        today: date | None,
        dry_run: bool,
        told: Callable[[int, int], None],
    ) -> None:
        self._spool, self._slug, self._record = spool, slug, record
        self._today, self._dry_run, self._told = today, dry_run, told
        self._begin()

    def _begin(self) -> None:
        self._spool.begin()
        self._problems = list(self._spool.problems)
        self._announcement = Announcement()
        self.counts = Counts()
        self.warnings: list[str] = []

    async def __call__(self, work: UnitOfWork) -> UUID:
        """Raises ImportRefused, OrganizationAppeared, Rehearsed; then nothing is written."""
        self._begin()
        organization, is_new = await self._organization(work)
        done, total, to_count = 1, self._spool.rows + (self._record is None), _ROWS_TO_COUNT
        for part in parts_of(self._spool):
            await self._take(part, organization, work)
            done += sum(1 for _ in part.counted)
            if done >= to_count:
                await count_anew(TABLES)
                to_count = 2 * done
            if done < total:
                self._told(done, total)
            if len(self._problems) > MOST_PROBLEMS:
                raise ImportRefused(self._problems)
        async with joined_by_hashing():
            self._problems += await check_whole(self._spool, organization.entity.id, is_new=is_new)
        if self._problems:
            raise ImportRefused(self._problems)
        self.warnings = [*await gate_warnings(self._spool, organization.entity), *self._idle_cells()]
        self._told(total, total)
        if self._dry_run:
            raise Rehearsed
        work.record(*await self._announcement.entries(organization.entity.id))
        return organization.entity.id

    async def _organization(self, work: UnitOfWork) -> tuple[Draft[Organization], bool]:
        """The organisation as it stands written; a new one gets the id of the unit of work.

        It stays locked, as for changes to its alignment, to the end of the transaction.
        """
        found = await Organization.select_for_update(no_key=True).get_or_none(slug=self._slug)
        if found is None:
            made = {"slug": self._slug, "created_at": work.at, "updated_at": work.at}
            draft = Draft(Organization(id=work.organization_id, **made))
        else:
            draft = Draft.of(found)
        if draft.entity.id != work.organization_id:
            raise OrganizationAppeared
        plan = Plan(work.at, draft)
        plan_organization(plan, self._record)
        self._problems += plan.problems
        await write_organization(draft, work.at)
        self.counts.take([draft])
        self._announcement.take(plan)
        return Draft.of(draft.entity), draft.is_new

    async def _take(self, part: Part, organization: Draft[Organization], work: UnitOfWork) -> None:
        plan = await load(part, organization, self._spool, work.at)
        plan.organization.record = self._record
        plan.today = self._today or today_in(organization.entity.time_zone, work.at)
        part.plan(plan)
        self._problems += plan.problems
        if self._problems:
            await self._write_the_rest(plan)
            return
        await derive_all(plan)
        await write(plan)
        self._remember(plan)
        self._announcement.take(plan)
        self.counts.take(plan.links.values() if part.is_about_links else plan.drafts())

    async def _write_the_rest(self, plan: Plan) -> None:
        """Write what is right in a file that is refused, so that what hangs on it can be judged too."""
        self._spool.drop(drop_faulty(plan))
        try:
            async with transaction():
                await derive_all(plan)
                await write(plan)
        except (asyncpg.PostgresError, sqlite3.Error, BaseORMException):
            # A fault that only a constraint knows; what it took along shall not be missed either.
            self._spool.drop(key for _, key, _ in plan.new_keys)
            return
        self._remember(plan)

    def _remember(self, plan: Plan) -> None:
        shelves = (plan.teams, plan.people, plan.cycles, plan.objectives, plan.links, plan.dependencies)
        drafts: Iterable[Draft[Any]] = chain.from_iterable(shelf.values() for shelf in shelves)
        written = (draft for draft in drafts if draft.is_new or draft.is_changed)
        self._spool.meet((draft.entity.id, draft.line, draft.is_new) for draft in written)
        self._spool.publish(
            key
            for key, draft in plan.objectives.items()
            if draft.entity.state is ObjectiveState.PUBLISHED
            and draft.was("state") is not ObjectiveState.PUBLISHED
        )

    def _idle_cells(self) -> Iterable[str]:
        """One sentence about cells that say what their type of row does not take."""
        count, named = self._spool.idle_count, self._spool.idle
        if count:
            more = f" and {count - len(named)} more" if count > len(named) else ""
            yield (
                "Cells in columns that their type of row does not use were left out: "
                f"{', '.join(named)}{more}."
            )
