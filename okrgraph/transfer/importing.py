"""Imports an organisation from a file: all of it or nothing, and nothing twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO
from uuid import UUID

from okrgraph.events.database import fetch_one
from okrgraph.events.receipts import Receipt
from okrgraph.events.unit_of_work import UnitOfWork, perform
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import new_key
from okrgraph.okrs.weeks import today_in
from okrgraph.transfer.announcing import entries_of
from okrgraph.transfer.check_in_plan import plan_check_ins
from okrgraph.transfer.csv_file import read_csv
from okrgraph.transfer.derived import derive_all
from okrgraph.transfer.discussion_plan import plan_comments
from okrgraph.transfer.link_plan import plan_links
from okrgraph.transfer.loading import load
from okrgraph.transfer.okr_plan import plan_cycles, plan_key_results, plan_objectives
from okrgraph.transfer.opening import open_rows
from okrgraph.transfer.people_plan import (
    SLUG,
    SLUG_SHAPE,
    plan_organization,
    plan_people,
    plan_teams,
)
from okrgraph.transfer.plan import TYPE_OF_MODEL, Plan
from okrgraph.transfer.records import FileProblem, Record, RecordFile, RecordType
from okrgraph.transfer.structure import check_structure
from okrgraph.transfer.writing import OrganizationAppeared, Progress, write

_IDLE_CELLS_NAMED = 3


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or would do: how many things of each type were new, took other values, stayed.

    warnings: sentences about what was taken although it is not as it should be.
    """

    slug: str
    created: Mapping[str, int]
    changed: Mapping[str, int]
    unchanged: Mapping[str, int]
    warnings: tuple[str, ...]
    dry_run: bool


class ImportRefused(Exception):
    """A file with faults, of which nothing was written. problems: all that were found, by line."""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column or "")))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class _Operator:
    """The author of an import: nobody of the organisation."""

    organization_id: UUID
    person_id: UUID | None = None
    receipt: Receipt | None = None


async def import_csv(
    source: Path | TextIO,
    *,
    organization: str | None = None,
    dry_run: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
    today: date | None = None,
) -> ImportResult:
    """Load an organisation from CSV. Running the same file again changes nothing.

    organization: its slug, when the file does not say; both must agree. progress: told (stage, done, total).
    today: the day of check-ins made of current values; otherwise today in the organisation's time zone.
    Raises ImportRefused with every fault of the file, OperatorError for a file or a slug that cannot be used.
    Records: every kind of change in okrs, people and discussion, or one BULK entry.
    """
    file = read_csv(source)
    if progress is not None:
        progress("reading", len(file.records), len(file.records))
    return await _import_records(file, organization, dry_run=dry_run, progress=progress, today=today)


async def _import_records(
    file: RecordFile,
    organization: str | None,
    *,
    dry_run: bool,
    progress: Progress | None,
    today: date | None,
) -> ImportResult:
    """Everything after the reading, whatever format was read."""
    record = _organization_record(file, organization)
    slug = organization if record is None else record.key
    if (file.problems and not file.records) or (slug is None and not _is_complete(file)):
        raise ImportRefused(file.problems)
    if slug is None or SLUG.fullmatch(slug) is None:
        slug = ""  # of no organisation: the file is checked and then refused
    imported = _Import(file, slug, record, progress, today)
    if dry_run:
        plan = await imported.planned(UnitOfWork(await _id_of(slug), None))
        return _result(plan, file, dry_run=True)
    try:
        await perform(_Operator(await _id_of(slug)), imported.run)
    except OrganizationAppeared:
        # Now it is there, and an organisation never goes.
        await perform(_Operator(await _id_of(slug)), imported.run)
    assert imported.plan is not None, "a performed import has a plan"
    return _result(imported.plan, file, dry_run=False)


