"""Imports an organisation from a file: all of it or nothing, and nothing twice, whatever its size."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from okrgraph.events.database import fetch_one
from okrgraph.events.receipts import Receipt
from okrgraph.events.unit_of_work import perform
from okrgraph.kit.errors import OperatorError
from okrgraph.kit.ids import new_key
from okrgraph.transfer.foreign.column_map import ColumnMap
from okrgraph.transfer.formats.file_format import FileFormat
from okrgraph.transfer.formats.reading import opened_file, read
from okrgraph.transfer.formats.records import FileProblem, Reading, Record, RecordType
from okrgraph.transfer.outline.names import read_names
from okrgraph.transfer.outline.reading import Outline, outline_text, read_outline
from okrgraph.transfer.plans.people import SLUG, SLUG_SHAPE
from okrgraph.transfer.run import Counts, ImportRefused, Rehearsed, Run
from okrgraph.transfer.spool import Spool
from okrgraph.transfer.writing import OrganizationAppeared

# Told (stage, done, total); the total is None while it is not known.
Progress = Callable[[str, int, int | None], None]

__all__ = ["ImportRefused", "ImportResult", "import_file", "import_reading", "outline_of"]


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


@dataclass(frozen=True, slots=True)
class _Operator:
    """The author of an import: nobody of the organisation."""

    organization_id: UUID
    person_id: UUID | None = None
    receipt: Receipt | None = None


async def import_file(
    source: Path | BinaryIO,
    *,
    file_format: FileFormat = FileFormat.CSV,
    columns: ColumnMap | None = None,
    organization: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    today: date | None = None,
) -> ImportResult:
    """Load an organisation from a CSV, YAML or JSON file. Running the same file again changes nothing.

    columns: how the columns of another tool's CSV are to be read. The rest: see `import_reading`.
    """
    with opened_file(source) as stream:
        reading = read(stream, file_format, columns)
        return await import_reading(
            reading, organization=organization, dry_run=dry_run, progress=progress, today=today
        )


async def outline_of(
    source: Path | BinaryIO, *, organization: str | None, cycle: str | None = None, team: str | None = None
) -> Outline:
    """Read a Markdown outline of objectives for an organisation that is there; `import_reading` takes its records.

    cycle, team: key or name of what objectives belong to where the outline does not say; otherwise the cycle
    under way and the company. Raises OperatorError for what is too long, not UTF-8 or names nothing.
    """
    if organization is None:
        raise OperatorError("Say by --organization whose objectives these are: an outline does not name it.")
    names = await read_names(organization)
    with opened_file(source) as stream:
        return read_outline(outline_text(stream), names, cycle, team)


async def import_reading(
    reading: Reading,
    *,
    organization: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    today: date | None = None,
) -> ImportResult:
    """Load an organisation from rows, in one transaction and, whatever their number, in the same memory.

    organization: its slug, when the rows do not say; both must agree. dry_run: do it all, then take it back.
    progress: told (stage, done, total). today: the day of check-ins made of current values; otherwise today in
    the organisation's time zone.
    Raises ImportRefused with the faults of the file, OperatorError for a file or a slug that cannot be used.
    Records: every kind of change in okrs, people and discussion, or one BULK entry.
    """
    if organization is not None and SLUG.fullmatch(organization) is None:
        raise OperatorError(f"{organization!r} is not the slug of an organisation. {SLUG_SHAPE}")
    spool = Spool()
    try:
        told = progress or _silent
        spool.fill(reading, lambda rows: told("reading", rows, None))
        told("reading", spool.rows, spool.rows)
        return await _import_spool(spool, organization, dry_run=dry_run, progress=told, today=today)
    finally:
        spool.close()


def _silent(_stage: str, _done: int, _total: int | None) -> None:
    """Nobody is told."""


async def _import_spool(
    spool: Spool,
    organization: str | None,
    *,
    dry_run: bool,
    progress: Progress,
    today: date | None,
) -> ImportResult:
    if spool.problems and not spool.rows:
        raise ImportRefused(spool.problems)
    record = _organization_record(spool, organization)
    slug = organization if record is None else record.key
    if slug is None and not _is_complete(spool):
        raise ImportRefused(spool.problems)
    if slug is None or SLUG.fullmatch(slug) is None:
        # Of no organisation: the file is checked and then refused.
        slug = f"refused-{new_key().hex}"
    stage = "checking" if dry_run else "writing"
    run = Run(
        spool,
        slug,
        record,
        today=today,
        dry_run=dry_run,
        told=lambda done, total: progress(stage, done, total),
    )
    try:
        await perform(_Operator(await _id_of(slug)), run)
    except OrganizationAppeared:
        # Now it is there, and an organisation never goes.
        await perform(_Operator(await _id_of(slug)), run)
    except Rehearsed:
        pass
    return _result(slug, run.counts, run.warnings, dry_run)


def _result(slug: str, counts: Counts, warnings: Iterable[str], dry_run: bool) -> ImportResult:
    return ImportResult(
        slug, counts.created, counts.changed, counts.unchanged, warnings=tuple(warnings), dry_run=dry_run
    )


def _organization_record(spool: Spool, organization: str | None) -> Record | None:
    """The row that describes the organisation; what is wrong about it goes into the problems."""
    records = list(spool.all_of(RecordType.ORGANIZATION))
    for extra in records[1:]:
        reason = f"The organisation is described in line {records[0].line} already; a file holds one."
        spool.problems.append(FileProblem(extra.line, "type", reason))
    if not records:
        if organization is None:
            reason = "Name the organisation: by a row of type organization, or by the option --organization."
            spool.problems.append(FileProblem(1, "type", reason))
        return None
    slug = records[0].key
    if slug is not None and SLUG.fullmatch(slug) is None:
        spool.problems.append(FileProblem(records[0].line, "key", SLUG_SHAPE))
    elif slug is not None and organization not in (None, slug):
        reason = f"This names {slug!r}, but the option --organization says {organization!r}."
        spool.problems.append(FileProblem(records[0].line, "key", reason))
    return records[0]


def _is_complete(spool: Spool) -> bool:
    """Whether a file stands for itself, so that it can be checked without knowing the organisation."""
    return any("parent" not in record.cells for record in spool.all_of(RecordType.TEAM))


async def _id_of(slug: str) -> UUID:
    """The organisation's id, a new one for a new slug."""
    found = await fetch_one("SELECT id FROM organization WHERE slug = :slug", slug=slug)
    return new_key() if found is None else UUID(str(found[0]))
