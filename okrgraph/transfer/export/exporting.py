"""Exports a whole organisation as one moment saw it, while others go on changing it."""

from collections.abc import Callable

from okrgraph.events.database import fetch_one
from okrgraph.events.snapshots import snapshot
from okrgraph.kit.errors import OperatorError
from okrgraph.transfer.export.csv_writing import write_csv
from okrgraph.transfer.export.nested_writing import Json, Yaml, write_nested
from okrgraph.transfer.export.stored import Reader
from okrgraph.transfer.formats.file_format import FileFormat


async def export(
    organization: str,
    file_format: FileFormat,
    write: Callable[[str], object],
    progress: Callable[[int], object] | None = None,
) -> None:
    """Write everything that an organisation holds, drafts included; nothing of it is held longer than needed.

    organization: its slug. progress: told how many things are written so far.
    Raises OperatorError for a slug of nobody and for a format that is only read.
    """
    if file_format is FileFormat.MARKDOWN:
        raise OperatorError("Markdown can be imported only; export as csv, yaml or json.")
    written = 0

    def told(count: int) -> None:
        nonlocal written
        written += count
        if progress is not None:
            progress(written)

    async with snapshot() as held:
        found = await fetch_one("SELECT id FROM organization WHERE slug = :slug", slug=organization)
        if found is None:
            raise OperatorError(f"There is no organisation {organization!r}; import one first.")
        reader = Reader(held, found[0])
        if file_format is FileFormat.CSV:
            await write_csv(reader, write, told)
        else:
            form = Yaml() if file_format is FileFormat.YAML else Json()
            await write_nested(form, reader, write, told)