def _organization_record(file: RecordFile, organization: str | None) -> Record | None:
    """The row that describes the organisation; what is wrong about it goes into the problems."""
    if organization is not None and SLUG.fullmatch(organization) is None:
        raise OperatorError(f"{organization!r} is not the slug of an organisation. {SLUG_SHAPE}")
    records = [record for record in file.records if record.type is RecordType.ORGANIZATION]
    for extra in records[1:]:
        reason = f"The organisation is described in line {records[0].line} already; a file holds one."
        file.problems.append(FileProblem(extra.line, "type", reason))
    if not records:
        if organization is None:
            reason = "Name the organisation: by a row of type organization, or by the option --organization."
            file.problems.append(FileProblem(1, "type", reason))
        return None
    slug = records[0].key
    if slug is not None and SLUG.fullmatch(slug) is None:
        file.problems.append(FileProblem(records[0].line, "key", SLUG_SHAPE))
    elif slug is not None and organization not in (None, slug):
        reason = f"This names {slug!r}, but the option --organization says {organization!r}."
        file.problems.append(FileProblem(records[0].line, "key", reason))
    return records[0]


def _is_complete(file: RecordFile) -> bool:
    """Whether a file stands for itself, so that it can be checked without knowing the organisation."""
    return any(record.type is RecordType.TEAM and "parent" not in record.cells for record in file.records)


async def _id_of(slug: str) -> UUID:
    """The organisation's id, a new one for a new slug."""
    found = await fetch_one("SELECT id FROM organization WHERE slug = :slug", slug=slug)
    return new_key() if found is None else UUID(str(found[0]))


@dataclass(slots=True)
class _Import:
    """One import as the body of a unit of work, which may run more than once. plan: of the last run."""

    file: RecordFile
    slug: str
    record: Record | None
    progress: Progress | None
    today: date | None
    plan: Plan | None = None

    async def run(self, work: UnitOfWork) -> UUID:
        plan = self.plan = await self.planned(work)
        if plan.organization_id != work.organization_id:
            raise OrganizationAppeared
        await write(plan, self.progress)
        work.record(*await entries_of(plan))
        return plan.organization_id

    async def planned(self, work: UnitOfWork) -> Plan:
        """Raises ImportRefused."""
        plan = await load(self.file, self.slug, work)
        plan_organization(plan, self.record)
        plan.today = self.today or today_in(plan.organization.entity.time_zone, work.at)
        open_rows(plan, self.file.records)
        steps: tuple[Callable[[Plan], None], ...] = (
            plan_teams,
            plan_people,
            plan_cycles,
            plan_objectives,
            plan_key_results,
            plan_links,
            plan_check_ins,
            plan_comments,
            check_structure,
        )
        for done, step in enumerate(steps, 1):
            step(plan)
            if self.progress is not None:
                self.progress("checking", done, len(steps))
        if plan.problems:
            raise ImportRefused(plan.problems)
        await derive_all(plan)
        return plan


def _result(plan: Plan, file: RecordFile, *, dry_run: bool) -> ImportResult:
    counts: dict[str, Counter[str]] = {"created": Counter(), "changed": Counter(), "unchanged": Counter()}
    for draft in plan.drafts():
        kind = TYPE_OF_MODEL.get(type(draft.entity))
        if kind is None:
            continue
        if draft.is_new:
            counts["created"][kind.value] += 1
        elif draft.record is not None:
            counts["changed" if draft.is_edited else "unchanged"][kind.value] += 1
    warnings = (*plan.warnings, *_idle_cells(file.records))
    return ImportResult(plan.organization.entity.slug, **counts, warnings=warnings, dry_run=dry_run)


def _idle_cells(records: Iterable[Record]) -> Iterable[str]:
    """One sentence about cells that say what their type of row does not take."""
    idle = [f"line {record.line} column {column}" for record in records for column in record.idle_columns]
    if idle:
        named = ", ".join(idle[:_IDLE_CELLS_NAMED])
        more = f" and {len(idle) - _IDLE_CELLS_NAMED} more" if len(idle) > _IDLE_CELLS_NAMED else ""
        yield f"Cells in columns that their type of row does not use were left out: {named}{more}."
